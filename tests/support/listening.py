"""What a station's file sink recorded: where a sound lies in it, how loud it is, and when."""

from __future__ import annotations

import json
import re
import subprocess
import wave
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from audio_library import ffmpeg

Samples = npt.NDArray[np.float32]
RATE_HZ = 48_000


@dataclass(frozen=True, slots=True)
class Recording:
    """One opening of the device: sample k left the card at `opened_at + k / rate_hz`."""

    path: Path
    opened_at: datetime
    rate_hz: float
    samples: Samples

    def instant(self, sample: float) -> datetime:
        """When this sample left the card."""
        return self.opened_at + timedelta(seconds=sample / self.rate_hz)

    def part(self, first: int, last: int) -> Samples:
        """The samples between two positions."""
        return self.samples[max(first, 0) : last]


def recordings(folder: Path) -> list[Recording]:
    """Every recording in a folder, in the order in which the device was opened."""
    found = []
    for notes in sorted(folder.rglob("*.json")):
        sound = notes.with_suffix(".wav")
        if sound.exists():
            facts = json.loads(notes.read_text(encoding="utf-8"))
            found.append(
                Recording(
                    sound,
                    datetime.fromisoformat(facts["opened_at"]),
                    float(facts["rate_hz"]),
                    _wav(sound),
                )
            )
    return sorted(found, key=lambda recording: recording.opened_at)


def loudness_lufs(samples: Samples) -> float:
    """Integrated loudness by EBU R 128, as ffmpeg measures it."""
    command = [
        str(ffmpeg.executable()),
        *("-nostdin", "-f", "f32le", "-ac", "1", "-ar", str(RATE_HZ), "-i", "-"),
        *("-af", "ebur128=framelog=verbose", "-f", "null", "-"),
    ]
    heard = subprocess.run(
        command, input=samples.astype(np.float32).tobytes(), check=True, capture_output=True
    ).stderr.decode()
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", heard)[-1])


def _wav(path: Path) -> Samples:
    with wave.open(str(path), "rb") as sound:
        raw = sound.readframes(sound.getnframes())
    return np.frombuffer(raw, "<i2").astype(np.float32) / 32768
