"""Who has the air. A total order: class, authority, earlier start, id; nothing is ever a draw."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import AUTHORITY_RANK, PRIORITY_RANK


def standing(slot: PlannedSlot) -> tuple[int, int]:
    """Class and authority; more is more."""
    return PRIORITY_RANK[slot.priority], AUTHORITY_RANK[slot.authority]


def _order(slot: PlannedSlot) -> tuple[int, int, datetime, str]:
    rank, authority = standing(slot)
    return -rank, -authority, slot.starts_at, slot.slot_id


def preempts(newcomer: PlannedSlot, on_air: PlannedSlot) -> bool:
    """Whether `newcomer` may cut what sounds: by class or authority, never by being earlier."""
    return standing(newcomer) > standing(on_air)


def ranked(slots: Iterable[PlannedSlot]) -> list[PlannedSlot]:
    """The slots, whoever gets the air first."""
    return sorted(slots, key=_order)
