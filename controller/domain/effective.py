"""The province's target, month by month: which communes have an effective station, and which not.

A share is a pair of sums, a numerator and a denominator; shares are added by adding both, never by
taking the mean of percentages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Share:
    """Part of a whole, in the same unit; of nothing there is no share."""

    part: int
    whole: int

    def __add__(self, other: Share) -> Share:
        return Share(self.part + other.part, self.whole + other.whole)

    @property
    def percent(self) -> float | None:
        """0 to 100; None of nothing."""
        return 100 * self.part / self.whole if self.whole else None

    def reaches(self, per_mille: int) -> bool:
        """Whether it is at least so many thousandths; exact. Of nothing, nothing is missing."""
        return self.part * 1000 >= per_mille * self.whole


@dataclass(frozen=True, slots=True)
class Bar:
    """What a station must reach in a month to count as effective."""

    availability_per_mille: int = 990
    delivery_per_mille: int = 980
    longest_outage: timedelta = timedelta(hours=72)
    listening_checks: int = 1
    """Times somebody must have heard it."""


class Short(StrEnum):
    """Why a station is not effective."""

    AVAILABILITY = "availability"
    DELIVERY = "delivery"
    OUTAGE = "outage"
    NOT_HEARD = "not_heard"


@dataclass(frozen=True, slots=True)
class Measured:
    """What the bar is held against: one station in one month."""

    availability: Share
    delivery: Share
    longest_outage: timedelta
    heard_checks: int


def shortfalls(measured: Measured, bar: Bar) -> tuple[Short, ...]:
    """Every reason why it is not effective; empty: it is.

    A station that was in service for no second of the month has nothing to show and is none.
    """
    found = []
    if not measured.availability.whole or not measured.availability.reaches(
        bar.availability_per_mille
    ):
        found.append(Short.AVAILABILITY)
    if not measured.delivery.reaches(bar.delivery_per_mille):
        found.append(Short.DELIVERY)
    if measured.longest_outage > bar.longest_outage:
        found.append(Short.OUTAGE)
    if measured.heard_checks < bar.listening_checks:
        found.append(Short.NOT_HEARD)
    return tuple(found)


def is_only_unheard(found: tuple[Short, ...]) -> bool:
    """Whether nothing but the listening check is missing."""
    return found == (Short.NOT_HEARD,)
