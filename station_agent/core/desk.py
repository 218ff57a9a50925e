"""Plans and limits: what is accepted, and what follows at once from a new one."""

from __future__ import annotations

from dataclasses import dataclass, field

from station_agent.core import acceptance
from station_agent.core.downloads import Downloads
from station_agent.core.events import LimitsReceived, PlanReceived
from station_agent.core.limits import verdict
from station_agent.core.outcomes import Verdict, of_window
from station_agent.core.playout import Playout
from station_agent.core.refusals import Refusals
from station_agent.core.station import Station
from station_agent.core.turn import Turn
from station_protocol.messages import StationPlan
from station_protocol.vocabulary import Outcome, Reason

LIMITS_GRACE_MS = 2_000
"""Limits published together with a plan may arrive behind it."""

LIMITS_UNKNOWN_MS = 10_000
"""How long to wait for the centre to say whether the limits held are the current ones."""


@dataclass(slots=True)
class Desk:
    """Where plans and limits are taken in."""

    station: Station
    playout: Playout
    downloads: Downloads
    refusals: Refusals
    judge_mono_ms: int | None = None
    limits_are_current: bool = False
    news: set[str] = field(default_factory=set)
    """Slots first heard of in this run while nobody could say what time it was."""

    def take_up(self, turn: Turn) -> None:
        """Begin with what the store kept."""
        self.station.find_pending()
        self.end_cancelled(turn)
        self.downloads.plan_changed(turn)
        self.judge_mono_ms = turn.now.mono_ms + LIMITS_UNKNOWN_MS

    def plan_received(self, turn: Turn, event: PlanReceived) -> None:
        """Take a newer plan; the one that is held changes nothing; an older one is refused."""
        claims, station = event.signed.claims, self.station
        if station.plan_held == (claims.epoch, claims.version):
            return
        memory = station.memory
        problem = acceptance.state_problem(
            claims,
            known_epoch=memory.epoch,
            held=(memory.plan_epoch, memory.plan_version),
            at=station.trusted_time(turn.now),
        ) or acceptance.plan_problem(event.signed.message)
        if problem is not None:
            detail = f"epoch {claims.epoch} version {claims.version}, held {station.plan_held}"
            self.refusals.note(turn, "plan", problem, detail)
            return
        known = {slot.slot_id for slot in station.plan.message.slots} if station.plan else set()
        self._end_dropped(turn, event.signed.message)
        station.plan = event.signed
        station.memory = acceptance.with_plan(memory, claims)
        turn.plan, turn.memory = event.raw, station.memory
        self._plan_changed(turn, known)

    def _end_dropped(self, turn: Turn, plan: StationPlan) -> None:
        """Close what was due before the new plan was made, and is not in it: nobody will ask again.

        So it is when an older database was put back. By the centre's dates: ours may be unknown.
        """
        named = {slot.slot_id for slot in plan.slots}
        for slot in self.station.due_until(plan.made_at):
            if slot.slot_id in named:
                continue
            if not self.station.clock.is_trusted:
                self.playout.note_obstacle(slot.slot_id, Reason.CLOCK_UNTRUSTED)
            obstacles = self.playout.obstacles.get(slot.slot_id, ())
            self.station.end(turn, slot, of_window(obstacles))

    def _plan_changed(self, turn: Turn, known: set[str]) -> None:
        self.station.forget_old()
        self.station.find_pending()
        self.playout.plan_changed(turn)
        self.end_cancelled(turn)
        self._note_late_news(turn, known)
        self.downloads.plan_changed(turn)
        wait_ms = LIMITS_GRACE_MS if self.limits_are_current else LIMITS_UNKNOWN_MS
        self.judge_mono_ms = turn.now.mono_ms + wait_ms

    def _note_late_news(self, turn: Turn, known: set[str]) -> None:
        """A slot first heard of when it should already sound is late, or missed, for that."""
        at = self.station.clock.estimate(turn.now)
        if at is None:
            self.news |= {slot.slot_id for slot in self.station.pending} - known
            return
        for slot in self.station.due_until(at):
            if slot.slot_id not in known:
                self.playout.note_obstacle(slot.slot_id, Reason.PLAN_NOT_HELD)

    def end_cancelled(self, turn: Turn) -> None:
        """Close every slot that was cancelled, by the plan or by order, before it started."""
        cancelled = set(self.station.memory.cancelled)
        for slot in list(self.station.pending):
            if slot.cancelled or slot.slot_id in cancelled:
                verdict = Verdict(Outcome.CANCELLED, Reason.STOPPED_BY_OPERATOR)
                self.station.end(turn, slot, verdict)

    def limits_received(self, turn: Turn, event: LimitsReceived) -> None:
        """Take newer limits; they alone may widen or narrow what this station allows itself."""
        claims, station, memory = event.signed.claims, self.station, self.station.memory
        held = station.limits.claims if station.limits else None
        if held is not None and (held.epoch, held.version) == (claims.epoch, claims.version):
            return
        problem = acceptance.state_problem(
            claims,
            known_epoch=memory.epoch,
            held=(memory.limits_epoch, memory.limits_version),
            at=station.trusted_time(turn.now),
        )
        if problem is not None:
            self.refusals.note(turn, "limits", problem, f"version {claims.version}")
            return
        station.limits = event.signed
        station.memory = acceptance.with_limits(memory, claims)
        turn.limits, turn.memory = event.raw, station.memory
        self.limits_are_current = True
        self.judge_mono_ms = turn.now.mono_ms + LIMITS_GRACE_MS

    def greeted(self, turn: Turn, limits_version: int) -> None:
        """The centre named its limits: ours are current, or the newer ones are on their way."""
        self.limits_are_current = limits_version <= self.station.limits_version
        if self.limits_are_current and self.judge_mono_ms is not None:
            self.judge_mono_ms = min(self.judge_mono_ms, turn.now.mono_ms + LIMITS_GRACE_MS)

    def advance(self, turn: Turn) -> None:
        """Say at once, not at its hour, that a slot will not sound: 03:15 wakes nobody here."""
        if self.judge_mono_ms is None or turn.now.mono_ms < self.judge_mono_ms:
            return
        self.judge_mono_ms = None
        for slot in list(self.station.pending):
            reason = verdict(self.station.rules, slot, slot.starts_at)
            if reason is not None:
                self.station.end(turn, slot, Verdict(Outcome.MISSED, reason))
