"""What an agent is told once, and what it finds again after a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from station_agent.core.effects import SoundOver
from station_agent.core.records import Intent, Mark, Memory, SlotRecord
from station_protocol.codec import Signed
from station_protocol.messages import StationLimits, StationPlan


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """Who this station is and what it never exceeds. `boot_id` is new at each start.

    `journal_id` was made with the journal file: numbers mean nothing under another one.
    """

    station_id: str
    boot_id: str
    journal_id: str
    limits: StationLimits
    agent_version: str = ""
    machine_boot_id: str = ""
    sound_over: SoundOver = "http"
    trust_last_known: bool = True
    fetch_hours: tuple[tuple[int, int], ...] = ()
    fetch_daily_bytes: int | None = None
    """What may be spent on sound that is not due soon: see core/thrift.py."""
    beat_ms: int = 30_000
    """How often a station says how it is when nothing changes; the centre counts on 30 s."""
    mark_ms: int = 300_000
    """How often it notes durably that it lives while nothing sounds."""
    progress_mark_ms: int = 15_000
    """How often it notes so how much has sounded while something does."""
    retry_ms: int = 10_000
    """How soon a write that the card refused is tried again if nothing else is to be written."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What the store still has. Plan and limits were verified again by whoever read them."""

    plan: Signed[StationPlan] | None = None
    limits: Signed[StationLimits] | None = None
    memory: Memory = field(default_factory=Memory)
    slots: tuple[SlotRecord, ...] = ()
    journal_head: int = 0
    journal_stored_up_to: int = 0
    held: Mapping[str, int] = field(default_factory=dict)
    mark: Mark | None = None
    intents: tuple[Intent, ...] = ()
