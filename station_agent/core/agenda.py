"""Which slot is next, and what stands in the way of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from station_agent.core.limits import verdict
from station_agent.core.order_slot import is_emergency
from station_agent.core.outcomes import Obstacle
from station_agent.core.station import Station, closes_at
from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import Reason

LEAD = timedelta(seconds=5)
"""How long before its instant a slot is prepared: the sound device opens."""

COMMIT = timedelta(milliseconds=1_500)
"""How long before its instant the intent is written and the player let go."""

CHECK = timedelta(seconds=120)
"""How long before its instant the files are hashed again: time enough to fetch one anew."""


def obstacle_within(station: Station, slot: PlannedSlot, at: datetime) -> Obstacle | None:
    """What keeps this slot from sounding at `at`, whoever else wants the air."""
    if is_emergency(slot):
        return None
    if not station.clock.is_trusted:
        return Reason.CLOCK_UNTRUSTED
    if not station.is_held(slot):
        return _why_not_held(station, slot)
    starts_at = max(at, slot.starts_at)
    if station.plan is not None and starts_at > station.plan.claims.not_after:
        return Reason.EXPIRED
    return verdict(station.rules, slot, starts_at)


def _why_not_held(station: Station, slot: PlannedSlot) -> Reason:
    damaged = any(item.sha256 in station.damaged for item in slot.items)
    return Reason.FILE_CORRUPT if damaged else Reason.OFFLINE_NO_FILE


@dataclass(slots=True)
class Outlook:
    """When something about a pending slot may change next: worked out anew once that is past."""

    station: Station
    _known: tuple[list[PlannedSlot], datetime, datetime | None] | None = None
    """For which list of pending slots, since when, and what comes next."""

    def after(self, at: datetime) -> datetime | None:
        """The first such instant later than `at`; None: nothing is pending."""
        known, pending = self._known, self.station.pending
        if known is None or known[0] is not pending or not _is_within(at, *known[1:]):
            self._known = known = (pending, at, min(instants(self.station, at), default=None))
        return known[2]


def _is_within(at: datetime, since: datetime, until: datetime | None) -> bool:
    return since <= at and (until is None or at < until)


def instants(station: Station, after: datetime) -> Iterator[datetime]:
    """The instants after `after` at which something about a pending slot may change, unordered."""
    soonest: datetime | None = None
    for slot in station.pending:
        if soonest is not None and slot.starts_at - CHECK > soonest:
            return
        for at in _turning_points(slot):
            if at > after:
                soonest = at if soonest is None else min(at, soonest)
                yield at


def _turning_points(slot: PlannedSlot) -> tuple[datetime, ...]:
    start = slot.starts_at
    closed = closes_at(slot) + timedelta(milliseconds=1)
    return (start - CHECK, start - LEAD, start - COMMIT, start, closed)
