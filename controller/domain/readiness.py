"""Whether a coming slot will sound at a station, as far as anybody can know beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.board import ONLINE_STATES


class Urgency(StrEnum):
    """How near a slot is: what is missing twelve hours before comes by itself, or is looked for.

    Two hours before somebody phones; a quarter of an hour before the commune plays it by hand.
    """

    LATER = "later"
    TODAY = "12_h"
    SOON = "2_h"
    NOW = "15_min"

    @property
    def is_pressing(self) -> bool:
        """Whether what is still missing is to be looked after by a person."""
        return self in {Urgency.SOON, Urgency.NOW}


_WITHIN = (
    (timedelta(minutes=15), Urgency.NOW),
    (timedelta(hours=2), Urgency.SOON),
    (timedelta(hours=12), Urgency.TODAY),
)


def urgency(starts_at: datetime, now: datetime) -> Urgency:
    """How near a slot is; both instants aware."""
    left = starts_at - now
    return next((name for within, name in _WITHIN if left <= within), Urgency.LATER)


class Gap(StrEnum):
    """What a station lacks of a slot."""

    NOTHING_APPROVED = "nothing_approved"
    """Nothing approved is left of the slot: no station can hold it."""
    PLAN = "plan"
    """Its plan does not hold the slot as it is meant now."""
    SOUND = "sound"
    """It has not verified every sound."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a station holds of one slot, by its own word, and how it is shown."""

    has_plan: bool
    sounds_held: int
    sounds_needed: int
    state: str

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing; nothing: the station airs the slot by itself, also without a link."""
        if not self.sounds_needed:
            return (Gap.NOTHING_APPROVED,)
        gaps = [] if self.has_plan else [Gap.PLAN]
        if self.sounds_held < self.sounds_needed:
            gaps.append(Gap.SOUND)
        return tuple(gaps)

    @property
    def is_ready(self) -> bool:
        """Whether it holds plan and sound."""
        return not self.gaps

    @property
    def is_doubtful(self) -> bool:
        """Whether it holds all, but nobody knows that it has power, or it reports a fault."""
        return self.is_ready and self.state not in ONLINE_STATES
