"""The stations at which schedules air."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.places import PlaceTree
from controller.storage.models import ScheduleTargetRow


def stations_by_schedule(
    session: Session, tree: PlaceTree, schedule_ids: set[str]
) -> dict[str, tuple[str, ...]]:
    """The stations each of these rules airs at."""
    targets: dict[str, list[str]] = {}
    for schedule_id, place_id in session.execute(
        select(ScheduleTargetRow.schedule_id, ScheduleTargetRow.place_id)
    ):
        if schedule_id in schedule_ids and place_id in tree.places:
            targets.setdefault(schedule_id, []).append(place_id)
    return {
        schedule_id: tuple(station.station_id for station in tree.stations_in(place_ids))
        for schedule_id, place_ids in targets.items()
    }
