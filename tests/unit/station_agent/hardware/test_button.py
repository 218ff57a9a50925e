"""The stop button: a press is heard, and a pin that cannot be had breaks nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from station_agent.hardware.button import NO_PIN, GpioButton, NoButton, open_button


class Contact:
    """What gpiozero.Button is to us."""

    when_pressed: Callable[[], None]

    def __init__(self, pin: int, **options: Any) -> None:
        self.pin, self.options, self.is_closed = pin, options, False

    def close(self) -> None:
        self.is_closed = True


def test_each_press_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", SimpleNamespace(Button=Contact))
    presses: list[str] = []
    button = open_button(27, lambda: presses.append("stop"))
    assert isinstance(button, GpioButton)
    contact: Contact = button._button
    contact.when_pressed()
    contact.when_pressed()
    assert presses == ["stop", "stop"]
    assert (contact.pin, contact.options["pull_up"]) == (27, True)
    assert contact.options["bounce_time"] > 0
    button.close()
    assert contact.is_closed


def test_a_station_without_a_button_needs_no_library() -> None:
    button = open_button(NO_PIN, lambda: None)
    assert isinstance(button, NoButton)
    assert button.fault == ""
    button.close()


def test_a_station_without_the_library_plays_on_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    assert open_button(27, lambda: None).fault.startswith("pin 27: ModuleNotFoundError")
    assert "stop button not read pin=27" in caplog.text


def test_a_station_whose_pins_cannot_be_had_plays_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pin(*_: Any, **__: Any) -> None:
        raise LookupError("Unable to load any default pin factory!")

    monkeypatch.setitem(sys.modules, "gpiozero", SimpleNamespace(Button=no_pin))
    assert "pin factory" in open_button(27, lambda: None).fault
