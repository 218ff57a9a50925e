"""What the exporter is given: one moment of the fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

FRESH_FOR = timedelta(seconds=90)
"""Three heartbeats of 30 s: after that a station counts as down (EN 54-16 asks for 100 s)."""

LONGEST_NUMBER = 9
"""Digits of one number of a version; a station may say anything."""


@dataclass(frozen=True, slots=True)
class StationSample:
    """What is known of one station at one moment. Names are for people, with their marks."""

    station_id: str
    commune: str
    district: str
    last_heartbeat_at: datetime | None = None
    is_ready: bool = False
    is_on_air: bool = False
    is_in_maintenance: bool = False
    plan_version: int = 0
    plan_version_held: int = 0
    required_assets: int = 0
    held_assets: int = 0
    clock_offset_s: float | None = None
    is_clock_trusted: bool | None = None
    """Whether the station trusts its own clock; None: it never said."""
    journal_behind: int | None = None
    """Lines of its journal that are not stored at the centre; None: it never said."""
    agent_version: str | None = None
    emergency_unanswered_s: float = 0.0
    """Since when a running emergency waits for its answer; 0: none does."""
    disk_free_bytes: int | None = None
    denied_publishes: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    """By reason, since the station booted."""
    results: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By (outcome, reason); the reason of `aired` is empty."""
    corrections: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By (from, to)."""

    def is_up(self, now: datetime) -> bool:
        """Whether a sign of life came within 90 s."""
        return self.last_heartbeat_at is not None and now - self.last_heartbeat_at <= FRESH_FOR

    def is_agent_older_than(self, version: str) -> bool | None:
        """Whether its agent is older than this version; None: it never told its own."""
        if self.agent_version is None:
            return None
        return _numbers(self.agent_version) < _numbers(version)


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers a version begins with, without zeros at the end: "1.2.0.dev3" is (1, 2)."""
    found: list[int] = []
    for word in version.split("."):
        if not (word.isascii() and word.isdigit() and len(word) <= LONGEST_NUMBER):
            break
        found.append(int(word))
    while found and not found[-1]:
        found.pop()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """All registered stations and what waits to be sent to them."""

    stations: tuple[StationSample, ...] = ()
    outbox_rows: int = 0
    outbox_oldest_at: datetime | None = None
    first_run_at: datetime | None = None
    """When this centre first ran; None: not known yet."""
