"""How a slot ended, from what was counted. Every outcome but `aired` has a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from station_agent.core.order_slot import OrderSlot
from station_agent.core.records import SlotRecord
from station_protocol.messages import AsRunEntry, PlannedSlot
from station_protocol.vocabulary import CUT_TOLERANCE_MS, LATE_AFTER_MS, Outcome, Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with its reason."""

    outcome: Outcome
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Sounded:
    """What was heard of a slot: nothing, if `started_at` is None."""

    started_at: datetime | None = None
    start_error_ms: float | None = None
    played_ms: int = 0


def planned_ms(slot: PlannedSlot) -> int:
    """Milliseconds of sound a full airing has: what its items have, never more than planned."""
    if isinstance(slot, OrderSlot):
        return slot.duration_ms
    return min(slot.duration_ms, sum(item.duration_ms for item in slot.items))


def is_late(planned_at: datetime, started_at: datetime) -> bool:
    """Whether the first frame came more than five seconds after its instant."""
    return started_at - planned_at > timedelta(milliseconds=LATE_AFTER_MS)


def of_play(
    record: SlotRecord, sounded: Sounded, *, cut_by: Reason, late_by: Reason | None
) -> Verdict:
    """The verdict on a slot that was started. `cut_by`: what ended it, should it be too short."""
    if sounded.started_at is None:
        if cut_by is Reason.STOPPED_BY_OPERATOR:
            return Verdict(Outcome.CANCELLED, cut_by)
        if cut_by is Reason.PREEMPTED:
            return Verdict(Outcome.SUPERSEDED, Reason.WINDOW_PASSED)
        return Verdict(Outcome.MISSED, cut_by)
    if sounded.played_ms < record.planned_ms - CUT_TOLERANCE_MS:
        return Verdict(Outcome.CUT_SHORT, cut_by)
    if is_late(record.planned_at, sounded.started_at):
        return Verdict(Outcome.LATE, late_by or Reason.LATE_RECOVERY)
    return Verdict(Outcome.AIRED)


AIR_TAKEN = "air_taken"
"""Not a reason of the wire: another slot sounded, or the last late start was a moment ago."""

Obstacle = Reason | str


def of_window(obstacles: tuple[Obstacle, ...]) -> Verdict:
    """The verdict on a slot whose lateness window passed, from what stood in its way, in order."""
    reasons = [obstacle for obstacle in obstacles if isinstance(obstacle, Reason)]
    if reasons:
        return Verdict(Outcome.MISSED, reasons[-1])
    if obstacles:
        return Verdict(Outcome.SUPERSEDED, Reason.WINDOW_PASSED)
    return Verdict(Outcome.MISSED, Reason.WINDOW_PASSED)


def late_reason(obstacles: tuple[Obstacle, ...]) -> Reason | None:
    """What made a slot late, if it will be: the first thing that stood in its way."""
    return next((obstacle for obstacle in obstacles if isinstance(obstacle, Reason)), None)


def as_run(record: SlotRecord, verdict: Verdict, sounded: Sounded) -> AsRunEntry:
    """The line of evidence."""
    return AsRunEntry(
        slot_id=record.slot_id,
        revision=record.revision,
        outcome=verdict.outcome,
        reason=verdict.reason,
        planned_at=record.planned_at,
        planned_ms=record.planned_ms,
        started_at=sounded.started_at,
        start_error_ms=sounded.start_error_ms,
        played_ms=max(0, sounded.played_ms),
        plan_epoch=record.plan_epoch,
        plan_version=record.plan_version,
        title=record.title,
        order_id=record.order_id,
        exercise=record.exercise,
    )
