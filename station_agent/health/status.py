"""How the station stands, as the running agent tells people beside it: no network, no file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from station_agent.core.agent import Agent
from station_agent.core.moment import Moment
from station_agent.core.play import Phase
from station_agent.core.station import Station
from station_agent.core.turn import Numbering, Turn
from station_agent.hardware.light import Signal
from station_protocol.messages import ClockReport, FaultEntry, Instant, JournalEntry, PlannedSlot
from station_protocol.vocabulary import Outcome, Reason, StationHealth

SHOWN = 5
"""Slots to come, slots that ended."""
FAULTS_KEPT = 8


class Part(BaseModel):
    """Frozen; a newer agent may say more than this reader knows."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SlotToCome(Part):
    """A slot that has neither started nor ended."""

    slot_id: str
    title: str
    starts_at: Instant
    is_held: bool
    """Whether all of its sound is here."""


class SlotOnAir(Part):
    """What sounds."""

    slot_id: str
    title: str
    ends_at: Instant
    played_ms: int


class SlotEnded(Part):
    """What became of a slot."""

    slot_id: str
    title: str
    planned_at: Instant
    outcome: Outcome
    reason: Reason | None = None


class FaultSeen(Part):
    """Something that went wrong since the agent started."""

    at: Instant
    code: str
    detail: str = ""


class LocalStatus(Part):
    """Everything a person beside the station may want to know."""

    station_id: str
    agent_version: str
    said_at: Instant
    running_s: int
    health: StationHealth
    reasons: tuple[str, ...] = ()
    is_connected: bool
    """Whether the broker is reached."""
    is_greeted: bool
    """Whether the centre has answered in this connection."""
    clock: ClockReport
    vouched_at: Instant | None = None
    plan_epoch: int = 0
    plan_version: int = 0
    plan_until: Instant | None = None
    limits_version: int = 0
    required_assets: int
    held_assets: int
    journal_head: int
    journal_stored_up_to: int
    on_air: SlotOnAir | None = None
    to_come: tuple[SlotToCome, ...] = ()
    ended: tuple[SlotEnded, ...] = ()
    faults: tuple[FaultSeen, ...] = ()
    refused: dict[str, int] = {}
    disk_free_bytes: int | None = None
    temperature_celsius: float | None = None
    volume_percent: int | None = None


class RecentFaults:
    """The last faults that were journalled in this run."""

    def __init__(self) -> None:
        self._seen: deque[FaultSeen] = deque(maxlen=FAULTS_KEPT)

    def take(self, entries: Iterable[JournalEntry]) -> None:
        """Remember those of these entries that are faults."""
        for entry in entries:
            if isinstance(entry.evidence, FaultEntry):
                fault = entry.evidence
                self._seen.append(FaultSeen(at=entry.at, code=fault.code, detail=fault.detail))

    def all(self) -> tuple[FaultSeen, ...]:
        """Newest first."""
        return tuple(reversed(self._seen))


def status_of(agent: Agent, now: Moment, faults: tuple[FaultSeen, ...] = ()) -> LocalStatus:
    """What this agent knows at this moment."""
    station, reporter = agent.station, agent.reporter
    epoch, version = station.plan_held or (0, 0)
    needed = station.required()
    return LocalStatus(
        station_id=station.config.station_id,
        agent_version=station.config.agent_version,
        said_at=now.wall,
        running_s=(now.mono_ms - reporter.boot_mono_ms) // 1000,
        health=reporter.health[0],
        reasons=reporter.health[1],
        is_connected=station.is_connected,
        is_greeted=reporter.is_greeted,
        clock=station.clock.report(now),
        vouched_at=station.clock.vouched_at,
        plan_epoch=epoch,
        plan_version=version,
        plan_until=station.plan.claims.not_after if station.plan else None,
        limits_version=station.limits_version,
        required_assets=len(needed),
        held_assets=sum(name in station.held for name in needed),
        journal_head=agent.journal_head,
        journal_stored_up_to=reporter.stored_up_to,
        on_air=_on_air(agent, now),
        to_come=tuple(_to_come(station, slot) for slot in station.pending[:SHOWN]),
        ended=_ended(station),
        faults=faults,
        refused=dict(station.refused),
        disk_free_bytes=reporter.probes.disk_free_bytes,
        temperature_celsius=reporter.probes.temperature_celsius,
        volume_percent=reporter.probes.volume_percent,
    )


def signal_of(agent: Agent) -> Signal:
    """What the light on the box says."""
    if any(play.phase is Phase.SOUNDING for play in agent.playout.plays.values()):
        return Signal.ON_AIR
    return _SIGNALS[agent.reporter.health[0]]


_SIGNALS = {
    StationHealth.STARTING: Signal.STARTING,
    StationHealth.READY: Signal.READY,
    StationHealth.DEGRADED: Signal.DEGRADED,
}


def _on_air(agent: Agent, now: Moment) -> SlotOnAir | None:
    said = agent.playout.on_air(Turn(now, Numbering(0)))
    if said is None:
        return None
    record = agent.station.ledger.get(said.slot_id)
    return SlotOnAir(
        slot_id=said.slot_id,
        title=record.title if record else "",
        ends_at=said.ends_at,
        played_ms=said.played_ms,
    )


def _to_come(station: Station, slot: PlannedSlot) -> SlotToCome:
    return SlotToCome(
        slot_id=slot.slot_id,
        title=slot.title,
        starts_at=slot.starts_at,
        is_held=station.is_held(slot),
    )


def _ended(station: Station) -> tuple[SlotEnded, ...]:
    def planned_at(ended: SlotEnded) -> datetime:
        return ended.planned_at

    ended = (
        SlotEnded(
            slot_id=record.slot_id,
            title=record.title,
            planned_at=record.planned_at,
            outcome=record.outcome,
            reason=record.reason,
        )
        for record in station.ledger.values()
        if record.outcome is not None
    )
    return tuple(sorted(ended, key=planned_at, reverse=True)[:SHOWN])
