"""A program of its own: speaks standard input with a sherpa-onnx voice into a WAV file.

    python -I -S sherpa_child.py PACKAGES MODEL_FOLDER SPEED OUT

A voice takes hundreds of megabytes, and its files come from elsewhere: they are read here and
nowhere else. Nothing of ours is imported, and nothing imports this.
"""

from __future__ import annotations

import importlib
import sys
import wave
from pathlib import Path


def speak(packages: str, folder: Path, speed: float, out: str) -> None:
    """Write what is spoken to `out`; SystemExit with a sentence when that cannot be done."""
    sys.path.append(packages)
    sherpa = importlib.import_module("sherpa_onnx")
    lexicon = folder / "lexicon.txt"
    voice = sherpa.OfflineTtsVitsModelConfig(
        model=str(folder / "model.onnx"),
        tokens=str(folder / "tokens.txt"),
        lexicon=str(lexicon) if lexicon.is_file() else "",
    )
    model = sherpa.OfflineTtsModelConfig(vits=voice, num_threads=1, provider="cpu")
    config = sherpa.OfflineTtsConfig(model=model)
    if not config.validate():
        raise SystemExit("the voice's files do not fit together")
    text = sys.stdin.buffer.read().decode()
    made = sherpa.OfflineTts(config).generate(text, sid=0, speed=speed)
    if not len(made.samples):
        raise SystemExit("the voice said nothing")
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(made.sample_rate)
        for first in range(0, len(made.samples), 65_536):
            part = made.samples[first : first + 65_536]
            whole = (round(32_767 * max(-1.0, min(1.0, sample))) for sample in part)
            file.writeframes(b"".join(each.to_bytes(2, "little", signed=True) for each in whole))


if __name__ == "__main__":
    packages, folder, speed, out = sys.argv[1:]
    speak(packages, Path(folder), float(speed), out)
