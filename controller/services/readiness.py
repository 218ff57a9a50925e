"""Which stations will air the coming slots, and which lack what: known before it is missed.

A station is ready for a slot when, by its own word, it holds every sound of it and a plan that
says of it what the newest plan says; an older plan that already had the slot as it is will do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from controller.domain.places import Place, PlaceTree, Station
from controller.domain.readiness import Holding, Urgency, urgency
from controller.services.near_slots import NearSlot
from controller.services.piece_desk import station_names
from controller.services.slot_sounds import Names, every_sound, marks_of, sounds_at
from controller.services.tiles import Tile
from controller.storage.models import HoldingRow, StationPlanRow, StationStateRow


@dataclass(frozen=True, slots=True)
class StationReadiness:
    """One slot at one station."""

    station_id: str
    place: Place
    district: Place | None
    holding: Holding
    since_at: datetime | None
    """Since when: that it is not heard of, or that the plan it lacks was signed."""


@dataclass(frozen=True, slots=True)
class SlotReadiness:
    """One coming slot: how many of its stations hold it, and each that does not."""

    slot_id: str
    title: str
    starts_at: datetime
    duration_ms: int
    priority: str
    urgency: Urgency
    total: int
    not_ready: tuple[StationReadiness, ...]
    doubtful: tuple[StationReadiness, ...]
    """They hold it, but are not heard of, or report a fault."""

    @property
    def ready(self) -> int:
        """How many stations hold plan and sound."""
        return self.total - len(self.not_ready)

    @property
    def is_at_risk(self) -> bool:
        """Whether somebody has to do something, or it will not be heard everywhere."""
        return bool(self.not_ready) and self.urgency.is_pressing


def judge_slots(
    session: Session,
    tree: PlaceTree,
    slots: Sequence[NearSlot],
    tiles: Mapping[str, Tile],
    now: datetime,
) -> tuple[SlotReadiness, ...]:
    """Each slot at each of its stations; `tiles` has all of them."""
    names = station_names(session, marks_of(slot.row for slot in slots))
    held = _held(session, {sha for slot in slots for sha in every_sound(slot.row, names)})
    asked = {station.station_id for slot in slots for station in slot.stations}
    plans = _lagging(session, [one for one in asked if _lags(tiles[one])])
    return tuple(_judge(slot, tree, tiles, names, held, plans, now) for slot in slots)


def _lags(tile: Tile) -> bool:
    return tile.plan_held != tile.plan_sent


def _held(session: Session, needed: set[str]) -> Mapping[str, set[str]]:
    held: dict[str, set[str]] = {}
    query = select(HoldingRow.station_id, HoldingRow.sha256).where(
        and_(HoldingRow.sha256.in_(needed), HoldingRow.held.is_(True))
    )
    for station_id, sha256 in session.execute(query):
        held.setdefault(station_id, set()).add(sha256)
    return held


@dataclass(frozen=True, slots=True)
class _Plans:
    """What the newest plan of a station says of each slot, and what the one it holds says."""

    made_at: datetime | None
    newest: Mapping[str, str]
    held: Mapping[str, str]

    def has(self, slot_id: str) -> bool:
        return slot_id in self.newest and self.newest[slot_id] == self.held.get(slot_id)


def _lagging(session: Session, station_ids: Sequence[str]) -> Mapping[str, _Plans]:
    """Of stations that do not hold their newest plan, by their own word: both plans."""
    state = StationStateRow
    is_newest = and_(
        StationPlanRow.epoch == state.plan_epoch_sent,
        StationPlanRow.version == state.plan_version_sent,
    )
    is_held = and_(
        StationPlanRow.epoch == state.plan_epoch_held,
        StationPlanRow.version == state.plan_version_held,
    )
    query = (
        select(
            StationPlanRow.station_id,
            StationPlanRow.made_at,
            StationPlanRow.slots,
            is_newest.label("is_newest"),
        )
        .join(state, state.station_id == StationPlanRow.station_id)
        .where(StationPlanRow.station_id.in_(station_ids), or_(is_newest, is_held))
    )
    newest: dict[str, tuple[datetime, Mapping[str, str]]] = {}
    held: dict[str, Mapping[str, str]] = {}
    for station_id, made_at, said, is_sent in session.execute(query):
        if is_sent:
            newest[station_id] = (made_at, said)
        else:
            held[station_id] = said
    return {
        key: _Plans(*newest.get(key, (None, {})), held=held.get(key, {})) for key in station_ids
    }


def _judge(
    slot: NearSlot,
    tree: PlaceTree,
    tiles: Mapping[str, Tile],
    names: Names,
    held: Mapping[str, set[str]],
    plans: Mapping[str, _Plans],
    now: datetime,
) -> SlotReadiness:
    row = slot.row
    found = [
        _at(row.slot_id, station, tree, tiles[station.station_id], plans, sounds, held)
        for station in slot.stations
        for sounds in [sounds_at(row, station, names)]
    ]
    return SlotReadiness(
        slot_id=row.slot_id,
        title=row.title,
        starts_at=row.starts_at,
        duration_ms=row.duration_ms,
        priority=row.priority,
        urgency=urgency(row.starts_at, now),
        total=len(found),
        not_ready=tuple(one for one in found if not one.holding.is_ready),
        doubtful=tuple(one for one in found if one.holding.is_doubtful),
    )


def _at(
    slot_id: str,
    station: Station,
    tree: PlaceTree,
    tile: Tile,
    plans: Mapping[str, _Plans],
    sounds: frozenset[str],
    held: Mapping[str, set[str]],
) -> StationReadiness:
    station_id, plan = station.station_id, plans.get(station.station_id)
    holding = Holding(
        has_plan=plan is None or plan.has(slot_id),
        sounds_held=len(sounds & held.get(station_id, set())),
        sounds_needed=len(sounds),
        state=tile.state,
    )
    is_heard_of = tile.is_online or plan is None
    return StationReadiness(
        station_id=station_id,
        place=tree.places[station.place_id],
        district=tree.district_of(station.place_id),
        holding=holding,
        since_at=plan.made_at if is_heard_of and plan is not None else tile.since_at,
    )
