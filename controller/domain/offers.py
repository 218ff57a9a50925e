"""What comes from above without priority is an offer: the commune may decline it, with a reason.

Circular 39/2020/TT-BTTTT knows three classes. An emergency sounds at once, a priority item must be
aired, an ordinary one is aired by the commune station that takes it into its programme. Here it is
taken in unless somebody of the commune says no before it starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from station_protocol.vocabulary import Authority, Priority


class NoOffer(StrEnum):
    """Why a slot cannot be declined, or taken back, by a commune."""

    OWN = "own"
    """The commune made it: it cancels what is its own."""
    MUST_AIR = "must_air"
    STARTED = "started"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Decline:
    """A commune's no to one occurrence, or (`airs_on` None) to a schedule from then on."""

    station_id: str
    airs_on: date | None
    reason: str
    declined_by: str
    """Full name."""
    declined_at: datetime
    accepted_at: datetime | None = None
    """When it was taken back."""

    def covers(self, airs_on: date, starts_at: datetime) -> bool:
        """Whether it stands, or stood, when this occurrence starts: what was aired stays aired."""
        is_meant = self.airs_on is None or self.airs_on == airs_on
        was_in_time = starts_at > self.declined_at
        return (
            is_meant and was_in_time and (self.accepted_at is None or starts_at <= self.accepted_at)
        )


def no_offer(
    priority: str, authority: str, starts_at: datetime, now: datetime, *, is_cancelled: bool
) -> NoOffer | None:
    """Why the commune has nothing to answer here; None: it may say yes or no."""
    if authority == Authority.COMMUNE:
        return NoOffer.OWN
    if priority != Priority.ORDINARY:
        return NoOffer.MUST_AIR
    if is_cancelled:
        return NoOffer.CANCELLED
    return NoOffer.STARTED if starts_at <= now else None


def standing(declines: Iterable[Decline], airs_on: date, starts_at: datetime) -> dict[str, Decline]:
    """By station the no that holds for this occurrence; of several the newest."""
    found: dict[str, Decline] = {}
    for one in sorted(declines, key=lambda one: one.declined_at):
        if one.covers(airs_on, starts_at):
            found[one.station_id] = one
    return found
