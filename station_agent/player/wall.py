"""The wall clock laid beside the monotonic one, as they stand at the moment of asking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from station_agent.player.port import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_ns(instant: datetime) -> int:
    """Nanoseconds since 1970, exact to the microsecond."""
    return (instant - _EPOCH) // _MICROSECOND * 1000


def from_ns(wall_ns: int) -> datetime:
    """The UTC instant, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=wall_ns // 1000)


def offset_ns(clock: Clock) -> int:
    """Wall minus monotonic, from the tightest of three readings."""
    tightest = 1 << 62
    offset = 0
    for _ in range(3):
        before = clock.monotonic_ns()
        wall = clock.wall_ns()
        after = clock.monotonic_ns()
        if after - before < tightest:
            tightest = after - before
            offset = wall - (before + after) // 2
    return offset


def monotonic_of(instant: datetime | None, clock: Clock) -> int:
    """The monotonic reading at this wall instant, if nobody steps the wall; None: long ago."""
    return 0 if instant is None else to_ns(instant) - offset_ns(clock)
