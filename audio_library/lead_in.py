"""What sounds before the voice: our own chime and a short pause, put together with pydub.

pydub holds whole sounds in memory and decodes through outside programs, so it is given only short
pieces of our own, as samples; uploads never come near it.
"""

from __future__ import annotations

from functools import lru_cache

from audio_library.idents import bells
from audio_library.segment import AudioSegment

PAD_MS = 40  # lets a just-opened amplifier settle before the first strike
PAUSE_MS = 300
_FADE_OUT_MS = 250
LEAD_IN_MS = PAD_MS + bells.DURATION_MS + PAUSE_MS

# Brings the chime to the loudness of the voice after it (-16 LUFS); a test measures it.
_GAIN_DB = 2.5


@lru_cache(maxsize=1)
def chime_pcm() -> bytes:
    """Return the lead-in as 16-bit mono samples at 48 kHz."""
    chime = AudioSegment(
        data=bells.three_bells().astype("<i2").tobytes(),
        sample_width=2,
        frame_rate=bells.SAMPLE_RATE_HZ,
        channels=1,
    )
    piece = (
        AudioSegment.silent(PAD_MS, frame_rate=bells.SAMPLE_RATE_HZ)
        + chime.apply_gain(_GAIN_DB).fade_out(_FADE_OUT_MS)
        + AudioSegment.silent(PAUSE_MS, frame_rate=bells.SAMPLE_RATE_HZ)
    )
    return bytes(piece.raw_data)
