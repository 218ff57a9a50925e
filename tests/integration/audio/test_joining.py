"""Finished sounds put together: order, pauses, chimes left out, levels, no click at a joint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio_library.ingest import IngestResult, ingest
from audio_library.joining import JoinPart, join
from audio_library.lead_in import LEAD_IN_MS
from audio_library.measure import measure_encoded
from audio_library.signature import NAMES, signature
from tests.support import sound

RATE = 48_000


def ms(samples: sound.Samples, first: int, last: int) -> sound.Samples:
    return samples[first * RATE // 1000 : last * RATE // 1000]


def loud(samples: sound.Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> list[IngestResult]:
    folder = tmp_path_factory.mktemp("voices")
    found = []
    for seed in (1, 2, 3):
        source = sound.write_wav(folder / f"{seed}.wav", sound.speech_like(4, seed=seed))
        found.append(ingest(source, workdir=folder))
    return found


@pytest.mark.parametrize("name", sorted(NAMES))
def test_our_own_sounds_are_as_loud_as_a_bulletin(name: str, tmp_path: Path) -> None:
    made = signature(name, workdir=tmp_path)
    assert abs(made.asset.loudness_lufs + 16) <= 1.0
    assert made.asset.true_peak_dbtp <= -1.0
    assert 1_500 <= made.asset.duration_ms <= 9_000


def test_parts_follow_each_other_with_their_pause_and_keep_their_level(
    voices: list[IngestResult], tmp_path: Path
) -> None:
    parts = [JoinPart(one.path, gap_ms=0 if one is voices[0] else 700) for one in voices]
    path, asset = join(parts, workdir=tmp_path, progress=lambda _done: None)
    lengths = [one.asset.duration_ms for one in voices]
    assert abs(asset.duration_ms - (sum(lengths) + 1_400)) <= 20
    heard = sound.read_samples(path)
    begins = 0
    for one, length in zip(voices, lengths, strict=True):
        alone = tmp_path / f"{length}-{begins}.wav"
        sound.write_wav(alone, ms(heard, begins, begins + length), rate_hz=RATE)
        assert abs(measure_encoded(alone, length).integrated_lufs - one.asset.loudness_lufs) <= 0.5
        pause = ms(heard, begins + length + 50, begins + length + 650)
        assert one is voices[-1] or loud(pause) < 0.001
        begins += length + 700
    assert asset.true_peak_dbtp <= -1.0
    assert np.abs(np.diff(heard)).max() <= 1.1 * max(
        np.abs(np.diff(sound.read_samples(one.path))).max() for one in voices
    )


def test_a_chime_is_left_out_to_the_millisecond(voices: list[IngestResult], tmp_path: Path) -> None:
    whole = sound.read_samples(voices[0].path)
    for parts in (
        [JoinPart(voices[0].path, skip_ms=LEAD_IN_MS)],
        [JoinPart(voices[0].path, skip_ms=LEAD_IN_MS), JoinPart(voices[1].path, gap_ms=300)],
    ):
        path, _asset = join(parts, workdir=tmp_path, progress=lambda _done: None)
        heard = sound.read_samples(path)[:RATE]
        voice = whole[LEAD_IN_MS * RATE // 1000 :][: len(heard)]
        at_s, alike = sound.find_offset(heard, voice[4_800:-4_800])
        assert alike > 0.9
        assert abs(at_s - 0.1) <= 0.001


def test_a_long_part_alone_gets_its_pause_before_it(
    voices: list[IngestResult], tmp_path: Path
) -> None:
    part = JoinPart(voices[0].path, skip_ms=LEAD_IN_MS, gap_ms=900)
    path, asset = join([part], workdir=tmp_path, progress=lambda _done: None)
    assert abs(asset.duration_ms - (voices[0].asset.duration_ms - LEAD_IN_MS + 900)) <= 20
    assert loud(ms(sound.read_samples(path), 0, 850)) < 0.001


def test_a_cross_fade_overlaps_both_and_leaves_no_hole(
    voices: list[IngestResult], tmp_path: Path
) -> None:
    theme = signature("theme", workdir=tmp_path)
    parts = [JoinPart(theme.path), JoinPart(voices[0].path, gap_ms=-400)]
    _path, asset = join(parts, workdir=tmp_path, progress=lambda _done: None)
    expected = theme.asset.duration_ms + voices[0].asset.duration_ms - 400
    assert abs(asset.duration_ms - expected) <= 20


def test_the_same_parts_give_the_same_bytes(voices: list[IngestResult], tmp_path: Path) -> None:
    parts = [JoinPart(one.path, gap_ms=200) for one in voices]
    first, _asset = join(parts, workdir=tmp_path, progress=lambda _done: None)
    again, _asset = join(parts, workdir=tmp_path, progress=lambda _done: None)
    assert first == again
