"""One sink and what is known of its position: what was queued, what has certainly been heard."""

from __future__ import annotations

from station_agent.player.card_clock import CardClock
from station_agent.player.port import RATE_HZ, Clock, DeviceMissingError, Frames, Position, Sink

_S = 1_000_000_000
SHORT_QUEUE_MS = 700
LONG_QUEUE_MS = 2_000
_STALLED_NS = 2 * _S
_GOOD_ENOUGH_FRAMES = 1.0
_MOST_LOOKS = 100
_FIRST_LOOK_NS = 5_000_000
_SOONEST_LOOK_NS = 500_000
_LATEST_WAKING_NS = 2_000_000
_WATCH_NS = 3_000_000
_PATIENCE = 5


class CardStream:
    """Frames are counted from 0 in each stream: since opening, an underrun or a drop."""

    def __init__(self, sink: Sink, clock: Clock) -> None:
        self.sink = sink
        self._clock = clock
        self._queue_ms = SHORT_QUEUE_MS
        self._wake_ns = 100_000
        self._aimed_ns = 0
        self._is_precise = False
        self.is_open = False
        self.begin_anew()

    # --- the device ---

    def open(self) -> None:
        """DeviceMissingError."""
        self.sink.open()
        self.is_open = True
        self.begin_anew()

    def close(self) -> None:
        """Never raises; nothing if it is closed."""
        if self.is_open:
            self.sink.close()
            self.is_open = False

    def drop(self) -> None:
        """Throw away what is queued and begin a new stream; DeviceMissingError."""
        if self.is_open:
            self.sink.drop()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget the former stream."""
        self.written = 0
        self._begun_ns = self._clock.monotonic_ns()
        self._card = CardClock(self.sink.coarse_frames)
        self._reported = 0
        self._looks = 0
        self._vain_looks = 0
        self._moved_ns = self._clock.monotonic_ns()

    def write(self, block: Frames) -> int:
        """Frames taken; UnderrunError, DeviceMissingError."""
        if not self.written:
            self._begun_ns = self._clock.monotonic_ns()
        taken = self.sink.write(block)
        self.written += taken
        return taken

    # --- where it is ---

    def look(self) -> None:
        """Read the position; DeviceMissingError also when it stands still."""
        if not self.written:
            return
        report = self.sink.position()
        if not self._card.is_running:
            self._card = CardClock(self.sink.coarse_frames)
        self._card.observe(report)
        self._learn_waking(report.before_ns)
        if self._is_precise and self._is_vague_at(report.after_ns):
            report = self._watch_step(report)
        if report.frames > self._reported or report.frames >= self.written:
            self._reported = report.frames
            self._moved_ns = report.after_ns
        elif report.after_ns - self._moved_ns > _STALLED_NS:
            raise DeviceMissingError("the card stands still")

    def _watch_step(self, last: Position) -> Position:
        """Read on until the counter steps, if that is near: one step seen tells almost all.

        Whoever keeps waking up at the wrong time at last watches a whole period.
        """
        now = last.after_ns
        step_ns = self._card.best_look_ns(now) + self._vagueness_ns(now)
        if not self._reported or (step_ns - now > _WATCH_NS and self._vain_looks < _PATIENCE):
            self._vain_looks += 1
            return last
        until_ns = step_ns + _WATCH_NS
        report = last
        while report.frames == last.frames and report.after_ns < until_ns:
            last, report = report, self.sink.position()
        self._card.observe(last)
        self._card.observe(report)
        self._vain_looks = 0 if report.frames != last.frames else self._vain_looks + 1
        return report

    def is_vague(self) -> bool:
        """Whether the position is known less well than to a frame."""
        return self.was_looked_at and self._is_vague_at(self._clock.monotonic_ns())

    @property
    def was_looked_at(self) -> bool:
        """Whether the card has reported anything of this stream."""
        return self._card.is_running

    def _is_vague_at(self, now: int) -> bool:
        return self._card.uncertainty_frames(now) > _GOOD_ENOUGH_FRAMES

    def _vagueness_ns(self, now: int) -> int:
        return round(self._card.uncertainty_frames(now) * _S / RATE_HZ)

    def heard(self) -> float:
        """The frame certainly consumed by now."""
        if not self._card.is_running:
            return 0.0
        now = self._clock.monotonic_ns()
        sure = self._card.frame_at(now) - self._card.uncertainty_frames(now)
        return min(max(sure, 0.0), self.written)

    def queued(self) -> int:
        """Frames the card has still to consume."""
        if not self._card.is_running:
            return self.written
        now_frame = self._card.frame_at(self._clock.monotonic_ns())
        return self.written - int(min(max(now_frame, 0.0), self.written))

    def keep_queue(self, *, long: bool) -> None:
        """How far ahead to write: short before a cue that must still be placed, else long."""
        self._queue_ms = LONG_QUEUE_MS if long else SHORT_QUEUE_MS

    def room(self) -> int:
        """Frames to write in this round: what the queue lacks, but only so much at a time."""
        lacking = self._queue_frames - self.queued()
        return min(lacking, SHORT_QUEUE_MS * RATE_HZ // 1000)

    def frame_at(self, instant_ns: int) -> int:
        """The frame that sounds at this instant; by the nominal rate before the card has moved."""
        if not self._card.is_running:
            ahead_ns = max(0, instant_ns - self._clock.monotonic_ns())
            return self.written + ahead_ns * RATE_HZ // _S
        return round(self._card.frame_at(instant_ns))

    def counts(self, frame: int) -> bool:
        """Whether the card itself knows when this frame leaves it."""
        return self.sink.instant_of(frame) is not None

    def instant_of(self, frame: int) -> int:
        """When this frame left the card: by the card's own count, else by our estimate."""
        counted = self.sink.instant_of(frame)
        if counted is not None:
            return counted
        if not self._card.is_running:  # it ran dry before it was ever looked at
            return self._begun_ns + frame * _S // RATE_HZ
        return self._card.instant_of(frame)

    # --- when to look again ---

    def next_round_ns(self, *, precisely: bool) -> int:
        """When the queue wants filling; with `precisely`, just before the card's counter steps."""
        now = self._clock.monotonic_ns()
        self._is_precise = precisely
        self._aimed_ns = self._round_after(now)
        return self._aimed_ns

    def _round_after(self, now: int) -> int:
        if not self._reported:
            return now + _FIRST_LOOK_NS
        refill_ns = now + min(self._queue_frames // 3, self.queued() // 2) * _S // RATE_HZ
        if not self._is_precise or not self._is_vague_at(now) or self._looks >= _MOST_LOOKS:
            return refill_ns
        self._looks += 1
        early_ns = self._wake_ns + min(self._vagueness_ns(now), _WATCH_NS // 2)
        return self._card.best_look_ns(now + early_ns + _SOONEST_LOOK_NS) - early_ns

    def _learn_waking(self, woke_ns: int) -> None:
        """How long after the wished instant this thread usually gets to read the card."""
        if self._aimed_ns:
            late_ns = min(max(woke_ns - self._aimed_ns, 0), _LATEST_WAKING_NS)
            self._wake_ns += (late_ns - self._wake_ns) // 4
            self._aimed_ns = 0

    @property
    def _queue_frames(self) -> int:
        return min(self.sink.buffer_frames, self._queue_ms * RATE_HZ // 1000)
