"""Loudness of finished pieces: the encoded file as a station will play it, and short samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audio_library import ffmpeg
from audio_library.errors import ToolFailedError
from audio_library.levels import SAMPLE_RATE_HZ
from audio_library.loudness import MEASURE, MEASURE_WITH_PEAK, Loudness, parse_summary

# R128 looks at blocks of 400 ms: shorter sounds give nothing at all, and those of a few blocks
# depend on where they end. They are measured repeated, which changes no loudness.
REPEATED_BELOW_MS = 3_000
_REPETITIONS = 99
_RAW_INPUT = ("-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1")


def measure_encoded(path: Path, duration_ms: int) -> Loudness:
    """Decode the file and return its loudness and true peak."""
    return _measure((), path, duration_ms, MEASURE_WITH_PEAK)


def measure_samples(path: Path, duration_ms: int) -> Loudness:
    """Return the loudness of 16-bit mono samples on disk."""
    return _measure(_RAW_INPUT, path, duration_ms, MEASURE)


def _measure(kind: Sequence[str], path: Path, duration_ms: int, meter: str) -> Loudness:
    repeat = f"aloop=loop={_repetitions(duration_ms)}:size={SAMPLE_RATE_HZ * 4},"
    filters = meter if duration_ms >= REPEATED_BELOW_MS else repeat + meter
    source = ["-nostdin", *ffmpeg.ONE_THREAD, *kind, "-i", f"file:{path}"]
    exit_code, messages = ffmpeg.run([*source, "-af", filters, "-f", "null", "-"], reads=(path,))
    if exit_code != 0:
        raise ToolFailedError("our own file unreadable", exit_code=exit_code, stderr=messages)
    return parse_summary(messages)


def _repetitions(duration_ms: int) -> int:
    return min(_REPETITIONS, REPEATED_BELOW_MS // max(1, duration_ms))
