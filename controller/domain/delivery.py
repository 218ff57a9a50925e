"""What was planned at a station and what of it sounded: minutes, starts, and why not.

Cancelled and superseded slots were not owed, and leave the denominator; one that sounded partly
counts its part; one nobody has reported counts as not played until somebody does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller.domain.reconcile import COMING, SOUNDING
from station_protocol.vocabulary import Outcome

PUNCTUAL_WITHIN = timedelta(seconds=5)
"""A start this near its instant counts as on time."""

NOT_OWED = frozenset({Outcome.CANCELLED.value, Outcome.SUPERSEDED.value})
IN_FLIGHT = frozenset({COMING, SOUNDING})
"""Neither planned nor played yet: it may still sound, or sounds now."""

VERIFIED_WITHIN = timedelta(minutes=2)
"""Somebody who listened notes a time by a watch."""


@dataclass(frozen=True, slots=True)
class Airing:
    """One slot at one station, as its result stands. Instants are UTC."""

    slot_id: str
    planned_at: datetime
    planned_ms: int
    outcome: str
    """An Outcome of the protocol, or one of those nobody has decided."""
    reason: str | None = None
    started_at: datetime | None = None
    played_ms: int = 0
    authority: str = ""
    category: str | None = None
    """What it was about; None: several things, or nobody filed it."""
    language: str | None = None
    """What was spoken at this station; None: several languages."""
    bulletin_ids: tuple[str, ...] = ()

    @property
    def is_owed(self) -> bool:
        """Whether it counts as planned."""
        return self.outcome not in NOT_OWED and self.outcome not in IN_FLIGHT

    @property
    def heard_ms(self) -> int:
        """What of the plan sounded: never more than was planned."""
        return min(self.played_ms, self.planned_ms) if self.is_owed else 0

    @property
    def is_punctual(self) -> bool:
        """Whether it sounded, its first frame within 5 s of its instant.

        A start whose end nobody has reported counts as little as its minutes do: once nothing more
        comes it is a missed slot, and none of those was on time.
        """
        if self.started_at is None or not self.heard_ms:
            return False
        return abs(self.started_at - self.planned_at) <= PUNCTUAL_WITHIN

    def was_heard_by(self, listened_at: Iterable[datetime]) -> bool:
        """Whether somebody who listened then heard this one."""
        if self.started_at is None or self.played_ms <= 0:
            return False
        begins = self.started_at - VERIFIED_WITHIN
        ends = self.started_at + timedelta(milliseconds=self.played_ms) + VERIFIED_WITHIN
        return any(begins <= at <= ends for at in listened_at)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The airings of a span, added up."""

    due: int = 0
    """Planned starts that were owed."""
    planned_ms: int = 0
    played_ms: int = 0
    punctual: int = 0
    plays: int = 0
    """Airings of which anything sounded."""
    verified: int = 0
    """Of these, those somebody heard."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """How many, by `outcome` or `outcome:reason`; of what was not owed too."""
    heard_ms: Mapping[str, int] = field(default_factory=dict)
    """Milliseconds that sounded, by `authority:...`, `category:...` and `language:...`."""

    def __add__(self, other: Delivered) -> Delivered:
        return Delivered(
            self.due + other.due,
            self.planned_ms + other.planned_ms,
            self.played_ms + other.played_ms,
            self.punctual + other.punctual,
            self.plays + other.plays,
            self.verified + other.verified,
            added(self.outcomes, other.outcomes),
            added(self.heard_ms, other.heard_ms),
        )


def added(first: Mapping[str, int], second: Mapping[str, int]) -> Mapping[str, int]:
    """Two counts by key as one, keys in order."""
    sums = Counter(first)
    sums.update(second)
    return dict(sorted(sums.items()))


def delivered(airings: Iterable[Airing], listened_at: Iterable[datetime] = ()) -> Delivered:
    """The sums of these airings; `listened_at`: when people heard the loudspeakers."""
    heard_at = list(listened_at)
    outcomes: Counter[str] = Counter()
    heard_ms: Counter[str] = Counter()
    due = planned_ms = played_ms = punctual = plays = verified = 0
    for one in airings:
        if one.outcome in IN_FLIGHT:
            continue
        outcomes[f"{one.outcome}:{one.reason}" if one.reason else one.outcome] += 1
        if not one.is_owed:
            continue
        due += 1
        planned_ms += one.planned_ms
        played_ms += one.heard_ms
        punctual += one.is_punctual
        if one.heard_ms:
            plays += 1
            verified += one.was_heard_by(heard_at)
            heard_ms[f"authority:{one.authority}"] += one.heard_ms
            heard_ms[f"category:{one.category or ''}"] += one.heard_ms
            heard_ms[f"language:{one.language or ''}"] += one.heard_ms
    return Delivered(
        due,
        planned_ms,
        played_ms,
        punctual,
        plays,
        verified,
        dict(sorted(outcomes.items())),
        dict(sorted(heard_ms.items())),
    )
