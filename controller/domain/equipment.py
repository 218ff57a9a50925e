"""What a station is made of, and how long its makers stand in for it."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

WARRANTY_SOON = timedelta(days=60)
"""So long before its end a warranty is pointed out: time to have a fault mended under it."""


class EquipmentKind(StrEnum):
    """What a thing of the inventory is."""

    AMPLIFIER = "amplifier"
    HORN = "horn"
    PI = "pi"
    SIM = "sim"
    POLE = "pole"
    POWER_SUPPLY = "power_supply"
    UPS = "ups"
    CABINET = "cabinet"
    CABLE = "cable"
    OTHER = "other"


class Warranty(StrEnum):
    """How a warranty stands on a day."""

    NONE = "none"
    """None was entered."""
    HOLDS = "holds"
    ENDS_SOON = "ends_soon"
    OVER = "over"


def warranty_on(day: date, until: date | None) -> Warranty:
    """How a warranty that holds up to and on `until` stands on a local date."""
    if until is None:
        return Warranty.NONE
    if until < day:
        return Warranty.OVER
    return Warranty.ENDS_SOON if until - day <= WARRANTY_SOON else Warranty.HOLDS
