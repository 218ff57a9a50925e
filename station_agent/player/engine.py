"""The player engine: one thread that keeps the card filled and counts what it consumed.

Precision comes from position, not from waking up in time: a cue's first frame is put at the frame
index the card will reach at the due instant, well before it gets there. So the thread may be late
by the length of the queue without anybody hearing it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from station_agent.player import wall
from station_agent.player.airing import Airing, gain_of, scaled, to_ms
from station_agent.player.library import Library
from station_agent.player.mixer import Mixer
from station_agent.player.port import (
    OPEN_AHEAD_S,
    RATE_HZ,
    Attention,
    CheckedFile,
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
    PlayerEvent,
    Progress,
    Sink,
    SystemClock,
    Underrun,
    UnderrunError,
)
from station_agent.player.sounds import SoundError
from station_agent.player.stream import CardStream
from station_agent.player.waiting_room import Deed, WaitingRoom
from station_protocol.vocabulary import Reason

logger = logging.getLogger(__name__)

_S = 1_000_000_000
_RETRY_S = 2.0
_GIVE_UP_S = 10.0
_FORGOTTEN_S = 60.0
_SOONEST_S = 0.05
_FADE_FRAMES = RATE_HZ * 3 // 10
_FIRST_MOMENT = RATE_HZ // 2
"""Of an emergency's signal: nothing is decoded meanwhile, so that nothing disturbs its start."""
_UNDISTURBED_S = 0.2
"""From an emergency's first frames until the card's position is first read: what is told of it can
wait, and the processor belongs to whoever has not begun yet.
"""
_TOLD_WITHIN = RATE_HZ // 2
"""By then its first frame is told, however vague the card's position still is."""
_SHORTEST_SIGNAL_MS = 1_500
"""The words behind a shorter one are decoded at once: they come within a second."""


def _nothing() -> None:
    """The wish of nobody."""


def _in_a_thread(deed: Deed) -> None:
    threading.Thread(target=deed, name="player-load", daemon=True).start()


class PlayerEngine:
    """A Player over one sink. `turn` is one round of its thread; tests call it themselves."""

    def __init__(
        self,
        sink: Sink,
        emit: Emit,
        *,
        clock: Clock | None = None,
        mixer: Mixer | None = None,
        progress_s: float = 1.0,
        aside: Callable[[Deed], None] = _in_a_thread,
    ) -> None:
        """`aside` runs the reading of files, by default in a short-lived thread.

        With a `mixer` the volume is set there and the samples stay what they are.
        """
        self._clock = clock or SystemClock()
        self._unsaid: list[PlayerEvent] = []
        self._emit = self._unsaid.append
        self._say = emit
        self._progress_ms = round(progress_s * 1000)
        self._stream = CardStream(sink, self._clock)
        self._aside = aside
        self._library = Library()
        self._waiting = WaitingRoom(
            self._emit, self._clock.monotonic_ns, aside, self._wish, self._library
        )
        self._mixer = mixer
        self._volume: int | None = None
        self._gain = 1.0
        self._current: Airing | None = None
        self._draining: deque[Airing] = deque()
        self._is_lost = False
        self._retry_ns = 0
        self._on_air: OnAirNow | None = None
        self._wishes: queue.SimpleQueue[Deed] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._busy_since_s: float | None = None

    # --- the port: called from any thread, carried out by the engine's own ---

    def prepare(self, cue: Cue) -> None:
        """See Player. Files are read in a thread of their own: a slow disk starves nothing."""
        self._wish(lambda: self._waiting.expect(cue))

    def start(self, play_id: str, *, replaces: bool = False) -> None:
        """See Player."""
        self._wish(lambda: self._waiting.allow(play_id, replaces=replaces))

    def sound(self, cue: Cue, *, replaces: bool = False) -> None:
        """See Player."""

        def both() -> None:
            self._waiting.expect(cue)
            self._waiting.allow(cue.play_id, replaces=replaces)

        self._wish(both)

    def stop(self, play_id: str | None, fade_ms: int) -> None:
        """See Player."""
        self._wish(lambda: self._stop(play_id, fade_ms))

    def keep_resident(self, sounds: tuple[CheckedFile, ...]) -> None:
        """See Player."""
        self._library.want(sounds)
        self._aside(self._library.take_up)

    def sound_came(self) -> None:
        """See Player."""
        if not self._library.is_complete:
            self._aside(self._library.take_up)

    def set_volume(self, percent: int) -> None:
        """See Player."""
        self._volume = percent
        if self._mixer is None:
            self._gain = gain_of(percent)
        else:
            self._mixer.set(percent)

    def volume(self) -> int | None:
        """See Player."""
        return self._volume if self._mixer is None else self._mixer.read()

    def on_air(self) -> OnAirNow | None:
        """See Player."""
        return self._on_air

    def busy_since_s(self) -> float | None:
        """See Player."""
        return self._busy_since_s

    def close(self) -> None:
        """See Player."""
        self._is_closing = True
        self._wish(_nothing)
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._stream.close()

    def run_thread(self) -> None:
        """Start the engine's thread; it sleeps until there is something to do."""
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()

    def _wish(self, deed: Deed) -> None:
        self._wishes.put(deed)

    def _run(self) -> None:
        wish: Deed = _nothing
        while not self._is_closing:
            self._busy_since_s = time.monotonic()
            try:
                delay = self.turn(wish)
            # Nothing is expected here, but a silent player thread would be a silent station.
            except Exception as error:
                logger.exception("player failed")
                self._fail_everything(f"{type(error).__name__}: {error}")
                self._say_all()
                delay = _RETRY_S
            self._busy_since_s = None
            wish = self._next_wish(delay)

    def _next_wish(self, delay_s: float | None) -> Deed:
        """The next thing asked for; nothing where the delay is over before that."""
        try:
            return self._wishes.get(timeout=delay_s)
        except queue.Empty:
            return _nothing

    # --- one round ---

    def turn(self, wish: Deed = _nothing) -> float | None:
        """Do what is due, and this first; return the seconds until the next round, None: until
        asked.
        """
        try:
            wish()
            while not self._wishes.empty():
                self._wishes.get_nowait()()
            self._serve_device()
        except DeviceMissingError as error:
            self._lose_device(str(error))
        self._give_up_waiting()
        self._note_on_air()
        if not self._may_rest():
            self._say_all()
        return self._delay_s()

    def _say_all(self) -> None:
        """Tell behind the round: whoever wakes up for it would take the interpreter from us."""
        said, self._unsaid[:] = self._unsaid[:], []
        for event in said:
            self._say(event)

    def _serve_device(self) -> None:
        if not self._needs_device():
            self._stream.close()
            return
        if not self._stream.is_open and not self._try_open():
            return
        self._stream.look()
        try:
            self._fill()
        except UnderrunError:
            # Filled again in the next round, which comes at once.
            self._after_underrun()
        self._tell()
        self._decode_ahead()

    def _needs_device(self) -> bool:
        if self._current or self._draining:
            return True
        return any(self._is_near(airing) for airing in self._waiting.ready())

    def _is_near(self, airing: Airing) -> bool:
        since_ns = max(self._due_ns(airing), airing.ready_ns)
        late_s = (self._clock.monotonic_ns() - since_ns) / _S
        if late_s < -OPEN_AHEAD_S:
            return False
        # A lost device is looked for as long as anything waits: nothing starts without it.
        return airing.is_allowed or self._is_lost or late_s < _FORGOTTEN_S

    def _try_open(self) -> bool:
        if self._clock.monotonic_ns() < self._retry_ns:
            return False
        self._stream.open()
        if self._is_lost:
            self._is_lost = False
            self._emit(DeviceBack())
            if self._volume is not None:  # a card that was plugged in again has forgotten it
                self.set_volume(self._volume)
        return True

    def _due_ns(self, airing: Airing) -> int:
        """The due instant on the monotonic clock, by the wall clock as it stands now."""
        return wall.monotonic_of(airing.cue.due_at, self._clock)

    # --- filling ---

    def _fill(self) -> None:
        self._make_way_for_late_cue()
        current = self._current
        is_settled = current is not None and not self._waiting.ready()
        is_settled = is_settled and not (current and self._is_first_moment(current))
        self._stream.keep_queue(long=is_settled)
        left = self._stream.room()
        while left > 0:
            room = self._begin_due_cue(left)
            before = self._stream.written
            airing = self._current
            block = self._silence(room) if airing is None else airing.next_block(room)
            if len(block) and not self._hand_over(airing, block):
                return
            if airing is not None and airing.is_handed_over:
                self._draining.append(airing)
                self._current = None
            left -= self._stream.written - before

    def _hand_over(self, airing: Airing | None, block: Frames) -> bool:
        """Write the whole block in as many pieces as the card wants; False if it is full."""
        while len(block):
            at_frame = self._stream.written
            try:
                taken = self._stream.write(scaled(block, self._gain) if airing else block)
            except UnderrunError:
                _put_back(airing, block)
                raise
            if not taken:
                _put_back(airing, block)
                return False
            if airing is not None:
                airing.took(at_frame, block[:taken])
            block = block[taken:]
        return True

    def _silence(self, room: int) -> Frames:
        """Silence up to the next due frame or the end of the room."""
        airing = self._next_allowed()
        if airing is not None:
            room = min(room, self._due_frame(airing) - self._stream.written)
        return np.zeros(max(room, 1), dtype=np.int16)

    def _next_allowed(self) -> Airing | None:
        allowed = [airing for airing in self._waiting.ready() if airing.is_allowed]
        return min(allowed, key=self._due_ns, default=None)

    def _due_frame(self, airing: Airing) -> int:
        return self._stream.frame_at(self._due_ns(airing))

    def _begin_due_cue(self, room: int) -> int:
        """Put the cue on air whose frame has come; return how much may be written before that."""
        airing = self._next_allowed()
        if airing is None or (self._current is not None and not airing.replaces):
            return room
        ahead = self._due_frame(airing) - self._stream.written
        if ahead <= 0:
            self._waiting.leave(airing)
            if self._current is not None:
                self._current.cut()
                self._draining.append(self._current)
            self._current = airing
        elif self._current is not None:
            return min(room, _fade_towards(self._current, ahead))
        return room

    def _make_way_for_late_cue(self) -> None:
        """A cue that comes too late for its frame does not wait behind what it may displace."""
        airing = self._next_allowed()
        if airing is None or self._stream.queued() <= self._shortest_queue(airing):
            return
        if self._due_frame(airing) >= self._stream.written:
            return
        if airing.replaces:
            self._cut_at_once()
        elif not (self._current or self._draining):
            self._stream.drop()

    def _shortest_queue(self, airing: Airing) -> int:
        """Below this, waiting for the queue is sooner than beginning a new stream."""
        return self._stream.sink.coarse_frames * (1 if airing.cue.is_urgent else 2)

    def _is_first_moment(self, airing: Airing) -> bool:
        """Whether the signal of an emergency has only just begun: the words behind it can wait."""
        cue = airing.cue
        signal = cue.sounds[0] if cue.is_urgent and cue.sounds else None
        if not isinstance(signal, Attention) or signal.duration_ms < _SHORTEST_SIGNAL_MS:
            return False
        return airing.heard(self._stream.heard()) < _FIRST_MOMENT

    def _decode_ahead(self) -> None:
        airing = self._current
        if airing is None or self._is_first_moment(airing):
            return
        try:
            airing.source.decode_ahead()
        except SoundError as error:
            airing.end(EndCause.FAILED, error.reason, str(error))

    # --- telling ---

    def _tell(self) -> None:
        frame_now = self._stream.heard()
        for airing in self._sounding():
            is_over = airing in self._draining and airing.has_all_sounded(frame_now)
            if is_over or not self._may_look_closer(airing, frame_now):
                self._tell_first(airing, frame_now)
            self._tell_progress(airing, frame_now)
            if is_over:
                self._draining.remove(airing)
                self._finish(airing, frame_now)

    def _may_look_closer(self, airing: Airing, frame_now: float) -> bool:
        """Whether the first frame's instant is not sharp yet, and nobody planned for one."""
        if not _is_at_once(airing) or not self._stream.is_vague():
            return False
        if airing.begins_at is None or self._stream.counts(airing.begins_at):
            return False
        return airing.heard(frame_now) < _TOLD_WITHIN

    def _tell_first(self, airing: Airing, frame_now: float) -> None:
        if airing.first_ns is not None or airing.begins_at is None:
            return
        if frame_now < airing.begins_at + 1:
            return
        airing.first_ns = self._stream.instant_of(airing.begins_at)
        wall_ns = airing.first_ns + wall.offset_ns(self._clock)
        airing.started_at = wall.from_ns(wall_ns)
        due_at = airing.cue.due_at
        error_ms = None if due_at is None else (wall_ns - wall.to_ns(due_at)) / 1e6
        self._emit(FirstFrame(airing.cue.play_id, airing.started_at, error_ms))

    def _tell_progress(self, airing: Airing, frame_now: float) -> None:
        heard_ms = to_ms(airing.heard(frame_now))
        if heard_ms // self._progress_ms > airing.told_ms // self._progress_ms:
            airing.told_ms = heard_ms
            self._emit(Progress(airing.cue.play_id, heard_ms))

    def _finish(self, airing: Airing, frame_now: float) -> None:
        airing.source.close()
        ending = airing.ending or Ended(airing.cue.play_id, EndCause.STOPPED, 0)
        self._emit(replace(ending, sounded_ms=to_ms(airing.heard(frame_now))))

    def _finish_all(self, frame_now: float) -> None:
        while self._draining:
            airing = self._draining.popleft()
            self._tell_first(airing, frame_now)
            self._finish(airing, frame_now)

    def _note_on_air(self) -> None:
        airing = self._draining[0] if self._draining else self._current
        if airing is None or airing.started_at is None:
            self._on_air = None
            return
        heard_ms = to_ms(airing.heard(self._stream.heard()))
        self._on_air = OnAirNow(airing.cue.play_id, airing.started_at, heard_ms)

    # --- ending ---

    def _stop(self, play_id: str | None, fade_ms: int) -> None:
        self._waiting.dismiss(play_id, EndCause.STOPPED)
        if not any(play_id in (None, airing.cue.play_id) for airing in self._sounding()):
            return
        if fade_ms == 0:
            self._cut_at_once()
            return
        self._take_back_queue()
        if self._current is not None and play_id in (None, self._current.cue.play_id):
            self._current.fade_out(fade_ms * RATE_HZ // 1000)

    def _take_back_queue(self) -> None:
        """Have the sounding cue in hand again from where it is heard, to fade it now."""
        sounding = self._sounding()
        if len(sounding) != 1 or sounding[0].is_fading:
            return
        self._stream.look()
        frame_now = self._stream.heard()
        self._tell_first(sounding[0], frame_now)
        sounding[0].take_back(frame_now)
        self._stream.drop()
        self._draining.clear()
        self._current = sounding[0]

    def _sounding(self) -> list[Airing]:
        return [*self._draining, *([self._current] if self._current else [])]

    def _cut_at_once(self) -> None:
        """Silence within a period: even what is queued is dropped, and the count is right."""
        self._stream.look()
        frame_now = self._stream.heard()
        if self._current is not None:
            self._current.cut()
            self._draining.append(self._current)
            self._current = None
        self._finish_all(frame_now)
        self._stream.drop()

    # --- trouble ---

    def _after_underrun(self) -> None:
        """Everything queued was consumed; what is on air goes on in a new stream."""
        everything = self._stream.written
        play_id = self._current.cue.play_id if self._current else None
        logger.warning("card ran dry play=%s", play_id)
        self._emit(Underrun(play_id))
        self._finish_all(everything)
        if self._current is not None:
            self._tell_first(self._current, everything)
            self._current.carry_over(everything)
        self._stream.begin_anew()

    def _lose_device(self, detail: str) -> None:
        self._end_sounding(Reason.AUDIO_DEVICE_MISSING, detail)
        self._stream.close()
        self._retry_ns = self._clock.monotonic_ns() + round(_RETRY_S * _S)
        if not self._is_lost:
            self._is_lost = True
            logger.warning("sound device lost: %s", detail)
            self._emit(DeviceLost(detail))

    def _end_sounding(self, reason: Reason, detail: str) -> None:
        frame_now = self._stream.heard()
        if self._current is not None:
            self._draining.append(self._current)
            self._current = None
        for airing in self._draining:
            airing.end(EndCause.FAILED, reason, detail)
        self._finish_all(frame_now)
        self._stream.begin_anew()

    def _give_up_waiting(self) -> None:
        """A cue that waited too long for a device ends; whether to try again is decided above."""
        if not self._is_lost:
            return
        now = self._clock.monotonic_ns()
        for airing in self._waiting.ready():
            waited_s = (now - max(self._due_ns(airing), airing.allowed_ns)) / _S
            if airing.is_allowed and waited_s > _GIVE_UP_S:
                self._waiting.dismiss(
                    airing.cue.play_id,
                    EndCause.FAILED,
                    Reason.AUDIO_DEVICE_MISSING,
                    "no device in time",
                )

    def _fail_everything(self, detail: str) -> None:
        self._waiting.dismiss(None, EndCause.FAILED, Reason.PLAYER_FAILED, detail)
        self._end_sounding(Reason.PLAYER_FAILED, detail)
        self._stream.close()

    # --- when next ---

    def _delay_s(self) -> float | None:
        now = self._clock.monotonic_ns()
        if self._stream.is_open and not self._stream.written:
            return 0.0
        if self._stream.is_open and self._may_rest():
            return min(_UNDISTURBED_S, self._stream.queued() / RATE_HZ / 3)
        if self._stream.is_open:
            round_ns = self._stream.next_round_ns(precisely=self._wants_precision())
            return max(0, round_ns - now) / _S
        waiting = self._waiting.ready()
        if not waiting:
            return None
        if self._is_lost:
            return max(_SOONEST_S, (self._retry_ns - now) / _S)
        due_ns = min(self._due_ns(airing) for airing in waiting)
        return max(_SOONEST_S, (due_ns - now) / _S - OPEN_AHEAD_S)

    def _may_rest(self) -> bool:
        """Whether an emergency has just been handed to a card that begins with it."""
        current = self._current
        if current is None or self._waiting.ready() or self._draining:
            return False
        return _is_at_once(current) and not self._stream.was_looked_at

    def _wants_precision(self) -> bool:
        if self._waiting.ready():
            return True
        return self._current is not None and self._current.first_ns is None


def _is_at_once(airing: Airing) -> bool:
    """Whether it begins as soon as it can, and at no planned instant."""
    return airing.cue.is_urgent and airing.cue.due_at is None


def _put_back(airing: Airing | None, block: Frames) -> None:
    if airing is not None:
        airing.put_back(block)


def _fade_towards(sounding: Airing, ahead: int) -> int:
    """Fade so that nothing is heard `ahead` frames from here; return what may be written."""
    if ahead > _FADE_FRAMES:
        return ahead - _FADE_FRAMES
    sounding.fade_out(ahead)
    return ahead
