"""Two priority items at one time at one station: both are aired, one behind the other.

Circular 39/2020/TT-BTTTT: a priority item must be aired; where it meets one of the commune's own,
the commune orders the two. Until it has, what comes from above goes first. Whoever goes second
keeps its identity and is given a later start, the first whole minute after the other has ended;
nothing ever starts earlier than planned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from station_protocol.vocabulary import AUTHORITY_RANK, Authority, Priority

SETTLED_BEFORE = timedelta(minutes=5)
"""So long before the earlier of the two nothing about their order changes any more: a station
whose link is good holds a new plan within two minutes (promise L2 of the simulation)."""

_MINUTE = timedelta(minutes=1)


class Cause(StrEnum):
    """Why the items stand in this order."""

    ABOVE_FIRST = "above_first"
    """Nobody has ordered them: what comes from above goes first."""
    ORDERED = "ordered"
    """The commune said so."""
    HOURS = "hours"
    """In the other order the second would end outside the broadcast hours."""
    SETTLED = "settled"
    """The other one's start was fixed before this one was known, or it sounds already."""


@dataclass(frozen=True, slots=True)
class Item:
    """A priority slot as planned for one station."""

    slot_id: str
    schedule_id: str
    airs_on: date
    starts_at: datetime
    duration_ms: int
    authority: Authority

    @property
    def ends_at(self) -> datetime:
        """The first instant at which it no longer sounds, at its planned time."""
        return self.starts_at + timedelta(milliseconds=self.duration_ms)


@dataclass(frozen=True, slots=True)
class Taken:
    """Air that is not to be had: an item whose start is settled."""

    slot_id: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """A commune's word on which of two schedules goes first, once or whenever they meet."""

    first_id: str
    second_id: str
    first_on: date | None
    """Original local date of the one occurrence it is for; None: each time from then on."""
    second_on: date | None
    ordered_by: str
    """Full name."""
    ordered_at: datetime
    written_by: str | None = None
    """Who of the district wrote down what the commune said; None: the commune itself."""

    def covers(self, first: Item, second: Item) -> bool:
        """Whether it is about these two, and was said in time."""
        said_in_time = self.ordered_at < settled_at(first.starts_at, second.starts_at)
        return (
            said_in_time
            and (self.first_id, self.second_id) == (first.schedule_id, second.schedule_id)
            and self.first_on in {None, first.airs_on}
            and self.second_on in {None, second.airs_on}
        )


@dataclass(frozen=True, slots=True)
class Placing:
    """Where an item of a clash has its place at one station."""

    slot_id: str
    planned_at: datetime
    starts_at: datetime
    other_id: str
    """The item it goes behind; of the first the one behind it."""
    is_first: bool
    cause: Cause
    order: Order | None = None

    @property
    def is_moved(self) -> bool:
        """Whether it starts later than planned."""
        return self.starts_at != self.planned_at


Fits = Callable[[datetime, int], bool]
"""Whether a start and a length in ms lie inside the hours of the station."""


def settled_at(one: datetime, other: datetime) -> datetime:
    """The instant from which the order of two items with these planned starts is fixed."""
    return min(one, other) - SETTLED_BEFORE


def are_both_aired(priority: str, authority: str, other: str, other_authority: str) -> bool:
    """Whether two items that meet are both aired: of priority, by different authorities."""
    return priority == other == Priority.PRIORITY and authority != other_authority


Said = Mapping[tuple[str, str], Order | None]
"""By (first, second) who said so; None: the hours leave no other order."""


def place(
    items: Iterable[Item], taken: Sequence[Taken], orders: Sequence[Order], fits: Fits
) -> dict[str, Placing]:
    """Where the items of clashes have their place, by id; the others are left out.

    An item for which no order finds room within the hours keeps its planned start: there the
    station decides as between any two, and says so.
    """
    items = list(items)
    said = _said(items, orders)
    found = _placed(items, taken, said)
    for late in _outside(found, items, fits):
        if late.cause is not Cause.SETTLED:
            pair = {late.slot_id, late.other_id}
            turned = {key: order for key, order in said.items() if set(key) != pair}
            other_way = _placed(items, taken, turned | {(late.slot_id, late.other_id): None})
            if not _outside(other_way, items, fits):
                return other_way
    lost = {one.slot_id for one in _outside(found, items, fits)}
    return {
        key: one
        for key, one in found.items()
        if key not in lost and not (one.is_first and one.other_id in lost)
    }


def _outside(found: Mapping[str, Placing], items: Sequence[Item], fits: Fits) -> list[Placing]:
    lengths = {one.slot_id: one.duration_ms for one in items}
    return [
        one
        for one in found.values()
        if one.is_moved and not fits(one.starts_at, lengths[one.slot_id])
    ]


def _placed(items: Sequence[Item], taken: Sequence[Taken], said: Said) -> dict[str, Placing]:
    spans = list(taken)
    settled = {one.slot_id for one in taken}
    found: dict[str, Placing] = {}
    for item in _sequence(items, said):
        starts_at, behind = _free_from(item, spans)
        length = timedelta(milliseconds=item.duration_ms)
        spans.append(Taken(item.slot_id, starts_at, starts_at + length))
        if behind is not None:
            cause, order = _cause(behind, item.slot_id, settled, said)
            found[item.slot_id] = Placing(
                item.slot_id, item.starts_at, starts_at, behind, False, cause, order
            )
    return _leaders(found, items) | found


def _cause(first: str, second: str, settled: set[str], said: Said) -> tuple[Cause, Order | None]:
    if first in settled:
        return Cause.SETTLED, None
    if (first, second) not in said:
        return Cause.ABOVE_FIRST, None
    order = said[first, second]
    return (Cause.HOURS if order is None else Cause.ORDERED), order


def _leaders(found: Mapping[str, Placing], items: Sequence[Item]) -> dict[str, Placing]:
    """The first of each pair, which stands where it was planned."""
    by_id = {one.slot_id: one for one in items}
    leaders: dict[str, Placing] = {}
    for one in found.values():
        first = by_id.get(one.other_id)
        if first is not None and first.slot_id not in leaders:
            at = first.starts_at
            leaders[first.slot_id] = Placing(
                first.slot_id, at, at, one.slot_id, True, one.cause, one.order
            )
    return leaders


def _said(items: Sequence[Item], orders: Sequence[Order]) -> dict[tuple[str, str], Order | None]:
    """What the commune said of each pair that meets, of several words the last."""
    said: dict[tuple[str, str], Order | None] = {}
    for one in items:
        for other in items:
            if one.slot_id < other.slot_id and _meet(one, other):
                last = _last_word(one, other, orders)
                if last is not None:
                    is_one = last.covers(one, other)
                    pair = (one, other) if is_one else (other, one)
                    said[pair[0].slot_id, pair[1].slot_id] = last
    return said


def _last_word(one: Item, other: Item, orders: Sequence[Order]) -> Order | None:
    covering = [order for order in orders if order.covers(one, other) or order.covers(other, one)]
    return max(covering, key=lambda order: order.ordered_at, default=None)


def _meet(one: Item, other: Item) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def _sequence(items: Sequence[Item], said: Said) -> Iterator[Item]:
    """By authority, then by time, but nobody before whom the commune put first."""
    left = sorted(
        items, key=lambda one: (-AUTHORITY_RANK[one.authority], one.starts_at, one.slot_id)
    )
    while left:
        free = (
            one for one in left if not any((first.slot_id, one.slot_id) in said for first in left)
        )
        chosen = next(free, left[0])  # a ring of orders breaks at who would be first anyway
        left.remove(chosen)
        yield chosen


def _free_from(item: Item, spans: Sequence[Taken]) -> tuple[datetime, str | None]:
    """The first free start from the planned one on, and behind whom that is."""
    length = timedelta(milliseconds=item.duration_ms)
    starts_at, behind = item.starts_at, None
    for span in sorted(spans, key=lambda one: one.starts_at):
        if span.starts_at < starts_at + length and starts_at < span.ends_at:
            starts_at, behind = _whole_minute(span.ends_at), span.slot_id
    return starts_at, behind


def _whole_minute(at: datetime) -> datetime:
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + _MINUTE
