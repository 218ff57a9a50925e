"""Sound for the bulletins of the pictures: tones that rise and fall like a voice, made here."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np

from audio_library.speech.engine import GoOn

RATE_HZ = 16_000
SYLLABLE_S = 0.22


def spoken(seconds: float, *, silence_s: float = 0.0) -> bytes:
    """So much of it as a mono WAV file, behind so much silence."""
    count = round(seconds * RATE_HZ)
    at_s = np.arange(count) / RATE_HZ
    pitch_hz = 190 + 35 * np.sin(2 * np.pi * at_s / 2.7) + 12 * np.sin(2 * np.pi * at_s / 0.61)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    voice = sum(np.sin(phase * harmonic) / harmonic for harmonic in (1, 2, 3, 5))
    breath = np.clip(np.sin(np.pi * at_s / SYLLABLE_S), 0, None) ** 0.5
    pause = (np.mod(at_s, 5.3) < 4.8).astype(float)
    samples = np.concatenate([np.zeros(round(silence_s * RATE_HZ)), voice * breath * pause])
    loudest = max(1e-9, float(np.abs(samples).max()))
    return _wav((samples / loudest * 12_000).astype("<i2").tobytes())


def silence(seconds: float) -> bytes:
    """A file nobody can have meant to send."""
    return _wav(bytes(2 * round(seconds * RATE_HZ)))


def say(text: str, _voice: str, out: Path, go_on: GoOn) -> None:
    """Stands in for a speech engine, so that pictures need none: faster than anybody speaks."""
    go_on()
    out.write_bytes(spoken(max(2.0, len(text) / 40)))


def _wav(frames: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(frames)
    return file.getvalue()
