"""Where priority slots that meet have their place at each station: kept in step, and read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from controller.domain.places import PlaceTree
from controller.domain.policy import HoursBook, is_open
from controller.domain.priority_order import (
    SETTLED_BEFORE,
    Fits,
    Item,
    Order,
    Placing,
    Taken,
    are_both_aired,
    place,
)
from controller.services.targets import stations_by_schedule
from controller.storage.models import PriorityOrderRow, SlotPlacingRow, SlotRow
from station_protocol.vocabulary import Authority, Priority

LOOKED_BACK = timedelta(hours=6)
"""A slot that started longer ago has ended: no slot is as long."""


class Due(Protocol):
    """What of a slot a placing is about; a row of the table, or part of one."""

    @property
    def slot_id(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...


Placings = Mapping[str, Mapping[str, SlotPlacingRow]]
"""By slot and station."""


def placings_of(session: Session, slots: Iterable[Due], station_id: str | None = None) -> Placings:
    """Where these slots have their place, by slot and station; those that meet none are left out.

    One worked out for another time than the slot has now, since somebody moved it, does not hold.
    """
    planned = {slot.slot_id: slot.starts_at for slot in slots}
    if not planned:
        return {}
    query = select(SlotPlacingRow).where(*_planned_among(planned.values()))
    if station_id is not None:
        query = query.where(SlotPlacingRow.station_id == station_id)
    found: defaultdict[str, dict[str, SlotPlacingRow]] = defaultdict(dict)
    for row in session.scalars(query):
        if planned.get(row.slot_id) == row.planned_at:
            found[row.slot_id][row.station_id] = row
    return found


def starts_of(session: Session, slots: Iterable[Due]) -> Mapping[str, Mapping[str, datetime]]:
    """By slot and station when it is due, wherever that is not the slot's own time.

    What `placings_of` says of it in brief: of a wide slot there may be thousands.
    """
    planned = {slot.slot_id: slot.starts_at for slot in slots}
    if not planned:
        return {}
    row = SlotPlacingRow
    query = select(row.slot_id, row.station_id, row.planned_at, row.starts_at).where(
        *_planned_among(planned.values()), row.starts_at != row.planned_at
    )
    found: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    for slot_id, station_id, planned_at, starts_at in session.execute(query):
        if planned.get(slot_id) == planned_at:
            found[slot_id][station_id] = starts_at
    return found


def _planned_among(starts: Collection[datetime]) -> tuple[ColumnElement[bool], ...]:
    at = SlotPlacingRow.planned_at
    return at >= min(starts), at <= max(starts)


def start_at(placings: Placings, slot: Due, station_id: str) -> datetime:
    """When the slot is due at this station."""
    row = placings.get(slot.slot_id, {}).get(station_id)
    return slot.starts_at if row is None else row.starts_at


@dataclass(frozen=True, slots=True)
class Placed:
    """A placing as pages show it."""

    planned_at: datetime
    starts_at: datetime
    other_slot_id: str
    other_title: str
    is_first: bool
    cause: str
    ordered_by: str | None
    placed_at: datetime
    written_by: str | None = None


def placed(
    session: Session, slots: Iterable[Due], station_id: str | None = None
) -> Mapping[str, Mapping[str, Placed]]:
    """The placings of these slots with what they stand beside, by slot and station."""
    found = placings_of(session, slots, station_id)
    others = {row.other_slot_id for here in found.values() for row in here.values()}
    titles = {
        row.slot_id: row.title
        for row in session.execute(
            select(SlotRow.slot_id, SlotRow.title).where(SlotRow.slot_id.in_(others))
        )
    }
    return {
        slot_id: {one: _shown(row, titles) for one, row in here.items()}
        for slot_id, here in found.items()
    }


def _shown(row: SlotPlacingRow, titles: Mapping[str, str]) -> Placed:
    return Placed(
        planned_at=row.planned_at,
        starts_at=row.starts_at,
        other_slot_id=row.other_slot_id,
        other_title=titles[row.other_slot_id],
        is_first=row.is_first,
        cause=row.cause,
        ordered_by=row.ordered_by,
        placed_at=row.placed_at,
        written_by=row.written_by,
    )


def keep_placings(
    session: Session,
    tree: PlaceTree,
    book: HoursBook,
    until: datetime,
    now: datetime,
    station_id: str | None = None,
) -> None:
    """Bring the placings of slots that start before `until` in step with slots and orders.

    Whatever starts within `SETTLED_BEFORE`, or has started, keeps its place.
    """
    rows = _priority_rows(session, now - LOOKED_BACK, until)
    meeting = rows if _any_meet(rows) else []
    stations = stations_by_schedule(session, tree, {row.schedule_id for row in meeting})
    at: defaultdict[str, list[SlotRow]] = defaultdict(list)
    for row in meeting:
        for one in stations.get(row.schedule_id, ()):
            at[one].append(row)
    stored = _stored(session, now - LOOKED_BACK, station_id)
    orders = _orders(session)
    for one in at.keys() | stored.keys():
        if station_id is None or one == station_id:
            here = at.get(one, [])
            desk = _AtStation(
                session, one, here if _any_meet(here) else [], stored.get(one, {}), now
            )
            desk.keep(orders.get(one, ()), _fits(tree, book, one))
    session.flush()


def _fits(tree: PlaceTree, book: HoursBook, station_id: str) -> Fits:
    if station_id not in tree.stations:
        return lambda _starts_at, _ms: False
    allowed = book.of_station(tree, station_id)
    return lambda starts_at, ms: is_open(starts_at, ms, allowed)


class _AtStation:
    """The priority slots of one station, and the placings it has."""

    def __init__(
        self,
        session: Session,
        station_id: str,
        rows: Sequence[SlotRow],
        stored: Mapping[str, SlotPlacingRow],
        now: datetime,
    ) -> None:
        self._session = session
        self._station_id = station_id
        self._stored = stored
        self._now = now
        self._settled_until = now + SETTLED_BEFORE
        standing = [row for row in rows if row.cancelled_at is None]
        self._open = [row for row in standing if not self._is_settled(row)]
        self._settled = [row for row in standing if self._is_settled(row)]

    def _is_settled(self, row: SlotRow) -> bool:
        return row.starts_at <= self._settled_until

    def keep(self, orders: Sequence[Order], fits: Fits) -> None:
        """Work out every place that is not settled, and write what differs."""
        items = [item_of(row) for row in self._open]
        taken = [self._taken(row) for row in self._settled]
        wanted = place(items, taken, orders, fits) if len(items) + len(taken) > 1 else {}
        for slot_id, row in self._stored.items():
            if slot_id not in wanted and row.planned_at > self._settled_until:
                self._session.delete(row)
        for placing in wanted.values():
            self._write(placing)

    def _taken(self, row: SlotRow) -> Taken:
        placed = self._stored.get(row.slot_id)
        is_true = placed is not None and placed.planned_at == row.starts_at
        starts_at = placed.starts_at if placed is not None and is_true else row.starts_at
        return Taken(row.slot_id, starts_at, starts_at + timedelta(milliseconds=row.duration_ms))

    def _write(self, placing: Placing) -> None:
        values = {
            "planned_at": placing.planned_at,
            "starts_at": placing.starts_at,
            "other_slot_id": placing.other_id,
            "is_first": placing.is_first,
            "cause": placing.cause.value,
            "ordered_by": placing.order.ordered_by if placing.order else None,
            "written_by": placing.order.written_by if placing.order else None,
        }
        row = self._stored.get(placing.slot_id)
        if row is not None and all(getattr(row, name) == value for name, value in values.items()):
            return
        if row is None:
            row = SlotPlacingRow(station_id=self._station_id, slot_id=placing.slot_id)
            self._session.add(row)
        for name, value in values.items():
            setattr(row, name, value)
        row.placed_at = placing.order.ordered_at if placing.order else self._now


def item_of(row: SlotRow) -> Item:
    """The row as the rules take it."""
    return Item(
        slot_id=row.slot_id,
        schedule_id=row.schedule_id,
        airs_on=row.airs_on,
        starts_at=row.starts_at,
        duration_ms=row.duration_ms,
        authority=Authority(row.authority),
    )


def _priority_rows(session: Session, start: datetime, end: datetime) -> list[SlotRow]:
    query = select(SlotRow).where(
        SlotRow.priority == Priority.PRIORITY.value,
        SlotRow.starts_at >= start,
        SlotRow.starts_at < end,
        SlotRow.cancelled_at.is_(None),
    )
    return list(session.scalars(query.order_by(SlotRow.starts_at)))


def _any_meet(rows: Sequence[SlotRow]) -> bool:
    """Whether two of different authorities overlap anywhere; nearly always none do."""
    ends: dict[str, datetime] = {}
    for row in rows:
        ends_at = row.starts_at + timedelta(milliseconds=row.duration_ms)
        for authority, until in ends.items():
            is_contest = are_both_aired(row.priority, row.authority, row.priority, authority)
            if is_contest and row.starts_at < until:
                return True
        ends[row.authority] = max(ends_at, ends.get(row.authority, ends_at))
    return False


def _stored(
    session: Session, since: datetime, station_id: str | None
) -> dict[str, dict[str, SlotPlacingRow]]:
    query = select(SlotPlacingRow).where(SlotPlacingRow.planned_at >= since)
    if station_id is not None:
        query = query.where(SlotPlacingRow.station_id == station_id)
    found: defaultdict[str, dict[str, SlotPlacingRow]] = defaultdict(dict)
    for row in session.scalars(query):
        found[row.station_id][row.slot_id] = row
    return found


def _orders(session: Session) -> dict[str, list[Order]]:
    found: defaultdict[str, list[Order]] = defaultdict(list)
    for row in session.scalars(select(PriorityOrderRow)):
        found[row.station_id].append(
            Order(
                first_id=row.first_schedule_id,
                second_id=row.second_schedule_id,
                first_on=row.first_on,
                second_on=row.second_on,
                ordered_by=row.ordered_by,
                ordered_at=row.ordered_at,
                written_by=row.written_by,
            )
        )
    return found
