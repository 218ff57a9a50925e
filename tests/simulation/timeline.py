"""Time in a simulated world: whole milliseconds since a local midnight; nothing here passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
"""00:00 at the stations on 25 November 2026."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

BEGINS_MS = 9 * HOUR
"""Worlds begin and end in the morning, when the first bulletins of the day are over."""

_ONE_MS = timedelta(milliseconds=1)
_START_EPOCH_MS = int(START.timestamp() * 1000)


def instant(ms: int) -> datetime:
    """The UTC instant so many milliseconds after the beginning."""
    return START + timedelta(milliseconds=ms)


def ms_of(at: datetime) -> int:
    """Milliseconds from the beginning to an instant."""
    return round((at - START) / _ONE_MS)


def epoch_ms(ms: int) -> int:
    """Milliseconds since 1970, as epochs of the centre are counted."""
    return _START_EPOCH_MS + ms


def spelled(ms: int) -> str:
    """Day and local time, as traces show it: `d2 05:30:01.200`."""
    day, rest = divmod(ms, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    return f"d{day + 1} {hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
