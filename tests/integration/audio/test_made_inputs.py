"""Whatever comes in leaves equally loud, without a peak that would split a horn, and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio_library.ingest import ingest
from audio_library.lead_in import LEAD_IN_MS
from tests.support.made_inputs import MadeInput, made_inputs
from tests.support.metering import metered
from tests.support.sound import read_samples

INPUTS = tuple(made_inputs())


def test_there_are_enough_of_them_to_mean_something() -> None:
    assert len(INPUTS) >= 60
    assert len({made.name for made in INPUTS}) == len(INPUTS)


@pytest.mark.parametrize("made", INPUTS, ids=lambda made: made.name)
def test_it_becomes_broadcast_sound(tmp_path: Path, made: MadeInput) -> None:
    result = ingest(made.write(tmp_path), workdir=tmp_path)
    loudness_lufs, true_peak_dbtp = metered(result.path)
    assert abs(loudness_lufs + 16.0) <= 0.5
    assert true_peak_dbtp <= -1.0
    length_ms = len(read_samples(result.path)) / 48
    assert abs(length_ms - LEAD_IN_MS - made.length_ms) <= 20
    assert abs(length_ms - result.asset.duration_ms) <= 20
