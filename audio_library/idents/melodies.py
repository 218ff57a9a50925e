"""The theme and the sign-off: plucked strings in a pentatonic scale, computed sample by sample.

Both tunes are our own. The notes lie between 440 Hz and 1.5 kHz, their partials below 3.7 kHz:
inside what a re-entrant horn passes. Deterministic: the same samples on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from audio_library.idents.bells import SAMPLE_RATE_HZ

_BEAT_S = 0.3
_HIGHEST_HZ = 3_700.0
_PLUCK_S = 0.004
_FADE_S = 0.8
_PEAK = 16_384

# A4 pentatonic (A B D E F#), as (steps of the scale above A4, beats); None is a rest.
_SCALE_HZ = (440.00, 493.88, 587.33, 659.26, 739.99)
_Note = tuple[int | None, int]
_THEME: tuple[_Note, ...] = (
    (2, 1), (4, 1), (5, 2), (4, 1), (3, 1), (2, 2),
    (3, 1), (5, 1), (7, 2), (6, 1), (5, 1), (7, 4),
)  # fmt: skip
_CLOSING: tuple[_Note, ...] = ((7, 1), (6, 1), (5, 2), (3, 1), (4, 1), (2, 2), (None, 1), (0, 5))


def theme() -> npt.NDArray[np.int16]:
    """Return the theme before a programme as 16-bit mono samples at 48 kHz, about 7 s."""
    return _played(_THEME)


def closing() -> npt.NDArray[np.int16]:
    """Return the sign-off behind a programme as 16-bit mono samples at 48 kHz, about 5 s."""
    return _played(_CLOSING)


def _played(tune: Sequence[_Note]) -> npt.NDArray[np.int16]:
    total = round(SAMPLE_RATE_HZ * (_BEAT_S * sum(beats for _step, beats in tune) + _FADE_S))
    mix = np.zeros(total)
    at_s = 0.0
    for step, beats in tune:
        if step is not None:
            first = round(at_s * SAMPLE_RATE_HZ)
            mix[first:] += _pluck(_pitch_hz(step), total - first)
        at_s += beats * _BEAT_S
    fade = round(SAMPLE_RATE_HZ * _FADE_S)
    mix[-fade:] *= np.linspace(1.0, 0.0, fade)
    samples: npt.NDArray[np.int16] = np.round(mix / np.abs(mix).max() * _PEAK).astype(np.int16)
    return samples


def _pitch_hz(step: int) -> float:
    octave, degree = divmod(step, len(_SCALE_HZ))
    return _SCALE_HZ[degree] * 2.0**octave


def _pluck(note_hz: float, length: int) -> npt.NDArray[np.float64]:
    """A string plucked near its end: partials as 1/n, the higher ones fading sooner."""
    seconds = np.arange(length) / SAMPLE_RATE_HZ
    tone = np.zeros(length)
    partial = 1
    while note_hz * partial <= _HIGHEST_HZ:
        decay_s = 0.9 / (1 + 0.5 * partial)
        tone += (
            np.exp(-seconds / decay_s) * np.sin(2 * np.pi * note_hz * partial * seconds) / partial
        )
        partial += 1
    return tone * np.minimum(1.0, seconds / _PLUCK_S)
