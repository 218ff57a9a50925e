"""Peaks of a whole sound for the eye."""

from __future__ import annotations

import numpy as np

from audio_library.levels import SAMPLE_RATE_HZ, Pcm

POINTS = 400
_FINE = SAMPLE_RATE_HZ // 100  # 10 ms: 0.7 MB of notes for an hour


class WaveformMeter:
    """Feed 16-bit samples in order; gives up to 400 peaks of equal length, 0 to 100."""

    def __init__(self) -> None:
        self._rest: Pcm = np.zeros(0, dtype=np.int16)
        self._peaks: list[Pcm] = []

    def feed(self, samples: Pcm) -> None:
        joined = np.concatenate((self._rest, samples))
        whole = len(joined) // _FINE * _FINE
        blocks = joined[:whole].reshape(-1, _FINE)
        self._peaks.append(np.maximum(blocks.max(axis=1), -(blocks.min(axis=1) + 1)))
        self._rest = joined[whole:]

    def finish(self) -> tuple[int, ...]:
        if len(self._rest):
            self.feed(np.zeros(_FINE - len(self._rest), dtype=np.int16))
        peaks = np.concatenate((np.zeros(0, dtype=np.int16), *self._peaks))
        if not len(peaks):
            return ()
        points = min(POINTS, len(peaks))
        starts = np.arange(points) * len(peaks) // points
        highest = np.maximum.reduceat(peaks, starts).astype(np.int64)
        return tuple(int(value) for value in (highest * 100 + 16383) // 32767)
