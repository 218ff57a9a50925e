"""The card's own volume, against a mixer that answers as pyalsaaudio 0.11 does."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from station_agent.player.mixer import AlsaMixer
from tests.support.cards import Bench


class AlsaError(Exception):
    """What alsaaudio raises."""


class Card:
    """Two channels with sixteen steps and a switch; others may turn it."""

    def __init__(self) -> None:
        self.volume = [100, 100]
        self.mute = [0, 0]
        self.can_mute = True
        self.is_missing = False
        self.open = 0


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    card = Card()

    class Mixer:
        def __init__(self, control: str, device: str) -> None:
            if card.is_missing or control != "PCM":
                raise AlsaError(f"Unable to find mixer control {control},0 [{device}]")
            card.open += 1

        def setvolume(self, percent: int) -> None:
            card.volume = [round(percent * 15 / 100) * 100 // 15] * 2

        def getvolume(self) -> list[int]:
            return card.volume

        def switchcap(self) -> list[str]:
            return ["Playback Mute"] if card.can_mute else []

        def getmute(self) -> list[int]:
            if not card.can_mute:
                raise AlsaError("Mixer PCM,0 has no playback switch capabilities")
            return card.mute

        def setmute(self, mute: int) -> None:
            card.mute = [mute] * 2

        def close(self) -> None:
            card.open -= 1

    module: Any = ModuleType("alsaaudio")
    module.Mixer = Mixer
    module.ALSAAudioError = AlsaError
    monkeypatch.setitem(sys.modules, "alsaaudio", module)
    return card


def test_what_was_set_is_read_back_within_a_step(card: Card) -> None:
    mixer = AlsaMixer("PCM")
    for percent in (0, 35, 60, 100):
        mixer.set(percent)
        assert mixer.read() == pytest.approx(percent, abs=4)
    assert card.open == 0


def test_setting_takes_it_out_of_mute_and_mute_reads_as_nothing(card: Card) -> None:
    mixer = AlsaMixer("PCM")
    card.mute = [0, 1]
    assert mixer.read() == 0
    mixer.set(80)
    assert mixer.read() == 80


def test_the_quietest_channel_counts(card: Card) -> None:
    card.volume = [90, 20]
    assert AlsaMixer("PCM").read() == 20


def test_a_control_without_a_switch_has_only_its_volume(card: Card) -> None:
    card.can_mute = False
    mixer = AlsaMixer("PCM")
    mixer.set(40)
    assert mixer.read() == 40


def test_a_control_that_is_not_there_is_named_and_breaks_nothing(card: Card) -> None:
    mixer = AlsaMixer("Digital", "hw:1")
    mixer.set(40)
    assert mixer.read() is None
    assert "hw:1 'Digital'" in mixer.problem()
    assert AlsaMixer("PCM").problem() == ""


def test_without_the_extra_the_sentence_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "alsaaudio", None)
    assert "extra `alsa`" in AlsaMixer("PCM").problem()


def test_with_a_mixer_the_samples_stay_what_they_are(card: Card) -> None:
    bench = Bench(mixer=AlsaMixer("PCM"))
    bench.player.set_volume(40)
    bench.play_tone()
    assert bench.player.volume() == 40
    assert bench.card.peak == pytest.approx(8_192, abs=2)


def test_a_card_that_was_plugged_in_again_gets_its_volume_again(card: Card) -> None:
    bench = Bench(mixer=AlsaMixer("PCM"))
    bench.player.set_volume(40)
    bench.card.is_missing = card.is_missing = True
    bench.play_tone()
    card.volume, card.is_missing, bench.card.is_missing = [100, 100], False, False
    bench.run(3)
    assert bench.player.volume() == 40


def test_without_a_mixer_the_volume_is_the_players_own() -> None:
    bench = Bench()
    assert bench.player.volume() is None
    bench.player.set_volume(40)
    assert bench.player.volume() == 40
