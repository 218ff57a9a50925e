"""A waveform as the points of an SVG path; pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

WIDTH, HEIGHT = 900, 104
BARS = 150
_HIGHEST = 48.0
_LOWEST = 0.7


def path(waveform: Sequence[int], bars: int = BARS) -> str:
    """Vertical bars around the middle line, as high as the loudest is full height."""
    heights = _bars(waveform, bars)
    if not heights:
        return ""
    scale = _HIGHEST / max(1, max(heights))
    step = WIDTH / len(heights)
    return "".join(
        _bar((index + 0.5) * step, max(_LOWEST, height * scale))
        for index, height in enumerate(heights)
    )


def place(at_ms: int, duration_ms: int) -> float:
    """Where an instant of the sound lies on the picture."""
    return round(WIDTH * min(1.0, at_ms / max(1, duration_ms)), 1)


def _bar(x: float, half: float) -> str:
    middle = HEIGHT / 2
    return f"M{x:g} {middle - half:.1f}V{middle + half:.1f}"


def _bars(waveform: Sequence[int], bars: int) -> list[int]:
    count = min(bars, len(waveform))
    edges = [index * len(waveform) // count for index in range(count + 1)] if count else []
    return [max(waveform[low:high]) for low, high in pairwise(edges)]
