"""Slots near the present, each with its stations in one place."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.places import PlaceTree, Station
from controller.services.declines import declined
from controller.services.placings import LOOKED_BACK, placings_of, start_at
from controller.storage.models import ScheduleTargetRow, SlotRow


@dataclass(frozen=True, slots=True)
class NearSlot:
    """A slot near the present with the stations in the reader's place that are to air it."""

    row: SlotRow
    stations: tuple[Station, ...]
    starts_at: datetime
    """When it is due there: later than elsewhere where it goes behind another priority item."""

    @property
    def ends_at(self) -> datetime:
        """When it ends by its length."""
        return self.starts_at + timedelta(milliseconds=self.row.duration_ms)


def slots_near(
    session: Session, tree: PlaceTree, place_id: str, after: datetime, before: datetime
) -> tuple[NearSlot, ...]:
    """The slots that start between these instants, soonest first.

    Cancelled ones are left out, and the stations whose commune declined. A slot that starts later
    at some stations is there once for each start.
    """
    rows = session.scalars(
        select(SlotRow)
        .where(
            SlotRow.starts_at > after - LOOKED_BACK,
            SlotRow.starts_at < before,
            SlotRow.cancelled_at.is_(None),
        )
        .order_by(SlotRow.starts_at, SlotRow.slot_id)
    ).all()
    targets = _targets(session, {row.schedule_id for row in rows})
    declines, placings = declined(session, rows), placings_of(session, rows)
    near = []
    for row in rows:
        places = [p for p in targets.get(row.schedule_id, ()) if p in tree.places]
        by_start: defaultdict[datetime, list[Station]] = defaultdict(list)
        for station in tree.stations_in(places):
            is_told = station.station_id not in declines.get(row.slot_id, ())
            if is_told and tree.is_within(station.place_id, place_id):
                by_start[start_at(placings, row, station.station_id)].append(station)
        near += [
            NearSlot(row, tuple(stations), starts_at)
            for starts_at, stations in by_start.items()
            if after < starts_at < before
        ]
    return tuple(sorted(near, key=lambda slot: (slot.starts_at, slot.row.slot_id)))


def _targets(session: Session, schedule_ids: set[str]) -> dict[str, list[str]]:
    targets: dict[str, list[str]] = {}
    query = select(ScheduleTargetRow.schedule_id, ScheduleTargetRow.place_id).where(
        ScheduleTargetRow.schedule_id.in_(schedule_ids)
    )
    for schedule_id, place_id in session.execute(query):
        targets.setdefault(schedule_id, []).append(place_id)
    return targets
