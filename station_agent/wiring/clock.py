"""The machine's clocks as the core wants to read them."""

from __future__ import annotations

from pathlib import Path

from station_agent.core.moment import Moment
from station_agent.player import wall
from station_agent.player.port import Clock

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def moment(clock: Clock) -> Moment:
    """Both clocks, read now, and as one: a process put aside between two readings would make
    their difference look like a step of the clock."""
    mono_ns = clock.monotonic_ns()
    return Moment(wall.from_ns(mono_ns + wall.offset_ns(clock)), mono_ns // 1_000_000)


def machine_boot_id() -> str:
    """The kernel's own id of this run of the machine; empty if it does not say."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
