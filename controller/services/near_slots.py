"""Slots near the present, each with its stations in one place."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from controller.domain.places import PlaceTree, Station
from controller.services.declines import declined
from controller.services.placings import LOOKED_BACK, Due, starts_of
from controller.storage.models import ScheduleTargetRow, SlotRow


@dataclass(frozen=True, slots=True)
class BriefSlot:
    """A slot without what it plays: of a long day there are many."""

    slot_id: str
    schedule_id: str
    airs_on: date
    starts_at: datetime
    duration_ms: int
    title: str


Start: TypeAlias = tuple[datetime, str]
L = TypeVar("L", SlotRow, BriefSlot)


@dataclass(frozen=True, slots=True)
class Airing(Generic[L]):
    """A slot near the present with the stations in the reader's place that are to air it."""

    row: L
    stations: tuple[Station, ...]
    starts_at: datetime
    """When it is due there: later than elsewhere where it goes behind another priority item."""

    @property
    def ends_at(self) -> datetime:
        """When it ends by its length."""
        return self.starts_at + timedelta(milliseconds=self.row.duration_ms)


NearSlot: TypeAlias = Airing[SlotRow]
BriefAiring: TypeAlias = Airing[BriefSlot]


def slots_near(
    session: Session, tree: PlaceTree, place_id: str, after: datetime, before: datetime
) -> tuple[NearSlot, ...]:
    """The slots that start between these instants, soonest first.

    Cancelled ones are left out, and the stations whose commune declined. A slot that starts later
    at some stations is there once for each start.
    """
    rows = session.scalars(select(SlotRow).where(*_between(after, before))).all()
    return tuple(_airings(session, tree, place_id, rows, after, before))


def brief_slots_near(
    session: Session, tree: PlaceTree, place_id: str, after: datetime, before: datetime
) -> Iterator[BriefAiring]:
    """The same in brief, worked out one after the other: who stops early saves the rest."""
    slot = SlotRow
    query = select(
        slot.slot_id,
        slot.schedule_id,
        slot.airs_on,
        slot.starts_at,
        slot.duration_ms,
        slot.title,
    )
    lines = [BriefSlot(*line) for line in session.execute(query.where(*_between(after, before)))]
    return _airings(session, tree, place_id, lines, after, before)


def in_full(session: Session, airings: Iterable[BriefAiring]) -> tuple[NearSlot, ...]:
    """These, with all that is stored of each slot."""
    wanted = tuple(airings)
    query = select(SlotRow).where(SlotRow.slot_id.in_({one.row.slot_id for one in wanted}))
    rows = {row.slot_id: row for row in session.scalars(query)}
    return tuple(Airing(rows[one.row.slot_id], one.stations, one.starts_at) for one in wanted)


def _between(after: datetime, before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Slots that may start between these instants at some station."""
    at = SlotRow.starts_at
    return at > after - LOOKED_BACK, at < before, SlotRow.cancelled_at.is_(None)


def _airings(
    session: Session,
    tree: PlaceTree,
    place_id: str,
    rows: Sequence[L],
    after: datetime,
    before: datetime,
) -> Iterator[Airing[L]]:
    targets = _targets(session, {row.schedule_id for row in rows})
    declines, moved = declined(session, rows), starts_of(session, rows)
    by_id = {row.slot_id: row for row in rows}
    for starts_at, slot_id in sorted(_starts(by_id.values(), moved)):
        if not after < starts_at < before:
            continue
        row, elsewhen = by_id[slot_id], moved.get(slot_id, {})
        stations = _airing(
            tree.stations_of(targets.get(row.schedule_id, ()), place_id), declines.get(slot_id, ())
        )
        if elsewhen:
            stations = tuple(
                one for one in stations if elsewhen.get(one.station_id, row.starts_at) == starts_at
            )
        if stations:
            yield Airing(row, stations, starts_at)


def _starts(rows: Iterable[Due], moved: Mapping[str, Mapping[str, datetime]]) -> set[Start]:
    """Each time at which a slot starts anywhere, with its id."""
    own = {(row.starts_at, row.slot_id) for row in rows}
    return own | {(at, slot_id) for slot_id, here in moved.items() for at in here.values()}


def _airing(stations: tuple[Station, ...], refusing: Container[str]) -> tuple[Station, ...]:
    if not refusing:
        return stations
    return tuple(one for one in stations if one.station_id not in refusing)


def _targets(session: Session, schedule_ids: Collection[str]) -> Mapping[str, Sequence[str]]:
    """The places each schedule airs at, always in the same order."""
    targets: dict[str, list[str]] = {}
    query = select(ScheduleTargetRow.schedule_id, ScheduleTargetRow.place_id)
    query = query.where(ScheduleTargetRow.schedule_id.in_(schedule_ids))
    for schedule_id, place_id in session.execute(query.order_by(ScheduleTargetRow.place_id)):
        targets.setdefault(schedule_id, []).append(place_id)
    return targets
