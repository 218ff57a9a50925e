from __future__ import annotations

import numpy as np
import pytest

from audio_library.levels import LevelMeter, Levels
from audio_library.waveform import WaveformMeter
from tests.support.sound import silence, tone

FULL = 16384


def levels_of(samples: np.ndarray, chunk: int = 7000) -> Levels:
    meter = LevelMeter(FULL)
    pcm = np.rint(samples * FULL).astype("<i2")
    for at in range(0, len(pcm), chunk):
        meter.feed(pcm[at : at + chunk])
    return meter.finish()


def waveform_of(samples: np.ndarray, chunk: int = 7000) -> tuple[int, ...]:
    meter = WaveformMeter()
    pcm = np.rint(samples * 32767).astype("<i2")
    for at in range(0, len(pcm), chunk):
        meter.feed(pcm[at : at + chunk])
    return meter.finish()


def test_a_tone_has_its_own_peak_and_power_in_each_tenth_of_a_second() -> None:
    levels = levels_of(tone(1, level=0.5, rate_hz=48_000))
    assert len(levels.peaks) == 10
    assert levels.peaks == pytest.approx(np.full(10, 0.5), abs=1e-3)
    assert levels.mean_squares == pytest.approx(np.full(10, 0.125), abs=1e-3)
    assert levels.duration_ms == 1000


def test_the_last_started_block_counts_and_nothing_is_counted_twice() -> None:
    levels = levels_of(tone(0.35, rate_hz=48_000))
    assert levels.duration_ms == 350
    assert len(levels.peaks) == 4


def test_samples_at_full_scale_are_counted() -> None:
    samples = silence(0.2, rate_hz=48_000)
    samples[5000:5100] = 1.0
    assert list(levels_of(samples).clipped) == [0, 100]


def test_the_foretold_loss_is_zero_when_nothing_is_limited() -> None:
    levels = levels_of(tone(1, level=0.5, rate_hz=48_000))
    assert levels.limiter_loss_db(0.0, -3.0) == pytest.approx(0.0, abs=1e-6)


def test_the_foretold_loss_is_what_stands_above_the_ceiling() -> None:
    levels = levels_of(tone(1, level=0.5, rate_hz=48_000))  # -6 dBFS
    assert levels.limiter_loss_db(9.0, -3.0) == pytest.approx(6.0, abs=0.3)


def test_silence_has_no_loss_and_an_empty_sound_no_length() -> None:
    assert levels_of(silence(1, rate_hz=48_000)).limiter_loss_db(20.0, -3.0) == 0.0
    assert levels_of(silence(0)).duration_ms == 0


def test_a_waveform_has_four_hundred_points_from_nothing_to_full() -> None:
    samples = np.concatenate((silence(10, 48_000), tone(10, level=1.0, rate_hz=48_000)))
    waveform = waveform_of(samples)
    assert len(waveform) == 400
    assert set(waveform[:200]) == {0}
    assert set(waveform[200:]) == {100}


def test_a_waveform_of_a_blink_has_as_many_points_as_there_is_sound() -> None:
    assert waveform_of(tone(0.045, level=0.5, rate_hz=48_000)) == (50, 50, 50, 50, 50)
    assert waveform_of(silence(0)) == ()


def test_a_waveform_shows_the_deepest_trough_without_overflow() -> None:
    assert waveform_of(np.full(480, -1.00003, dtype=np.float32)) == (100,)
