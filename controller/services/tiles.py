"""Tiles: one station as the board, the lists and its own page show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from controller.domain.board import (
    ONLINE_STATES,
    STRIP_HOURS,
    TROUBLE_STATES,
    Sign,
    StripMark,
    strip,
)
from controller.domain.places import PlaceTree, Station
from controller.storage.models import SlotResultRow, SlotRow, StationStateRow


@dataclass(frozen=True, slots=True)
class Tile:
    """One station as the board shows it."""

    station_id: str
    station_name: str
    place_id: str
    name: str
    """Of its commune."""
    kind_letter: str
    district_id: str
    state: str
    since_at: datetime | None
    reasons: tuple[str, ...]
    on_air_title: str | None
    on_air_until_at: datetime | None
    maint_until_at: datetime | None
    """When declared maintenance ends; None: there is none now."""
    plan_held: int
    plan_sent: int
    last_seen_at: datetime | None
    zone: str | None
    is_coastal: bool
    strip: tuple[StripMark, ...]
    missed_24h: int
    change_no: int

    @property
    def is_online(self) -> bool:
        """Whether it is connected and able to play."""
        return self.state in ONLINE_STATES

    @property
    def needs_a_look(self) -> bool:
        """Whether a person should look at it."""
        return self.state in TROUBLE_STATES


def tiles_of(
    session: Session, tree: PlaceTree, stations: Sequence[Station], now: datetime
) -> dict[str, Tile]:
    """The tiles of these stations by id, in the given order, with the last 24 hours."""
    ids = [station.station_id for station in stations]
    if not ids:
        return {}
    everyone = len(ids) == len(tree.stations)
    states = {
        row.station_id: row
        for row in session.scalars(
            select(StationStateRow).where(_among(StationStateRow.station_id, ids, everyone))
        )
    }
    recent = session.execute(
        select(
            SlotResultRow.station_id,
            SlotResultRow.planned_at,
            SlotResultRow.planned_ms,
            SlotResultRow.outcome,
        ).where(
            SlotResultRow.planned_at > now - timedelta(hours=STRIP_HOURS),
            _among(SlotResultRow.station_id, ids, everyone),
        )
    )
    marks: dict[str, list[tuple[datetime, int, Sign]]] = {}
    for station_id, at, length_ms, outcome in recent:
        marks.setdefault(station_id, []).append((at, length_ms, Sign(outcome)))
    titles = _titles(session, states.values())
    return {
        station.station_id: _tile(
            tree,
            station,
            states.get(station.station_id),
            marks.get(station.station_id, []),
            titles,
            now,
        )
        for station in stations
    }


def _among(
    column: InstrumentedAttribute[str], ids: Sequence[str], everyone: bool
) -> ColumnElement[bool]:
    return true() if everyone else column.in_(ids)


def _minute_ahead(now: datetime) -> datetime:
    """The right end of the strip: it moves once a minute, so that a tile is drawn once a minute."""
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _titles(session: Session, states: Iterable[StationStateRow]) -> dict[str, str]:
    wanted = {state.on_air_slot_id for state in states if state.on_air_slot_id}
    if not wanted:
        return {}
    query = select(SlotRow.slot_id, SlotRow.title).where(SlotRow.slot_id.in_(wanted))
    return {row.slot_id: row.title for row in session.execute(query)}


_LETTERS = {"xã": "X.", "phường": "P.", "thị trấn": "TT."}


def _tile(
    tree: PlaceTree,
    station: Station,
    state: StationStateRow | None,
    marks: list[tuple[datetime, int, Sign]],
    titles: Mapping[str, str],
    now: datetime,
) -> Tile:
    place = tree.places[station.place_id]
    on_air = state is not None and state.shown_state == "on_air"
    return Tile(
        station_id=station.station_id,
        station_name=station.name,
        place_id=place.place_id,
        name=place.name,
        kind_letter=_LETTERS.get(place.kind_word, ""),
        district_id=tree.district_ids[station.station_id],
        state=state.shown_state if state else "never",
        since_at=state.shown_since_at if state else None,
        reasons=tuple(state.health_reasons) if state else (),
        on_air_title=titles.get(state.on_air_slot_id or "") if on_air and state else None,
        on_air_until_at=state.on_air_until_at if on_air and state else None,
        maint_until_at=state.maint_until_at if state and state.shown_state == "maint" else None,
        plan_held=state.plan_version_held if state else 0,
        plan_sent=state.plan_version_sent if state else 0,
        last_seen_at=state.last_heartbeat_at if state else None,
        zone=place.zone,
        is_coastal=place.is_coastal,
        strip=strip(marks, _minute_ahead(now)),
        missed_24h=sum(sign is Sign.MISSED for _, _, sign in marks),
        change_no=state.change_no if state else 0,
    )
