"""The light on the station's box: what a person sees before anybody opens it."""

from __future__ import annotations

import importlib
import logging
from enum import Enum
from typing import Any, Protocol

logger = logging.getLogger(__name__)

NO_PIN = -1
MISSING = "light_missing"
"""Fault: a pin is set and cannot be lit; nothing else depends on it."""


class Signal(Enum):
    """What the light says; the value: seconds on and off, None for a steady light."""

    STARTING = (0.1, 0.9)
    READY = None
    DEGRADED = (1.0, 1.0)
    ON_AIR = (0.2, 0.2)


class StatusLight(Protocol):
    """A lamp. Calls return at once and never raise."""

    fault: str
    """What was wrong at the start; empty: nothing."""

    def show(self, signal: Signal) -> None:
        """Say this from now on."""

    def close(self) -> None:
        """Dark, and give the pin back."""


class NoLight:
    """A station without a light."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def show(self, signal: Signal) -> None:
        """See StatusLight."""

    def close(self) -> None:
        """See StatusLight."""


class GpioLight:
    """An LED on a GPIO pin, through gpiozero, which blinks in its own thread."""

    fault = ""

    def __init__(self, led: Any) -> None:
        self._led = led
        self._shown: Signal | None = None

    def show(self, signal: Signal) -> None:
        """See StatusLight. A pin that fails is logged."""
        if signal is self._shown:
            return
        self._shown = signal
        try:
            if signal.value is None:
                self._led.on()
            else:
                on_s, off_s = signal.value
                self._led.blink(on_time=on_s, off_time=off_s)
        except Exception:  # gpiozero and its back ends raise their own
            logger.exception("light does not show signal=%s", signal.name)

    def close(self) -> None:
        """See StatusLight."""
        self._led.close()


def open_light(pin: int) -> StatusLight:
    """The light on this BCM pin; NO_PIN for none. Without a usable pin the station goes on."""
    if pin == NO_PIN:
        return NoLight()
    try:
        gpiozero = importlib.import_module("gpiozero")
        return GpioLight(gpiozero.LED(pin))
    except Exception as error:  # noqa: BLE001 - gpiozero and its back ends raise their own
        logger.error("light not lit pin=%s: %s", pin, error)  # noqa: TRY400 - one line
        return NoLight(f"pin {pin}: {type(error).__name__}: {error}")
