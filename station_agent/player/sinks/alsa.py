"""A real sound card through alsa-lib (pyalsaaudio >= 0.11, the `alsa` extra)."""

from __future__ import annotations

import importlib
import logging
import math
import time
from typing import Any

from station_agent.player.port import (
    RATE_HZ,
    Clock,
    DeviceMissingError,
    Frames,
    Position,
    SystemClock,
    UnderrunError,
)

logger = logging.getLogger(__name__)

_PERIOD_FRAMES = 512
_PERIODS = 80
_BROKEN_PIPE = -32


class AlsaSink:
    """One PCM, opened non-blocking; its position is what was written minus what it still queues."""

    def __init__(self, device: str = "default", *, clock: Clock | None = None) -> None:
        self._device = device
        self._clock = clock or SystemClock()
        self._alsa: Any = None
        self._pcm: Any = None
        self._written = 0
        self.buffer_frames = _PERIOD_FRAMES * _PERIODS
        self.coarse_frames = _PERIOD_FRAMES

    def open(self) -> None:
        """See Sink."""
        self.close()
        try:
            self._alsa = importlib.import_module("alsaaudio")
        except ImportError as error:
            raise DeviceMissingError("pyalsaaudio is not installed (extra `alsa`)") from error
        try:
            self._pcm = self._alsa.PCM(
                type=self._alsa.PCM_PLAYBACK,
                mode=self._alsa.PCM_NONBLOCK,
                rate=RATE_HZ,
                channels=1,
                format=self._alsa.PCM_FORMAT_S16_LE,
                periodsize=_PERIOD_FRAMES,
                periods=_PERIODS,
                device=self._device,
            )
        except self._alsa.ALSAAudioError as error:
            raise DeviceMissingError(f"{self._device}: {error}") from error
        self._learn_shape()

    def _learn_shape(self) -> None:
        shape = self._pcm.info()
        if shape["rate"] != RATE_HZ:
            self.close()
            raise DeviceMissingError(f"{self._device} runs at {shape['rate']} Hz, not {RATE_HZ}")
        self.buffer_frames = int(shape["buffer_size"])
        self.coarse_frames = int(shape["period_size"])
        self._written = 0

    def close(self) -> None:
        """See Sink."""
        if self._pcm is None:
            return
        try:
            self._pcm.drop()
            self._pcm.close()
        except self._alsa.ALSAAudioError as error:
            logger.warning("sound device did not close device=%s: %s", self._device, error)
        self._pcm = None

    def write(self, block: Frames) -> int:
        """See Sink."""
        taken = int(self._ask("write", block.astype("<i2").tobytes()))
        if taken == _BROKEN_PIPE:
            self._written = 0
            raise UnderrunError
        if taken < 0:
            raise DeviceMissingError(f"{self._device}: write gave {taken}")
        if not self._written:
            self._learn_grain(taken)
        self._written += taken
        return taken

    def position(self) -> Position:
        """See Sink. A card that ran dry has consumed everything; the next write says so."""
        before = self._clock.monotonic_ns()
        free = self._free_frames()
        return Position(
            max(0, self._written - (self.buffer_frames - free)),
            before,
            self._clock.monotonic_ns(),
        )

    def drop(self) -> None:
        """See Sink."""
        self._ask("drop")
        self._written = 0

    def instant_of(self, _frame: int) -> int | None:
        """ALSA counts no instants: the engine's own estimate is used."""
        return None

    def _free_frames(self) -> int:
        if self._ask("state") == self._alsa.PCM_STATE_XRUN:
            return self.buffer_frames
        free = int(self._ask("avail"))
        return self.buffer_frames if free < 0 else min(free, self.buffer_frames)

    def _learn_grain(self, just_written: int) -> None:
        """How far the position moves at a time: fine on an I2S board, a period on others."""
        grain = 0
        last = self._free_frames()
        until = time.monotonic() + 3 * _PERIOD_FRAMES / RATE_HZ
        while just_written > 4 * _PERIOD_FRAMES and time.monotonic() < until:
            time.sleep(0.0005)
            free = self._free_frames()
            if free > last:
                grain = math.gcd(grain, free - last)
            last = free
        if grain:
            self.coarse_frames = min(self.coarse_frames, grain)

    def _ask(self, what: str, *arguments: object) -> Any:
        if self._pcm is None:
            raise DeviceMissingError(f"{self._device} is closed")
        try:
            return getattr(self._pcm, what)(*arguments)
        except self._alsa.ALSAAudioError as error:
            raise DeviceMissingError(f"{self._device}: {error}") from error
