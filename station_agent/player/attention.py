"""The attention signal: two tones a fourth apart, in turn, made by arithmetic.

It goes before an emergency, so it needs no file, no disk and no decoder. Every 400 ms hold whole
cycles of either tone: the change falls on a zero and does not click. Two overtones carry it through
the horn loudspeakers, which give little below 500 Hz. It is as loud as any bulletin (-16 LUFS).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from station_agent.player.port import RATE_HZ, Frames

PITCHES_HZ = (720.0, 960.0)
_OVERTONES = ((1, 1.0), (2, 0.35), (3, 0.2))
_PART_FRAMES = RATE_HZ * 2 // 5
_RAMP_FRAMES = RATE_HZ // 200
_AMPLITUDE = 6_800


def attention_signal(duration_ms: int) -> Frames:
    """So much of the signal, with soft ends; not a zero frame before the first."""
    count = duration_ms * RATE_HZ // 1000
    wave = np.resize(_both_tones(), count)
    ramp = np.arange(1, min(_RAMP_FRAMES, count) + 1) / _RAMP_FRAMES
    wave[: len(ramp)] *= ramp
    wave[count - len(ramp) :] *= ramp[::-1]
    ready: Frames = np.rint(wave).astype(np.int16)
    return ready


@cache
def _both_tones() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    turns = np.arange(1, _PART_FRAMES + 1) * (2 * np.pi / RATE_HZ)
    return np.concatenate(
        [
            _AMPLITUDE * sum(share * np.sin(turns * pitch_hz * n) for n, share in _OVERTONES)
            for pitch_hz in PITCHES_HZ
        ]
    )
