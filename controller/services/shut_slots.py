"""Slots to come that stricter rules of a place or a station would keep off the air."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.domain.places import Station
from controller.services.near_slots import NearSlot

LOOKED_AHEAD = timedelta(days=15)
"""Plans reach so far; later slots are judged when they are saved or shown."""

LISTED = 10

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
            found.append(ShutSlot(slot.row.slot_id, slot.row.title, slot.starts_at, hit))
    return Shut(len(found), tuple(found[:LISTED])) if found else None
