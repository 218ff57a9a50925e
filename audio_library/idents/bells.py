"""A chime of three bell tones, rising: D5, A5, D6. Synthesised here, sample by sample.

The partials of each tone lie between 587 Hz and 3.6 kHz, inside what a re-entrant horn passes;
lower ones would only move the diaphragm. Deterministic: the same samples on every machine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 48_000
DURATION_MS = 1_900

_NOTES_HZ = (587.33, 880.00, 1174.66)
_STARTS_S = (0.0, 0.34, 0.68)
# Ratio to the note, share of the amplitude, time to fall to 1/e: octave, twelfth and a slightly
# stretched fourth partial, higher ones fading first as in a struck bar.
_PARTIALS = ((1.0, 1.0, 0.55), (2.0, 0.42, 0.34), (3.01, 0.16, 0.16), (4.2, 0.05, 0.08))
_STRIKE_S = 0.006
_HIGHEST_HZ = 3_700.0


def _strike(note_hz: float, length: int) -> npt.NDArray[np.float64]:
    seconds = np.arange(length) / SAMPLE_RATE_HZ
    tone = np.zeros(length)
    for ratio, share, decay_s in _PARTIALS:
        if note_hz * ratio <= _HIGHEST_HZ:
            tone += (
                share * np.exp(-seconds / decay_s) * np.sin(2 * np.pi * note_hz * ratio * seconds)
            )
    return tone * np.minimum(1.0, seconds / _STRIKE_S)


def three_bells() -> npt.NDArray[np.int16]:
    """Return the chime as 16-bit mono samples at 48 kHz, its highest at half of full scale."""
    total = SAMPLE_RATE_HZ * DURATION_MS // 1000
    mix = np.zeros(total)
    for note_hz, start_s in zip(_NOTES_HZ, _STARTS_S, strict=True):
        first = round(start_s * SAMPLE_RATE_HZ)
        mix[first:] += _strike(note_hz, total - first)
    samples: npt.NDArray[np.int16] = np.round(mix / np.abs(mix).max() * 16384).astype(np.int16)
    return samples
