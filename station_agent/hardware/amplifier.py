"""The amplifier's supply, switched so that nothing foreign can be amplified outside broadcasts.

Warm-up lies inside the five seconds between preparing and sounding.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any, Protocol

logger = logging.getLogger(__name__)

NO_PIN = -1
MISSING = "amplifier_missing"
"""Fault: a pin is set and cannot be switched; the amplifier must then be on by other means."""


class Amplifier(Protocol):
    """A switch. Calls return at once and never raise."""

    fault: str
    """What was wrong at the start; empty: nothing."""

    def switch(self, on: bool, /) -> None:
        """Supply on or off; saying it again changes nothing."""

    def close(self) -> None:
        """Off, and give the pin back."""


class NoAmplifier:
    """A station whose amplifier is not switched by us; remembers what was asked."""

    def __init__(self, fault: str = "") -> None:
        self.is_on = False
        self.fault = fault
        """Why not, if it should be; empty: there is none to switch."""

    def switch(self, on: bool, /) -> None:
        """See Amplifier."""
        if on != self.is_on:
            logger.info("amplifier %s (not wired)", "on" if on else "off")
        self.is_on = on

    def close(self) -> None:
        """See Amplifier."""
        self.is_on = False


class GpioAmplifier:
    """A relay on a GPIO pin, through gpiozero."""

    fault = ""

    def __init__(self, relay: Any) -> None:
        self._relay = relay

    def switch(self, on: bool, /) -> None:
        """See Amplifier. A pin that fails is logged: the sound card still plays."""
        try:
            if on:
                self._relay.on()
            else:
                self._relay.off()
        except (OSError, RuntimeError, ValueError):
            logger.exception("amplifier did not switch on=%s", on)

    def close(self) -> None:
        """See Amplifier."""
        self.switch(False)
        self._relay.close()


def open_amplifier(pin: int) -> Amplifier:
    """The amplifier on this BCM pin; NO_PIN for none. Without a usable pin the sound goes on."""
    if pin == NO_PIN:
        return NoAmplifier()
    try:
        gpiozero = importlib.import_module("gpiozero")
        return GpioAmplifier(gpiozero.OutputDevice(pin, initial_value=False))
    except Exception as error:  # noqa: BLE001 - gpiozero and its back ends raise their own
        logger.error("amplifier not switched pin=%s: %s", pin, error)  # noqa: TRY400 - one line
        return NoAmplifier(f"pin {pin}: {type(error).__name__}: {error}")
