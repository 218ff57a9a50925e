"""Which of two overlapping slots has the air, and where two recurring rules will ever meet.

Two weekly rules are compared on the wall time of one week, not occurrence by occurrence: a clash
months ahead costs no more to find than one tomorrow. That is exact since the stations' zone has no
daylight saving. Intervals are half-open: a slot may begin in the millisecond another ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice

from controller.domain.priority_order import are_both_aired
from controller.domain.schedule import Schedule, dates_in, local_date
from station_protocol.vocabulary import AUTHORITY_RANK, PRIORITY_RANK

DAY_MS = 86_400_000
LISTED = 5
"""How many overlaps of one pair of rules are spelled out; the others are counted."""


class Verdict(StrEnum):
    """What an overlap means for the schedule about to be saved."""

    REFUSED = "refused"
    """Same class, same authority: nobody may choose but people."""
    LOSES = "loses"
    """The other one has the air; ours is cut short or never starts."""
    WINS = "wins"
    """Ours has the air."""
    BOTH = "both"
    """Both of priority and not of one authority: one behind the other (`priority_order`)."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A rule and the stations whose air it asks for."""

    schedule: Schedule
    station_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Overlap:
    """One span, half-open, in which two slots would sound together."""

    ours_on: date
    theirs_on: date
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class Clash:
    """Every overlap of ours with one other rule. `count` None: it goes on without end."""

    other: Schedule
    station_ids: frozenset[str]
    overlaps: tuple[Overlap, ...]
    count: int | None
    verdict: Verdict


def verdict(ours: Schedule, theirs: Schedule) -> Verdict:
    """What happens when the two overlap: class first, then authority; both of priority air."""
    if are_both_aired(ours.priority, ours.authority, theirs.priority, theirs.authority):
        return Verdict.BOTH
    mine = PRIORITY_RANK[ours.priority], AUTHORITY_RANK[ours.authority]
    other = PRIORITY_RANK[theirs.priority], AUTHORITY_RANK[theirs.authority]
    if mine == other:
        return Verdict.REFUSED
    return Verdict.WINS if mine > other else Verdict.LOSES


Claim = tuple[int, int, datetime, str]


def claim(schedule: Schedule, starts_at: datetime, slot_id: str) -> Claim:
    """The place of a slot in the one total order; of two overlapping slots the smaller wins.

    Class, then authority, then the earlier start, then the smaller id.
    """
    return (
        -PRIORITY_RANK[schedule.priority],
        -AUTHORITY_RANK[schedule.authority],
        starts_at,
        slot_id,
    )


def clashes(ours: Contender, others: Iterable[Contender], after: datetime) -> list[Clash]:
    """The rules that meet ours at a common station in a slot of ours that starts after `after`.

    Refusals come first, then what ours would lose to, then what shares the air with it, then what
    it would displace.
    """
    found = (_clash(ours, other, after) for other in others)
    return sorted((clash for clash in found if clash is not None), key=_gravity)


_GRAVITY = {Verdict.REFUSED: 0, Verdict.LOSES: 1, Verdict.BOTH: 2, Verdict.WINS: 3}


def _gravity(clash: Clash) -> tuple[int, datetime, str]:
    return _GRAVITY[clash.verdict], clash.overlaps[0].from_at, clash.other.schedule_id


def _clash(ours: Contender, other: Contender, after: datetime) -> Clash | None:
    shared = ours.station_ids & other.station_ids
    if not shared:
        return None
    meetings = list(_meetings(ours.schedule, other.schedule, after))
    if not meetings:
        return None
    listed = _first_overlaps(ours.schedule, other.schedule, meetings)
    how_often = _total(meeting.count() for meeting in meetings)
    return Clash(other.schedule, shared, listed, how_often, verdict(ours.schedule, other.schedule))


def _total(counts: Iterable[int | None]) -> int | None:
    total = 0
    for number in counts:
        if number is None:
            return None
        total += number
    return total


@dataclass(frozen=True, slots=True)
class _Meeting:
    """Dates of ours on which it meets the other rule's occurrence `days_later` days after."""

    days_later: int
    mask: int
    first: date
    last: date | None
    skipped: frozenset[date]
    only: frozenset[date] | None = None

    def dates(self) -> Iterator[date]:
        """Every such date in order; without end when `last` is None and they are not confined."""
        if self.only is not None:
            yield from self._confined()
            return
        day = self.first
        while self.last is None or day <= self.last:
            if self.mask >> day.weekday() & 1 and day not in self.skipped:
                yield day
            day += timedelta(days=1)

    def _confined(self) -> list[date]:
        return [
            day
            for day in sorted(self.only or ())
            if self.first <= day
            and (self.last is None or day <= self.last)
            and self.mask >> day.weekday() & 1
            and day not in self.skipped
        ]

    def count(self) -> int | None:
        """How many there are; None: without end."""
        if self.only is not None:
            return len(self._confined())
        if self.last is None:
            return None
        total = dates_in(self.mask, self.first, self.last)
        return total - sum(
            1
            for day in self.skipped
            if self.first <= day <= self.last and self.mask >> day.weekday() & 1
        )


def _meetings(ours: Schedule, theirs: Schedule, after: datetime) -> Iterator[_Meeting]:
    for days_later in _day_offsets(ours, theirs):
        meeting = _meeting(ours, theirs, days_later, after)
        if meeting is not None:
            yield meeting


def _day_offsets(ours: Schedule, theirs: Schedule) -> Iterator[int]:
    """Offsets in days at which the two wall times overlap, whatever their weekdays."""
    if not ours.duration_ms or not theirs.duration_ms:
        return
    begins = _ms_of_day(ours.airs_at)
    earliest = -(theirs.duration_ms // DAY_MS) - 1
    latest = ours.duration_ms // DAY_MS + 1
    for offset in range(earliest, latest + 1):
        other = offset * DAY_MS + _ms_of_day(theirs.airs_at)
        if begins < other + theirs.duration_ms and other < begins + ours.duration_ms:
            yield offset


def _meeting(ours: Schedule, theirs: Schedule, days_later: int, after: datetime) -> _Meeting | None:
    shift = timedelta(days=days_later)
    first = max(ours.starts_on, theirs.starts_on - shift, _first_day(ours, after))
    if theirs.made_at is not None:
        first = max(first, _first_day(theirs, theirs.made_at) - shift)
    mask = ours.mask & _turned(theirs.mask, days_later)
    skipped = ours.excluded | {day - shift for day in theirs.excluded}
    ends = [ours.ends_on] if ours.ends_on is not None else []
    if theirs.ends_on is not None:
        ends.append(theirs.ends_on - shift)
    only = _confined_to(ours.only, theirs.only, shift)
    meeting = _Meeting(days_later, mask, first, min(ends, default=None), skipped, only)
    if not mask or meeting.count() == 0:
        return None
    return meeting


def _confined_to(
    ours: frozenset[date] | None, theirs: frozenset[date] | None, shift: timedelta
) -> frozenset[date] | None:
    """Dates of ours to which the one, the other or both are confined; None: neither is."""
    if theirs is None:
        return ours
    theirs = frozenset(day - shift for day in theirs)
    return theirs if ours is None else ours & theirs


def _first_day(schedule: Schedule, after: datetime) -> date:
    """The first local date whose occurrence would start after the instant."""
    today = local_date(after)
    return today if schedule.instant_on(today) > after else today + timedelta(days=1)


def _turned(mask: int, days_later: int) -> int:
    """Weekdays that lie `days_later` days before those of the mask."""
    turn = days_later % 7
    return (mask >> turn | mask << 7 - turn) & 0b1111111


def _first_overlaps(
    ours: Schedule, theirs: Schedule, meetings: Iterable[_Meeting]
) -> tuple[Overlap, ...]:
    heads = (
        _overlap(ours, theirs, day, day + timedelta(days=meeting.days_later))
        for meeting in meetings
        for day in islice(meeting.dates(), LISTED)
    )
    return tuple(sorted(heads, key=lambda overlap: overlap.from_at)[:LISTED])


def _overlap(ours: Schedule, theirs: Schedule, ours_on: date, theirs_on: date) -> Overlap:
    mine, other = ours.instant_on(ours_on), theirs.instant_on(theirs_on)
    mine_ends = mine + timedelta(milliseconds=ours.duration_ms)
    other_ends = other + timedelta(milliseconds=theirs.duration_ms)
    return Overlap(ours_on, theirs_on, max(mine, other), min(mine_ends, other_ends))


def _ms_of_day(at: time) -> int:
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1000
