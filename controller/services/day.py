"""A day of slots in lanes: one for each place right below the one shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from controller.domain.places import Place, PlaceTree
from controller.domain.policy import Allowed, HoursBook
from controller.domain.schedule import instant, local_date
from controller.services.holiday_dates import Holiday, holidays_at
from controller.services.week import Slip, in_service, read_slips


@dataclass(frozen=True, slots=True)
class Part:
    """A slot in one lane: at so many of its stations."""

    slip: Slip
    stations: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One place: a district of the province, a commune of a district."""

    place: Place
    station_count: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class DayView:
    """The page: a place, one day, its lanes, and every slot once."""

    place: Place
    place_ids: tuple[Place, ...]
    """Places the reader may switch to: the own one and those right below."""
    on: date
    today: date
    station_count: int
    allowed: Allowed
    lanes: tuple[Lane, ...]
    slips: tuple[Slip, ...]
    holiday: Holiday | None


def read_day(
    session: Session, tree: PlaceTree, book: HoursBook, place: Place, on: date, now: datetime
) -> DayView:
    """The slots of a local date at the stations of this place."""
    start, end = instant(on, time(0)), instant(on + timedelta(days=1), time(0))
    slips = tuple(read_slips(session, tree, place.place_id, start, end, now))
    children = tree.children(place.place_id)
    found = holidays_at(session, place.place_id, on, on)
    return DayView(
        place=place,
        place_ids=(place, *children),
        on=on,
        today=local_date(now),
        station_count=len(in_service(session, tree, place.place_id, min(end, now))),
        allowed=book.of_place(tree, place.place_id),
        lanes=tuple(_lane(tree, one, slips) for one in children or (place,)),
        slips=slips,
        holiday=found[0] if found else None,
    )


def _lane(tree: PlaceTree, place: Place, slips: Sequence[Slip]) -> Lane:
    own = tree.ever_served(place.place_id)
    parts = tuple(Part(slip, here) for slip in slips if (here := len(slip.station_ids & own)))
    return Lane(place, len(tree.serving(place.place_id)), parts)
