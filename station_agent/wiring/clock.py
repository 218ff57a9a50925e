"""The machine's clocks as the core wants to read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from station_agent.core.moment import Moment
from station_agent.player.port import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def moment(clock: Clock) -> Moment:
    """Both clocks, read now."""
    wall = _EPOCH + timedelta(microseconds=clock.wall_ns() // 1000)
    return Moment(wall, clock.monotonic_ns() // 1_000_000)


def machine_boot_id() -> str:
    """The kernel's own id of this run of the machine; empty if it does not say."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
