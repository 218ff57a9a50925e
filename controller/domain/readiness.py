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
    CLOCK = "clock"
    """It says that its clock cannot be trusted: it starts nothing planned by it."""
    DEVICE = "device"
    """It says that it has no sound device."""


_SILENCING = {
    "plan_expired": Gap.PLAN,
    "clock_untrusted": Gap.CLOCK,
    "clock_wrong": Gap.CLOCK,
    "audio_device_missing": Gap.DEVICE,
}
"""Troubles with which a station is silent whatever it holds."""
_TELLS_ITS_TROUBLES = "degraded"


@dataclass(frozen=True, slots=True)
class Holding:
    """What a station holds of one slot, by its own word, and how it is shown."""

    has_plan: bool
    sounds_held: int
    sounds_needed: int
    state: str
    troubles: tuple[str, ...] = ()
    """What it says is wrong with it now; of one that is not heard of nothing."""

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing, or keeps it silent; nothing: it airs the slot, linked or not."""
        if not self.sounds_needed:
            return (Gap.NOTHING_APPROVED,)
        gaps = [] if self.has_plan else [Gap.PLAN]
        if self.sounds_held < self.sounds_needed:
            gaps.append(Gap.SOUND)
        if self.state == _TELLS_ITS_TROUBLES:
            gaps += [_SILENCING[one] for one in self.troubles if one in _SILENCING]
        return tuple(dict.fromkeys(gaps))

    @property
    def is_ready(self) -> bool:
        """Whether it holds plan and sound, and says of nothing that would keep it silent."""
        return not self.gaps

    @property
    def is_online(self) -> bool:
        """Whether it is connected and able to play."""
        return self.state in ONLINE_STATES

    @property
    def is_doubtful(self) -> bool:
        """Whether it holds all, but nobody knows that it has power, or it reports a fault."""
        return self.is_ready and not self.is_online
