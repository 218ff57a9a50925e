"""The official figures of a place over a period: closed months as published, the rest as of now.

Reports, the board's headline and the API ask here, so that no two of them can differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.availability import Outage, day_span, joined
from controller.domain.effective import Bar, Share, Short, is_only_unheard
from controller.domain.figures import (
    NUMBERS,
    TEXTS,
    Adding,
    MonthFigures,
    Sums,
    from_json,
    to_json,
    total,
)
from controller.domain.periods import Period, closes_at, is_closed, month_periods
from controller.domain.places import PlaceTree, Station
from controller.domain.schedule import local_date
from controller.services.day_figures import FIGURED_UNTIL, DayBook, Today
from controller.services.places import Places
from controller.services.scope import ensure_within
from controller.settings import FiguresSettings
from controller.storage.database import Database
from controller.storage.models import (
    CentreRunRow,
    DayFigureRow,
    MetaRow,
    MonthCloseRow,
    SpeakerClusterRow,
)

_Day = tuple[str, date, Sequence[int], Sequence[str]]
"""Station, day, its numbers and its texts."""
_KEPT = DayFigureRow.__table__.c
_COLUMNS = (
    _KEPT.station_id,
    _KEPT.day,
    *(_KEPT[name] for name in NUMBERS),
    *(cast(_KEPT[name], Text) for name in TEXTS),
)


@dataclass(frozen=True, slots=True)
class Names:
    """What a station and its places are called; of a closed month, as they were called then."""

    station: str
    place_id: str
    place: str
    district_id: str
    district: str
    zone: str
    is_coastal: bool
    clusters: int


@dataclass(frozen=True, slots=True)
class StationMonth:
    """One station in one month of the period."""

    month: Period
    figures: MonthFigures
    short: tuple[Short, ...]
    closed_at: datetime | None
    """When its figures were published and kept; None: they may still change."""
    now: MonthFigures | None
    """Of a closed month: what evidence says by now, when that differs."""

    @property
    def is_effective(self) -> bool:
        """Whether the station reached the bar."""
        return not self.short

    @property
    def is_only_unheard(self) -> bool:
        """Whether nothing is missing but somebody who listened."""
        return is_only_unheard(self.short)


@dataclass(frozen=True, slots=True)
class StationFigures:
    """One station over the period."""

    station_id: str
    names: Names
    sums: Sums
    outages: tuple[Outage, ...]
    months: tuple[StationMonth, ...]

    @property
    def is_effective(self) -> bool:
        """Whether it reached the bar in every month of the period."""
        return bool(self.months) and all(month.is_effective for month in self.months)

    @property
    def short(self) -> tuple[Short, ...]:
        """Why not, over all months, each reason once."""
        return tuple(dict.fromkeys(why for month in self.months for why in month.short))


@dataclass(frozen=True, slots=True)
class Effective:
    """`n/65 trạm hoạt động hiệu quả` for one month, and by which bar."""

    month: Period
    effective: int
    only_unheard: int
    stations: int
    bar: Bar


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """A place over a period: its stations, their sums, and what the centre itself did."""

    place_id: str
    period: Period
    counted_until: datetime
    """The end of the period, or now when it is not over, UTC."""
    stations: tuple[StationFigures, ...]
    sums: Sums
    effective: tuple[Effective, ...]
    """One for each month."""
    centre: Share
    """Seconds the central system was running."""

    @property
    def is_final(self) -> bool:
        """Whether every month of it is closed."""
        months = [month for station in self.stations for month in station.months]
        return bool(months) and all(month.closed_at is not None for month in months)

    def districts(self) -> Mapping[str, Sums]:
        """The sums by district, in the order of the stations."""
        found: dict[str, list[Sums]] = {}
        for station in self.stations:
            found.setdefault(station.names.district_id, []).append(station.sums)
        return {key: total(sums) for key, sums in found.items()}


class Figures:
    """Reads them, and closes months."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        days: DayBook,
        settings: FiguresSettings,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._days = days
        self.bar = Bar(
            settings.availability_per_mille,
            settings.delivery_per_mille,
            timedelta(hours=settings.longest_outage_h),
            settings.listening_checks_per_month,
        )

    def of(self, actor: Actor, place_id: str, period: Period) -> PlaceFigures:
        """A place the actor may see. NotFoundError for any other."""
        tree = self._places.tree()
        ensure_within(tree, actor, place_id if place_id in tree.places else None)
        with self._database.read() as session:
            return self.read(session, tree, place_id, period)

    def of_station(
        self, actor: Actor, station_id: str, period: Period, today: Today | None = None
    ) -> StationFigures | None:
        """One station; None: it was in service on no day of the period.

        `today`, when it was read before, is not read again. NotFoundError outside the actor's
        place.
        """
        tree = self._places.tree()
        station = tree.station(station_id)
        ensure_within(tree, actor, station.place_id if station else None)
        assert station is not None  # noqa: S101 - ensure_within refuses None
        now = self._now()
        with self._database.read() as session:
            mine = self._stations(session, tree, [station_id], period, now, known=today)
        return next(iter(mine), None)

    def read(
        self,
        session: Session,
        tree: PlaceTree,
        place_id: str,
        period: Period,
        *,
        with_today: bool = True,
    ) -> PlaceFigures:
        """The same in the caller's transaction, for whoever may see it.

        Without today it tells of the days that are over, from kept rows alone: much cheaper.
        """
        now = self._now() if with_today else day_span(local_date(self._now()))[0]
        ids = [one.station_id for one in _stations_under(tree, place_id)]
        shown = self._stations(session, tree, ids, period, now, with_today=with_today)
        return PlaceFigures(
            place_id=place_id,
            period=period,
            counted_until=min(now, period.ends_at),
            stations=shown,
            sums=total(one.sums for one in shown),
            effective=tuple(self._effective(shown, month) for month in _begun(period, now)),
            centre=centre_share(session, period.starts_at, min(now, period.ends_at)),
        )

    def _stations(
        self,
        session: Session,
        tree: PlaceTree,
        ids: Sequence[str],
        period: Period,
        now: datetime,
        *,
        with_today: bool = True,
        known: Today | None = None,
    ) -> tuple[StationFigures, ...]:
        """Those of these stations that were in service on a day of the period."""
        months = _begun(period, now)
        counted = self._counted(
            session, ids, period, months, now, with_today=with_today, known=known
        )
        closed = _closed(session, counted.keys(), months)
        names = names_of(session, tree, counted.keys())
        found = (
            self._station(period, station_id, by_month, closed.get(station_id, {}), names)
            for station_id, by_month in counted.items()
        )
        return tuple(one for one in found if one is not None)

    def close_months(self, periods: Iterable[Period]) -> int:
        """Keep the figures of each of these months that is to be closed and was not; how many."""
        now, tree = self._now(), self._places.tree()
        made = 0
        for month in periods:
            if not is_closed(month, now):
                continue
            with self._database.read() as session:  # most looks find nothing: no turn to write
                is_due = _is_to_close(session, month)
            if is_due:
                with self._database.write() as session:
                    if _is_to_close(session, month):
                        made += self._close(session, tree, month, now)
        return made

    def _close(self, session: Session, tree: PlaceTree, month: Period, now: datetime) -> int:
        known = [*tree.stations, *tree.retired]
        counted = self._counted(session, known, month, [month], now)
        names = names_of(session, tree, counted.keys())
        rows = [
            MonthCloseRow(
                station_id=station_id,
                basis=month.basis.value,
                first_on=month.first_on,
                closed_at=closes_at(month),
                names=_names_json(names[station_id]),
                figures=to_json(by_month[month])
                | {"short": [why.value for why in by_month[month].shortfalls(self.bar)]},
            )
            for station_id, by_month in counted.items()
            if by_month[month].sums.all_live.total_s
        ]
        session.add_all(rows)
        session.flush()
        return len(rows)

    def _counted(
        self,
        session: Session,
        station_ids: Sequence[str],
        period: Period,
        months: Sequence[Period],
        now: datetime,
        *,
        with_today: bool = True,
        known: Today | None = None,
    ) -> dict[str, dict[Period, MonthFigures]]:
        """By station and month the part of it that lies in the period."""
        adding = {key: [Adding() for _ in months] for key in station_ids}
        today = local_date(now) if with_today else None
        which = {day: number for number, month in enumerate(months) for day in month.days}
        rows = self._rows(session, station_ids, period, today, known)
        for station_id, day, numbers, texts in rows:
            if day in which:
                adding[station_id][which[day]].add(numbers, texts)
        return {
            key: {month: one.month() for month, one in zip(months, by_month, strict=True)}
            for key, by_month in adding.items()
        }

    def _rows(
        self,
        session: Session,
        station_ids: Sequence[str],
        period: Period,
        today: date | None,
        known: Today | None,
    ) -> Iterable[_Day]:
        wanted = set(station_ids)
        query = (
            select(*_COLUMNS)
            .where(DayFigureRow.day >= period.first_on, DayFigureRow.day <= period.last_on)
            .order_by(DayFigureRow.day)
        )
        if len(wanted) <= 100:
            query = query.where(DayFigureRow.station_id.in_(sorted(wanted)))
        for station_id, day, *figures in session.execute(query):
            if station_id in wanted:
                yield station_id, day, figures[: len(NUMBERS)], figures[len(NUMBERS) :]
        if today is not None and period.holds(today):
            for row in self._days.rows_of_today(session, station_ids, known):
                numbers = [row[name] for name in NUMBERS]
                yield (
                    row["station_id"],
                    row["day"],
                    numbers,
                    [json.dumps(row[name]) for name in TEXTS],
                )

    def _station(
        self,
        period: Period,
        station_id: str,
        by_month: Mapping[Period, MonthFigures],
        closed: Mapping[date, MonthCloseRow],
        names: Mapping[str, Names],
    ) -> StationFigures | None:
        found, called = [], names[station_id]
        for month, now in by_month.items():
            is_whole = period.holds(month.first_on) and period.holds(month.last_on)
            row = closed.get(month.first_on) if is_whole else None
            if row is None:
                if now.sums.all_live.total_s:
                    found.append(StationMonth(month, now, now.shortfalls(self.bar), None, None))
                continue
            kept = from_json(row.figures)
            short = tuple(Short(why) for why in row.figures["short"])
            found.append(
                StationMonth(month, kept, short, row.closed_at, now if now != kept else None)
            )
            called = Names(**row.names)
        if not found:
            return None
        return StationFigures(
            station_id,
            called,
            total(month.figures.sums for month in found),
            tuple(joined(one for month in found for one in month.figures.outages)),
            tuple(found),
        )

    def _effective(self, stations: Sequence[StationFigures], month: Period) -> Effective:
        mine = [one for station in stations for one in station.months if one.month == month]
        return Effective(
            month,
            sum(one.is_effective for one in mine),
            sum(one.is_only_unheard for one in mine),
            len(mine),
            self.bar,
        )


def names_of(session: Session, tree: PlaceTree, station_ids: Iterable[str]) -> dict[str, Names]:
    """What stations and their places are called now."""
    counted = session.execute(
        select(SpeakerClusterRow.station_id, func.count())
        .where(SpeakerClusterRow.retired_at.is_(None))
        .group_by(SpeakerClusterRow.station_id)
    )
    clusters = {station_id: count for station_id, count in counted}  # noqa: C416 - typed rows
    found = {}
    for station_id in station_ids:
        station = tree.station(station_id)
        if station is None:
            continue
        place = tree.places[station.place_id]
        district = tree.district_of(place.place_id) or place
        found[station_id] = Names(
            station.name,
            place.place_id,
            place.full_name,
            district.place_id,
            district.full_name,
            place.zone or "",
            place.is_coastal,
            clusters.get(station_id, 0),
        )
    return found


def _names_json(names: Names) -> dict[str, Any]:
    return {key: getattr(names, key) for key in Names.__dataclass_fields__}


def _begun(period: Period, now: datetime) -> list[Period]:
    """The months of the period that have begun."""
    return [month for month in month_periods(period) if month.starts_at <= now]


def _stations_under(tree: PlaceTree, place_id: str) -> list[Station]:
    """Every station there ever was at a place and below, in the fixed order."""
    order = {place.place_id: number for number, place in enumerate(tree.walk(place_id))}
    known = [*tree.stations.values(), *tree.retired.values()]
    mine = [station for station in known if station.place_id in order]
    return sorted(mine, key=lambda one: (order[one.place_id], one.station_id))


def _is_to_close(session: Session, month: Period) -> bool:
    """Whether all its days are counted, some station has one, and nothing of it is kept yet."""
    until = session.get(MetaRow, FIGURED_UNTIL)
    if until is None or date.fromisoformat(until.value) < month.last_on:
        return False
    kept = select(MonthCloseRow.month_close_id).where(
        MonthCloseRow.basis == month.basis.value, MonthCloseRow.first_on == month.first_on
    )
    counted = select(DayFigureRow.day).where(
        DayFigureRow.day >= month.first_on, DayFigureRow.day <= month.last_on
    )
    if session.scalar(kept.limit(1)) is not None:
        return False
    return session.scalar(counted.limit(1)) is not None


def _closed(
    session: Session, station_ids: Iterable[str], months: Sequence[Period]
) -> dict[str, dict[date, MonthCloseRow]]:
    if not months:
        return {}
    wanted = set(station_ids)
    rows = session.scalars(
        select(MonthCloseRow).where(
            MonthCloseRow.basis == months[0].basis.value,
            MonthCloseRow.first_on.in_([month.first_on for month in months]),
        )
    )
    found: dict[str, dict[date, MonthCloseRow]] = {}
    for row in rows:
        if row.station_id in wanted:
            found.setdefault(row.station_id, {})[row.first_on] = row
    return found


def centre_share(session: Session, start: datetime, end: datetime) -> Share:
    """Seconds of a span in which the central system was running; only since its first run."""
    first = session.scalar(select(func.min(CentreRunRow.started_at)))
    if first is None or first >= end:
        return Share(0, 0)
    start = max(start, first)
    runs = session.scalars(
        select(CentreRunRow).where(
            CentreRunRow.alive_until_at > start, CentreRunRow.started_at < end
        )
    )
    ran = sum(
        int(min(run.alive_until_at, end).timestamp()) - int(max(run.started_at, start).timestamp())
        for run in runs
    )
    return Share(ran, int(end.timestamp()) - int(start.timestamp()))
