"""Start and end of a run: the last run is closed from its mark, this one in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from station_agent.core.effects import Amplifier, WriteMark
from station_agent.core.moment import Moment
from station_agent.core.outcomes import Sounded, Verdict, is_late
from station_agent.core.playout import Playout
from station_agent.core.records import Mark, SlotRecord
from station_agent.core.reporter import Reporter
from station_agent.core.station import Station, closes_at
from station_agent.core.turn import Turn
from station_protocol.messages import FlipEntry
from station_protocol.vocabulary import CUT_TOLERANCE_MS, Outcome, Reason


@dataclass(slots=True)
class Lifetime:
    """What the last run left behind, and when this one began."""

    station: Station
    playout: Playout
    reporter: Reporter
    mark: Mark | None
    booted: Moment
    knew_time: bool = False
    """Whether this run has ever trusted its clock."""

    def begin(self, turn: Turn) -> None:
        """Close what the last run left open, and say that a new one starts."""
        self._note_restart(turn)
        if self.mark is not None and not self.mark.stopped:
            reasons = (self._down_reason().value,)
            turn.note(FlipEntry(health="off", reasons=reasons), at=self.mark.at)
        turn.note(FlipEntry(health="starting"))
        turn.ask(Amplifier(on=False))
        self.playout.parking.last_alive_at = self.mark.at if self.mark else None
        for record in list(self.station.ledger.values()):
            if record.state == "started":
                self._close_interrupted(turn, record)

    def _note_restart(self, turn: Turn) -> None:
        mark, standing = self.mark, self.station.standing(turn.now)
        if mark is None:
            self.station.trace.restarted(standing, None, None)
        else:
            why = "stopped" if mark.stopped else self._down_reason().value
            self.station.trace.restarted(standing, why, mark.at)

    def end(self, turn: Turn) -> None:
        """Silence, outcomes, and the last word."""
        self.playout.close_all(turn, Reason.AGENT_DOWN)
        turn.note(FlipEntry(health="off", reasons=("stopped",)))
        turn.ask(WriteMark(self.reporter.mark(turn, None, stopped=True)))

    def _down_reason(self) -> Reason:
        machine = self.station.config.machine_boot_id
        same_machine_run = self.mark is None or self.mark.machine_boot_id == machine
        return Reason.AGENT_DOWN if same_machine_run else Reason.POWER_OFF

    def _close_interrupted(self, turn: Turn, record: SlotRecord) -> None:
        """A slot that was being played when everything ended is never played again.

        Unless its end policy lets it go on where it was, within its lateness window.
        """
        mark = self.mark
        played_ms = mark.played_ms if mark and mark.slot_id == record.slot_id else 0
        played_ms = max(played_ms, record.played_ms)
        sounded = Sounded(record.sounded_at, record.start_error_ms, played_ms)
        if self.playout.parking.restore(record, sounded, self._down_reason()):
            return
        verdict = Verdict(Outcome.CUT_SHORT, self._down_reason())
        if record.sounded_at and played_ms >= record.planned_ms - CUT_TOLERANCE_MS:
            late = is_late(record.planned_at, record.sounded_at)
            verdict = (
                Verdict(Outcome.LATE, Reason.LATE_RECOVERY) if late else Verdict(Outcome.AIRED)
            )
        self.station.close(turn, record, verdict, sounded)

    def time_known(self, turn: Turn, news: set[str]) -> None:
        """Say what was in the way of slots that came due while nobody could tell the time."""
        for slot in self.station.due_until(turn.now.wall):
            if slot.slot_id in self.playout.obstacles:
                continue
            if slot.slot_id in news:
                self.playout.note_obstacle(slot.slot_id, Reason.PLAN_NOT_HELD)
            elif self.knew_time or slot.starts_at > self._booted_at(turn.now):
                self.playout.note_obstacle(slot.slot_id, Reason.CLOCK_UNTRUSTED)
            elif self.mark is not None and closes_at(slot) > self.mark.at:
                self.playout.note_obstacle(slot.slot_id, self._down_reason())
        self.knew_time = True
        news.clear()

    def _booted_at(self, now: Moment) -> datetime:
        return now.wall - timedelta(milliseconds=now.mono_ms - self.booted.mono_ms)
