"""The ALSA sink against a real alsa-lib, through its own plug-ins: `file` over `null`.

The `null` plug-in takes everything at once, so nothing here is about time; what is shown is that
the samples of a play reach a PCM of alsa-lib whole, once and in order.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from station_agent.player.port import (
    CheckedFile,
    DeviceLost,
    DeviceMissingError,
    EndCause,
    Ended,
    FirstFrame,
    Frames,
    Tone,
)
from station_agent.player.sinks.alsa import AlsaSink
from station_agent.player.sounds import DecodedSource, load, tone
from tests.support.deck import Deck
from tests.support.recordings import write_opus
from tests.support.sound import speech_like

if not os.environ.get("CI"):
    pytest.importorskip(
        "alsaaudio",
        reason="no pyalsaaudio: it is built by `make test`, which needs libasound2-dev and gcc",
    )

RATE_HZ = 48_000


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the PCM `tofile` writes; alsa-lib is given a configuration of ours and no other."""
    written = tmp_path / "out.raw"
    config = tmp_path / "asoundrc"
    config.write_text(
        "pcm.nothing { type null }\n"
        f'pcm.tofile {{ type file slave.pcm "nothing" file "{written}" format "raw" }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    return written


@pytest.fixture
def decks() -> Iterator[list[Deck]]:
    made: list[Deck] = []
    yield made
    for deck in made:
        deck.player.close()


def samples(raw: Path) -> Frames:
    """What the PCM took, without the silence around it."""
    taken = np.frombuffer(raw.read_bytes(), dtype="<i2")
    heard = np.flatnonzero(taken)
    return taken[heard[0] : heard[-1] + 1]


def decoded(file: CheckedFile) -> Frames:
    source = DecodedSource(load(file))
    blocks = []
    while len(block := source.read(9_600)):
        blocks.append(block)
    source.close()
    sound = np.concatenate(blocks)
    heard = np.flatnonzero(sound)
    return sound[heard[0] : heard[-1] + 1]


def test_alsa_takes_every_frame_of_a_file_once_and_in_order(
    tmp_path: Path, raw: Path, decks: list[Deck]
) -> None:
    path, sha256 = write_opus(tmp_path, speech_like(3.0, rate_hz=RATE_HZ))
    file = CheckedFile(path, sha256)
    deck = Deck(AlsaSink("tofile"))
    decks.append(deck)
    deck.play(file, in_s=0.5)
    assert deck.next(FirstFrame).play_id == "news"
    ended = deck.next(Ended)
    assert (ended.cause, ended.sounded_ms) == (EndCause.PLAYED, 3_000)
    deck.player.close()
    assert np.array_equal(samples(raw), decoded(file))


def test_the_volume_scales_what_alsa_gets(raw: Path, decks: list[Deck]) -> None:
    deck = Deck(AlsaSink("tofile"))
    decks.append(deck)
    deck.player.set_volume(50)
    deck.play(Tone(500), in_s=0.3)
    assert deck.next(Ended).sounded_ms == 500
    deck.player.close()
    expected = tone(1_000.0, 500)
    assert int(np.abs(samples(raw)).max()) == pytest.approx(np.abs(expected).max() / 4, abs=1)


def test_a_pcm_that_alsa_does_not_know_is_a_missing_device(raw: Path, decks: list[Deck]) -> None:
    with pytest.raises(DeviceMissingError, match="nosuch"):
        AlsaSink("nosuch").open()
    deck = Deck(AlsaSink("nosuch"))
    decks.append(deck)
    deck.play(Tone(500), in_s=0.3)
    assert "nosuch" in deck.next(DeviceLost).detail


def test_a_device_is_given_back_and_can_be_had_again(raw: Path) -> None:
    sink = AlsaSink("tofile")
    for _ in range(3):
        sink.open()
        assert sink.write(np.ones(4_096, dtype=np.int16)) == 4_096
        sink.drop()
        assert sink.write(np.ones(100, dtype=np.int16)) == 100
        sink.close()
