"""What a station tells the centre, and when: hello, heartbeat, evidence until acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field

from station_agent.core.effects import (
    ConfirmJournal,
    ForwardJournal,
    Probe,
    Send,
    WriteMark,
)
from station_agent.core.events import ProbesRead
from station_agent.core.health import Verdict, reasons, verdict
from station_agent.core.playout import Playout
from station_agent.core.records import Mark
from station_agent.core.station import Station
from station_agent.core.turn import Turn
from station_protocol.messages import Ack, FlipEntry, Heartbeat, Hello, OnAir
from station_protocol.vocabulary import ClockLevel, StationHealth

SOONEST_BEAT_MS = 1_000
AFTER_HELLO_MS = 2_000
"""A beat is QoS 0 and may overtake the hello; it waits so long for the hello's answer."""
HELLO_AGAIN_MS = 10_000
BATCH_AGAIN_MS = 30_000
BATCH_AGAIN_AT_MOST_MS = 300_000
"""Unanswered evidence is said again after twice as long each time, up to this: 4G is paid for."""
TIME_MS = 600_000
ECHOES_KEPT = 8


@dataclass(slots=True)
class Reporter:
    """The station's voice."""

    station: Station
    playout: Playout
    stored_up_to: int
    boot_mono_ms: int
    probes: ProbesRead = field(default_factory=ProbesRead)
    health: Verdict = (StationHealth.STARTING, ())
    next_beat_mono_ms: int = 0
    last_beat_mono_ms: int | None = None
    is_greeted: bool = False
    hello_mono_ms: int | None = None
    asked_mono_ms: list[int] = field(default_factory=list)
    time_mono_ms: int | None = None
    sent_batch_mono_ms: int | None = None
    batch_again_ms: int = BATCH_AGAIN_MS
    next_mark_mono_ms: int = 0
    marked_on_air: bool = False
    marked_level: ClockLevel = ClockLevel.NONE

    # --- the link ---------------------------------------------------------------------------------

    def connected(self, turn: Turn) -> None:
        """Greet; how things stand is shown once the centre knows who speaks."""
        self.station.is_connected = True
        self.say_hello(turn)
        self.next_beat_mono_ms = turn.now.mono_ms + AFTER_HELLO_MS

    def disconnected(self) -> None:
        """Nothing that was under way can be counted on."""
        self.station.is_connected = False
        self.is_greeted = False
        self.hello_mono_ms = None
        self.sent_batch_mono_ms = None
        self.batch_again_ms = BATCH_AGAIN_MS
        self.asked_mono_ms.clear()

    def say_hello(self, turn: Turn) -> None:
        """The first words after a connect, said again until they are answered."""
        station = self.station
        self.hello_mono_ms = turn.now.mono_ms
        self._expect_answer(turn)
        epoch, version = station.plan_held or (0, 0)
        known_epoch = station.memory.epoch
        turn.ask(
            Send(
                Hello(
                    station_id=station.config.station_id,
                    boot_id=station.config.boot_id,
                    agent_version=station.config.agent_version,
                    said_at=turn.now.wall,
                    sent_mono_ms=turn.now.mono_ms,
                    plan_epoch=known_epoch,
                    plan_version=version if epoch == known_epoch else 0,
                    limits_version=station.limits_version,
                    journal_id=station.config.journal_id,
                    journal_head=turn.numbering.head,
                    journal_stored_up_to=self.stored_up_to,
                    sound_over=station.config.sound_over,
                    clock=station.clock.report(turn.now),
                )
            )
        )

    def _expect_answer(self, turn: Turn) -> None:
        self.asked_mono_ms = [*self.asked_mono_ms, turn.now.mono_ms][-ECHOES_KEPT:]

    def echoes(self, ack: Ack) -> int | None:
        """What this ack answers, if we said it in this connection and it was not answered yet."""
        if ack.echo_mono_ms in self.asked_mono_ms:
            self.asked_mono_ms.remove(ack.echo_mono_ms)
            return ack.echo_mono_ms
        return None

    def acknowledged(self, turn: Turn, ack: Ack, echo: int | None) -> None:
        """Take in what is stored. Only the answer to our hello may say: less than we thought."""
        if ack.journal_id != self.station.config.journal_id:
            return
        self.batch_again_ms = BATCH_AGAIN_MS
        greeting = ack.answers == "hello" and echo is not None and echo == self.hello_mono_ms
        stored = min(ack.stored_up_to, turn.numbering.head)
        if greeting:
            self.is_greeted = True
            self.stored_up_to = stored
            self.next_beat_mono_ms = turn.now.mono_ms
        if greeting or ack.answers == "journal":
            self.sent_batch_mono_ms = None
        if greeting or stored > self.stored_up_to:
            self.stored_up_to = stored
            turn.ask(ConfirmJournal(stored, self.station.trusted_time(turn.now)))

    # --- what is due ------------------------------------------------------------------------------

    def advance(self, turn: Turn) -> None:
        """Flip, beat, forward, mark: whatever is due. The last thing of a turn."""
        self._flip(turn)
        on_air = self.playout.on_air(turn)
        if turn.now.mono_ms >= self.next_beat_mono_ms:
            self._beat(turn, on_air)
        if self.station.is_connected:
            self._greet_again(turn)
            self._forward(turn)
        self._mark(turn, on_air)

    def beat_soon(self, turn: Turn) -> None:
        """Something changed that people look at: do not wait for the half minute."""
        soonest = turn.now.mono_ms
        if self.last_beat_mono_ms is not None:
            soonest = max(soonest, self.last_beat_mono_ms + SOONEST_BEAT_MS)
        self.next_beat_mono_ms = min(self.next_beat_mono_ms, soonest)

    def _flip(self, turn: Turn) -> None:
        at = self.station.clock.estimate(turn.now)
        found = reasons(self.station, at, self.probes)
        health = verdict(found, turn.now.mono_ms - self.boot_mono_ms, self.health[0])
        if health != self.health:
            self.health = health
            turn.note(FlipEntry(health=health[0], reasons=health[1][:16]))
            self.beat_soon(turn)

    def _beat(self, turn: Turn, on_air: OnAir | None) -> None:
        self.last_beat_mono_ms = turn.now.mono_ms
        self.next_beat_mono_ms = turn.now.mono_ms + self.station.config.beat_ms
        turn.ask(Probe())
        if self.station.is_connected:
            turn.ask(Send(self._heartbeat(turn, on_air)))

    def _wants_time(self, turn: Turn) -> bool:
        clock = self.station.clock
        if not clock.is_trusted or clock.vouched is None or self.time_mono_ms is None:
            return True
        return turn.now.mono_ms >= self.time_mono_ms + TIME_MS

    def _heartbeat(self, turn: Turn, on_air: OnAir | None) -> Heartbeat:
        station = self.station
        needed = station.required()
        wants_time = self._wants_time(turn)
        if wants_time:
            self._expect_answer(turn)
        epoch, version = station.plan_held or (station.memory.epoch, 0)
        return Heartbeat(
            station_id=station.config.station_id,
            boot_id=station.config.boot_id,
            said_at=turn.now.wall,
            sent_mono_ms=turn.now.mono_ms,
            health=self.health[0],
            reasons=self.health[1][:16],
            on_air=on_air,
            clock=station.clock.report(turn.now),
            plan_epoch=epoch,
            plan_version=version,
            limits_version=station.limits_version,
            required_assets=len(needed),
            held_assets=sum(sha in station.held for sha in needed),
            journal_head=turn.numbering.head,
            journal_stored_up_to=self.stored_up_to,
            disk_free_bytes=self.probes.disk_free_bytes,
            temperature_celsius=self.probes.temperature_celsius,
            volume_percent=self.probes.volume_percent,
            refused=dict(station.refused.most_common(32)) if station.refused else {},
            wants_time=wants_time,
        )

    def _greet_again(self, turn: Turn) -> None:
        if self.is_greeted or self.hello_mono_ms is None:
            return
        if turn.now.mono_ms >= self.hello_mono_ms + HELLO_AGAIN_MS:
            self.say_hello(turn)

    def _forward(self, turn: Turn) -> None:
        """Send the oldest unacknowledged evidence; one batch at a time, again if unanswered."""
        if not self.is_greeted or self.stored_up_to >= turn.numbering.head:
            return
        sent = self.sent_batch_mono_ms
        if sent is not None:
            if turn.now.mono_ms < sent + self.batch_again_ms:
                return
            self.batch_again_ms = min(2 * self.batch_again_ms, BATCH_AGAIN_AT_MOST_MS)
        self.sent_batch_mono_ms = turn.now.mono_ms
        boot_id = self.station.config.boot_id
        turn.ask(ForwardJournal(self.stored_up_to, boot_id, turn.now.mono_ms))

    # --- the mark ---------------------------------------------------------------------------------

    def _mark(self, turn: Turn, on_air: OnAir | None) -> None:
        changed = (on_air is not None) != self.marked_on_air
        vouched = self.station.clock.level is not self.marked_level
        if not changed and not vouched and turn.now.mono_ms < self.next_mark_mono_ms:
            return
        self.marked_on_air = on_air is not None
        self.marked_level = self.station.clock.level
        config = self.station.config
        every_ms = config.mark_ms if on_air is None else config.progress_mark_ms
        self.next_mark_mono_ms = turn.now.mono_ms + every_ms
        turn.ask(WriteMark(self.mark(turn, on_air)))

    def mark(self, turn: Turn, on_air: OnAir | None, *, stopped: bool = False) -> Mark:
        """The sign of life to keep."""
        clock = self.station.clock
        return Mark(
            at=turn.now.wall,
            latest_at=clock.latest_at,
            vouched_at=clock.vouched_at,
            error_ms=clock.error(turn.now),
            machine_boot_id=self.station.config.machine_boot_id,
            slot_id=on_air.slot_id if on_air else None,
            played_ms=on_air.played_ms if on_air else 0,
            scrub=self.station.scrub,
            stopped=stopped,
        )

    def mono_deadlines(self) -> list[int]:
        """When something is to be said or marked."""
        found = [self.next_beat_mono_ms, self.next_mark_mono_ms, self.boot_mono_ms + 60_000]
        if self.hello_mono_ms is not None and not self.is_greeted:
            found.append(self.hello_mono_ms + HELLO_AGAIN_MS)
        if self.sent_batch_mono_ms is not None:
            found.append(self.sent_batch_mono_ms + self.batch_again_ms)
        return found
