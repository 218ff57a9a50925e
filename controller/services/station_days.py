"""A station day by day, and one of its days hour by hour: what drawings show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.availability import (
    Span,
    Stretch,
    Tally,
    day_span,
    day_stretches,
)
from controller.domain.availability import service_spans as spans_of
from controller.domain.delivery import Airing
from controller.domain.places import Station
from controller.domain.policy import minute_of
from controller.domain.schedule import local_date
from controller.errors import NotFoundError
from controller.services.day_figures import DayBook, Today, tally_of
from controller.services.places import Places
from controller.services.scope import ensure_within
from controller.services.uptime_evidence import Hours, evidence_of, hours_on
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import DayFigureRow


@dataclass(frozen=True, slots=True)
class StationDay:
    """One local day of one station, as it is settled; of a day in progress what has passed."""

    station: Station
    day: date
    stretches: Sequence[Stretch]
    """All 24 hours but what it was not in service."""
    service: Sequence[Span]
    """The hours it was told to sound in."""
    airings: Sequence[Airing]


class StationDays:
    """Reads them for stations the actor may see."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        days: DayBook,
        settings: PlanSettings,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._days = days
        self._default: Hours = ((minute_of(settings.opens), minute_of(settings.closes)),)

    def today(self, actor: Actor, station_id: str) -> Today:
        """The day in progress, for all of a page that tells of it. NotFoundError as `day`."""
        self._station(actor, station_id)
        with self._database.read() as session:
            return self._days.today(session, station_id)

    def settled(
        self,
        actor: Actor,
        station_id: str,
        first: date,
        last: date,
        today: Today | None = None,
    ) -> Mapping[date, Tally]:
        """Its service time by local day, today as far as it has passed; days to come are not in it.

        `today`, when it was read before, is not read again. NotFoundError outside the actor's
        place.
        """
        self._station(actor, station_id)
        with self._database.read() as session:
            return self._settled(session, station_id, first, last, today)

    def day(
        self, actor: Actor, station_id: str, day: date, today: Today | None = None
    ) -> StationDay:
        """One day of it; `today` as above. NotFoundError outside the actor's place."""
        station, now = self._station(actor, station_id), self._now()
        if today is not None and today.day == day:
            evidence = today.evidence
        else:
            with self._database.read() as session:
                evidence = evidence_of(session, station_id, day, day)
        begins, ends = day_span(day)
        return StationDay(
            station,
            day,
            day_stretches(evidence.history, day, now),
            spans_of(day, hours_on(evidence.limits, day, self._default)),
            [one for one in evidence.airings if begins <= one.planned_at < ends],
        )

    def _station(self, actor: Actor, station_id: str) -> Station:
        tree = self._places.tree()
        station = tree.station(station_id)
        ensure_within(tree, actor, station.place_id if station is not None else None)
        if station is None:
            raise NotFoundError(f"no station {station_id}")
        return station

    def _settled(
        self, session: Session, station_id: str, first: date, last: date, known: Today | None
    ) -> Mapping[date, Tally]:
        rows = session.scalars(
            select(DayFigureRow)
            .where(
                DayFigureRow.station_id == station_id,
                DayFigureRow.day >= first,
                DayFigureRow.day <= last,
            )
            .order_by(DayFigureRow.day)
        )
        found = {row.day: tally_of(row, "settled") for row in rows}
        today = local_date(self._now())
        if first <= today <= last:
            (values,) = self._days.rows_of_today(session, [station_id], known)
            found[values["day"]] = Tally(
                *(
                    values[f"settled_{name}_s"]
                    for name in ("ready", "degraded", "down", "unknown", "maint")
                )
            )
        return found
