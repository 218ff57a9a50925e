"""An airing that an order asks for, in the form of a slot, so that the same rules hold for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from station_agent.core.records import ActiveOrder, Intent, Memory, OrderRank
from station_protocol.airings import airing_id
from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import Authority, Priority

DRILL_SIGNAL_MS = 4_000
LONGEST_WINDOW_S = 86_400


class OrderSlot(PlannedSlot):
    """One time that an emergency or a drill sounds. It has no items: its words may be missing.

    An order named in `replaces` yields whatever its authority.
    """

    order: ActiveOrder
    replaces: tuple[str, ...] = ()

    @property
    def order_id(self) -> str:
        """The order that asked for it."""
        return self.order.order_id

    @property
    def is_emergency(self) -> bool:
        """Whether it waits for nothing but a higher emergency; else it is a drill."""
        return not self.order.exercise


def order_slot(
    order: ActiveOrder, number: int, starts_at: datetime, replaces: tuple[str, ...] = ()
) -> OrderSlot:
    """The `number`-th airing, due at `starts_at`; it may wait, never past its end."""
    window_s = LONGEST_WINDOW_S if order.repeat_every_s is None else order.repeat_every_s
    left = order.until_at - starts_at
    return OrderSlot(
        slot_id=airing_id(order.order_id, number),
        revision=1,
        starts_at=starts_at,
        duration_ms=order.attention_ms + order.duration_ms,
        lateness_s=max(0, min(window_s, LONGEST_WINDOW_S, left // timedelta(seconds=1))),
        priority=Priority.ORDINARY if order.exercise else Priority.EMERGENCY,
        authority=Authority.COMMUNE if order.exercise else order.authority,
        title=order.title,
        items=(),
        order=order,
        replaces=replaces,
    )


def is_emergency(slot: PlannedSlot | None) -> bool:
    """Whether this is an airing of an emergency order."""
    return isinstance(slot, OrderSlot) and slot.is_emergency


def intent_of(slot: OrderSlot, memory: Memory) -> Intent:
    """What is written down before this airing sounds, so that nothing of it sounds twice."""
    seen = next((one for one in memory.orders if one.order_id == slot.order_id), None)
    return Intent(
        slot_id=slot.slot_id,
        nonce=seen.nonce if seen else "",
        not_after=seen.not_after if seen else slot.order.until_at,
        planned_at=slot.starts_at,
        order=slot.order,
        rank=seen.rank if seen else OrderRank(),
    )
