"""A week of slots at the stations of one place, as the week view shows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from controller.domain import policy
from controller.domain.board import Sign
from controller.domain.places import Place, PlaceTree
from controller.domain.policy import DAYPARTS, Allowed, Daypart, HoursBook, Span
from controller.domain.schedule import STATION_ZONE, expand, instant, local_date
from controller.services.absences import Absence, absences, was_away
from controller.services.holiday_dates import Holiday, holidays_at
from controller.services.placings import Placings, placings_of, start_at
from controller.services.schedule_check import station_ids
from controller.services.schedule_rows import StoredSchedule, in_window, load
from controller.services.slot_rows import RULE_GONE
from controller.services.station_desk import RETIRED
from controller.storage.models import ScheduleRow, SlotResultRow, SlotRow
from station_protocol.vocabulary import Authority, Priority

SOUNDED = (Sign.AIRED, Sign.LATE)
FAILED = (Sign.MISSED, Sign.CUT_SHORT)


@dataclass(frozen=True, slots=True)
class Tally:
    """How a slot stands at the stations shown: of how many, and how many of each sign."""

    total: int
    aired: int = 0
    failed: int = 0
    sounding: int = 0
    unknown: int = 0
    yielded: int = 0

    @property
    def sign(self) -> Sign | None:
        """The sign of the whole: what is heard now, the worst that is certain, what is unknown."""
        if self.sounding:
            return Sign.SOUNDING
        if self.failed:
            return Sign.MISSED
        if self.unknown:
            return Sign.UNKNOWN
        if self.aired:
            return Sign.AIRED if self.aired + self.yielded >= self.total else Sign.UNKNOWN
        return Sign.SUPERSEDED if self.yielded else None


@dataclass(frozen=True, slots=True)
class Slip:
    """One slot on the page. `slot_id` None: so far ahead that it is only a rule."""

    slot_id: str | None
    schedule_id: str
    airs_on: date
    starts_at: datetime
    duration_ms: int
    title: str
    priority: Priority
    authority: Authority
    place: Place
    station_ids: frozenset[str]
    is_cancelled: bool
    is_moved: bool
    has_sound: bool
    tally: Tally
    due_at: datetime
    """When it starts at these stations: later than by its schedule where all of them air it behind
    another priority item."""

    @property
    def ends_at(self) -> datetime:
        """When it ends by its length."""
        return self.starts_at + timedelta(milliseconds=self.duration_ms)

    @property
    def due_until(self) -> datetime:
        """When it ends at these stations by its length."""
        return self.due_at + timedelta(milliseconds=self.duration_ms)


@dataclass(frozen=True, slots=True)
class Cell:
    """One part of one day: its slots, and how full it is at the busiest station."""

    on: date
    slips: tuple[Slip, ...]
    used_ms: int
    cap_ms: int


@dataclass(frozen=True, slots=True)
class Band:
    """One part of the day over the week; folded when there is nothing in it."""

    daypart: Daypart
    open_spans: tuple[Span, ...]
    cells: tuple[Cell, ...]

    @property
    def is_folded(self) -> bool:
        """Whether the whole week has nothing here."""
        return not any(cell.slips for cell in self.cells)


@dataclass(frozen=True, slots=True)
class WeekView:
    """The page: a place, seven days, the parts of the day."""

    place: Place
    place_ids: tuple[Place, ...]
    """Places the reader may switch to: the own one and those right below."""
    monday: date
    today: date
    station_count: int
    allowed: Allowed
    bands: tuple[Band, ...]
    holidays: Mapping[date, Holiday]

    @property
    def days(self) -> tuple[date, ...]:
        """Monday to Sunday."""
        return tuple(self.monday + timedelta(days=n) for n in range(7))


def read_week(
    session: Session,
    tree: PlaceTree,
    book: HoursBook,
    place: Place,
    monday: date,
    now: datetime,
) -> WeekView:
    """The week that begins on this Monday, at the stations of this place."""
    start, end = instant(monday, time(0)), instant(monday + timedelta(days=7), time(0))
    slips = read_slips(session, tree, place.place_id, start, end, now)
    allowed = book.of_place(tree, place.place_id)
    by_cell: defaultdict[tuple[str, date], list[Slip]] = defaultdict(list)
    for slip in slips:
        local = slip.starts_at.astimezone(STATION_ZONE)
        part = policy.daypart_of(local.hour * 60 + local.minute)
        by_cell[part.key, local.date()].append(slip)
    bands = tuple(
        Band(
            part,
            policy.common([part.span], allowed.hours),
            tuple(
                _cell(tree, day, by_cell[part.key, day])
                for day in (monday + timedelta(days=n) for n in range(7))
            ),
        )
        for part in DAYPARTS
    )
    return WeekView(
        place=place,
        place_ids=(place, *tree.children(place.place_id)),
        monday=monday,
        today=local_date(now),
        station_count=len(in_service(session, tree, place.place_id, min(end, now))),
        allowed=Allowed(
            allowed.hours,
            tuple(one for one in allowed.exceptions if one.from_at < end and one.until_at > start),
        ),
        bands=bands,
        holidays={
            one.on: one
            for one in holidays_at(session, place.place_id, monday, monday + timedelta(days=6))
        },
    )


def read_slips(
    session: Session,
    tree: PlaceTree,
    place_id: str,
    start: datetime,
    end: datetime,
    now: datetime,
) -> list[Slip]:
    """Every slot in a span that concerns a station of this place, in order.

    Slots that stand in the database as they are, with the stations that were in service then;
    those further ahead as their rules give them.
    """
    here = ever_at(tree, place_id)
    rows = session.scalars(
        select(SlotRow).where(SlotRow.starts_at >= start, SlotRow.starts_at < end)
    ).all()
    stored = {
        one.schedule_id: one
        for one in load(
            session,
            or_(
                in_window(local_date(start), local_date(end)),
                ScheduleRow.schedule_id.in_({row.schedule_id for row in rows}),
            ),
        )
    }
    stations = {key: here & _ever_at_any(tree, one.target_ids) for key, one in stored.items()}
    away = absences(session, here, start, end)
    tallies = _tallies(session, [row.slot_id for row in rows], here)
    placings = placings_of(session, rows)
    slips = [
        _slip_of_row(
            row,
            tree.places[stored[row.schedule_id].place_id],
            there,
            _tally(row, tallies[row.slot_id], len(there), now),
            _shared_start(row, there, placings),
        )
        for row in rows
        if (there := _in_service(stations[row.schedule_id], away, row.starts_at))
        and not _is_replaced(row)
    ]
    coming = {key: _in_service(there, away, end) for key, there in stations.items()}
    slips += _ahead(session, stored, coming, tree, start, end, now)
    return sorted(slips, key=lambda slip: (slip.due_at, slip.schedule_id))


def ever_at(tree: PlaceTree, place_id: str) -> frozenset[str]:
    """The stations of a place, those that were retired since among them."""
    gone = (one for one in tree.retired.values() if tree.is_within(one.place_id, place_id))
    return station_ids(tree, [place_id]) | {one.station_id for one in gone}


def in_service(session: Session, tree: PlaceTree, place_id: str, at: datetime) -> frozenset[str]:
    """The stations of a place that were in service at an instant."""
    there = ever_at(tree, place_id)
    away = absences(session, there, at, at + timedelta(seconds=1))
    return _in_service(there, away, at)


def _ever_at_any(tree: PlaceTree, place_ids: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(ever_at(tree, place_id) for place_id in place_ids))


def _in_service(
    there: frozenset[str], away: Mapping[str, Sequence[Absence]], at: datetime
) -> frozenset[str]:
    return frozenset(one for one in there if not was_away(away.get(one, ()), at))


def _ahead(
    session: Session,
    stored: Mapping[str, StoredSchedule],
    stations: Mapping[str, frozenset[str]],
    tree: PlaceTree,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Iterable[Slip]:
    """What the rules give beyond the slots that are already made."""
    ids = [key for key in stored if stations[key]]
    made = {
        (schedule_id, airs_on)
        for schedule_id, airs_on in session.execute(
            select(SlotRow.schedule_id, SlotRow.airs_on).where(
                SlotRow.schedule_id.in_(ids),
                SlotRow.airs_on.between(local_date(start), local_date(end)),
            )
        )
    }
    for key in ids:
        one = stored[key]
        for slot in expand(one.rule, max(start, now), end):
            if (key, slot.airs_on) not in made:
                yield Slip(
                    slot_id=None,
                    schedule_id=key,
                    airs_on=slot.airs_on,
                    starts_at=slot.starts_at,
                    duration_ms=slot.duration_ms,
                    title=one.content.title,
                    priority=one.rule.priority,
                    authority=one.rule.authority,
                    place=tree.places[one.place_id],
                    station_ids=stations[key],
                    is_cancelled=not one.content.validity.holds_on(slot.airs_on),
                    is_moved=False,
                    has_sound=one.content.is_approved,
                    tally=Tally(len(stations[key])),
                    due_at=slot.starts_at,
                )


def _shared_start(row: SlotRow, here: frozenset[str], placings: Placings) -> datetime:
    """When it starts at these stations, if that is one time; else when it does by its schedule."""
    starts = {start_at(placings, row, station_id) for station_id in here}
    return starts.pop() if len(starts) == 1 else row.starts_at


def _slip_of_row(
    row: SlotRow, owner: Place, here: frozenset[str], tally: Tally, due_at: datetime
) -> Slip:
    return Slip(
        slot_id=row.slot_id,
        schedule_id=row.schedule_id,
        airs_on=row.airs_on,
        starts_at=row.starts_at,
        duration_ms=row.duration_ms,
        title=row.title,
        priority=Priority(row.priority),
        authority=Authority(row.authority),
        place=owner,
        station_ids=here,
        is_cancelled=row.cancelled_at is not None,
        is_moved=row.moved_at is not None,
        has_sound=bool(row.items),
        tally=tally,
        due_at=due_at,
    )


def _tallies(
    session: Session, slot_ids: Sequence[str], here: frozenset[str]
) -> defaultdict[str, Counter[str]]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    query = (
        select(SlotResultRow.slot_id, SlotResultRow.outcome, func.count())
        .where(
            SlotResultRow.slot_id.in_(slot_ids),
            SlotResultRow.station_id.in_(here),
            func.coalesce(SlotResultRow.reason, "") != RETIRED,
        )
        .group_by(SlotResultRow.slot_id, SlotResultRow.outcome)
    )
    for slot_id, outcome, number in session.execute(query):
        found[slot_id][outcome] = number
    return found


def _is_replaced(row: SlotRow) -> bool:
    """Whether its rule was changed or leaves the day out: nothing anybody still has to see."""
    return row.cancelled_at is not None and row.cancel_reason in {None, "", RULE_GONE}


def _tally(row: SlotRow, outcomes: Mapping[str, int], total: int, now: datetime) -> Tally:
    """The stations by sign. Once it is over, a station nobody has heard of is unknown."""

    def of(*signs: Sign) -> int:
        return sum(outcomes.get(sign.value, 0) for sign in signs)

    is_over = now >= row.starts_at + timedelta(milliseconds=row.duration_ms)
    silent = total - sum(outcomes.values()) if is_over else 0
    return Tally(
        total=total,
        aired=of(*SOUNDED),
        failed=of(*FAILED),
        sounding=of(Sign.SOUNDING),
        unknown=of(Sign.UNKNOWN) + max(silent, 0),
        yielded=of(Sign.SUPERSEDED),
    )


def _cell(tree: PlaceTree, day: date, slips: Sequence[Slip]) -> Cell:
    used: Counter[str] = Counter()
    for slip in slips:
        if not slip.is_cancelled:
            for station_id in slip.station_ids:
                used[station_id] += slip.duration_ms
    if not used:
        return Cell(day, tuple(slips), 0, 0)
    caps = {key: one.max_length_ms for key in used if (one := tree.station(key)) is not None}
    busiest = max(used, key=lambda key: (used[key] / max(caps[key], 1), key))
    return Cell(day, tuple(slips), used[busiest], caps[busiest])
