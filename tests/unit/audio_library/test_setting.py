from __future__ import annotations

import numpy as np

from audio_library.levels import LevelMeter, Levels
from audio_library.loudness import Loudness
from audio_library.setting import Setting, corrected, first_setting, is_good, is_no_better, is_safe
from tests.support.sound import tone


def levels_at(level: float) -> Levels:
    meter = LevelMeter(16384)
    meter.feed(np.rint(tone(1, level=level, rate_hz=48_000) * 16384).astype("<i2"))
    return meter.finish()


def test_the_gain_leads_to_the_target() -> None:
    setting = first_setting(-30.0, levels_at(0.03))
    assert 14.0 <= setting.gain_db <= 14.6


def test_what_the_limiter_will_take_is_added_beforehand() -> None:
    assert (
        first_setting(-20.0, levels_at(0.9)).gain_db > first_setting(-20.0, levels_at(0.1)).gain_db
    )


def test_noise_is_not_lifted_without_end() -> None:
    assert first_setting(-100.0, levels_at(0.0001)).gain_db <= 50.0


def test_a_result_is_good_only_within_half_a_unit_and_under_the_peak() -> None:
    assert is_good(Loudness(-16.4, -1.0))
    assert not is_good(Loudness(-16.6, -1.5))
    assert not is_good(Loudness(-16.0, -0.9))
    assert not is_safe(Loudness(-30.0, -0.9))


def test_a_peak_too_high_lowers_the_ceiling() -> None:
    after = corrected(Setting(5.0, -3.0), Loudness(-16.0, 0.2))
    assert after.ceiling_db < -4.2
    assert after.gain_db == 5.0


def test_too_quiet_with_room_above_raises_both() -> None:
    after = corrected(Setting(5.0, -3.0), Loudness(-17.0, -2.5))
    assert after.gain_db > 6.0
    assert -3.0 < after.ceiling_db < -1.6


def test_when_only_peaks_matter_the_gain_stays() -> None:
    after = corrected(Setting(5.0, -3.0), Loudness(-20.0, -0.5), only_peaks=True)
    assert after == Setting(5.0, -3.9)


def test_a_try_that_brought_nothing_is_the_last() -> None:
    assert is_no_better(Loudness(-25.0), Loudness(-24.8))
    assert not is_no_better(Loudness(-25.0), Loudness(-20.0))
