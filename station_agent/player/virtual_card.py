"""A sound card that is only arithmetic: it consumes 48,000 frames a second of the monotonic clock.

It has a real card's faults: a crystal that is off by up to 50 ppm, a start that comes somewhere
within the first period, and a position report that moves one period at a time. What it really did
is known exactly, so start errors are counted and not estimated.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

from station_agent.player.port import (
    RATE_HZ,
    Clock,
    Frames,
    Position,
    SystemClock,
    UnderrunError,
)

PERIOD_FRAMES = 512
MAX_RATE_ERROR_PPM = 50.0
_S = 1_000_000_000
_SILENCE_FRAMES = RATE_HZ // 5
"""Sound after at least so much silence counts as an onset."""


@dataclass(slots=True)
class _Stream:
    """One uninterrupted run of the card: from its first frame to a dry buffer or a drop."""

    number: int
    first_frame_ns: int
    phase_frames: int
    written: int = 0


class VirtualCard:
    """The card's arithmetic; also the `null` sink: what it consumes is gone."""

    coarse_frames = PERIOD_FRAMES

    def __init__(
        self, *, seed: int = 0, clock: Clock | None = None, buffer_frames: int = 120_000
    ) -> None:
        self._random = random.Random(seed)  # noqa: S311 - imitates a crystal, protects nothing
        self._clock = clock or SystemClock()
        self.rate_error_ppm = self._random.uniform(-MAX_RATE_ERROR_PPM, MAX_RATE_ERROR_PPM)
        self.rate_hz = RATE_HZ * (1 + self.rate_error_ppm / 1e6)
        self.buffer_frames = buffer_frames
        self.onsets_ns: deque[int] = deque(maxlen=256)
        """When a frame that is not zero first left the card after silence, newest last."""
        self._silent_frames = _SILENCE_FRAMES
        self._streams = 0
        self._stream: _Stream | None = None

    def open(self) -> None:
        """Nothing runs until the first write."""
        self._stream = None

    def close(self) -> None:
        """What is still queued is thrown away."""
        self._stream = None

    def drop(self) -> None:
        """See Sink."""
        self._stream = None

    def write(self, block: Frames) -> int:
        """See Sink."""
        now = self._clock.monotonic_ns()
        stream = self._stream or self._begin(now)
        queued = stream.written - self._consumed(stream, now)
        if stream.written and queued <= 0:
            self._stream = None
            raise UnderrunError
        taken = min(len(block), self.buffer_frames - queued)
        self._note_onset(stream, block[:taken])
        stream.written += taken
        return taken

    def position(self) -> Position:
        """See Sink."""
        before = self._clock.monotonic_ns()
        stream = self._stream
        if stream is None:
            return Position(0, before, before)
        now = self._clock.monotonic_ns()
        steps = (self._consumed(stream, now) + stream.phase_frames) // PERIOD_FRAMES
        reported = max(0, steps * PERIOD_FRAMES - stream.phase_frames)
        return Position(min(reported, stream.written), before, self._clock.monotonic_ns())

    def instant_of(self, frame: int) -> int | None:
        """See Sink; exact."""
        if self._stream is None:
            return None
        return self._instant(self._stream, frame)

    @property
    def stream_number(self) -> int:
        """Which stream runs, counted from 1; the file sink puts a gap between two."""
        return self._streams

    def consumed(self) -> int:
        """The true frame count at this instant."""
        if self._stream is None:
            return 0
        return self._consumed(self._stream, self._clock.monotonic_ns())

    def _begin(self, now: int) -> _Stream:
        wait_ns = self._random.randrange(PERIOD_FRAMES * _S // RATE_HZ)
        self._streams += 1
        self._silent_frames = _SILENCE_FRAMES
        self._stream = _Stream(self._streams, now + wait_ns, self._random.randrange(PERIOD_FRAMES))
        return self._stream

    def _consumed(self, stream: _Stream, now: int) -> int:
        passed = (now - stream.first_frame_ns) * self.rate_hz / _S
        return max(0, min(int(passed), stream.written))

    def _instant(self, stream: _Stream, frame: int) -> int:
        return stream.first_frame_ns + round(frame * _S / self.rate_hz)

    def _note_onset(self, stream: _Stream, block: Frames) -> None:
        if not block.any():
            self._silent_frames += len(block)
            return
        is_heard = block != 0
        first, silent_behind = int(is_heard.argmax()), int(is_heard[::-1].argmax())
        if self._silent_frames + first >= _SILENCE_FRAMES:
            self.onsets_ns.append(self._instant(stream, stream.written + first))
        self._silent_frames = silent_behind
