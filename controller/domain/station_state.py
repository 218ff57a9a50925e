"""The one rule that says how a station is shown: tile, list, map and its own page all use it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from station_protocol.vocabulary import StationHealth

FRESH_FOR = timedelta(seconds=90)
"""Three heartbeats of 30 s; after that the link counts as lost (EN 54-16 allows 100 s)."""

OFF = "off"
"""What a station says of itself last when its agent ends in order."""


class ShownState(StrEnum):
    """The states of a tile."""

    READY = "ready"
    ON_AIR = "on_air"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"
    DOWN = "down"
    MAINT = "maint"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a station. Instants are the centre's own, but for `on_air_until_at`."""

    last_heartbeat_at: datetime | None = None
    health: str | None = None
    reasons: tuple[str, ...] = ()
    on_air_slot_id: str | None = None
    on_air_until_at: datetime | None = None
    maint_from_at: datetime | None = None
    maint_until_at: datetime | None = None
    """Declared maintenance: in force, to come, or the last one that was."""

    def is_in_maintenance(self, now: datetime) -> bool:
        """Whether somebody declared that the station is worked at now."""
        if self.maint_from_at is None or self.maint_until_at is None:
            return False
        return self.maint_from_at <= now < self.maint_until_at


@dataclass(frozen=True, slots=True)
class Shown:
    """How a station is shown, and the instant from which that is so by the facts."""

    state: ShownState
    since_at: datetime | None
    reasons: tuple[str, ...] = ()


ON_AIR_GRACE = timedelta(seconds=30)
"""How long after its foretold end a sound still counts as sounding without a new word."""


def shown_state(facts: Facts, now: datetime) -> Shown:
    """The state at `now`. A lapse is stamped with its deadline, not with when it was noticed.

    Declared maintenance hides every state but a sound: what is heard is always told.
    """
    own = _own_state(facts, now)
    if facts.is_in_maintenance(now):
        is_sounding = own.state is ShownState.ON_AIR
        return own if is_sounding else Shown(ShownState.MAINT, facts.maint_from_at)
    over_at = facts.maint_until_at
    if over_at is None or over_at > now or facts.maint_from_at == over_at:
        return own
    return replace(own, since_at=over_at if own.since_at is None else max(own.since_at, over_at))


def _own_state(facts: Facts, now: datetime) -> Shown:
    beat = facts.last_heartbeat_at
    if beat is None:
        return Shown(ShownState.NEVER, None)
    if facts.health == OFF:
        return Shown(ShownState.DOWN, beat, facts.reasons)
    if now - beat > FRESH_FOR:
        return Shown(ShownState.UNKNOWN, beat + FRESH_FOR, facts.reasons)
    if _sounds(facts, now):
        return Shown(ShownState.ON_AIR, beat)
    since = _settled_at(facts, beat)
    if facts.health == StationHealth.READY:
        return Shown(ShownState.READY, since)
    return Shown(ShownState.DEGRADED, since, facts.reasons or (facts.health or "starting",))


def _sounds(facts: Facts, now: datetime) -> bool:
    if facts.on_air_slot_id is None:
        return False
    return facts.on_air_until_at is None or now <= facts.on_air_until_at + ON_AIR_GRACE


def _settled_at(facts: Facts, beat: datetime) -> datetime:
    """When it became sure that nothing sounds any more: by a word, or by the foretold end."""
    if facts.on_air_slot_id is None or facts.on_air_until_at is None:
        return beat
    return max(beat, facts.on_air_until_at + ON_AIR_GRACE)


@dataclass(frozen=True, slots=True)
class Flip:
    """A change of what is shown."""

    state: ShownState
    at: datetime
    reasons: tuple[str, ...]


def flip(
    shown: str, since_at: datetime | None, facts: Facts, now: datetime
) -> tuple[Shown, Flip | None]:
    """What is shown now, and the change if there is one. A flip is never before the last one."""
    current = shown_state(facts, now)
    if current.state == shown:
        return current, None
    at = current.since_at or now
    if current.state is ShownState.MAINT and shown == ShownState.ON_AIR:
        at = _own_state(facts, now).since_at or now  # back to it, when the sound was over
    if since_at is not None and at < since_at:
        at = since_at
    return current, Flip(current.state, at, current.reasons)
