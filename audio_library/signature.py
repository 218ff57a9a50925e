"""Our own signature sounds as broadcast sound: theme, chime and sign-off."""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from audio_library.idents import bells, melodies
from audio_library.ingest import IngestResult, ingest
from audio_library.levels import Pcm

NAMES: dict[str, Callable[[], Pcm]] = {
    "theme": melodies.theme,
    "chime": bells.three_bells,
    "closing": melodies.closing,
}
"""Each sound by its name: 16-bit mono samples at 48 kHz."""


def signature(name: str, *, workdir: Path) -> IngestResult:
    """Make the sound of this name as loud as any bulletin, in `workdir`. KeyError for no such."""
    samples = NAMES[name]()
    with tempfile.TemporaryDirectory(dir=workdir, prefix="ours-") as scratch:
        source = Path(scratch) / f"{name}.wav"
        with wave.open(str(source), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(bells.SAMPLE_RATE_HZ)
            file.writeframes(samples.astype(np.dtype("<i2")).tobytes())
        return ingest(source, workdir=workdir, chime=False)
