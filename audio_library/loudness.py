"""EBU R128 figures as ffmpeg's ebur128 filter prints them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf, isnan

from audio_library.errors import ToolFailedError

TARGET_LUFS = -16.0
TOLERANCE_LU = 0.5
TRUE_PEAK_CEILING_DBTP = -1.0
SILENT_LUFS = -70.0  # the absolute gate of ITU-R BS.1770: what ffmpeg prints for no signal

# "quiet" keeps the summary and drops the line per 100 ms. The true peak costs as much again.
MEASURE = "ebur128=framelog=quiet"
MEASURE_WITH_PEAK = "ebur128=framelog=quiet:peak=true"

_INTEGRATED = re.compile(r"^\s+I:\s+(-?(?:\d+\.\d+|inf|nan)) LUFS\s*$", re.MULTILINE)
_RANGE = re.compile(r"^\s+LRA:\s+(\d+\.\d+) LU\s*$", re.MULTILINE)
_PEAK = re.compile(r"^\s+Peak:\s+(-?(?:\d+\.\d+|inf|nan)) dBFS\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Loudness:
    """Integrated loudness (-70: none), true peak (-inf: silence, or not asked for) and loudness
    range in LU (EBU Tech 3342).
    """

    integrated_lufs: float
    true_peak_dbtp: float = -inf
    range_lu: float = 0.0


def parse_summary(messages: str) -> Loudness:
    """Read the summary ebur128 printed at the end of a run; the last one counts."""
    integrated = _INTEGRATED.findall(messages)
    if not integrated:
        raise ToolFailedError("ffmpeg printed no loudness", stderr=messages)
    peaks, ranges = _PEAK.findall(messages), _RANGE.findall(messages)
    lufs = float(integrated[-1])
    return Loudness(
        integrated_lufs=SILENT_LUFS if isnan(lufs) else max(lufs, SILENT_LUFS),
        true_peak_dbtp=float(peaks[-1]) if peaks else -inf,
        range_lu=float(ranges[-1]) if ranges else 0.0,
    )
