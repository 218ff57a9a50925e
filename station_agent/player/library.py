"""Where a cue's sounds come from: memory for what must not wait, files for everything else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from station_agent.player.attention import AttentionSource
from station_agent.player.port import (
    RATE_HZ,
    Attention,
    CheckedFile,
    Frames,
    InlineSound,
    Sound,
    Tone,
)
from station_agent.player.sounds import (
    SILENT,
    DecodedSource,
    FramesSource,
    Joined,
    Opener,
    Pending,
    PendingSource,
    SoundError,
    Source,
    load,
    tone,
)

logger = logging.getLogger(__name__)

HEAD_FRAMES = 5 * RATE_HZ
MOST_BYTES = 24_000_000
"""Memory that resident sounds may take in all; those named first are kept."""

_BYTES_PER_FRAME = 2


@dataclass(frozen=True, slots=True)
class Resident:
    """A sound in memory: its head decoded, all of it as it is stored."""

    raw: bytes
    head: Frames

    @property
    def size_bytes(self) -> int:
        """The memory it takes."""
        return len(self.raw) + self.head.nbytes


class ResidentSource:
    """Sounds from memory at once; the rest is decoded while the head plays."""

    def __init__(self, kept: Resident) -> None:
        self._kept = kept
        self._head = FramesSource(kept.head)
        self._rest: Source | None = None

    def read(self, count: int) -> Frames:
        """See Source."""
        block = self._head.read(count)
        return block if len(block) else self._opened().read(count)

    def decode_ahead(self) -> None:
        """See Source."""
        self._opened().decode_ahead()

    def close(self) -> None:
        """See Source."""
        if self._rest is not None:
            self._rest.close()

    def _opened(self) -> Source:
        """What follows the head."""
        if self._rest is None:
            whole = len(self._kept.head) < HEAD_FRAMES
            self._rest = FramesSource(SILENT) if whole else DecodedSource(self._kept.raw)
            _skip(self._rest, 0 if whole else HEAD_FRAMES)
        return self._rest


def _from(source: Source, from_ms: int) -> Source:
    """The source without what comes before, which is decoded away faster than it would sound."""
    _skip(source, from_ms * RATE_HZ // 1000)
    return source


def _skip(source: Source, frames: int) -> None:
    while frames > 0 and len(block := source.read(frames)):
        frames -= len(block)


def _head_of(raw: bytes) -> Frames:
    """The first five seconds, or all of a shorter sound; SoundError."""
    source = DecodedSource(raw)
    blocks: list[Frames] = []
    left = HEAD_FRAMES
    while left > 0 and len(block := source.read(left)):
        blocks.append(block)
        left -= len(block)
    source.close()
    return np.concatenate([SILENT, *blocks])


class Library:
    """Opens sounds. What is resident is changed in one thread at a time and read in any."""

    def __init__(self) -> None:
        AttentionSource(1_000).read(RATE_HZ)  # the first emergency finds all of it made
        self._wanted: tuple[CheckedFile, ...] = ()
        self._kept: dict[str, Resident] = {}
        self._lock = threading.Lock()

    # --- what is resident ---

    def want(self, sounds: tuple[CheckedFile, ...]) -> None:
        """What is to be resident, most important first; replaces the former list."""
        self._wanted = sounds

    def take_up(self) -> None:
        """Read and decode what is wanted and missing, drop what is not wanted. Waits for disks."""
        with self._lock:
            kept: dict[str, Resident] = {}
            room = MOST_BYTES
            for sound in self._wanted:
                found = self._kept.get(sound.sha256) or _read(sound, room)
                if found is not None and found.size_bytes <= room:
                    kept[sound.sha256] = found
                    room -= found.size_bytes
            self._kept = kept

    @property
    def is_complete(self) -> bool:
        """Whether everything that is to be resident is."""
        return all(sound.sha256 in self._kept for sound in self._wanted)

    def is_in_memory(self, sound: Sound) -> bool:
        """Whether it can sound without a disk."""
        return not isinstance(sound, CheckedFile) or sound.sha256 in self._kept

    # --- cues ---

    def loaded(self, sounds: tuple[Sound, ...]) -> Joined:
        """All of them read and checked. Waits for disks; SoundError."""
        kept = self._kept
        return Joined([_opener(sound, kept) for sound in sounds])

    def at_once(self, sounds: tuple[Sound, ...]) -> tuple[Joined, Callable[[], None] | None]:
        """The first of them ready to sound, and what is left to be read, aside; SoundError.

        None: nothing is.
        """
        kept, pending = self._kept, list[Pending]()

        def opener(sound: Sound) -> Opener:
            if not isinstance(sound, CheckedFile) or sound.sha256 in kept:
                return _opener(sound, kept)
            file = Pending(sound)
            pending.append(file)
            return lambda: PendingSource(file)

        def read_files() -> None:
            for file in pending:
                file.read_file()

        joined = Joined([opener(sound) for sound in sounds])
        return joined, read_files if pending else None


def _opener(sound: Sound, resident: Mapping[str, Resident]) -> Opener:
    """What opens it without a disk; a file that is not resident is read here. SoundError."""
    match sound:
        case CheckedFile(sha256=sha256, from_ms=from_ms):
            kept = resident.get(sha256)
            if kept is not None and not from_ms:
                return lambda: ResidentSource(kept)
            raw = load(sound)
            return lambda: _from(DecodedSource(raw), from_ms)
        case InlineSound(data=data):
            return lambda: DecodedSource(data)
        case Attention(duration_ms=duration_ms, is_drill=is_drill):
            return lambda: AttentionSource(duration_ms, is_drill=is_drill)
        case Tone(duration_ms=duration_ms, pitch_hz=pitch_hz):
            return lambda: FramesSource(tone(pitch_hz, duration_ms))


def _read(sound: CheckedFile, room: int) -> Resident | None:
    """The sound, if it is here, whole, and not larger than the room."""
    try:
        if sound.path.stat().st_size + HEAD_FRAMES * _BYTES_PER_FRAME > room:
            logger.warning("not resident for want of memory sha256=%s", sound.sha256)
            return None
        raw = load(sound)
        return Resident(raw, _head_of(raw))
    except FileNotFoundError:
        return None
    except (SoundError, OSError) as error:
        logger.warning("not resident sha256=%s: %s", sound.sha256, error)
        return None
