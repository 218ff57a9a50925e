"""The amplifier's relay follows, and a broken relay breaks nothing else."""

from __future__ import annotations

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


def test_a_station_without_a_relay_needs_no_library() -> None:
    amplifier = open_amplifier(NO_PIN)
    amplifier.switch(True)
    assert isinstance(amplifier, NoAmplifier)
    assert amplifier.is_on
    amplifier.close()
    assert not amplifier.is_on
