"""Sound files for a player, and reading what its file sink wrote."""

from __future__ import annotations

import hashlib
import json
import wave
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

RATE_HZ = 48_000
Samples = npt.NDArray[np.float64]


def write_opus(folder: Path, samples: npt.NDArray[np.float32]) -> tuple[Path, str]:
    """A mono 48 kHz Opus file named by its hash, and that hash."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "encoding.opus"
    whole = (np.clip(samples, -1, 1) * 32_767).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libopus", rate=RATE_HZ)
        stream.layout = "mono"
        stream.bit_rate = 32_000
        for at in range(0, len(whole), 960):
            frame = av.AudioFrame.from_ndarray(whole[None, at : at + 960], "s16", "mono")
            frame.sample_rate = RATE_HZ
            frame.pts = at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return path.rename(folder / sha256), sha256


@dataclass(frozen=True)
class Recording:
    """A WAV of the file sink on its wall-clock line."""

    samples: Samples
    opened_at: datetime
    rate_hz: float

    @classmethod
    def read(cls, wav: Path) -> Recording:
        """The file and its note."""
        with wave.open(str(wav), "rb") as file:
            assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
            raw = file.readframes(file.getnframes())
        note = json.loads(wav.with_suffix(".json").read_text(encoding="utf-8"))
        samples = np.frombuffer(raw, dtype="<i2").astype(np.float64) / 32_768
        return cls(samples, datetime.fromisoformat(note["opened_at"]), note["rate_hz"])

    def instant_of(self, frame: int) -> datetime:
        """When this frame left the card."""
        return (self.opened_at + timedelta(seconds=frame / self.rate_hz)).astimezone(UTC)

    def find(self, sound: npt.NDArray[np.float32]) -> tuple[int, float]:
        """The frame at which `sound` begins, and how like it what is there is (1: the same)."""
        size = 1 << (len(self.samples) + len(sound)).bit_length()
        spectrum = np.fft.rfft(self.samples, size) * np.conj(np.fft.rfft(sound, size))
        match = np.fft.irfft(spectrum, size)
        at = int(np.argmax(match[: len(self.samples)]))
        there = self.samples[at : at + len(sound)]
        likeness = float(np.dot(there, sound[: len(there)]))
        return at, likeness / float(np.linalg.norm(there) * np.linalg.norm(sound) + 1e-12)
