"""What a report of a place over a period tells, and the daily log of what sounded.

Page, print, PDF, XLSX and CSV are made of these objects, so that no two of them can differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import merge

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.availability import Outage, day_span
from controller.domain.emergencies import Kind, State
from controller.domain.figures import Sums, quantile, repair_times, total
from controller.domain.periods import Period
from controller.domain.places import Place, PlaceKind, PlaceTree
from controller.domain.station_state import ShownState
from controller.services.audit import Deed, record
from controller.services.emergency_views import EmergencyView, traces, views_of
from controller.services.figures import Figures, PlaceFigures, StationFigures
from controller.services.lost_slots import AUTHORITY as LOST
from controller.services.lost_slots import lost_slots
from controller.services.ordered_airings import DrillAiring, Ordered, drilled, ordered
from controller.services.places import Places
from controller.services.scope import ensure_within
from controller.services.timeliness import StationTimes, times_of
from controller.storage.database import Database
from controller.storage.models import (
    BulletinVersionRow,
    EmergencyRow,
    SlotResultChangeRow,
    SlotResultRow,
    SlotRow,
    StationFlipRow,
)

REMOTE = "III"
SLOWEST = 10
MOST_BULLETINS = 400
"""So many bulletins of a period are looked at for how fast they came to the communes."""

LOGGED_AT_ONCE = 2_000
EMERGENCY, DRILL = "emergency", "drill"
"""By whose authority something sounded that was ordered and not scheduled."""


@dataclass(frozen=True, slots=True)
class Group:
    """Stations summed up under one name."""

    key: str
    name: str
    stations: int
    effective: int
    sums: Sums


@dataclass(frozen=True, slots=True)
class Repair:
    """How long stations were out before they were ready again."""

    ended: int
    median: timedelta | None
    p90: timedelta | None
    open: int
    """Outages that last at the end of what was counted."""


@dataclass(frozen=True, slots=True)
class Warned:
    """One emergency or drill of the period."""

    view: EmergencyView
    stations: int
    """How many were meant."""
    online: int
    """How many of them had a link when it was sent, as far as anybody knows."""
    sounded: int
    within_10_s: int
    """Of those that sounded: how many within 10 s of the click."""
    within_5_min: int


@dataclass(frozen=True, slots=True)
class Correction:
    """A closed month of a station whose evidence says something else by now."""

    station: StationFigures
    month: Period
    published: Sums
    now: Sums


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report prints."""

    place: Place
    figures: PlaceFigures
    groups: tuple[Group, ...]
    """Districts of a province, communes of a district; empty for a commune."""
    remote: Group
    """Stations of zone III alone."""
    coastal: Group
    repair: Repair
    warned: tuple[Warned, ...]
    drills: tuple[Warned, ...]
    slowest: tuple[StationTimes, ...]
    """Of the bulletins approved in the period, the stations that aired one latest."""
    bulletins: int
    """How many were approved in the period."""
    looked_at: int
    """How many of them `slowest` was made of: 0 when the period has too many."""
    corrections: tuple[Correction, ...]

    @property
    def worst(self) -> tuple[StationFigures, ...]:
        """The stations that were ready least, the worst first."""
        known = [one for one in self.figures.stations if one.sums.availability.whole]
        return tuple(sorted(known, key=lambda one: one.sums.availability.percent or 0.0)[:SLOWEST])


@dataclass(frozen=True, slots=True)
class LogLine:
    """One slot at one station in the daily log."""

    station_id: str
    planned_at: datetime
    planned_ms: int
    title: str
    authority: str
    """"emergency" or "drill": by such an order; a drill is no broadcast and counted as none.
    "lost": by a plan that was made after the backup this centre was restored from. Empty: by an
    order of which nothing is known any more."""
    approved_by: tuple[str, ...]
    started_at: datetime | None
    played_ms: int
    outcome: str
    reason: str | None
    corrected: int
    """How often its outcome was corrected or disputed afterwards."""


class Reports:
    """Reads reports of places the actor may see."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        figures: Figures,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._figures = figures

    def of(self, actor: Actor, place_id: str, period: Period) -> Report:
        """The report of a place over a period. NotFoundError outside the actor's place."""
        tree = self._places.tree()
        ensure_within(tree, actor, place_id if place_id in tree.places else None)
        with self._database.read() as session:
            return self._read(session, tree, tree.places[place_id], period)

    def _read(self, session: Session, tree: PlaceTree, place: Place, period: Period) -> Report:
        figures = self._figures.read(session, tree, place.place_id, period)
        ids = [one.station_id for one in figures.stations]
        bulletins = _approved_in(session, period, figures.counted_until)
        looked_at = bulletins if len(bulletins) <= MOST_BULLETINS else []
        return Report(
            place=place,
            figures=figures,
            groups=_groups(figures, place),
            remote=_group("", "", [one for one in figures.stations if one.names.zone == REMOTE]),
            coastal=_group("", "", [one for one in figures.stations if one.names.is_coastal]),
            repair=repair_of(figures),
            warned=_warned(session, tree, Kind.LIVE, ids, period, self._now()),
            drills=_warned(session, tree, Kind.DRILL, ids, period, self._now()),
            slowest=_slowest(session, tree, looked_at, ids, figures.counted_until),
            bulletins=len(bulletins),
            looked_at=len(looked_at),
            corrections=tuple(_corrections(figures)),
        )

    def log(self, actor: Actor, place_id: str, first: date, last: date) -> Iterator[LogLine]:
        """What sounded, and what did not, on the local dates from `first` to `last`, in order.

        NotFoundError outside the actor's place. Read a page at a time: a year does not have to
        fit in memory.
        """
        tree = self._places.tree()
        ensure_within(tree, actor, place_id if place_id in tree.places else None)
        known = [*tree.stations.values(), *tree.retired.values()]
        ids = frozenset(one.station_id for one in known if tree.is_within(one.place_id, place_id))
        return self._log(ids, day_span(first)[0], day_span(last)[1])

    def taken(self, actor: Actor, place_id: str, kind: str, first: date, last: date) -> None:
        """Write down that somebody took a report or the log home as a file."""
        now = self._now()
        detail = {"kind": kind, "from": first.isoformat(), "until": last.isoformat()}
        with self._database.write() as session:
            record(session, actor, Deed("report.take", "place", place_id, place_id, detail), at=now)

    def _log(
        self, station_ids: frozenset[str], start: datetime, end: datetime
    ) -> Iterator[LogLine]:
        with self._database.read() as session:
            orders = ordered(session, start, end)
            drills = drilled(session, tuple(station_ids), start, end, self._now())
        yield from merge(
            self._results(station_ids, start, end, orders),
            (_drill_line(one) for one in drills),
            key=lambda line: (line.planned_at, line.station_id),
        )

    def _results(
        self,
        station_ids: frozenset[str],
        start: datetime,
        end: datetime,
        orders: Mapping[str, Ordered],
    ) -> Iterator[LogLine]:
        after: tuple[datetime, str, str] | None = (start, "", "")
        while after is not None:
            with self._database.read() as session:
                rows = _log_rows(session, after, end)
                mine = [row for row in rows if row.station_id in station_ids]
                lines = _log_lines(session, mine, orders)
                after = _behind(rows) if len(rows) == LOGGED_AT_ONCE else None
            yield from lines


# --- groups ---------------------------------------------------------------------------------------


def _groups(figures: PlaceFigures, place: Place) -> tuple[Group, ...]:
    if place.kind is PlaceKind.COMMUNE:
        return ()
    by_district = place.kind is PlaceKind.PROVINCE
    found: dict[str, list[StationFigures]] = {}
    names: dict[str, str] = {}
    for one in figures.stations:
        key = one.names.district_id if by_district else one.names.place_id
        names[key] = one.names.district if by_district else one.names.place
        found.setdefault(key, []).append(one)
    return tuple(_group(key, names[key], mine) for key, mine in found.items())


def _group(key: str, name: str, stations: Sequence[StationFigures]) -> Group:
    return Group(
        key,
        name,
        len(stations),
        sum(one.is_effective for one in stations),
        total(one.sums for one in stations),
    )


# --- outages --------------------------------------------------------------------------------------


def repair_of(figures: PlaceFigures) -> Repair:
    """How long the outages lasted that ended in the period."""
    until = figures.counted_until
    every: list[Outage] = [outage for one in figures.stations for outage in one.outages]
    lengths = repair_times(every, until)
    return Repair(
        ended=len(lengths),
        median=quantile(lengths, 0.5),
        p90=quantile(lengths, 0.9),
        open=sum(one.until_at >= until for one in every),
    )


def _corrections(figures: PlaceFigures) -> Iterator[Correction]:
    for station in figures.stations:
        for month in station.months:
            if month.now is not None:
                yield Correction(station, month.month, month.figures.sums, month.now.sums)


# --- emergencies ----------------------------------------------------------------------------------


def _warned(
    session: Session,
    tree: PlaceTree,
    kind: Kind,
    station_ids: Sequence[str],
    period: Period,
    now: datetime,
) -> tuple[Warned, ...]:
    """What was sent in the period to one of these stations at least, in order of time."""
    rows = session.scalars(
        select(EmergencyRow)
        .where(
            EmergencyRow.kind == kind.value,
            EmergencyRow.state == State.SENT.value,
            EmergencyRow.sent_at >= period.starts_at,
            EmergencyRow.sent_at < period.ends_at,
        )
        .order_by(EmergencyRow.sent_at)
    ).all()
    wanted, found = set(station_ids), []
    for row, view in zip(rows, views_of(session, rows), strict=True):
        sent_at = row.sent_at
        mine = [one for one in traces(session, tree, row, now) if one.station_id in wanted]
        if not mine or sent_at is None:
            continue
        took = [one.first_sound_at - sent_at for one in mine if one.first_sound_at is not None]
        online = _online_at(session, [one.station_id for one in mine], sent_at)
        found.append(
            Warned(
                view,
                stations=len(mine),
                online=len(online),
                sounded=len(took),
                within_10_s=sum(one <= timedelta(seconds=10) for one in took),
                within_5_min=sum(one <= timedelta(minutes=5) for one in took),
            )
        )
    return tuple(found)


def _online_at(session: Session, station_ids: Sequence[str], at: datetime) -> set[str]:
    """Which stations had a link at an instant, by the last change seen before it."""
    newest = (
        select(StationFlipRow.station_id, func.max(StationFlipRow.station_flip_id).label("last"))
        .where(StationFlipRow.station_id.in_(station_ids), StationFlipRow.at <= at)
        .group_by(StationFlipRow.station_id)
        .subquery()
    )
    rows = session.execute(
        select(StationFlipRow.station_id, StationFlipRow.state).join(
            newest, newest.c.last == StationFlipRow.station_flip_id
        )
    )
    return {station_id for station_id, state in rows if state in _LINKED}


_LINKED = frozenset({ShownState.READY.value, ShownState.ON_AIR.value, ShownState.DEGRADED.value})


# --- how fast bulletins came ----------------------------------------------------------------------


def _approved_in(session: Session, period: Period, until: datetime) -> list[str]:
    """The bulletins that were approved in the period for the first time."""
    first = func.min(BulletinVersionRow.approved_at)
    return list(
        session.scalars(
            select(BulletinVersionRow.bulletin_id)
            .where(BulletinVersionRow.approved_at.is_not(None))
            .group_by(BulletinVersionRow.bulletin_id)
            .having(first >= period.starts_at, first < until)
            .order_by(BulletinVersionRow.bulletin_id)
        )
    )


def _slowest(
    session: Session,
    tree: PlaceTree,
    bulletin_ids: Sequence[str],
    station_ids: Sequence[str],
    now: datetime,
) -> tuple[StationTimes, ...]:
    """By station its slowest bulletin, the slowest station first."""
    if not bulletin_ids:
        return ()
    here = frozenset(one for one in station_ids if one in tree.stations)
    worst: dict[str, StationTimes] = {}
    for timeliness in times_of(session, tree, bulletin_ids, here, now).values():
        for one in timeliness.stations:
            known = worst.get(one.station_id)
            if one.until_aired is not None and (known is None or _took(known) < one.until_aired):
                worst[one.station_id] = one
    return tuple(sorted(worst.values(), key=_took, reverse=True)[:SLOWEST])


def _took(one: StationTimes) -> timedelta:
    return one.until_aired or timedelta()


# --- the log --------------------------------------------------------------------------------------


def _log_rows(
    session: Session, after: tuple[datetime, str, str], end: datetime
) -> Sequence[SlotResultRow]:
    at, station_id, slot_id = after
    row = SlotResultRow
    return session.scalars(
        select(row)
        .where(
            row.planned_at >= at,
            row.planned_at < end,
            or_(row.planned_at > at, tuple_(row.station_id, row.slot_id) > (station_id, slot_id)),
        )
        .order_by(row.planned_at, row.station_id, row.slot_id)
        .limit(LOGGED_AT_ONCE)
    ).all()


def _behind(rows: Sequence[SlotResultRow]) -> tuple[datetime, str, str]:
    return rows[-1].planned_at, rows[-1].station_id, rows[-1].slot_id


def _log_lines(
    session: Session, rows: Sequence[SlotResultRow], orders: Mapping[str, Ordered]
) -> list[LogLine]:
    slot_ids = sorted({row.slot_id for row in rows})
    slots = {
        slot.slot_id: slot
        for slot in session.scalars(select(SlotRow).where(SlotRow.slot_id.in_(slot_ids)))
    }
    changes = session.execute(
        select(SlotResultChangeRow.station_id, SlotResultChangeRow.slot_id, func.count())
        .where(SlotResultChangeRow.slot_id.in_(slot_ids))
        .group_by(SlotResultChangeRow.station_id, SlotResultChangeRow.slot_id)
    )
    corrected = {(station_id, slot_id): count for station_id, slot_id, count in changes}
    lost = lost_slots(session, [row for row in rows if row.slot_id not in slots])
    return [
        _log_line(
            row,
            slots.get(row.slot_id),
            corrected.get((row.station_id, row.slot_id), 0),
            order=orders.get(row.slot_id),
            is_lost=(row.station_id, row.slot_id) in lost,
        )
        for row in rows
    ]


def _log_line(
    row: SlotResultRow,
    slot: SlotRow | None,
    corrected: int,
    *,
    order: Ordered | None,
    is_lost: bool,
) -> LogLine:
    by = EMERGENCY if order is not None else LOST if is_lost else ""
    items = slot.items if slot is not None else ()
    people = [str(item["approved_by"]) for item in items if item.get("approved_by")]
    return LogLine(
        station_id=row.station_id,
        planned_at=row.planned_at,
        planned_ms=row.planned_ms,
        title=order.title if slot is None and order is not None else row.title,
        authority=slot.authority if slot is not None else by,
        approved_by=tuple(dict.fromkeys(people)),
        started_at=row.started_at,
        played_ms=row.played_ms,
        outcome=row.outcome,
        reason=row.reason,
        corrected=corrected,
    )


def _drill_line(drill: DrillAiring) -> LogLine:
    return LogLine(
        station_id=drill.station_id,
        planned_at=drill.planned_at,
        planned_ms=drill.planned_ms,
        title=drill.title,
        authority=DRILL,
        approved_by=(),
        started_at=drill.started_at,
        played_ms=drill.played_ms,
        outcome=drill.outcome,
        reason=drill.reason,
        corrected=0,
    )
