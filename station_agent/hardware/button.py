"""The stop button at the station: a contact to ground on a GPIO pin."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import Any, Protocol

logger = logging.getLogger(__name__)

NO_PIN = -1
MISSING = "stop_button_missing"
"""Fault: a pin is set and cannot be read; `vang-agent stop` still works."""
BOUNCE_S = 0.05


class StopButton(Protocol):
    """A button that calls when it is pressed."""

    fault: str
    """What was wrong at the start; empty: nothing."""

    def close(self) -> None:
        """Give the pin back."""


class NoButton:
    """A station without a button."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def close(self) -> None:
        """See StopButton."""


class GpioButton:
    """A button between a GPIO pin and ground, through gpiozero."""

    fault = ""

    def __init__(self, button: Any, pressed: Callable[[], None]) -> None:
        self._button = button
        button.when_pressed = pressed

    def close(self) -> None:
        """See StopButton."""
        self._button.close()


def open_button(pin: int, pressed: Callable[[], None]) -> StopButton:
    """The button on this BCM pin, NO_PIN for none; `pressed` is called in gpiozero's thread."""
    if pin == NO_PIN:
        return NoButton()
    try:
        gpiozero = importlib.import_module("gpiozero")
        return GpioButton(gpiozero.Button(pin, pull_up=True, bounce_time=BOUNCE_S), pressed)
    except Exception as error:  # noqa: BLE001 - gpiozero and its back ends raise their own
        logger.error("stop button not read pin=%s: %s", pin, error)  # noqa: TRY400 - one line
        return NoButton(f"pin {pin}: {type(error).__name__}: {error}")
