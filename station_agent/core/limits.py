"""What a station never exceeds, whatever a signed plan says. Wall time is UTC+7, all year.

The zone is written here and not read from the machine: Vietnam has had no daylight saving since
1975, and the Pi's own zone is never used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta, timezone

from station_protocol.messages import HoursSpan, PlannedSlot, StationLimits
from station_protocol.vocabulary import Priority, Reason

STATION_ZONE = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

Span = tuple[datetime, datetime]

_MINUTE = timedelta(minutes=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), STATION_ZONE)


def _daily(hours: tuple[HoursSpan, ...], days: list[date]) -> Iterator[Span]:
    for day in days:
        for span in hours:
            opens_at = _midnight(day) + timedelta(minutes=span.opens_min)
            yield opens_at, _midnight(day) + timedelta(minutes=span.closes_min)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for opens_at, closes_at in sorted(spans):
        if merged and opens_at <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes_at))
        else:
            merged.append((opens_at, closes_at))
    return merged


def _is_in_one(hours: tuple[HoursSpan, ...], from_at: datetime, until_at: datetime) -> bool:
    """Whether the hours of one day hold it all: as good as always that is the whole question."""
    local = from_at.astimezone(STATION_ZONE)
    from_min = local.hour * 60 + local.minute + (local.second + local.microsecond / 1e6) / 60
    until_min = from_min + (until_at - from_at) / _MINUTE
    return any(span.opens_min <= from_min and until_min <= span.closes_min for span in hours)


def allows(limits: StationLimits, from_at: datetime, until_at: datetime) -> bool:
    """Whether the whole span lies inside broadcast hours or dated exceptions, taken together."""
    if _is_in_one(limits.hours, from_at, until_at):
        return True
    first, last = (at.astimezone(STATION_ZONE).date() for at in (from_at, until_at))
    days = [first + timedelta(days=n) for n in range(-1, (last - first).days + 2)]
    spans = list(_daily(limits.hours, days))
    spans += [(exception.from_at, exception.until_at) for exception in limits.exceptions]
    return any(opens <= from_at and until_at <= closes for opens, closes in _merged(spans))


def verdict(limits: StationLimits, slot: PlannedSlot, starts_at: datetime) -> Reason | None:
    """Why this slot must not sound from `starts_at` on; None if it may. An emergency always may."""
    if slot.priority is Priority.EMERGENCY:
        return None
    length_ms = max(slot.duration_ms, sum([item.duration_ms for item in slot.items]))
    if length_ms > limits.max_length_ms:
        return Reason.TOO_LONG
    until_at = starts_at + timedelta(milliseconds=length_ms)
    return None if allows(limits, starts_at, until_at) else Reason.QUIET_HOURS


def volume(limits: StationLimits, wanted_percent: int | None, at: datetime | None) -> int:
    """The volume to set: what was ordered, under the ceiling of the station and of the hour.

    Without an idea of the time the lowest ceiling of any hour holds.
    """
    ceilings = [limits.volume_ceiling_percent]
    for band in limits.volume_bands:
        if at is None or is_within(band.opens_min, band.closes_min, at):
            ceilings.append(band.ceiling_percent)
    return min(*ceilings, 100 if wanted_percent is None else wanted_percent)


def is_within(opens_min: int, closes_min: int, at: datetime) -> bool:
    """Whether the instant lies in this span of the day, which may reach over midnight."""
    local = at.astimezone(STATION_ZONE)
    minute = local.hour * 60 + local.minute
    if opens_min <= closes_min:
        return opens_min <= minute < closes_min
    return minute >= opens_min or minute < closes_min


def edges_after(minutes: Iterable[int], after: datetime) -> Iterator[datetime]:
    """The instants of today and tomorrow, later than `after`, of these minutes of the day."""
    day = after.astimezone(STATION_ZONE).date()
    for minute in minutes:
        for ahead in (0, 1):
            edge = _midnight(day + timedelta(days=ahead)) + timedelta(minutes=minute)
            if edge > after:
                yield edge


def next_band(limits: StationLimits, after: datetime) -> datetime | None:
    """The next instant at which another volume ceiling may hold; None: the same all day."""
    if not limits.volume_bands:
        return None
    minutes = {edge for band in limits.volume_bands for edge in (band.opens_min, band.closes_min)}
    return min(edges_after(minutes, after), default=None)
