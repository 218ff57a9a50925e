"""A week of slots at the stations of one place, as the week view shows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
from controller.services.placings import starts_of
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
    here = tree.ever_served(place_id)
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
    stations = {key: _ever_at(tree, one.target_ids, place_id) for key, one in stored.items()}
    service = _Service(absences(session, here, start, end))
    tallies = _tallies(session, [row.slot_id for row in rows], tree, here)
    starts = starts_of(session, rows)
    slips = [
        _slip_of_row(
            row,
            tree.places[stored[row.schedule_id].place_id],
            there,
            _tally(row, tallies[row.slot_id], len(there), now),
            _shared_start(row, there, starts.get(row.slot_id, {})),
        )
        for row in rows
        if not _is_replaced(row) and (there := service.of(stations[row.schedule_id], row.starts_at))
    ]
    coming = {key: service.of(there, end) for key, there in stations.items()}
    slips += _ahead(session, stored, coming, tree, start, end, now)
    return sorted(slips, key=lambda slip: (slip.due_at, slip.schedule_id))


def in_service(session: Session, tree: PlaceTree, place_id: str, at: datetime) -> frozenset[str]:
    """The stations of a place that were in service at an instant."""
    there = tree.ever_served(place_id)
    return _Service(absences(session, there, at, at + timedelta(seconds=1))).of(there, at)


def _ever_at(tree: PlaceTree, target_ids: Iterable[str], place_id: str) -> frozenset[str]:
    """The stations of a place at these targets; all of them are the same object each time."""
    inside = set[str]()
    for target_id in target_ids:
        if tree.is_within(place_id, target_id):
            return tree.ever_served(place_id)
        if tree.is_within(target_id, place_id):
            inside.add(target_id)
    return frozenset().union(*(tree.ever_served(one) for one in inside))


class _Service:
    """Who of some stations was in service when: the few that were not are taken out.

    The same stations are the same object each time, however many slots ask for them.
    """

    def __init__(self, away: Mapping[str, Sequence[Absence]]) -> None:
        self._away = away
        self._known: dict[tuple[frozenset[str], frozenset[str]], frozenset[str]] = {}

    def of(self, there: frozenset[str], at: datetime) -> frozenset[str]:
        """Those of them that were in service at an instant."""
        gone = frozenset(
            one for one, spans in self._away.items() if one in there and was_away(spans, at)
        )
        return self._known.setdefault((there, gone), there - gone) if gone else there


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


def _shared_start(row: SlotRow, here: frozenset[str], elsewhen: Mapping[str, datetime]) -> datetime:
    """When it starts at these stations, if that is one time; else when it does by its schedule."""
    moved = {one: at for one, at in elsewhen.items() if one in here}
    starts = set(moved.values())
    return starts.pop() if len(starts) == 1 and len(moved) == len(here) else row.starts_at


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
    session: Session, slot_ids: Sequence[str], tree: PlaceTree, here: frozenset[str]
) -> defaultdict[str, Counter[str]]:
    """How many of these stations have each outcome of each slot.

    Of most stations: all, less those that are not meant.
    """
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    is_wide = 2 * len(here) > len(tree.stations) + len(tree.retired)
    for slot_id, outcome, number in _counted(session, slot_ids, None if is_wide else here):
        found[slot_id][outcome] = number
    if is_wide and (others := (tree.stations.keys() | tree.retired.keys()) - here):
        for slot_id, outcome, number in _counted(session, slot_ids, others):
            found[slot_id][outcome] -= number
    return found


def _counted(
    session: Session, slot_ids: Sequence[str], station_ids: Collection[str] | None
) -> list[tuple[str, str, int]]:
    """(slot, outcome, stations); `station_ids` None: wherever."""
    row = SlotResultRow
    query = select(row.slot_id, row.outcome, func.count()).where(
        row.slot_id.in_(slot_ids), func.coalesce(row.reason, "") != RETIRED
    )
    if station_ids is not None:
        query = query.where(row.station_id.in_(station_ids))
    found = session.execute(query.group_by(row.slot_id, row.outcome))
    return [(slot_id, outcome, number) for slot_id, outcome, number in found]


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
    used: Counter[frozenset[str]] = Counter()
    for slip in slips:
        if not slip.is_cancelled:
            used[slip.station_ids] += slip.duration_ms
    if not used:
        return Cell(day, tuple(slips), 0, 0)
    return Cell(day, tuple(slips), *_busiest(tree, used))


def _busiest(tree: PlaceTree, used: Mapping[frozenset[str], int]) -> tuple[int, int]:
    """(used ms, cap ms) where the most of a cap is used, by the stations that air so much.

    Slots aired at the widest set of stations are counted once for all of them.
    """
    widest = max(used, key=len)
    more: Counter[str] = Counter()
    for there, length_ms in used.items():
        if there is not widest:
            more.update(dict.fromkeys(there, length_ms))
    loads = [
        (length_ms + (used[widest] if one in widest else 0), tree.cap_ms(one))
        for one, length_ms in more.items()
    ]
    if alike := widest - more.keys() if more else widest:
        loads.append((used[widest], tree.least_cap_ms(alike)))
    return max(loads, key=lambda load: (load[0] / max(load[1], 1), load))
