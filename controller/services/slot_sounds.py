"""Which sounds a slot has at a station: those in the first language of its order that there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

DEFAULT_ORDER = ("vi",)
"""The order of languages of a station that was given no other."""


MARK = "opening"
"""Key of an item that is another sound at each station: its name, said by a voice."""

Names = Mapping[tuple[str, str], Mapping[str, Any]]
"""How stations are called, by station id and voice: sha256, size_bytes, duration_ms and
bulletin_version_id of an item."""


class SlotSounds(Protocol):
    """A row of the slot table."""

    @property
    def items(self) -> Sequence[Any]: ...

    @property
    def other_items(self) -> Mapping[str, Any]: ...


class Listener(Protocol):
    """A station."""

    @property
    def station_id(self) -> str: ...

    @property
    def language_order(self) -> Sequence[str]: ...


def order_key(language_order: Sequence[str]) -> str:
    """How an order of languages is written down: `rog,vi`."""
    return ",".join(language_order)


def items_at(row: SlotSounds, station: Listener, names: Names) -> list[Any]:
    """The items of the slot at a station; PlannedItem objects as JSON."""
    found = row.other_items.get(order_key(station.language_order))
    return with_name(row.items if found is None else found, station.station_id, names)


def has_mark(items: Iterable[Any]) -> bool:
    """Whether these items are others at each station."""
    return any(MARK in item for item in items)


def marks_of(rows: Iterable[SlotSounds]) -> list[Any]:
    """The items of these slots that are others at each station."""
    return [item for row in rows for item in row.items if MARK in item]


def with_name(items: Iterable[Any], station_id: str, names: Names) -> list[Any]:
    """The items with the station's name in the place of a mark; left out while it was not said."""
    found = []
    for item in items:
        if MARK not in item:
            found.append(item)
        elif (name := names.get((station_id, item["voice"]))) is not None:
            answer = {key: item[key] for key in ("approved_by", "approved_at")}
            found.append({**name, **answer})
    return found


def sounds_at(row: SlotSounds, station: Listener, names: Names) -> frozenset[str]:
    """The SHA-256 of every sound a station needs for the slot."""
    return frozenset(str(item["sha256"]) for item in items_at(row, station, names))


def every_sound(row: SlotSounds, names: Names) -> frozenset[str]:
    """The SHA-256 of every sound any station needs for the slot."""
    items = [*row.items, *(item for items in row.other_items.values() for item in items)]
    voices = {item["voice"] for item in items if MARK in item}
    said = [name["sha256"] for (_station, voice), name in names.items() if voice in voices]
    return frozenset([*(str(item["sha256"]) for item in items if MARK not in item), *said])
