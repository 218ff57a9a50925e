"""Maintenance declared before it begins, and how much of it a month may hold.

What was declared afterwards would hide an outage, and what has no end would hide a dead station:
both are refused. The cap of a month is a setting; 8 hours by default.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from controller.domain.schedule import instant, local_date

FURTHEST_AHEAD = timedelta(days=60)
"""Nothing is declared further ahead."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of declared maintenance as it is now: an early end has moved `until_at`."""

    from_at: datetime
    until_at: datetime

    @property
    def length(self) -> timedelta:
        """How long it lasts; nothing for one that was called off."""
        return max(self.until_at - self.from_at, timedelta())

    def overlaps(self, other: Window) -> bool:
        """Whether both are in force at some instant."""
        return max(self.from_at, other.from_at) < min(self.until_at, other.until_at)


def problem(wanted: Window, others: Iterable[Window], now: datetime, cap: timedelta) -> str | None:
    """Why a window cannot be declared: a code for the screen; None when it can."""
    if wanted.from_at < now:
        return "maint_begun"
    if wanted.until_at <= wanted.from_at:
        return "maint_not_after"
    if wanted.from_at - now > FURTHEST_AHEAD:
        return "maint_too_early"
    known = [other for other in others if other.length]
    if any(wanted.overlaps(other) for other in known):
        return "maint_overlaps"
    if any(used([*known, wanted], month) > cap for month in _months(wanted)):
        return "maint_too_long"
    return None


def used(windows: Iterable[Window], month: date) -> timedelta:
    """How much of the local month that begins on this day is declared as maintenance."""
    begins, ends = instant(month, time(0)), instant(_after(month), time(0))
    spans = (min(window.until_at, ends) - max(window.from_at, begins) for window in windows)
    return sum((span for span in spans if span > timedelta()), timedelta())


def month_of(at: datetime) -> date:
    """The first day of the local month an instant lies in."""
    return local_date(at).replace(day=1)


def _months(window: Window) -> list[date]:
    first, last = month_of(window.from_at), month_of(window.until_at)
    months = [first]
    while months[-1] < last:
        months.append(_after(months[-1]))
    return months


def _after(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
