"""The attention signal: two tones a fourth apart, in turn, made by arithmetic.

It goes before an emergency, so it needs no file, no disk and no decoder. Every 400 ms hold whole
cycles of either tone: the change falls on a zero and does not click. Two overtones carry it through
the horn loudspeakers, which give little below 500 Hz. It is as loud as any bulletin (-16 LUFS).

The drill signal is one lower tone with silence between: nobody takes the one for the other.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from station_agent.player.port import RATE_HZ, Frames

PITCHES_HZ = (720.0, 960.0)
DRILL_PITCHES_HZ = (520.0, 0.0)
_OVERTONES = ((1, 1.0), (2, 0.35), (3, 0.2))
_PART_FRAMES = RATE_HZ * 2 // 5
_RAMP_FRAMES = RATE_HZ // 200
_AMPLITUDE = 6_400


@cache
def signal_cycle(*, is_drill: bool = False) -> Frames:
    """Both tones once, or the drill's tone and silence: 800 ms that can be repeated without a seam.

    Made once, then in memory.
    """
    turns = np.arange(1, _PART_FRAMES + 1) * (2 * np.pi / RATE_HZ)
    tones = [
        sum(share * np.sin(turns * pitch_hz * overtone) for overtone, share in _OVERTONES)
        for pitch_hz in (DRILL_PITCHES_HZ if is_drill else PITCHES_HZ)
    ]
    cycle: Frames = np.rint(_AMPLITUDE * np.concatenate(tones)).astype(np.int16)
    cycle.setflags(write=False)
    return cycle


class AttentionSource:
    """So much of the signal, softly begun and ended; nothing of it is computed while it sounds."""

    def __init__(self, duration_ms: int, *, is_drill: bool = False) -> None:
        self._cycle = signal_cycle(is_drill=is_drill)
        self._count = duration_ms * RATE_HZ // 1000
        self._at = 0

    def read(self, count: int) -> Frames:
        """See Source."""
        cycle = self._cycle
        begin = self._at % len(cycle)
        block = cycle[begin : begin + min(count, self._count - self._at)]
        self._at += len(block)
        return self._softened(block, self._at - len(block))

    def _softened(self, block: Frames, first: int) -> Frames:
        """The block, which is the signal from frame `first` on, with its share of both ramps."""
        rising, falling = _RAMP_FRAMES - first, self._at - (self._count - _RAMP_FRAMES)
        if rising <= 0 and falling <= 0:
            return block
        soft = block.copy()
        if rising > 0:
            head = soft[:rising]
            head[:] = np.rint(head * (np.arange(first + 1, first + 1 + len(head)) / _RAMP_FRAMES))
        if falling > 0:
            tail = soft[-falling:]
            left = self._count - self._at + 1
            tail[:] = np.rint(tail * (np.arange(left, left + len(tail))[::-1] / _RAMP_FRAMES))
        return soft

    def decode_ahead(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""
