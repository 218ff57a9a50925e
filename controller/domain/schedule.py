"""Recurring schedules become dated slots. Of the rules only these know the stations' zone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from station_protocol.vocabulary import Authority, Priority

STATION_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
"""Wall time of every station, whatever the zone of the machine."""

EVERY_DAY = 0b1111111
"""All seven bits of a weekday mask; bit 0 is Monday."""

_ONE_DAY = timedelta(days=1)

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_TEN_BITS = [first + second for first in _BASE32 for second in _BASE32]
_SHIFTS = range(120, -1, -10)
"""26 characters of 5 bits, spelled two at a time: twice as fast as `base64.b32encode`."""


class Recurrence(StrEnum):
    """How often a schedule airs."""

    ONCE = "once"
    WEEKLY = "weekly"


class HolidayRule(StrEnum):
    """What a series does on public holidays and on the days kept where it belongs."""

    IGNORE = "ignore"
    NOT_ON = "not_on"
    ONLY_ON = "only_on"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The recurring rule: a wall time on days within dates.

    A rule that airs once has `starts_on == ends_on`. `ends_on` None: no end. Occurrences before
    `made_at` never existed. `duration_ms` is the length of the programme as it is now. `only`: no
    other dates than these; None: any.
    """

    schedule_id: str
    airs_at: time
    starts_on: date
    ends_on: date | None
    recurrence: Recurrence = Recurrence.WEEKLY
    weekdays: int = EVERY_DAY
    excluded: frozenset[date] = frozenset()
    only: frozenset[date] | None = None
    duration_ms: int = 0
    priority: Priority = Priority.ORDINARY
    authority: Authority = Authority.DISTRICT
    made_at: datetime | None = None

    @property
    def mask(self) -> int:
        """Weekdays on which it can air; for a rule that airs once the weekday of its date."""
        if self.recurrence is Recurrence.ONCE:
            return 1 << self.starts_on.weekday()
        return self.weekdays

    def airs_on(self, day: date) -> bool:
        """Whether the rule has an occurrence on this local date."""
        return (
            day >= self.starts_on
            and (self.ends_on is None or day <= self.ends_on)
            and bool(self.mask >> day.weekday() & 1)
            and day not in self.excluded
            and (self.only is None or day in self.only)
        )

    def instant_on(self, day: date, zone: ZoneInfo = STATION_ZONE) -> datetime:
        """The instant of the occurrence on this local date, UTC."""
        return instant(day, self.airs_at, zone)


@dataclass(frozen=True, slots=True)
class Slot:
    """One dated airing. Date and wall time are the original ones; the id does not follow a move."""

    schedule_id: str
    airs_on: date
    airs_at: time
    starts_at: datetime
    duration_ms: int

    @property
    def slot_id(self) -> str:
        """The id, worked out when somebody asks: most expansions are only compared."""
        return slot_id(self.schedule_id, self.airs_on, self.airs_at)

    @property
    def ends_at(self) -> datetime:
        """The first instant at which it no longer sounds."""
        return self.starts_at + timedelta(milliseconds=self.duration_ms)


def instant(day: date, at: time, zone: ZoneInfo = STATION_ZONE) -> datetime:
    """The UTC instant of a wall time on a local date."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def local_date(at: datetime) -> date:
    """The stations' date at an instant."""
    return at.astimezone(STATION_ZONE).date()


def slot_id(schedule_id: str, airs_on: date, airs_at: time) -> str:
    """The id of an occurrence, the same at every station and after any move.

    SHA-256 over the UTF-8 bytes of `schedule_id|YYYY-MM-DD|HH:MM` with the original local date
    and the original wall time (hour and minute, two digits each, seconds left out); of its base32
    spelling (RFC 4648) in lower case the first 26 characters: `[a-z2-7]{26}`.
    """
    key = f"{schedule_id}|{airs_on}|{str(airs_at)[:5]}"
    bits = int.from_bytes(hashlib.sha256(key.encode()).digest()[:17], "big") >> 6
    return "".join([_TEN_BITS[bits >> shift & 1023] for shift in _SHIFTS])


def days(schedule: Schedule, first: date, last: date) -> Iterator[date]:
    """The local dates from `first` to `last`, both included, on which the rule airs."""
    day = max(first, schedule.starts_on)
    end = last if schedule.ends_on is None else min(last, schedule.ends_on)
    mask, excluded = schedule.mask, schedule.excluded
    if schedule.only is not None:
        yield from (on for on in sorted(schedule.only) if day <= on <= end and schedule.airs_on(on))
        return
    weekday = day.weekday()
    while day <= end:
        if mask >> weekday & 1 and day not in excluded:
            yield day
        day += _ONE_DAY
        weekday = (weekday + 1) % 7


def expand(
    schedule: Schedule, start: datetime, end: datetime, zone: ZoneInfo = STATION_ZONE
) -> list[Slot]:
    """The slots with `start <= starts_at < end`, in order. Days are counted in the zone."""
    if schedule.made_at is not None:
        start = max(start, schedule.made_at)
    at, owner, length = schedule.airs_at, schedule.schedule_id, schedule.duration_ms
    first = start.astimezone(zone).date() - _ONE_DAY
    last = end.astimezone(zone).date()
    slots = []
    for day in days(schedule, first, last):
        starts_at = datetime.combine(day, at, zone).astimezone(UTC)
        if start <= starts_at < end:
            slots.append(Slot(owner, day, at, starts_at, length))
    return slots


def count(schedule: Schedule, after: datetime) -> int | None:
    """How many occurrences start later than `after`; None: the rule has no end."""
    if schedule.ends_on is None:
        return None
    after = _no_earlier(schedule, after)
    first = max(local_date(after), schedule.starts_on)
    if schedule.only is not None:
        found = days(schedule, first, schedule.ends_on)
        return sum(schedule.instant_on(day) > after for day in found)
    total = dates_in(schedule.mask, first, schedule.ends_on)
    total -= sum(
        1
        for day in schedule.excluded
        if first <= day <= schedule.ends_on and schedule.mask >> day.weekday() & 1
    )
    started = schedule.airs_on(first) and schedule.instant_on(first) <= after
    return total - int(started)


def next_after(schedule: Schedule, after: datetime) -> datetime | None:
    """The first instant later than `after` at which the rule airs; None: never again."""
    after = _no_earlier(schedule, after)
    first = max(local_date(after), schedule.starts_on)
    horizon = max((*schedule.excluded, *(schedule.only or ()), first)) + timedelta(days=8)
    found = (schedule.instant_on(day) for day in days(schedule, first, horizon))
    return next((at for at in found if at > after), None)


def _no_earlier(schedule: Schedule, after: datetime) -> datetime:
    if schedule.made_at is None:
        return after
    return max(after, schedule.made_at - timedelta(microseconds=1))


def dates_in(mask: int, first: date, last: date) -> int:
    """How many dates from `first` to `last`, both included, fall on the weekdays of the mask."""
    length = (last - first).days + 1
    if length <= 0:
        return 0
    weeks, rest = divmod(length, 7)
    return weeks * mask.bit_count() + sum(
        mask >> (first.weekday() + offset) % 7 & 1 for offset in range(rest)
    )
