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
    look_of,
    strip,
)
from controller.domain.places import PlaceTree, Station
from controller.services.ordered_airings import drilled, ordered, ordered_now
from controller.storage.models import SlotResultRow, SlotRow, StationStateRow

_Bar = tuple[datetime, int, Sign, str]
"""When it was planned, its milliseconds, its sign, and what kind of warning it is."""


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
    warning: str
    """"live" or "drill" while it sounds by a warning or a drill; empty for all else."""
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
    def look(self) -> str:
        """How it is drawn and what it is called: its state, or what kind of warning it sounds."""
        return look_of(self.state, self.warning)

    @property
    def is_on_air(self) -> bool:
        """Whether something sounds there."""
        return self.state == "on_air"

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
    begins_at = now - timedelta(hours=STRIP_HOURS)
    recent = session.execute(
        select(
            SlotResultRow.station_id,
            SlotResultRow.slot_id,
            SlotResultRow.planned_at,
            SlotResultRow.planned_ms,
            SlotResultRow.outcome,
        ).where(
            SlotResultRow.planned_at > begins_at,
            _among(SlotResultRow.station_id, ids, everyone),
        )
    )
    marks, known = dict[str, list[_Bar]](), ordered(session, begins_at, now)
    for station_id, slot_id, at, length_ms, outcome in recent:
        warning = known[slot_id].warning if slot_id in known else ""
        marks.setdefault(station_id, []).append((at, length_ms, Sign(outcome), warning))
    for one in drilled(session, ids, begins_at, now, now):
        bar = (one.planned_at, one.planned_ms, Sign(one.outcome), "drill")
        marks.setdefault(one.station_id, []).append(bar)
    sounds = _sounds(session, states.values(), now)
    return {
        station.station_id: _tile(
            tree,
            station,
            states.get(station.station_id),
            marks.get(station.station_id, []),
            sounds,
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


def _sounds(
    session: Session, states: Iterable[StationStateRow], now: datetime
) -> dict[str, tuple[str, str]]:
    """(title, warning) of what sounds, by slot."""
    wanted = {state.on_air_slot_id for state in states if state.on_air_slot_id}
    if not wanted:
        return {}
    query = select(SlotRow.slot_id, SlotRow.title).where(SlotRow.slot_id.in_(wanted))
    found = {row.slot_id: (row.title, "") for row in session.execute(query)}
    orders = ordered_now(session, wanted - found.keys(), now)
    return found | {key: (one.title, one.warning) for key, one in orders.items()}


_LETTERS = {"xã": "X.", "phường": "P.", "thị trấn": "TT."}


def _tile(
    tree: PlaceTree,
    station: Station,
    state: StationStateRow | None,
    marks: list[_Bar],
    sounds: Mapping[str, tuple[str, str]],
    now: datetime,
) -> Tile:
    place = tree.places[station.place_id]
    on_air = state is not None and state.shown_state == "on_air"
    slot_id = state.on_air_slot_id if on_air and state else None
    title, warning = sounds.get(slot_id or "", (None, ""))
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
        warning=warning,
        on_air_title=title,
        on_air_until_at=state.on_air_until_at if on_air and state else None,
        maint_until_at=state.maint_until_at if state and state.shown_state == "maint" else None,
        plan_held=state.plan_version_held if state else 0,
        plan_sent=state.plan_version_sent if state else 0,
        last_seen_at=state.last_heartbeat_at if state else None,
        zone=place.zone,
        is_coastal=place.is_coastal,
        strip=strip(marks, _minute_ahead(now)),
        missed_24h=sum(sign is Sign.MISSED for _, _, sign, warning in marks if warning != "drill"),
        change_no=state.change_no if state else 0,
    )
