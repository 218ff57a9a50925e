"""Slots to come that stricter rules of a place or a station would keep off the air."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.domain.places import PlaceTree, Station
from controller.domain.policy import Allowed, HoursBook, is_open
from controller.services.near_slots import NearSlot

LOOKED_AHEAD = timedelta(days=15)
"""Plans reach so far; later slots are judged when they are saved or shown."""

LISTED = 10
COUNTS_KEPT = 1_000

Fits = Callable[[Station, NearSlot], bool]


@dataclass(frozen=True, slots=True)
class ShutSlot:
    """One slot, and at how many stations it does not fit."""

    slot_id: str
    title: str
    starts_at: datetime
    stations: int


@dataclass(frozen=True, slots=True)
class Shut:
    """How many slots no longer fit, and the first of them."""

    slots: int
    listed: tuple[ShutSlot, ...]


def shut_by(near: Iterable[NearSlot], fits_now: Fits, fits_then: Fits) -> Shut | None:
    """The slots that fit now and would not any more at some station; None: none."""
    found = []
    for slot in near:
        hit = sum(fits_now(one, slot) and not fits_then(one, slot) for one in slot.stations)
        if hit:
            found.append(_shut(slot, hit))
    return Shut(len(found), tuple(found[:LISTED])) if found else None


def _shut(slot: NearSlot, stations: int) -> ShutSlot:
    return ShutSlot(slot.row.slot_id, slot.row.title, slot.starts_at, stations)


class Misfits:
    """At how many stations slots do not fit hours and caps, counted once for each.

    A count stays true as long as places, rules and exceptions are the same, and the slot with its
    stations is. For one thread at a time.
    """

    def __init__(self) -> None:
        self._holds_for: tuple[PlaceTree, HoursBook] | None = None
        self._allowed: dict[str, Allowed] = {}
        self._hits: dict[Hashable, tuple[tuple[Station, ...], int]] = {}

    def of(
        self, place_id: str, near: Iterable[NearSlot], tree: PlaceTree, book: HoursBook
    ) -> tuple[ShutSlot, ...]:
        """The first of these slots in a place that some of their stations will refuse."""
        known = self._holds_for
        if known is None or known[0] is not tree or known[1] != book:
            self._holds_for, self._allowed, self._hits = (tree, book), {}, {}
        counted = ((slot, self._count(place_id, slot, tree, book)) for slot in near)
        return tuple(_shut(slot, hit) for slot, hit in counted if hit)[:LISTED]

    def _count(self, place_id: str, slot: NearSlot, tree: PlaceTree, book: HoursBook) -> int:
        key = (place_id, slot.row.slot_id, slot.starts_at, slot.row.duration_ms)
        stations, hit = self._hits.get(key, ((), 0))
        if stations != slot.stations:
            if len(self._hits) >= COUNTS_KEPT:
                self._hits.clear()
            hit = sum(not self._fits(one, slot, tree, book) for one in slot.stations)
            self._hits[key] = slot.stations, hit
        return hit

    def _fits(self, station: Station, slot: NearSlot, tree: PlaceTree, book: HoursBook) -> bool:
        place_id, length_ms = station.place_id, slot.row.duration_ms
        if place_id not in self._allowed:
            self._allowed[place_id] = book.of_place(tree, place_id)
        is_short = length_ms <= station.max_length_ms
        return is_short and is_open(slot.starts_at, length_ms, self._allowed[place_id])
