"""A streaming peak limiter: no sample leaves above the ceiling, and gain moves without clicks.

Gain is decided per block of 1 ms in decibels, falls ahead of a peak (look-ahead) and recovers at
a fixed slope after it; inside a block it is interpolated between values that are both allowed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Decibels = npt.NDArray[np.float64]

BLOCK = 48  # 1 ms at 48 kHz
_ATTACK_DB_PER_BLOCK = 2.0
_RELEASE_DB_PER_BLOCK = 0.2  # 200 dB a second: back before the next syllable
_LOOKAHEAD_BLOCKS = 32
_RAMP = (np.arange(BLOCK, dtype=np.float32) / BLOCK)[np.newaxis, :]
_NOTHING: Samples = np.zeros(0, dtype=np.float32)


class Limiter:
    """Feed samples in order, flush at the end; the output has the same number of samples."""

    def __init__(self, ceiling: float) -> None:
        """`ceiling` is linear: 1.0 is full scale."""
        self._ceiling_db = 20 * np.log10(ceiling)
        self._held: Samples = _NOTHING
        self._last_release_db = 0.0
        self._last_gain_db = 0.0

    def feed(self, samples: Samples) -> Samples:
        self._held = np.concatenate((self._held, samples))
        whole = len(self._held) // BLOCK
        return self._release(whole, max(0, whole - _LOOKAHEAD_BLOCKS))

    def flush(self) -> Samples:
        length = len(self._held)
        padding = -length % BLOCK
        self._held = np.concatenate((self._held, np.zeros(padding, dtype=np.float32)))
        blocks = len(self._held) // BLOCK
        return self._release(blocks, blocks)[:length]

    def _release(self, seen: int, ready: int) -> Samples:
        """Limit the first `ready` blocks, having looked at `seen` of them."""
        if ready == 0:
            return _NOTHING
        blocks = self._held[: seen * BLOCK].reshape(seen, BLOCK)
        allowed = _allowed_db(blocks, self._ceiling_db)
        recovering = _limit_rise(allowed, self._last_release_db, _RELEASE_DB_PER_BLOCK)
        gain_db = _limit_rise(recovering[::-1], 0.0, _ATTACK_DB_PER_BLOCK)[::-1]
        edges_db = np.minimum(
            np.concatenate(([self._last_gain_db], gain_db[:ready])),
            np.concatenate((gain_db[: ready + 1], [0.0]))[: ready + 1],
        )
        limited = _apply(blocks[:ready], edges_db)
        self._last_release_db = float(recovering[ready - 1])
        self._last_gain_db = float(gain_db[ready - 1])
        self._held = self._held[ready * BLOCK :]
        return limited


def _allowed_db(blocks: Samples, ceiling_db: float) -> Decibels:
    peaks = np.maximum(np.abs(blocks).max(axis=1).astype(np.float64), 1e-9)
    allowed: Decibels = np.minimum(0.0, ceiling_db - 20 * np.log10(peaks))
    return allowed


def _limit_rise(wanted: Decibels, before: float, slope: float) -> Decibels:
    """Return the highest curve under `wanted` rising by at most `slope` a step from `before`."""
    ramp = slope * np.arange(1, len(wanted) + 1)
    curve: Decibels = np.minimum(np.minimum.accumulate(wanted - ramp), before) + ramp
    return curve


def _apply(blocks: Samples, edges_db: Decibels) -> Samples:
    edges = (10 ** (edges_db / 20)).astype(np.float32)
    start, step = edges[:-1, np.newaxis], np.diff(edges)[:, np.newaxis]
    return np.multiply(blocks, start + step * _RAMP, dtype=np.float32).reshape(-1)
