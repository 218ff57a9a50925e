"""The light says how the station stands, and a broken one breaks nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from station_agent.core import events as ev
from station_agent.hardware.light import NO_PIN, GpioLight, NoLight, Signal, open_light
from station_agent.health.status import signal_of
from tests.support.rig import Rig, in_minutes, online, slot


class Lamp:
    """What gpiozero.LED is to us."""

    def __init__(self, pin: int = 22) -> None:
        self.said: list[tuple[float, float] | str] = []
        self.is_broken = False

    def on(self) -> None:
        self._say("on")

    def blink(self, *, on_time: float, off_time: float) -> None:
        self._say((on_time, off_time))

    def close(self) -> None:
        self.said.append("close")

    def _say(self, word: Any) -> None:
        if self.is_broken:
            raise OSError("no pin")
        self.said.append(word)


def shown(rig: Rig) -> Signal:
    assert rig.agent is not None
    return signal_of(rig.agent)


def test_the_light_follows_the_station() -> None:
    rig = Rig().boot()
    assert shown(rig) is Signal.STARTING
    rig.run(120)
    assert shown(rig) is Signal.DEGRADED
    rig = online(slot(1, in_minutes(2)))
    assert shown(rig) is Signal.READY
    rig.run_until(in_minutes(2) + timedelta(seconds=5))
    assert shown(rig) is Signal.ON_AIR
    rig.tell(ev.StopPressed())
    rig.run(5)
    assert shown(rig) is Signal.READY


def test_each_signal_can_be_told_from_the_others_and_is_said_once() -> None:
    lamp = Lamp()
    light = GpioLight(lamp)
    for signal in (*Signal, Signal.ON_AIR, Signal.ON_AIR):
        light.show(signal)
    light.close()
    *words, last = lamp.said
    assert len(words) == len(set(words)) == len(Signal)
    assert "on" in words
    assert last == "close"


def test_a_broken_light_is_logged_and_the_station_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lamp = Lamp()
    lamp.is_broken = True
    GpioLight(lamp).show(Signal.READY)
    assert "light does not show" in caplog.text


def test_a_station_without_a_light_needs_no_library() -> None:
    light = open_light(NO_PIN)
    assert isinstance(light, NoLight)
    light.show(Signal.READY)
    light.close()
    assert light.fault == ""


@pytest.mark.parametrize(
    ("library", "said"),
    [
        (None, "ModuleNotFoundError"),
        (SimpleNamespace(LED=lambda pin: 1 / 0), "ZeroDivisionError"),
    ],
)
def test_a_pin_that_cannot_be_lit_is_named(
    monkeypatch: pytest.MonkeyPatch, library: Any, said: str
) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", library)
    assert said in open_light(22).fault


def test_a_pin_that_can_be_lit_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    make: Callable[[int], Lamp] = Lamp
    monkeypatch.setitem(sys.modules, "gpiozero", SimpleNamespace(LED=make))
    assert open_light(22).fault == ""
