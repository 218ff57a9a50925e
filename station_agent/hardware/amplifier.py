"""The amplifier's supply, switched so that nothing foreign can be amplified outside broadcasts.

Warm-up lies inside the five seconds between preparing and sounding.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import Any, Protocol

logger = logging.getLogger(__name__)

NO_PIN = -1
MISSING = "amplifier_missing"
"""Fault: a pin is set and cannot be switched; the amplifier must then be on by other means."""


TellFault = Callable[[str, str], None]
"""Takes a fault's code and detail."""


def _keep_to_oneself(_code: str, _detail: str) -> None:
    """Nobody to tell."""


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
            logger.debug("amplifier %s (not wired)", "on" if on else "off")
        self.is_on = on

    def close(self) -> None:
        """See Amplifier."""
        self.is_on = False


class GpioAmplifier:
    """A relay on a GPIO pin, through gpiozero."""

    fault = ""

    def __init__(self, relay: Any, tell: TellFault = _keep_to_oneself) -> None:
        self._relay = relay
        self._tell = tell
        self._is_faulty = False

    def switch(self, on: bool, /) -> None:
        """See Amplifier. A pin that fails is told of once: the sound card still plays."""
        try:
            if on:
                self._relay.on()
            else:
                self._relay.off()
        except Exception as error:  # gpiozero and its back ends raise their own
            logger.exception("amplifier did not switch on=%s", on)
            if not self._is_faulty:
                self._tell(MISSING, f"{type(error).__name__}: {error}")
            self._is_faulty = True
        else:
            self._is_faulty = False

    def close(self) -> None:
        """See Amplifier."""
        self.switch(False)
        self._relay.close()


def open_amplifier(pin: int, tell: TellFault = _keep_to_oneself) -> Amplifier:
    """The amplifier on this BCM pin; NO_PIN for none. Without a usable pin the sound goes on.

    `tell` hears of a pin that fails later.
    """
    if pin == NO_PIN:
        return NoAmplifier()
    try:
        gpiozero = importlib.import_module("gpiozero")
        return GpioAmplifier(gpiozero.OutputDevice(pin, initial_value=False), tell)
    except Exception as error:  # noqa: BLE001 - gpiozero and its back ends raise their own
        logger.error("amplifier not switched pin=%s: %s", pin, error)  # noqa: TRY400 - one line
        return NoAmplifier(f"pin {pin}: {type(error).__name__}: {error}")
