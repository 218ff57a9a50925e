"""What communes declined of the programmes from above, read with the slots they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.offers import Decline, standing
from controller.storage.models import DeclineRow


class Occurrence(Protocol):
    """What of a slot a decline is about; a row of the table, or part of one."""

    @property
    def slot_id(self) -> str: ...
    @property
    def schedule_id(self) -> str: ...
    @property
    def airs_on(self) -> date: ...
    @property
    def starts_at(self) -> datetime: ...


def declined(
    session: Session, slots: Iterable[Occurrence], station_id: str | None = None
) -> Mapping[str, Mapping[str, Decline]]:
    """By slot and station the no that holds; slots that nobody declined are left out."""
    slots = list(slots)
    query = select(DeclineRow).where(
        DeclineRow.schedule_id.in_({slot.schedule_id for slot in slots})
    )
    if station_id is not None:
        query = query.where(DeclineRow.station_id == station_id)
    by_schedule: defaultdict[str, list[Decline]] = defaultdict(list)
    for row in session.scalars(query):
        by_schedule[row.schedule_id].append(decline_of(row))
    found = {
        slot.slot_id: standing(by_schedule[slot.schedule_id], slot.airs_on, slot.starts_at)
        for slot in slots
        if slot.schedule_id in by_schedule
    }
    return {slot_id: here for slot_id, here in found.items() if here}


def decline_of(row: DeclineRow) -> Decline:
    """The row as the rules take it."""
    return Decline(
        station_id=row.station_id,
        airs_on=row.airs_on,
        reason=row.reason,
        declined_by=row.declined_by,
        declined_at=row.declined_at,
        accepted_at=row.accepted_at,
    )
