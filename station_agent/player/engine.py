"""The player engine: one thread that keeps the card filled and counts what it consumed.

Precision comes from position, not from waking up in time: a cue's first frame is put at the frame
index the card will reach at the due instant, a third of a second before it gets there. So the
thread may be late by the length of the queue without anybody hearing it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from station_agent.player.airing import Airing, gain_of, scaled, to_ms
from station_agent.player.card_clock import CardClock
from station_agent.player.port import (
    OPEN_AHEAD_S,
    RATE_HZ,
    Clock,
    Cue,
    DeviceBack,
    DeviceLost,
    DeviceMissingError,
    Emit,
    EndCause,
    Ended,
    FirstFrame,
    Frames,
    OnAirNow,
    Prepared,
    Progress,
    Sink,
    SystemClock,
    Underrun,
    UnderrunError,
)
from station_agent.player.sounds import Joined, SoundError
from station_protocol.vocabulary import Reason

logger = logging.getLogger(__name__)

_S = 1_000_000_000
_RETRY_S = 2.0
_GIVE_UP_S = 10.0
_STALLED_S = 2.0
_FORGOTTEN_S = 60.0
_GOOD_ENOUGH_FRAMES = 1.0
_MOST_LOOKS = 100
_FADE_FRAMES = RATE_HZ * 3 // 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _wall_ns(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND * 1000


@dataclass(slots=True)
class _Loading:
    """A cue whose files are being read, and what was asked of it meanwhile."""

    cue: Cue
    is_allowed: bool = False
    replaces: bool = False


def _in_a_thread(deed: Callable[[], None]) -> None:
    threading.Thread(target=deed, name="player-load", daemon=True).start()


class PlayerEngine:
    """A Player over one sink. `turn` is one round of its thread; tests call it themselves."""

    def __init__(
        self,
        sink: Sink,
        emit: Emit,
        *,
        clock: Clock | None = None,
        progress_s: float = 1.0,
        queue_ms: int = 700,
        aside: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:
        """`aside` runs the reading of files, by default in a short-lived thread."""
        self._sink = sink
        self._clock = clock or SystemClock()
        self._aside = aside
        self._emit = emit
        self._progress_ms = round(progress_s * 1000)
        self._queue_frames = min(sink.buffer_frames, queue_ms * RATE_HZ // 1000)
        self._gain = 1.0
        self._loading: dict[str, _Loading] = {}
        self._waiting: dict[str, Airing] = {}
        self._current: Airing | None = None
        self._draining: deque[Airing] = deque()
        self._is_open = False
        self._is_lost = False
        self._retry_ns = 0
        self._wake_ns = 100_000
        self._aimed_ns = 0
        self._new_stream()
        self._wishes: deque[Callable[[], None]] = deque()
        self._woken = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._on_air: OnAirNow | None = None

    # --- the port: called from any thread, carried out by the engine's own ---

    def prepare(self, cue: Cue) -> None:
        """See Player. Files are read in a thread of their own: a slow disk starves nothing."""
        self._wish(lambda: self._expect(cue))

    def start(self, play_id: str, *, replaces: bool = False) -> None:
        """See Player."""
        self._wish(lambda: self._allow(play_id, replaces))

    def stop(self, play_id: str | None, fade_ms: int) -> None:
        """See Player."""
        self._wish(lambda: self._stop(play_id, fade_ms))

    def set_volume(self, percent: int) -> None:
        """See Player."""
        self._gain = gain_of(percent)

    def on_air(self) -> OnAirNow | None:
        """See Player."""
        return self._on_air

    def close(self) -> None:
        """See Player."""
        with self._woken:
            self._is_closing = True
            self._woken.notify()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._close_device()

    def run_thread(self) -> None:
        """Start the engine's thread; it sleeps until there is something to do."""
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()

    def _wish(self, deed: Callable[[], None]) -> None:
        with self._woken:
            self._wishes.append(deed)
            self._woken.notify()

    def _run(self) -> None:
        while not self._is_closing:
            try:
                delay = self.turn()
            # Nothing is expected here, but a silent player thread would be a silent station.
            except Exception as error:
                logger.exception("player failed")
                self._fail_everything(f"{type(error).__name__}: {error}")
                delay = _RETRY_S
            with self._woken:
                if not self._wishes and not self._is_closing:
                    self._woken.wait(delay)

    # --- one round ---

    def turn(self) -> float | None:
        """Do what is due; return the seconds until the next round, None: until asked."""
        while self._wishes:
            self._wishes.popleft()()
        try:
            self._serve_device()
        except DeviceMissingError as error:
            self._lose_device(str(error))
        self._give_up_waiting()
        self._note_on_air()
        return self._delay_s()

    def _serve_device(self) -> None:
        if not self._needs_device():
            self._close_device()
            return
        if not self._is_open and not self._try_open():
            return
        self._look()
        try:
            self._fill()
        except UnderrunError:
            self._after_underrun()
            self._fill()
        self._tell()
        self._decode_ahead()

    def _needs_device(self) -> bool:
        if self._current or self._draining:
            return True
        return any(self._is_near(airing) for airing in self._waiting.values())

    def _is_near(self, airing: Airing) -> bool:
        late_s = (self._clock.monotonic_ns() - self._due_ns(airing)) / _S
        if late_s < -OPEN_AHEAD_S:
            return False
        return airing.is_allowed or late_s < _FORGOTTEN_S

    def _try_open(self) -> bool:
        now = self._clock.monotonic_ns()
        if now < self._retry_ns:
            return False
        self._sink.open()
        self._is_open = True
        self._new_stream()
        if self._is_lost:
            self._is_lost = False
            self._emit(DeviceBack())
        return True

    def _close_device(self) -> None:
        if self._is_open:
            self._sink.close()
            self._is_open = False

    def _new_stream(self) -> None:
        self._card = CardClock(self._sink.coarse_frames)
        self._written = 0
        self._reported = 0
        self._looks = 0
        self._moved_ns = self._clock.monotonic_ns()

    # --- where the card is ---

    def _look(self) -> None:
        if not self._written:
            return
        report = self._sink.position()
        if not self._card.is_running:
            self._card = CardClock(self._sink.coarse_frames)
        self._card.observe(report)
        self._learn_waking(report.before_ns)
        if report.frames > self._reported or report.frames >= self._written:
            self._reported = report.frames
            self._moved_ns = report.after_ns
        elif report.after_ns - self._moved_ns > _STALLED_S * _S:
            raise DeviceMissingError("the card stands still")

    def _frame_now(self) -> float:
        """The frame certainly consumed by now."""
        if not self._card.is_running:
            return 0.0
        now = self._clock.monotonic_ns()
        sure = self._card.frame_at(now) - self._card.uncertainty_frames(now)
        return min(max(sure, 0.0), self._written)

    def _due_ns(self, airing: Airing) -> int:
        """The due instant on the monotonic clock, by the wall clock as it stands now."""
        if airing.cue.due_at is None:
            return 0
        return _wall_ns(airing.cue.due_at) - self._wall_offset_ns()

    def _wall_offset_ns(self) -> int:
        """Wall minus monotonic, from the tightest of three readings."""
        tightest = 1 << 62
        offset = 0
        for _ in range(3):
            before = self._clock.monotonic_ns()
            wall = self._clock.wall_ns()
            after = self._clock.monotonic_ns()
            if after - before < tightest:
                tightest = after - before
                offset = wall - (before + after) // 2
        return offset

    # --- filling ---

    def _fill(self) -> None:
        self._make_way_for_late_cue()
        while (room := self._queue_frames - self._queued()) > 0:
            room = self._begin_due_cue(room)
            airing = self._current
            block = self._silence(room) if airing is None else airing.next_block(room)
            if len(block) and not self._hand_over(airing, block):
                return
            if airing is not None and airing.is_handed_over:
                self._draining.append(airing)
                self._current = None

    def _queued(self) -> int:
        if not self._card.is_running:
            return self._written
        now = self._clock.monotonic_ns()
        return self._written - int(min(self._card.frame_at(now), self._written))

    def _hand_over(self, airing: Airing | None, block: Frames) -> bool:
        """Write the whole block in as many pieces as the card wants; False if it is full."""
        while len(block):
            taken = self._sink.write(scaled(block, self._gain) if airing else block)
            if airing is not None and taken:
                airing.took(self._written, taken)
            self._written += taken
            block = block[taken:]
            if not taken and len(block):
                if airing is not None:
                    airing.put_back(block)
                return False
        return True

    def _silence(self, room: int) -> Frames:
        """Silence up to the next due frame or the end of the room."""
        due = self._next_due_frame()
        count = room if due is None else min(room, due - self._written)
        return np.zeros(max(count, 1), dtype=np.int16)

    def _next_allowed(self) -> Airing | None:
        allowed = [airing for airing in self._waiting.values() if airing.is_allowed]
        return min(allowed, key=self._due_ns, default=None)

    def _next_due_frame(self) -> int | None:
        airing = self._next_allowed()
        return None if airing is None else self._due_frame(airing)

    def _due_frame(self, airing: Airing) -> int:
        due_ns = self._due_ns(airing)
        if not self._card.is_running:
            ahead_s = (due_ns - self._clock.monotonic_ns()) / _S
            return self._written + max(0, round(ahead_s * RATE_HZ))
        return round(self._card.frame_at(due_ns))

    def _begin_due_cue(self, room: int) -> int:
        """Put the cue on air whose frame has come; return how much may be written before that."""
        airing = self._next_allowed()
        if airing is None or (self._current is not None and not airing.replaces):
            return room
        ahead = self._due_frame(airing) - self._written
        if ahead <= 0:
            del self._waiting[airing.cue.play_id]
            if self._current is not None:
                self._current.cut()
                self._draining.append(self._current)
            self._current = airing
        elif self._current is not None:
            return min(room, self._fade_towards(self._current, ahead))
        return room

    def _fade_towards(self, sounding: Airing, ahead: int) -> int:
        """Fade so that nothing is heard `ahead` frames from here; return what may be written."""
        if ahead > _FADE_FRAMES:
            return ahead - _FADE_FRAMES
        sounding.fade_out(ahead)
        return ahead

    def _make_way_for_late_cue(self) -> None:
        """A cue that comes too late for its frame does not wait behind what it may displace."""
        airing = self._next_allowed()
        if airing is None or self._queued() <= 2 * self._sink.coarse_frames:
            return
        if self._due_frame(airing) >= self._written:
            return
        if airing.replaces:
            self._cut_at_once()
        elif not (self._current or self._draining):
            self._sink.drop()
            self._new_stream()

    def _decode_ahead(self) -> None:
        airing = self._current
        if airing is None:
            return
        try:
            airing.source.decode_ahead()
        except SoundError as error:
            airing.end(EndCause.FAILED, error.reason, str(error))

    # --- telling ---

    def _tell(self) -> None:
        frame_now = self._frame_now()
        for airing in (*self._draining, self._current):
            if airing is not None:
                self._tell_first(airing, frame_now)
                self._tell_progress(airing, frame_now)
        while self._draining and self._draining[0].has_all_sounded(frame_now):
            self._finish(self._draining.popleft(), frame_now)

    def _tell_first(self, airing: Airing, frame_now: float) -> None:
        if airing.first_ns is not None or airing.begins_at is None or not airing.written:
            return
        if frame_now < airing.begins_at + 1:
            return
        counted = self._sink.instant_of(airing.begins_at)
        first_ns = counted if counted is not None else self._card.instant_of(airing.begins_at)
        airing.first_ns = first_ns
        offset_ns = self._wall_offset_ns()
        airing.started_at = _EPOCH + timedelta(microseconds=(first_ns + offset_ns) // 1000)
        error_ms = None
        if airing.cue.due_at is not None:
            error_ms = (first_ns + offset_ns - _wall_ns(airing.cue.due_at)) / 1e6
        self._emit(FirstFrame(airing.cue.play_id, airing.started_at, error_ms))

    def _tell_progress(self, airing: Airing, frame_now: float) -> None:
        heard_ms = to_ms(airing.heard(frame_now))
        if heard_ms >= airing.told_ms + self._progress_ms:
            airing.told_ms = heard_ms
            self._emit(Progress(airing.cue.play_id, heard_ms))

    def _finish(self, airing: Airing, frame_now: float) -> None:
        airing.source.close()
        ending = airing.ending or Ended(airing.cue.play_id, EndCause.STOPPED, 0)
        self._emit(replace(ending, sounded_ms=to_ms(airing.heard(frame_now))))

    def _note_on_air(self) -> None:
        airing = self._draining[0] if self._draining else self._current
        if airing is None or airing.started_at is None:
            self._on_air = None
            return
        heard_ms = to_ms(airing.heard(self._frame_now()))
        self._on_air = OnAirNow(airing.cue.play_id, airing.started_at, heard_ms)

    # --- wishes ---

    def _expect(self, cue: Cue) -> None:
        former = self._waiting.pop(cue.play_id, None)
        if former is not None:
            former.source.close()
        self._loading[cue.play_id] = _Loading(cue)
        self._aside(lambda: self._load(cue))

    def _load(self, cue: Cue) -> None:
        """Runs aside."""
        try:
            source = Joined(cue.sounds)
        except SoundError as error:
            failure = Ended(cue.play_id, EndCause.FAILED, 0, error.reason, str(error))
            self._wish(lambda: self._could_not_load(cue, failure))
            return
        self._wish(lambda: self._loaded(cue, source))

    def _could_not_load(self, cue: Cue, failure: Ended) -> None:
        if self._take_loading(cue) is not None:
            self._emit(failure)

    def _loaded(self, cue: Cue, source: Joined) -> None:
        loading = self._take_loading(cue)
        if loading is None:
            source.close()
            return
        airing = Airing(cue, source)
        self._waiting[cue.play_id] = airing
        self._emit(Prepared(cue.play_id))
        if loading.is_allowed:
            self._allow(cue.play_id, loading.replaces)

    def _take_loading(self, cue: Cue) -> _Loading | None:
        """The preparation of exactly this cue, if nobody stopped or replaced it meanwhile."""
        loading = self._loading.get(cue.play_id)
        if loading is None or loading.cue is not cue:
            return None
        return self._loading.pop(cue.play_id)

    def _allow(self, play_id: str, replaces: bool) -> None:
        if play_id in self._loading:
            self._loading[play_id].is_allowed = True
            self._loading[play_id].replaces = replaces
            return
        airing = self._waiting.get(play_id)
        if airing is None:
            logger.warning("start of a cue that is not prepared play=%s", play_id)
            return
        airing.is_allowed = True
        airing.replaces = replaces
        airing.allowed_ns = self._clock.monotonic_ns()

    def _is_sounding(self, play_id: str) -> bool:
        sounding = (*self._draining, self._current)
        return any(airing is not None and airing.cue.play_id == play_id for airing in sounding)

    def _stop(self, play_id: str | None, fade_ms: int) -> None:
        for loading_id in [each for each in self._loading if play_id in (None, each)]:
            del self._loading[loading_id]
            self._emit(Ended(loading_id, EndCause.STOPPED, 0))
        for waiting_id in [each for each in self._waiting if play_id in (None, each)]:
            airing = self._waiting.pop(waiting_id)
            airing.end(EndCause.STOPPED)
            self._finish(airing, 0.0)
        if play_id is not None and not self._is_sounding(play_id):
            return
        if fade_ms == 0:
            self._cut_at_once()
        elif self._current is not None and play_id in (None, self._current.cue.play_id):
            self._current.fade_out(fade_ms * RATE_HZ // 1000)

    def _cut_at_once(self) -> None:
        if self._is_open and self._written:
            self._look()
        frame_now = self._frame_now()
        if self._current is not None:
            self._current.cut()
            self._draining.append(self._current)
            self._current = None
        if self._is_open:
            self._sink.drop()
        self._finish_all(frame_now)
        self._new_stream()

    def _finish_all(self, frame_now: float) -> None:
        while self._draining:
            airing = self._draining.popleft()
            self._tell_first(airing, frame_now)
            self._finish(airing, frame_now)

    # --- trouble ---

    def _after_underrun(self) -> None:
        """Everything queued was consumed; what is on air goes on in a new stream."""
        play_id = self._current.cue.play_id if self._current else None
        logger.warning("card ran dry play=%s", play_id)
        self._emit(Underrun(play_id))
        self._finish_all(self._written)
        if self._current is not None:
            self._tell_first(self._current, self._written)
            self._current.carry_over(self._written)
        self._new_stream()

    def _lose_device(self, detail: str) -> None:
        self._end_sounding(Reason.AUDIO_DEVICE_MISSING, detail)
        self._close_device()
        self._retry_ns = self._clock.monotonic_ns() + round(_RETRY_S * _S)
        if not self._is_lost:
            self._is_lost = True
            logger.warning("sound device lost: %s", detail)
            self._emit(DeviceLost(detail))

    def _end_sounding(self, reason: Reason, detail: str) -> None:
        frame_now = self._frame_now()
        if self._current is not None:
            self._draining.append(self._current)
            self._current = None
        for airing in self._draining:
            airing.end(EndCause.FAILED, reason, detail)
        self._finish_all(frame_now)
        self._new_stream()

    def _give_up_waiting(self) -> None:
        """A cue that waited too long for a device ends; whether to try again is decided above."""
        if not self._is_lost:
            return
        now = self._clock.monotonic_ns()
        for airing in list(self._waiting.values()):
            allowed_late_s = (now - max(self._due_ns(airing), airing.allowed_ns)) / _S
            if airing.is_allowed and allowed_late_s > _GIVE_UP_S:
                del self._waiting[airing.cue.play_id]
                airing.end(EndCause.FAILED, Reason.AUDIO_DEVICE_MISSING, "no device in time")
                self._finish(airing, 0.0)

    def _fail_everything(self, detail: str) -> None:
        for play_id in list(self._loading):
            del self._loading[play_id]
            self._emit(Ended(play_id, EndCause.FAILED, 0, Reason.PLAYER_FAILED, detail))
        for play_id in list(self._waiting):
            airing = self._waiting.pop(play_id)
            airing.end(EndCause.FAILED, Reason.PLAYER_FAILED, detail)
            self._finish(airing, 0.0)
        self._end_sounding(Reason.PLAYER_FAILED, detail)
        self._close_device()

    # --- when next ---

    def _delay_s(self) -> float | None:
        now = self._clock.monotonic_ns()
        if self._is_open:
            self._aimed_ns = self._next_round_ns(now)
            return max(0, self._aimed_ns - now) / _S
        if self._is_lost and self._waiting:
            return max(0.05, (self._retry_ns - now) / _S)
        if not self._waiting:
            return None
        opens_ns = min(self._due_ns(each) for each in self._waiting.values())
        return max(0.05, (opens_ns - now) / _S - OPEN_AHEAD_S)

    def _next_round_ns(self, now: int) -> int:
        """When the queue wants filling; while precision is wanted, at a step of the counter."""
        refill_ns = now + self._queue_frames * _S // RATE_HZ // 3
        if not self._card.is_running:
            return now + 5_000_000
        if not self._wants_precision():
            return refill_ns
        is_vague = self._card.uncertainty_frames(now) > _GOOD_ENOUGH_FRAMES
        soonest_ns = now + self._wake_ns + 500_000
        if is_vague and self._looks < _MOST_LOOKS:
            self._looks += 1
            return self._card.best_look_ns(soonest_ns) - self._wake_ns
        return self._card.best_look_ns(refill_ns) - self._wake_ns

    def _learn_waking(self, woke_ns: int) -> None:
        """How long after the wished instant this thread usually gets to read the card."""
        if self._aimed_ns:
            late_ns = min(max(woke_ns - self._aimed_ns, 0), 2_000_000)
            self._wake_ns += (late_ns - self._wake_ns) // 4
            self._aimed_ns = 0

    def _wants_precision(self) -> bool:
        if self._waiting:
            return True
        return self._current is not None and self._current.first_ns is None
