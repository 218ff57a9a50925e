"""Sound as blocks of frames: decoded a little ahead of need, so memory stays flat.

The encoded bytes of a cue are read once, hashed, and decoded from memory: what was checked is what
sounds, and the card's writer never waits for a disk. An hour is 14 MB at 32 kbit/s.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import av
import numpy as np
from av.audio.resampler import AudioResampler

from station_agent.player.attention import AttentionSource
from station_agent.player.port import RATE_HZ, CheckedFile, Frames
from station_protocol.vocabulary import Reason

logger = logging.getLogger(__name__)

_AHEAD_FRAMES = RATE_HZ
_TONE_RAMP_FRAMES = RATE_HZ // 200
_TONE_PEAK = 8_192
"""A quarter of full scale: 12 dB below it."""

_LONGEST_WAIT_MS = 600_000
"""Longer than any play may wait for a disk: it is ended from above."""

SILENT = np.zeros(0, dtype=np.int16)


class SoundError(Exception):
    """A sound that cannot be read; `reason` goes into the evidence."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Source(Protocol):
    """Frames one after the other."""

    def read(self, count: int, /) -> Frames:
        """Up to `count` frames; none at the end. SoundError."""

    def decode_ahead(self) -> None:
        """Use a quiet moment to have the next second ready. SoundError."""

    def close(self) -> None:
        """Give the file back."""


def load(sound: CheckedFile) -> bytes:
    """The bytes of a sound file; SoundError if they are missing or not what they should be."""
    try:
        raw = sound.path.read_bytes()
    except FileNotFoundError as error:
        raise SoundError(Reason.OFFLINE_NO_FILE, f"{sound.sha256} is not here") from error
    except OSError as error:
        raise SoundError(Reason.FILE_CORRUPT, f"{sound.sha256}: {error}") from error
    if hashlib.sha256(raw).hexdigest() != sound.sha256:
        raise SoundError(Reason.FILE_CORRUPT, f"{sound.sha256}: other bytes")
    return raw


class DecodedSource:
    """An encoded sound as mono 48 kHz, whatever it is stored as."""

    def __init__(self, raw: bytes) -> None:
        self._ready: deque[Frames] = deque()
        self._ready_frames = 0
        try:
            self._container = av.open(io.BytesIO(raw), mode="r", metadata_errors="ignore")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise SoundError(Reason.FILE_CORRUPT, f"not sound: {error}") from error
        self._blocks = self._decode()
        try:
            self._fill(_AHEAD_FRAMES // 2)
        except SoundError:
            self._container.close()
            raise

    def read(self, count: int) -> Frames:
        """See Source."""
        self._fill(count)
        if not self._ready:
            return SILENT
        block = self._ready.popleft()
        if len(block) > count:
            self._ready.appendleft(block[count:])
            block = block[:count]
        self._ready_frames -= len(block)
        return block

    def decode_ahead(self) -> None:
        """See Source."""
        self._fill(_AHEAD_FRAMES)

    def close(self) -> None:
        """See Source."""
        self._blocks = iter(())
        self._container.close()

    def _fill(self, frames: int) -> None:
        try:
            while self._ready_frames < frames:
                block = next(self._blocks, None)
                if block is None:
                    return
                self._ready.append(block)
                self._ready_frames += len(block)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise SoundError(Reason.FILE_CORRUPT, f"cannot be decoded: {error}") from error

    def _decode(self) -> Iterator[Frames]:
        if not self._container.streams.audio:
            raise SoundError(Reason.FILE_CORRUPT, "holds no sound")
        stream = self._container.streams.audio[0]
        stream.codec_context.thread_count = 1
        resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        for frame in self._container.decode(stream):
            for ready in resampler.resample(frame):
                yield ready.to_ndarray()[0]
        for ready in resampler.resample(None):
            yield ready.to_ndarray()[0]


def tone(pitch_hz: float, duration_ms: int) -> Frames:
    """A sine with soft ends."""
    count = duration_ms * RATE_HZ // 1000
    wave = np.sin(np.arange(1, count + 1) * (2 * np.pi * pitch_hz / RATE_HZ)) * _TONE_PEAK
    ramp = np.minimum(1.0, np.arange(1, count + 1) / _TONE_RAMP_FRAMES)
    ready: Frames = (wave * ramp * ramp[::-1]).astype(np.int16)
    return ready


class FramesSource:
    """Frames that are already in memory."""

    def __init__(self, frames: Frames) -> None:
        self._rest = frames

    def read(self, count: int) -> Frames:
        """See Source."""
        block, self._rest = self._rest[:count], self._rest[count:]
        return block

    def decode_ahead(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class BrokenSource:
    """A sound that could not be opened ahead of time; says so when its turn comes."""

    def __init__(self, error: SoundError) -> None:
        self._error = error

    def read(self, _count: int) -> Frames:
        """See Source."""
        raise self._error

    def decode_ahead(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class PendingSource:
    """A sound that is still being read from the disk; until it is here the attention signal sounds.

    So an urgent cue neither waits for a disk nor falls silent because of one.
    """

    def __init__(self, pending: Pending) -> None:
        self._pending = pending
        self._signal = AttentionSource(_LONGEST_WAIT_MS)
        self._sound: Source | None = None

    def read(self, count: int) -> Frames:
        """See Source."""
        if self._sound is None and not self._pending.is_over:
            return self._signal.read(count)
        return self._opened().read(count)

    def decode_ahead(self) -> None:
        """See Source."""
        if self._pending.is_over:
            self._opened().decode_ahead()

    def close(self) -> None:
        """See Source."""
        if self._sound is not None:
            self._sound.close()

    def _opened(self) -> Source:
        if self._sound is None:
            self._sound = self._pending.source()
        return self._sound


class Pending:
    """A file that somebody else reads meanwhile."""

    def __init__(self, sound: CheckedFile) -> None:
        self._sound = sound
        self._raw = b""
        self._error: SoundError | None = None
        self.is_over = False

    def read_file(self) -> None:
        """The reading itself, in whatever thread may wait for a disk."""
        try:
            self._raw = load(self._sound)
        except SoundError as error:
            self._error = error
        self.is_over = True

    def source(self) -> Source:
        """What was read; SoundError."""
        if self._error is not None:
            raise self._error
        return DecodedSource(self._raw)


Opener = Callable[[], Source]


class Joined:
    """Several sounds without a gap. The next is opened while the one before still sounds."""

    def __init__(self, openers: Iterable[Opener]) -> None:
        """Open the first; SoundError."""
        self._waiting = deque(openers)
        self._open: deque[Source] = deque()
        if self._waiting:
            self._open.append(self._waiting.popleft()())

    def read(self, count: int) -> Frames:
        """See Source."""
        while self._open:
            block = self._open[0].read(count)
            if len(block):
                return block
            self._open.popleft().close()
            if not self._open:
                self._open_next()
        return SILENT

    def decode_ahead(self) -> None:
        """See Source. Also opens the sound after this one, whose head is then decoded."""
        if len(self._open) < 2:
            self._open_next()
        if self._open:
            self._open[0].decode_ahead()

    def close(self) -> None:
        """See Source."""
        self._waiting.clear()
        while self._open:
            self._open.popleft().close()

    def _open_next(self) -> None:
        if not self._waiting:
            return
        try:
            self._open.append(self._waiting.popleft()())
        except SoundError as error:
            self._open.append(BrokenSource(error))
