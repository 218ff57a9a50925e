"""Slots near the present, each with its stations in one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.places import PlaceTree, Station
from controller.services.declines import declined
from controller.storage.models import ScheduleTargetRow, SlotRow


@dataclass(frozen=True, slots=True)
class NearSlot:
    """A slot near the present with the stations in the reader's place that are to air it."""

    row: SlotRow
    stations: tuple[Station, ...]

    @property
    def ends_at(self) -> datetime:
        """When it ends by its length."""
        return self.row.starts_at + timedelta(milliseconds=self.row.duration_ms)


def slots_near(
    session: Session, tree: PlaceTree, place_id: str, after: datetime, before: datetime
) -> tuple[NearSlot, ...]:
    """The slots that start between these instants, soonest first.

    Cancelled ones are left out, and the stations whose commune declined.
    """
    rows = session.scalars(
        select(SlotRow)
        .where(
            SlotRow.starts_at > after,
            SlotRow.starts_at < before,
            SlotRow.cancelled_at.is_(None),
        )
        .order_by(SlotRow.starts_at, SlotRow.slot_id)
    ).all()
    targets = _targets(session, {row.schedule_id for row in rows})
    declines = declined(session, rows)
    near = []
    for row in rows:
        places = [p for p in targets.get(row.schedule_id, ()) if p in tree.places]
        stations = tuple(
            station
            for station in tree.stations_in(places)
            if tree.is_within(station.place_id, place_id)
            and station.station_id not in declines.get(row.slot_id, ())
        )
        if stations:
            near.append(NearSlot(row, stations))
    return tuple(near)


def _targets(session: Session, schedule_ids: set[str]) -> dict[str, list[str]]:
    targets: dict[str, list[str]] = {}
    query = select(ScheduleTargetRow.schedule_id, ScheduleTargetRow.place_id).where(
        ScheduleTargetRow.schedule_id.in_(schedule_ids)
    )
    for schedule_id, place_id in session.execute(query):
        targets.setdefault(schedule_id, []).append(place_id)
    return targets
