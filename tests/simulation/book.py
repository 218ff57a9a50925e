"""What the centre's database would hold, as plain dictionaries that can be copied and put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from controller.domain.reconcile import Change, Result
from controller.domain.schedule import Schedule
from station_protocol.codec import Signed
from station_protocol.messages import (
    JournalEntry,
    Order,
    PlannedItem,
    PlannedSlot,
    StationLimits,
    StationPlan,
)

Key = tuple[str, str]
"""Station and slot."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A stored schedule."""

    rule: Schedule
    targets: tuple[str, ...]
    lateness_s: int
    title: str
    items: tuple[PlannedItem, ...]
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class SignedPlan:
    """One version of one station's plan."""

    epoch: int
    version: int
    content_hash: str
    covers_until: datetime
    digests: Mapping[str, str]
    signed: Signed[StationPlan]
    raw: bytes


@dataclass(frozen=True, slots=True)
class SignedLimits:
    """One version of one station's limits."""

    version: int
    content: str
    signed: Signed[StationLimits]
    raw: bytes


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """An order as it was given."""

    sequence: int
    station_ids: tuple[str, ...]
    signed: Signed[Order]
    token: str


class Standing(NamedTuple):
    """What is known of a station."""

    last_word_at: datetime | None = None
    boot_id: str = ""
    health: str | None = None
    reasons: tuple[str, ...] = ()
    on_air_slot_id: str | None = None
    on_air_until_at: datetime | None = None
    highest: int = 0
    journal_id: str = ""
    stored_up_to: int = 0
    plan_sent: tuple[int, int] = (0, 0)
    limits_sent: int = 0


@dataclass
class Book:
    """Everything a backup keeps."""

    epoch: int
    raised_ms: int | None = None
    sequence: int = 0
    hours: tuple[tuple[int, int], ...] = ((300, 1260),)
    rules: dict[str, Rule] = field(default_factory=dict)
    slots: dict[str, PlannedSlot] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)
    """Slot -> schedule."""
    plans: dict[str, tuple[SignedPlan, ...]] = field(default_factory=dict)
    limits: dict[str, SignedLimits] = field(default_factory=dict)
    orders: tuple[SignedOrder, ...] = ()
    standings: dict[str, Standing] = field(default_factory=dict)
    lines: dict[Key, dict[int, JournalEntry]] = field(default_factory=dict)
    """Station and journal -> lines by number."""
    results: dict[Key, Result] = field(default_factory=dict)
    undecided: dict[Key, None] = field(default_factory=dict)
    changes: tuple[tuple[str, str, Change], ...] = ()
    reconciled_ms: int | None = None

    def copy(self) -> Book:
        """A backup: later changes of either do not touch the other."""
        made: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            made[name] = dict(value) if isinstance(value, dict) else value
        made["lines"] = {key: dict(lines) for key, lines in self.lines.items()}
        return Book(**made)
