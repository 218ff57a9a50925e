"""Sound files as the centre sends them, for a player under test."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

RATE_HZ = 48_000


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
