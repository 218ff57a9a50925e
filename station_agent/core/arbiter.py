"""Who has the air. A total order: class, authority, earlier start, id; nothing is ever a draw."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from station_agent.core.order_slot import OrderSlot
from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import AUTHORITY_RANK, PRIORITY_RANK

DRILL_RANK = -1
"""A drill yields to everything."""


def standing(slot: PlannedSlot) -> tuple[int, int, int]:
    """Class, authority, and between emergencies the centre's count; more is more."""
    if isinstance(slot, OrderSlot):
        if not slot.is_emergency:
            return DRILL_RANK, 0, 0
        return PRIORITY_RANK[slot.priority], AUTHORITY_RANK[slot.authority], slot.order.sequence
    return PRIORITY_RANK[slot.priority], AUTHORITY_RANK[slot.authority], 0


def _order(slot: PlannedSlot) -> tuple[int, int, int, datetime, str]:
    rank, authority, sequence = standing(slot)
    return -rank, -authority, -sequence, slot.starts_at, slot.slot_id


def corrects(newcomer: PlannedSlot, other: PlannedSlot) -> bool:
    """Whether `newcomer` is the correction or the all-clear of the order `other` belongs to."""
    if not isinstance(newcomer, OrderSlot) or not isinstance(other, OrderSlot):
        return False
    return other.order_id in newcomer.replaces


def preempts(newcomer: PlannedSlot, on_air: PlannedSlot) -> bool:
    """Whether `newcomer` may cut what sounds: by its standing, never by being earlier."""
    return corrects(newcomer, on_air) or standing(newcomer) > standing(on_air)


def ranked(slots: Iterable[PlannedSlot]) -> list[PlannedSlot]:
    """The slots, whoever gets the air first."""
    return sorted(slots, key=_order)
