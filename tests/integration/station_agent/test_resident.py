"""Alerts kept in memory, and the loudness of the signal that goes before them."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from audio_library.measure import measure_encoded
from station_agent.player import library
from station_agent.player.attention import AttentionSource
from station_agent.player.library import HEAD_FRAMES, Library
from station_agent.player.port import (
    Attention,
    CheckedFile,
    Cue,
    EndCause,
    Frames,
    InlineSound,
)
from station_agent.player.sounds import DecodedSource, Joined, SoundError, load
from tests.support.cards import Bench
from tests.support.recordings import write_opus
from tests.support.sound import speech_like

RATE_HZ = 48_000


def alert_file(folder: Path, seconds: float, seed: int = 3) -> CheckedFile:
    path, sha256 = write_opus(folder, speech_like(seconds, seed=seed, rate_hz=RATE_HZ))
    return CheckedFile(path, sha256)


def read_all(source: Joined | DecodedSource, step: int = 9_600) -> Frames:
    blocks = []
    while len(block := source.read(step)):
        blocks.append(block)
        source.decode_ahead()
    source.close()
    return np.concatenate(blocks)


def kept(*files: CheckedFile) -> Library:
    made = Library()
    made.want(files)
    made.take_up()
    return made


@pytest.mark.parametrize("seconds", [1.5, 7.0])
def test_a_resident_alert_is_the_file_sample_by_sample(tmp_path: Path, seconds: float) -> None:
    file = alert_file(tmp_path, seconds)
    from_disk = read_all(DecodedSource(load(file)))
    made = kept(file)
    file.path.unlink()
    assert np.array_equal(read_all(made.loaded((file,))), from_disk)


def test_a_resident_alert_sounds_although_its_file_cannot_be_read(tmp_path: Path) -> None:
    file = alert_file(tmp_path, 6.0)
    bench = Bench()
    bench.player.keep_resident((file,))
    file.path.unlink()
    bench.player.prepare(Cue("alert", (Attention(500), file), None, is_urgent=True))
    bench.player.start("alert", replaces=True)
    bench.run(7)
    assert bench.ended("alert").cause is EndCause.PLAYED
    assert bench.ended("alert").sounded_ms == 6_500


def test_a_file_that_comes_later_becomes_resident_when_it_comes(tmp_path: Path) -> None:
    file = alert_file(tmp_path, 1.0)
    elsewhere = file.path.rename(tmp_path / "elsewhere")
    bench = Bench()
    bench.player.keep_resident((file,))
    assert not bench.player._library.is_in_memory(file)
    elsewhere.rename(file.path)
    bench.player.sound_came()
    assert bench.player._library.is_in_memory(file)


def test_what_is_no_longer_named_is_let_go_and_the_rest_is_not_read_again(tmp_path: Path) -> None:
    first, second = alert_file(tmp_path, 1.0), alert_file(tmp_path, 1.0, seed=4)
    made = kept(first, second)
    first.path.unlink()
    second.path.unlink()
    made.want((second,))
    made.take_up()
    assert made.is_in_memory(second)
    with pytest.raises(SoundError):
        made.loaded((first,))


def test_other_bytes_than_their_hash_do_not_become_resident(tmp_path: Path) -> None:
    file = alert_file(tmp_path, 1.0)
    file.path.write_bytes(file.path.read_bytes()[:-1] + b"\0")
    assert not kept(file).is_in_memory(file)


def test_memory_has_a_bound_and_the_first_named_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [alert_file(tmp_path, 1.0, seed=seed) for seed in (1, 2, 3)]
    monkeypatch.setattr(library, "MOST_BYTES", HEAD_FRAMES * 2 + 150_000)
    made = kept(*files)
    assert [made.is_in_memory(file) for file in files] == [True, True, False]


def test_the_sound_an_order_carries_follows_the_signal_without_a_gap(tmp_path: Path) -> None:
    file = alert_file(tmp_path, 2.0)
    words = InlineSound("flood", file.path.read_bytes())
    source, _ = Library().at_once((Attention(500), words))
    assert len(read_all(source)) == RATE_HZ * 5 // 2


def test_bytes_in_an_order_that_are_no_sound_end_the_play_behind_the_signal() -> None:
    bench = Bench()
    words = InlineSound("flood", b"not sound" * 100)
    bench.player.prepare(Cue("alert", (Attention(500), words), None, is_urgent=True))
    bench.player.start("alert", replaces=True)
    bench.run(2)
    assert bench.ended("alert").cause is EndCause.FAILED
    assert bench.ended("alert").sounded_ms == 500


def test_the_signal_is_as_loud_as_any_bulletin_and_never_clips(tmp_path: Path) -> None:
    path = tmp_path / "signal.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        source = AttentionSource(8_000)
        while len(block := source.read(9_600)):
            file.writeframes(block.astype("<i2").tobytes())
    loudness = measure_encoded(path, 8_000)
    assert loudness.integrated_lufs == pytest.approx(-16.0, abs=0.5)
    assert loudness.true_peak_dbtp <= -1.0
