"""What time it is, as a value: the wall clock, and a clock that no one can set."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple


class Moment(NamedTuple):
    """One reading of both clocks. `wall` is aware UTC; `mono_ms` never steps and means nothing."""

    wall: datetime
    mono_ms: int

    def later(self, ms: float) -> Moment:
        """The moment `ms` after this one if nobody touches the clock."""
        return Moment(self.wall + timedelta(milliseconds=ms), self.mono_ms + round(ms))


class Deadline(NamedTuple):
    """When the core wants to be woken: by wall clock, by the other, or both; whichever is first."""

    wall: datetime | None = None
    mono_ms: int | None = None

    def wait_s(self, now: Moment) -> float | None:
        """Seconds from `now`, never below zero; None when nothing is awaited."""
        waits = []
        if self.wall is not None:
            waits.append((self.wall - now.wall).total_seconds())
        if self.mono_ms is not None:
            waits.append((self.mono_ms - now.mono_ms) / 1000)
        return max(0.0, min(waits)) if waits else None
