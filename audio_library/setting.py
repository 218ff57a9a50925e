"""The one gain and the limiter's ceiling, chosen so that the first encoding is usually right."""

from __future__ import annotations

from dataclasses import dataclass

from audio_library.levels import Levels
from audio_library.loudness import (
    TARGET_LUFS,
    TOLERANCE_LU,
    TRUE_PEAK_CEILING_DBTP,
    Loudness,
)

_FIRST_CEILING_DB = -3.0  # sample peaks before Opus; 32 kbit/s adds up to 2 dB to them
_CODEC_LOSS_DB = 0.3  # what 32 kbit/s Opus takes from a voice, measured
_PEAK_MARGIN_DB = 0.2
_MAX_STEP_DB = 6.0
_WORTH_A_TRY_LU = 0.5
_MAX_GAIN_DB = 50.0


@dataclass(frozen=True, slots=True)
class Setting:
    """Gain before the limiter, and the highest sample after it, both in decibels."""

    gain_db: float
    ceiling_db: float


def first_setting(loudness_lufs: float, levels: Levels) -> Setting:
    """Return the gain to the target plus what limiter and codec will take away again."""
    plain_db = TARGET_LUFS - loudness_lufs + _CODEC_LOSS_DB
    gain_db = plain_db
    for _ in range(8):
        gain_db = plain_db + min(_MAX_STEP_DB, levels.limiter_loss_db(gain_db, _FIRST_CEILING_DB))
    return Setting(min(gain_db, _MAX_GAIN_DB), _FIRST_CEILING_DB)


def is_safe(heard: Loudness) -> bool:
    return heard.true_peak_dbtp <= TRUE_PEAK_CEILING_DBTP


def is_good(heard: Loudness) -> bool:
    return is_safe(heard) and abs(heard.integrated_lufs - TARGET_LUFS) <= TOLERANCE_LU


def is_no_better(before: Loudness, heard: Loudness) -> bool:
    """True if another try is not worth its processor time: the last one brought next to nothing."""
    gained_lu = abs(before.integrated_lufs - TARGET_LUFS) - abs(heard.integrated_lufs - TARGET_LUFS)
    return gained_lu < _WORTH_A_TRY_LU


def corrected(setting: Setting, heard: Loudness, *, only_peaks: bool = False) -> Setting:
    """Return the next setting to try after this result.

    Too quiet with room above the peaks: the ceiling goes up too, for more gain alone would only
    be limited away. `only_peaks`: loudness is given up, the peaks must come under the ceiling.
    """
    room_db = TRUE_PEAK_CEILING_DBTP - heard.true_peak_dbtp - _PEAK_MARGIN_DB
    missing_db = TARGET_LUFS - heard.integrated_lufs
    if only_peaks:
        return Setting(setting.gain_db, setting.ceiling_db + min(0.0, room_db - _PEAK_MARGIN_DB))
    step_db = max(-_MAX_STEP_DB, min(_MAX_STEP_DB, missing_db * (1.5 if missing_db > 0 else 1.0)))
    ceiling_step_db = min(room_db, max(0.0, missing_db)) if room_db > 0 else room_db
    return Setting(
        min(setting.gain_db + step_db, _MAX_GAIN_DB), setting.ceiling_db + ceiling_step_db
    )
