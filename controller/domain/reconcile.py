"""The plan against the station's own log: one outcome for each slot at each station, for ever.

Evidence may come twice, late and in any order; the result is the same. What a station's log says
first about a slot (by the log's own numbers) is the outcome. What the centre had to assume while it
heard nothing gives way to that log for 35 days, and the change is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from station_protocol.vocabulary import Outcome, Reason

UNKNOWN_FOR = timedelta(hours=24)
"""So long a slot nobody reported stays unknown; then it is missed(unknown_timeout)."""

CORRECTED_FOR = timedelta(days=35)
"""So long a station's late log still changes what was assumed without it."""

ALIVE_MARGIN = timedelta(seconds=60)
"""A message may have been on its way so long: only a later one proves what is held."""

COMING = "coming"
UNKNOWN = "unknown"
SOUNDING = "sounding"
UNDECIDED = frozenset({COMING, UNKNOWN, SOUNDING})


class Source(StrEnum):
    """Where an outcome comes from."""

    PLAN = "plan"
    JOURNAL = "journal"
    CENTRE = "centre"
    TIMEOUT = "timeout"


class ChangeKind(StrEnum):
    """What happened to a later word about a slot that had an outcome."""

    CORRECTION = "correction"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True)
class Result:
    """How a slot stands at one station. `outcome` is an Outcome or one of UNDECIDED."""

    title: str
    planned_at: datetime
    planned_ms: int
    outcome: str = COMING
    reason: str | None = None
    started_at: datetime | None = None
    start_error_ms: float | None = None
    played_ms: int = 0
    journal_id: str | None = None
    entry_no: int | None = None
    decided_at: datetime | None = None
    source: str = Source.PLAN

    @property
    def is_decided(self) -> bool:
        """Whether it has an outcome."""
        return self.outcome not in UNDECIDED


@dataclass(frozen=True, slots=True)
class Report:
    """What one line of a station's log says about the end of a slot."""

    journal_id: str
    entry_no: int
    outcome: str
    reason: str | None
    title: str
    planned_at: datetime
    planned_ms: int
    started_at: datetime | None = None
    start_error_ms: float | None = None
    played_ms: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A word about a slot after it had an outcome; nothing is overwritten silently."""

    kind: ChangeKind
    from_outcome: str
    from_reason: str | None
    to_outcome: str
    to_reason: str | None
    entry_no: int | None


def reported(report: Report, now: datetime) -> Result:
    """The result of a slot of which nothing but this report is known."""
    return Result(
        title=report.title,
        planned_at=report.planned_at,
        planned_ms=report.planned_ms,
        outcome=report.outcome,
        reason=report.reason,
        started_at=report.started_at,
        start_error_ms=report.start_error_ms,
        played_ms=report.played_ms,
        journal_id=report.journal_id,
        entry_no=report.entry_no,
        decided_at=now,
        source=Source.JOURNAL,
    )


def on_report(known: Result | None, report: Report, now: datetime) -> tuple[Result, Change | None]:
    """The result after a line of the log, and the change worth keeping, if any."""
    if known is None or not known.is_decided:
        return reported(report, now), None
    agrees = (known.outcome, known.reason) == (report.outcome, report.reason)
    if _gives_way(known, report, now):
        fresh = replace(reported(report, now), decided_at=known.decided_at)
        return fresh, None if agrees else _change(ChangeKind.CORRECTION, known, report)
    if agrees or _is_same_line(known, report) or _was_not_there(report):
        return known, None
    return known, _change(ChangeKind.DISPUTE, known, report)


def _gives_way(known: Result, report: Report, now: datetime) -> bool:
    if known.source == Source.TIMEOUT:
        return now <= known.planned_at + CORRECTED_FOR
    return _is_same_log(known, report) and report.entry_no < (known.entry_no or 0)


def _is_same_log(known: Result, report: Report) -> bool:
    return known.source == Source.JOURNAL and known.journal_id == report.journal_id


def _is_same_line(known: Result, report: Report) -> bool:
    return _is_same_log(known, report) and report.entry_no == known.entry_no


def _was_not_there(report: Report) -> bool:
    """A station that got the plan after the slot's time, or has a new card, says so of each."""
    return (report.outcome, report.reason) == (Outcome.MISSED, Reason.WINDOW_PASSED)


def _change(kind: ChangeKind, known: Result, report: Report) -> Change:
    return Change(
        kind=kind,
        from_outcome=known.outcome,
        from_reason=known.reason,
        to_outcome=report.outcome,
        to_reason=report.reason,
        entry_no=report.entry_no,
    )


def on_start(known: Result, started_at: datetime, start_error_ms: float | None) -> Result:
    """The result after the first frame was reported; an outcome is not taken back."""
    if known.is_decided:
        return known
    return replace(known, outcome=SOUNDING, started_at=started_at, start_error_ms=start_error_ms)


def on_time(
    known: Result, now: datetime, unknown_after: timedelta, *, is_cancelled: bool = False
) -> Result:
    """The result after waiting: unknown, then decided by the lapse of 24 hours."""
    if known.is_decided:
        return known
    if now >= known.planned_at + UNKNOWN_FOR:
        outcome = Outcome.CANCELLED if is_cancelled else Outcome.MISSED
        return replace(
            known,
            outcome=outcome.value,
            reason=Reason.UNKNOWN_TIMEOUT.value,
            decided_at=known.planned_at + UNKNOWN_FOR,
            source=Source.TIMEOUT,
        )
    return replace(known, outcome=UNKNOWN) if now >= _silent_at(known, unknown_after) else known


def _silent_at(known: Result, unknown_after: timedelta) -> datetime:
    """From when silence about a slot is worth a word."""
    if known.outcome != SOUNDING or known.started_at is None:
        return known.planned_at + unknown_after
    return known.started_at + timedelta(milliseconds=known.planned_ms) + unknown_after


@dataclass(frozen=True, slots=True)
class Holding:
    """What is sure about one slot at one station from the plans it was sent and says it holds."""

    ever_held: bool
    """Whether any plan it can ever have held names the slot; if declined, whether its own does."""
    alive_after: datetime | None
    """The last sign of life that came with those plan versions."""
    has_sound: bool
    """Whether anything approved was left of the slot."""
    lateness: timedelta
    is_declined: bool = False
    """Whether its commune said no: the station is then not told of the slot."""


def on_holding(known: Result, holding: Holding, now: datetime) -> Result:
    """The result once it is sure that the station cannot have started the slot."""
    if known.is_decided or holding.ever_held or known.started_at is not None:
        return known
    if not holding.has_sound:
        return _decided(known, Reason.NOT_APPROVED, now)
    closed_at = known.planned_at + holding.lateness + ALIVE_MARGIN
    if holding.alive_after is None or holding.alive_after <= closed_at:
        return known
    if holding.is_declined:
        return _decided(known, Reason.DECLINED_BY_COMMUNE, now, Outcome.CANCELLED)
    return _decided(known, Reason.PLAN_NOT_HELD, now)


def _decided(
    known: Result, reason: Reason, now: datetime, outcome: Outcome = Outcome.MISSED
) -> Result:
    return replace(
        known,
        outcome=outcome.value,
        reason=reason.value,
        decided_at=now,
        source=Source.CENTRE,
    )
