"""A virtual card that keeps what it consumed in WAV files, to prove what sounded and when.

Each opening of the device makes `<stem>-<UTC time>.wav` and beside it a `.json` that says at which
wall instant frame 0 left the card and at which true rate: frame k left it at
`opened_at + k / rate_hz`. Gaps between streams are silence in the file, so that line never breaks.
The header is brought up to date about once a second: after a kill the file can still be read.
"""

from __future__ import annotations

import json
import logging
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np

from station_agent.player import wall
from station_agent.player.port import (
    RATE_HZ,
    Clock,
    DeviceMissingError,
    Frames,
    Position,
    SystemClock,
)
from station_agent.player.virtual_card import VirtualCard

logger = logging.getLogger(__name__)

HEADER_BYTES = 44
_FRAME_BYTES = 2
_S = 1_000_000_000
KEPT_FILES = 40
"""Older recordings are deleted."""


def wav_header(frames: int) -> bytes:
    """The 44 bytes in front of so many mono 16 bit frames."""
    size = frames * _FRAME_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1,
        RATE_HZ, RATE_HZ * _FRAME_BYTES, _FRAME_BYTES, 16, b"data", size,
    )  # fmt: skip


class WavWriter:
    """A WAV file that is valid at any moment, give or take its last second."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("wb")
        self._patched_at = 0
        self.frames = 0
        self._file.write(wav_header(0))

    def append(self, block: Frames) -> None:
        """Put frames at the end."""
        self._file.write(block.astype("<i2").tobytes())
        self.frames += len(block)
        if self.frames - self._patched_at >= RATE_HZ:
            self._patch()

    def pad_to(self, frames: int) -> None:
        """Silence up to this length."""
        while self.frames < frames:
            self.append(np.zeros(min(RATE_HZ, frames - self.frames), dtype=np.int16))

    def cut_to(self, frames: int) -> None:
        """Take back what never left the card."""
        if frames < self.frames:
            self.frames = frames
            self._file.truncate(HEADER_BYTES + frames * _FRAME_BYTES)
            self._patch()

    def close(self) -> None:
        """Final header."""
        self._patch()
        self._file.close()

    def _patch(self) -> None:
        self._file.seek(0)
        self._file.write(wav_header(self.frames))
        self._file.seek(HEADER_BYTES + self.frames * _FRAME_BYTES)
        self._file.flush()
        self._patched_at = self.frames


class FileSink:
    """A virtual card with a recorder on its output."""

    def __init__(self, path: Path, *, seed: int = 0, clock: Clock | None = None) -> None:
        self._path = path
        self._clock = clock or SystemClock()
        self.card = VirtualCard(seed=seed, clock=clock)
        self._wav: WavWriter | None = None
        self._wav_first_ns = 0
        self._stream_number = 0
        self._stream_offset = 0

    @property
    def buffer_frames(self) -> int:
        """See Sink."""
        return self.card.buffer_frames

    @property
    def coarse_frames(self) -> int:
        """See Sink."""
        return self.card.coarse_frames

    def open(self) -> None:
        """See Sink; a folder that cannot be written is a missing device."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._delete_oldest()
        except OSError as error:
            raise DeviceMissingError(f"{self._path.parent}: {error}") from error
        self.card.open()

    def close(self) -> None:
        """See Sink."""
        self._take_back_unheard()
        self.card.close()
        if self._wav is not None:
            self._wav.close()
            self._wav = None

    def drop(self) -> None:
        """See Sink."""
        self._take_back_unheard()
        self.card.drop()

    def write(self, block: Frames) -> int:
        """See Sink."""
        taken = self.card.write(block)
        try:
            self._record(block[:taken])
        except OSError as error:
            raise DeviceMissingError(f"{self._path}: {error}") from error
        return taken

    def position(self) -> Position:
        """See Sink."""
        return self.card.position()

    def instant_of(self, frame: int) -> int | None:
        """See Sink."""
        return self.card.instant_of(frame)

    def _record(self, block: Frames) -> None:
        first_ns = self.card.instant_of(0)
        if first_ns is None or not len(block):
            return
        if self._wav is None:
            self._begin_file(first_ns)
        assert self._wav is not None  # noqa: S101 - narrows for the type checker only
        if self.card.stream_number != self._stream_number:
            self._stream_number = self.card.stream_number
            offset = round((first_ns - self._wav_first_ns) * self.card.rate_hz / _S)
            self._wav.pad_to(offset)
            self._stream_offset = self._wav.frames
        self._wav.append(block)

    def _begin_file(self, first_ns: int) -> None:
        wall_ns = first_ns + wall.offset_ns(self._clock)
        opened_at = datetime.fromtimestamp(wall_ns / _S, UTC)
        stem = f"{self._path.stem}-{opened_at:%Y%m%dT%H%M%S.%f}Z"
        wav_path = self._path.with_name(f"{stem}.wav")
        note = {
            "opened_at": opened_at.isoformat(),
            "opened_unix_ns": wall_ns,
            "rate_hz": self.card.rate_hz,
            "nominal_rate_hz": RATE_HZ,
            "rate_error_ppm": self.card.rate_error_ppm,
        }
        wav_path.with_suffix(".json").write_text(json.dumps(note, indent=1), encoding="utf-8")
        self._wav = WavWriter(wav_path)
        self._wav_first_ns = first_ns
        logger.info("recording begins file=%s", wav_path.name)

    def _take_back_unheard(self) -> None:
        if self._wav is not None and self.card.instant_of(0) is not None:
            self._wav.cut_to(self._stream_offset + self.card.consumed())

    def _delete_oldest(self) -> None:
        recordings = sorted(self._path.parent.glob(f"{self._path.stem}-*.wav"))
        for old in recordings[: -KEPT_FILES + 1]:
            old.unlink(missing_ok=True)
            old.with_suffix(".json").unlink(missing_ok=True)
