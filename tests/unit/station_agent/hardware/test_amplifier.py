"""The amplifier's relay follows, and a broken relay breaks nothing else."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from station_agent.hardware.amplifier import NO_PIN, GpioAmplifier, NoAmplifier, open_amplifier


class Relay:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.is_broken = False

    def on(self) -> None:
        self._say("on")

    def off(self) -> None:
        self._say("off")

    def close(self) -> None:
        self.said.append("close")

    def _say(self, word: str) -> None:
        if self.is_broken:
            raise OSError("no pin")
        self.said.append(word)


def test_the_relay_is_off_again_when_the_agent_ends() -> None:
    relay = Relay()
    amplifier = GpioAmplifier(relay)
    amplifier.switch(True)
    amplifier.switch(False)
    amplifier.switch(True)
    amplifier.close()
    assert relay.said == ["on", "off", "on", "off", "close"]


def test_a_broken_relay_is_logged_and_the_station_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    relay = Relay()
    relay.is_broken = True
    GpioAmplifier(relay).switch(True)
    assert "amplifier did not switch" in caplog.text


def test_a_relay_that_breaks_is_told_of_once_until_it_works_again() -> None:
    relay = Relay()
    told: list[tuple[str, str]] = []
    amplifier = GpioAmplifier(relay, lambda code, detail: told.append((code, detail)))
    relay.is_broken = True
    amplifier.switch(True)
    amplifier.switch(False)
    assert told == [("amplifier_missing", "OSError: no pin")]
    relay.is_broken = False
    amplifier.switch(True)
    relay.is_broken = True
    amplifier.switch(False)
    assert len(told) == 2


def test_a_station_without_a_relay_needs_no_library() -> None:
    amplifier = open_amplifier(NO_PIN)
    amplifier.switch(True)
    assert isinstance(amplifier, NoAmplifier)
    assert amplifier.is_on
    amplifier.close()
    assert not amplifier.is_on


def test_a_station_without_the_library_plays_on_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    amplifier = open_amplifier(17)
    amplifier.switch(True)
    assert isinstance(amplifier, NoAmplifier)
    assert amplifier.fault.startswith("pin 17: ModuleNotFoundError")
    assert "amplifier not switched pin=17" in caplog.text


def test_a_station_whose_pins_cannot_be_had_plays_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pin(*_: Any, **__: Any) -> None:
        raise LookupError("Unable to load any default pin factory!")

    monkeypatch.setitem(sys.modules, "gpiozero", SimpleNamespace(OutputDevice=no_pin))
    assert "pin factory" in open_amplifier(17).fault


def test_a_pin_that_can_be_had_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    relay = Relay()
    library = SimpleNamespace(OutputDevice=lambda pin, initial_value: relay)
    monkeypatch.setitem(sys.modules, "gpiozero", library)
    amplifier = open_amplifier(17)
    amplifier.switch(True)
    assert (amplifier.fault, relay.said) == ("", ["on"])
