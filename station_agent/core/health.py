"""What a station says of itself: whether it could play what it has to, and why not."""

from __future__ import annotations

from datetime import datetime

from station_agent.core.agenda import LEAD
from station_agent.core.events import ProbesRead, StorageProblem
from station_agent.core.station import Station
from station_protocol.vocabulary import StationHealth

STARTING_FOR_MS = 60_000
"""How long a fresh start may take to learn the time and the plan before that is a fault."""

DISK_LOW_BYTES = 100_000_000

TOO_HOT_CELSIUS = 80.0
"""From here on a Pi slows itself down."""

COOL_CELSIUS = 75.0
"""Once too hot a machine counts as cool only below this: no state that comes and goes."""

_NORMAL_AT_START = frozenset({"clock_untrusted", "no_plan"})

Verdict = tuple[StationHealth, tuple[str, ...]]


def is_too_hot(celsius: float | None, was_too_hot: bool) -> bool:
    """Whether a reading is too hot; a machine that says nothing never is."""
    return celsius is not None and celsius >= (COOL_CELSIUS if was_too_hot else TOO_HOT_CELSIUS)


def reasons(station: Station, at: datetime | None, probes: ProbesRead) -> tuple[str, ...]:
    """Why something due now would not sound, or soon may not, worst first. A dead link is none."""
    found = [station.clock.why] if not station.clock.is_trusted else []
    if station.is_device_lost:
        found.append("audio_device_missing")
    if station.is_volume_wrong:
        found.append("volume_not_set")
    if station.storage_fault:
        found.append(station.storage_fault)
    elif probes.is_read_only:
        found.append(StorageProblem.READONLY.value)
    if probes.disk_free_bytes is not None and probes.disk_free_bytes < DISK_LOW_BYTES:
        found.append("disk_low")
    if probes.under_voltage:
        found.append("under_voltage")
    if station.is_too_hot:
        found.append("too_hot")
    found += _about_plan(station, at)
    return tuple(found)


def _about_plan(station: Station, at: datetime | None) -> list[str]:
    if station.plan is None:
        return ["no_plan"]
    if at is None:
        return []
    found = ["plan_expired"] if at > station.plan.claims.not_after else []
    due = station.due_until(at + LEAD)
    return found + (["sound_missing"] if not all(map(station.is_held, due)) else [])


def verdict(found: tuple[str, ...], since_boot_ms: int, before: StationHealth) -> Verdict:
    """Ready, degraded, or still starting."""
    if not found:
        return StationHealth.READY, ()
    fresh = before is StationHealth.STARTING and since_boot_ms < STARTING_FOR_MS
    if fresh and _NORMAL_AT_START.issuperset(found):
        return StationHealth.STARTING, ()
    return StationHealth.DEGRADED, found
