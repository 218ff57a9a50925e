from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.limiter import Limiter
from tests.support.sound import speech_like, tone

CEILING = 0.5


def limited(samples: np.ndarray, chunk: int = 96_000) -> np.ndarray:
    limiter = Limiter(CEILING)
    parts = [limiter.feed(samples[at : at + chunk]) for at in range(0, len(samples), chunk)]
    return np.concatenate([*parts, limiter.flush()])


def test_no_sample_leaves_above_the_ceiling() -> None:
    loud = speech_like(3, rate_hz=48_000) * 4
    assert np.abs(limited(loud)).max() <= CEILING + 1e-6


def test_a_sound_under_the_ceiling_passes_untouched() -> None:
    quiet = tone(1, level=0.4, rate_hz=48_000)
    assert np.array_equal(limited(quiet), quiet)


def test_no_sample_is_lost_or_added() -> None:
    for length in (0, 1, 47, 48, 49, 4801):
        assert len(limited(np.full(length, 0.9, dtype=np.float32))) == length


def test_gain_falls_before_a_peak_and_recovers_after_it() -> None:
    samples = np.full(48_000, 0.4, dtype=np.float32)
    samples[24_000] = 2.0
    gain = limited(samples) / samples
    assert gain[24_000 - 48 * 4] < 0.99
    assert gain[24_000 - 48 * 20] == 1.0
    assert gain[24_000 + 48 * 20] < 0.9
    assert gain[-1] == 1.0


def test_gain_never_jumps_from_one_sample_to_the_next() -> None:
    samples = np.full(48_000, 0.4, dtype=np.float32)
    samples[20_000:20_500] = 3.0
    gain = limited(samples) / samples
    assert np.abs(np.diff(gain)).max() < 0.01


@pytest.mark.parametrize("chunk", [48, 1000, 4801, 96_000])
def test_the_size_of_the_chunks_changes_nothing_that_can_be_heard(chunk: int) -> None:
    loud = speech_like(1, rate_hz=48_000) * 3
    assert np.abs(limited(loud, chunk) - limited(loud, 10**6)).max() < 0.02


@given(st.lists(st.floats(-8, 8, width=32), max_size=400), st.integers(1, 300))
def test_the_ceiling_holds_for_any_samples(values: list[float], chunk: int) -> None:
    samples = np.array(values, dtype=np.float32)
    out = limited(samples, chunk)
    assert len(out) == len(samples)
    assert np.all(np.abs(out) <= CEILING + 1e-5)
