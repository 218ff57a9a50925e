"""Slots aired by a plan the centre no longer has: made after the backup it was restored from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from controller.storage.models import JournalEntryRow

AUTHORITY = "lost"
"""Stands where a slot would say whose it is."""


def lost_slots(session: Session, results: Collection[Any]) -> set[tuple[str, str]]:
    """Station and slot of those of these results that some plan made, by the station's own word.

    Give it results without a slot: what else there is of that kind sounded by an order. Each has
    `station_id`, `slot_id`, `journal_id` and `entry_no`.
    """
    if not results:
        return set()
    line = JournalEntryRow
    key = (line.station_id, line.journal_id, line.entry_no)
    wanted = {(one.station_id, one.journal_id, one.entry_no): one.slot_id for one in results}
    told = session.scalars(select(line).where(tuple_(*key).in_(list(wanted))))
    return {
        (one.station_id, wanted[one.station_id, one.journal_id, one.entry_no])
        for one in told
        if one.evidence.get("order_id") is None
    }
