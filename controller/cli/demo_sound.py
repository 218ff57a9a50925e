"""The sound of the demo's bulletin: a short melody of bells, made here note by note."""

from __future__ import annotations

import io
import wave

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 48_000
NOTE_S = 0.42
RING_S = 1.6

# Five tones of the pentatonic scale on G, in phrases of eight; 0 is a rest. Our own, so that
# nobody's rights are touched and nobody mistakes it for a real notice.
_SCALE_HZ = (0.0, 587.33, 659.26, 783.99, 880.0, 987.77, 1174.66)
_MELODY = (
    (3, 4, 5, 4, 3, 2, 1, 0),
    (1, 2, 3, 5, 4, 3, 2, 0),
    (3, 4, 5, 6, 5, 4, 3, 0),
    (5, 4, 3, 2, 1, 2, 3, 0),
)


def melody_wav() -> bytes:
    """About 15 s of melody as a 16-bit mono WAV file. The same bytes on every machine."""
    samples = _melody()
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes(np.round(samples * 16_384).astype("<i2").tobytes())
    return file.getvalue()


def _melody() -> npt.NDArray[np.float64]:
    notes = [note for phrase in _MELODY for note in phrase]
    step = round(NOTE_S * SAMPLE_RATE_HZ)
    ring = round(RING_S * SAMPLE_RATE_HZ)
    mix = np.zeros(step * len(notes) + ring)
    for position, note in enumerate(notes):
        if note:
            mix[position * step : position * step + ring] += _bell(_SCALE_HZ[note], ring)
    loudest: npt.NDArray[np.float64] = mix / np.abs(mix).max()
    return loudest


def _bell(note_hz: float, length: int) -> npt.NDArray[np.float64]:
    seconds = np.arange(length) / SAMPLE_RATE_HZ
    tone = np.zeros(length)
    for ratio, share, decay_s in ((1.0, 1.0, 0.5), (2.0, 0.35, 0.3), (3.0, 0.12, 0.15)):
        tone += share * np.exp(-seconds / decay_s) * np.sin(2 * np.pi * note_hz * ratio * seconds)
    # Struck within 8 ms, silent at the end: no click at either.
    return tone * np.minimum(1.0, seconds / 0.008) * np.minimum(1.0, (RING_S - seconds) / 0.1)
