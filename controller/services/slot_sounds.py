"""Which sounds a slot has at a station: those in the first language of its order that there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

DEFAULT_ORDER = ("vi",)
"""The order of languages of a station that was given no other."""


class SlotSounds(Protocol):
    """A row of the slot table."""

    @property
    def items(self) -> Sequence[Any]: ...

    @property
    def other_items(self) -> Mapping[str, Any]: ...


def order_key(language_order: Sequence[str]) -> str:
    """How an order of languages is written down: `rog,vi`."""
    return ",".join(language_order)


def items_at(row: SlotSounds, language_order: Sequence[str]) -> list[Any]:
    """The items of the slot for stations with this order; PlannedItem objects as JSON."""
    found = row.other_items.get(order_key(language_order))
    return list(row.items if found is None else found)


def sounds_at(row: SlotSounds, language_order: Sequence[str]) -> frozenset[str]:
    """The SHA-256 of every sound such a station needs for the slot."""
    return frozenset(str(item["sha256"]) for item in items_at(row, language_order))


def every_sound(row: SlotSounds) -> frozenset[str]:
    """The SHA-256 of every sound any station needs for the slot."""
    others = [item for items in row.other_items.values() for item in items]
    return frozenset(str(item["sha256"]) for item in [*row.items, *others])
