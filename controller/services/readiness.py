"""Which stations will air the coming slots, and which lack what: known before it is missed.

A station is ready for a slot when, by its own word, it holds every sound of it and a plan that
says of it what the newest plan says; an older plan that already had the slot as it is will do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from controller.domain.places import Place, PlaceTree, Station
from controller.domain.readiness import Holding, Urgency, urgency
from controller.services.near_slots import NearSlot
from controller.services.piece_desk import station_names
from controller.services.scope import ASKED_BY_NAME
from controller.services.slot_sounds import Names, every_sound, marks_of, sounds_at
from controller.storage.models import HoldingRow, SlotRow, StationPlanRow, StationStateRow


class Standing(Protocol):
    """How a station is shown and which plan it holds: a tile, or what is enough of one."""

    @property
    def state(self) -> str: ...
    @property
    def since_at(self) -> datetime | None: ...
    @property
    def reasons(self) -> Sequence[str]: ...
    @property
    def plan_held(self) -> int: ...
    @property
    def plan_sent(self) -> int: ...
    @property
    def is_online(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class StationReadiness:
    """One slot at one station."""

    station_id: str
    place: Place
    district: Place | None
    holding: Holding
    since_at: datetime | None
    """Since when it is as it is shown, or, online, lacks the plan or a sound; None: not known."""

    @property
    def is_amiss(self) -> bool:
        """Whether it lacks something of the slot, or may not sound although it holds it."""
        return not self.holding.is_ready or self.holding.is_doubtful


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
    def amiss(self) -> tuple[StationReadiness, ...]:
        """Everywhere somebody should look: first where it will not sound."""
        return self.not_ready + self.doubtful

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
    standings: Mapping[str, Standing],
    now: datetime,
) -> tuple[SlotReadiness, ...]:
    """Each slot at each of its stations; `standings` has all of them."""
    names = station_names(session, marks_of(slot.row for slot in slots))
    sounds = _sounds(session, {sha for slot in slots for sha in every_sound(slot.row, names)})
    asked = {station.station_id for slot in slots for station in slot.stations}
    plans = _lagging(session, [one for one in asked if _lags(standings[one])])
    return tuple(
        of_slot(slot, _found(slot.row, slot.stations, tree, standings, names, sounds, plans), now)
        for slot in slots
    )


def judge_stations(
    session: Session,
    tree: PlaceTree,
    row: SlotRow,
    stations: Sequence[Station],
    standings: Mapping[str, Standing],
) -> tuple[StationReadiness, ...]:
    """One slot at some stations; those at which nothing is amiss are left out."""
    names = station_names(session, marks_of([row]))
    only = [one.station_id for one in stations] if len(stations) <= ASKED_BY_NAME else None
    sounds = _sounds(session, set(every_sound(row, names)), only)
    lagging = [one.station_id for one in stations if _lags(standings[one.station_id])]
    plans = _lagging(session, lagging)
    found = _found(row, stations, tree, standings, names, sounds, plans)
    return tuple(one for one in found if one.is_amiss)


def _lags(tile: Standing) -> bool:
    return tile.plan_held != tile.plan_sent


@dataclass(frozen=True, slots=True)
class _Sounds:
    """What one station said of the sounds asked about."""

    held: set[str] = field(default_factory=set)
    lost: dict[str, datetime] = field(default_factory=dict)
    """Since when it no longer holds what it once did."""


def _sounds(
    session: Session, needed: set[str], only: Sequence[str] | None = None
) -> Mapping[str, _Sounds]:
    """What stations said of these sounds; `only` some of them, None: all."""
    found: defaultdict[str, _Sounds] = defaultdict(_Sounds)
    query = select(HoldingRow.station_id, HoldingRow.sha256, HoldingRow.held, HoldingRow.at).where(
        HoldingRow.sha256.in_(needed)
    )
    if only is not None:
        query = query.where(HoldingRow.station_id.in_(only))
    for station_id, sha256, is_held, at in session.execute(query):
        if is_held:
            found[station_id].held.add(sha256)
        else:
            found[station_id].lost[sha256] = at
    return found


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
        key: _Plans(made_at, said, held.get(key, {}))
        for key in station_ids
        for made_at, said in [newest.get(key, (None, {}))]
    }


def _found(
    row: SlotRow,
    stations: Sequence[Station],
    tree: PlaceTree,
    standings: Mapping[str, Standing],
    names: Names,
    sounds: Mapping[str, _Sounds],
    plans: Mapping[str, _Plans],
) -> list[StationReadiness]:
    return [
        _at(
            row.slot_id,
            tree,
            station,
            standings[station.station_id],
            plans.get(station.station_id),
            sounds_at(row, station, names),
            sounds.get(station.station_id, _Sounds()),
        )
        for station in stations
    ]


def of_slot(slot: NearSlot, found: Iterable[StationReadiness], now: datetime) -> SlotReadiness:
    """A slot at its stations; `found` may leave out those at which nothing is amiss."""
    row, told = slot.row, tuple(found)
    return SlotReadiness(
        slot_id=row.slot_id,
        title=row.title,
        starts_at=slot.starts_at,
        duration_ms=row.duration_ms,
        priority=row.priority,
        urgency=urgency(slot.starts_at, now),
        total=len(slot.stations),
        not_ready=tuple(one for one in told if not one.holding.is_ready),
        doubtful=tuple(one for one in told if one.holding.is_doubtful),
    )


def _at(
    slot_id: str,
    tree: PlaceTree,
    station: Station,
    tile: Standing,
    plans: _Plans | None,
    needed: frozenset[str],
    sounds: _Sounds,
) -> StationReadiness:
    """`plans` None: it holds the newest."""
    has_plan = plans is None or plans.has(slot_id)
    lacks_since = None if plans is None or has_plan else plans.made_at
    lost = [sounds.lost[one] for one in needed & sounds.lost.keys()]
    return StationReadiness(
        station_id=station.station_id,
        place=tree.places[station.place_id],
        district=tree.district_of(station.place_id),
        holding=Holding(
            has_plan=has_plan,
            sounds_held=len(needed & sounds.held),
            sounds_needed=len(needed),
            state=tile.state,
            troubles=tuple(tile.reasons),
        ),
        since_at=_since(tile, lacks_since, lost),
    )


def _since(
    tile: Standing, lacks_since: datetime | None, lost: Sequence[datetime]
) -> datetime | None:
    """The first cause that is known: silence, a plan that did not come, a lost sound."""
    if not tile.is_online:
        return tile.since_at
    return lacks_since or min(lost, default=None)
