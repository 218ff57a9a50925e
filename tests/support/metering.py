"""Loudness and true peak by a run of ffmpeg's ebur128 of our own, apart from the library's."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.sound import run_ffmpeg


def metered(path: Path, *filters: str) -> tuple[float, float]:
    """Integrated loudness in LUFS, true peak in dBTP, of a file as it is decoded."""
    chain = ",".join([*filters, "ebur128=peak=true:framelog=quiet"])
    messages = run_ffmpeg("-i", str(path), "-af", chain, "-f", "null", "-")
    loudness = re.findall(r"I:\s+(-?[\d.]+) LUFS", messages)[-1]
    peak = re.findall(r"Peak:\s+(-?[\d.]+) dBFS", messages)[-1]
    return float(loudness), float(peak)
