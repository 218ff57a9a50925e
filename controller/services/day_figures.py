"""A row of figures for each station and day: made when the day is over, anew when evidence comes.

A row follows from the evidence alone (`day_values`), so that one made anew equals one that was
kept. Today is never kept: whoever asks gets it worked out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from controller.domain.availability import DayUptime, Tally, UptimeState, day_span, day_uptime
from controller.domain.delivery import Airing, Delivered, delivered
from controller.domain.policy import minute_of
from controller.domain.schedule import local_date
from controller.services import stale_days
from controller.services.retention import evidence_since
from controller.services.uptime_evidence import Evidence, Hours, evidence_of, hours_on
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import DayFigureRow, MetaRow, StationRow

logger = logging.getLogger(__name__)

FIGURED_UNTIL = "figured_until"
"""The last local day every station has a row of."""

SETTLES_FOR = timedelta(days=40)
"""So long a day waits for the journal of a silence: a late one corrects for 35 days."""

AT_ONCE = 400
"""Marks worked off in one transaction."""

_WAYS = ("live", "settled", "all_live", "all_settled")


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One station on one local day."""

    uptime: DayUptime
    delivered: Delivered
    heard_checks: int
    bulletins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Today:
    """The day in progress at one station: read once for all that one page shows of it."""

    day: date
    evidence: Evidence
    values: dict[str, Any]
    """Its row, which is not kept."""


def day_figures(evidence: Evidence, day: date, default: Hours, until: datetime) -> DayFigures:
    """The figures of one day from the evidence; of a day in progress up to `until`."""
    begins, ends = day_span(day)
    airings = [one for one in evidence.airings if begins <= one.planned_at < ends]
    heard_at = [at for at in evidence.heard_at if begins <= at < ends]
    hours = hours_on(evidence.limits, day, default)
    return DayFigures(
        day_uptime(evidence.history, day, hours, until),
        delivered(airings, heard_at),
        len(heard_at),
        _sounded(airings),
    )


def _sounded(airings: Iterable[Airing]) -> tuple[str, ...]:
    return tuple(
        sorted(bulletin for one in airings if one.heard_ms for bulletin in one.bulletin_ids)
    )


def day_values(station_id: str, figures: DayFigures) -> dict[str, Any]:
    """The figures as a row."""
    uptime, sums = figures.uptime, figures.delivered
    tallies = dict(
        zip(
            _WAYS,
            (
                uptime.live_service,
                uptime.settled_service,
                uptime.live_all,
                uptime.settled_all,
            ),
            strict=True,
        )
    )
    return {
        "station_id": station_id,
        "day": uptime.day,
        **{
            f"{way}_{state.value}_s": getattr(tally, f"{state.value}_s")
            for way, tally in tallies.items()
            for state in UptimeState
        },
        "causes": dict(uptime.causes),
        "outages": [
            [
                int(one.from_at.timestamp()),
                int(one.until_at.timestamp()),
                one.state.value,
                one.cause,
            ]
            for one in uptime.outages
        ],
        "due": sums.due,
        "planned_ms": sums.planned_ms,
        "played_ms": sums.played_ms,
        "punctual": sums.punctual,
        "plays": sums.plays,
        "verified": sums.verified,
        "heard_checks": figures.heard_checks,
        "outcomes": dict(sums.outcomes),
        "heard_ms": dict(sums.heard_ms),
        "bulletins": list(figures.bulletins),
        "may_settle": uptime.may_settle,
    }


def tally_of(row: Any, way: str) -> Tally:
    """The tally of a row: `way` is "live", "settled", "all_live" or "all_settled"."""
    return Tally(*(getattr(row, f"{way}_{state.value}_s") for state in UptimeState))


class DayBook:
    """Keeps the rows."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], settings: PlanSettings
    ) -> None:
        self._database = database
        self._now = now
        self._default = ((minute_of(settings.opens), minute_of(settings.closes)),)

    def keep_up(self) -> int:
        """Add the days that are over, and make anew those whose evidence changed; how many rows.

        A station at a time, so that nobody waits long for a turn to write.
        """
        return self._add_days() + self._renew()

    def rebuild(self, first: date, last: date) -> int:
        """Make every row of these local days anew from evidence; how many.

        Days whose evidence was let go stay as they were counted.
        """
        last = min(last, local_date(self._now()) - timedelta(days=1))
        with self._database.read() as session:
            since = evidence_since(session)
        first = max(first, since or first)
        made = 0
        for station_id in self._stations():
            with self._database.write() as session:
                made += self._make(session, station_id, _days(first, last))
        return made

    def today(self, session: Session, station_id: str) -> Today:
        """The day in progress at a station, as far as it has passed."""
        now = self._now()
        day = local_date(now)
        evidence = evidence_of(session, station_id, day, day)
        figures = day_figures(evidence, day, self._default, now)
        return Today(day, evidence, day_values(station_id, figures))

    def rows_of_today(
        self, session: Session, station_ids: Sequence[str], known: Today | None = None
    ) -> list[dict[str, Any]]:
        """The rows of the day in progress, worked out and not kept; `known` is not read again."""
        rows = {known.values["station_id"]: known.values} if known is not None else {}
        return [rows.get(key) or self.today(session, key).values for key in station_ids]

    def _add_days(self) -> int:
        yesterday = local_date(self._now()) - timedelta(days=1)
        with self._database.read() as session:
            first = self._first_missing(session)
        if first is None or first > yesterday:
            return 0
        made = 0
        for station_id in self._stations():
            with self._database.write() as session:
                made += self._make(session, station_id, _days(first, yesterday))
        with self._database.write() as session:
            session.merge(MetaRow(key=FIGURED_UNTIL, value=yesterday.isoformat()))
        return made

    def _first_missing(self, session: Session) -> date | None:
        known = session.get(MetaRow, FIGURED_UNTIL)
        if known is not None:
            return date.fromisoformat(known.value) + timedelta(days=1)
        registered = session.scalar(select(func.min(StationRow.registered_at)))
        return local_date(registered) if registered is not None else None

    def _renew(self) -> int:
        made, today = 0, local_date(self._now())
        while True:
            with self._database.write() as session:
                marks = stale_days.take(session, today, AT_ONCE)
                for station_id, days in marks.items():
                    made += self._make(session, station_id, sorted(days))
            if not marks:
                return made + self._settle(today)

    def _settle(self, today: date) -> int:
        """Ask again for the journals of silences that are over."""
        with self._database.read() as session:
            waiting = session.execute(
                select(DayFigureRow.station_id, DayFigureRow.day).where(
                    DayFigureRow.may_settle, DayFigureRow.day >= today - SETTLES_FOR
                )
            ).all()
        made = 0
        for station_id, day in waiting:
            if self._differs(station_id, day):
                with self._database.write() as session:
                    made += self._make(session, station_id, [day])
        return made

    def _differs(self, station_id: str, day: date) -> bool:
        """Whether evidence says something else of a day than its row, without a turn to write."""
        with self._database.read() as session:
            kept = session.get(DayFigureRow, (station_id, day))
            fresh = self._values(session, station_id, [day])[0]
            return kept is None or any(getattr(kept, key) != fresh[key] for key in fresh)

    def _make(self, session: Session, station_id: str, days: Sequence[date]) -> int:
        if not days:
            return 0
        rows = self._values(session, station_id, days)
        session.execute(
            delete(DayFigureRow).where(
                DayFigureRow.station_id == station_id, DayFigureRow.day.in_(days)
            )
        )
        session.execute(insert(DayFigureRow), rows)
        return len(rows)

    def _values(
        self, session: Session, station_id: str, days: Sequence[date]
    ) -> list[dict[str, Any]]:
        evidence = evidence_of(session, station_id, min(days), max(days))
        split = _by_day(evidence, days)
        return [
            day_values(station_id, day_figures(split[day], day, self._default, day_span(day)[1]))
            for day in days
        ]

    def _stations(self) -> Sequence[str]:
        with self._database.read() as session:
            return session.scalars(
                select(StationRow.station_id).order_by(StationRow.station_id)
            ).all()


def _by_day(evidence: Evidence, days: Sequence[date]) -> Mapping[date, Evidence]:
    """The evidence of each day; airings are looked through once, not once a day."""
    airings: dict[date, list[Airing]] = {day: [] for day in days}
    for one in evidence.airings:
        day = local_date(one.planned_at)
        if day in airings:
            airings[day].append(one)
    return {
        day: Evidence(evidence.history, evidence.limits, airings[day], evidence.heard_at)
        for day in days
    }


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
