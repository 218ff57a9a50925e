"""A commune orders two priority items that meet at its station; both are aired."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor, Permission
from controller.domain.bulletins import clean_text
from controller.domain.places import Place, PlaceTree, Station
from controller.domain.priority_order import Cause, settled_at
from controller.errors import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from controller.services import audit
from controller.services.audit import Deed
from controller.services.hours import Hours
from controller.services.identifiers import new_id
from controller.services.offers import own_station
from controller.services.places import Places
from controller.services.placings import keep_placings, placings_of, start_at
from controller.services.slot_page import visible
from controller.services.unordered import Clash, clashes, unordered
from controller.storage.database import Database
from controller.storage.models import PriorityOrderRow, ScheduleRow, SlotPlacingRow, SlotRow

AHEAD = timedelta(days=16)
"""Further ahead no station has a plan yet."""
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Half:
    """One of the two items, as it stands now."""

    slot_id: str
    title: str
    owner: Place
    planned_at: datetime
    starts_at: datetime
    duration_ms: int

    @property
    def ends_at(self) -> datetime:
        """The first instant at which it no longer sounds."""
        return self.starts_at + timedelta(milliseconds=self.duration_ms)


@dataclass(frozen=True, slots=True)
class Contest:
    """Two priority items that meet at a station, in the order in which they will be aired."""

    first: Half
    second: Half
    cause: Cause
    ordered_by: str | None
    ordered_at: datetime | None
    written_by: str | None
    """Who of the district wrote down what the commune said."""
    settled_at: datetime
    """Until when the order may be changed."""
    may_order: bool
    may_write_down: bool
    """Whether the reader, of the district, may write down what the commune says."""
    is_series: bool
    """Whether both belong to weekly rules, so that they may meet again."""

    def is_open_to_others(self, now: datetime) -> bool:
        """Whether the commune has not spoken itself, and it is not too late."""
        has_spoken = self.ordered_by is not None and self.written_by is None
        return not has_spoken and now < self.settled_at and self.cause is not Cause.SETTLED

    @property
    def meets_at(self) -> datetime:
        """When the later of the two was to start: from then on both would sound."""
        return max(self.first.planned_at, self.second.planned_at)


@dataclass(frozen=True, slots=True)
class ContestPage:
    """The contests of one station that are not over, soonest first."""

    station: Station
    place: Place
    contests: tuple[Contest, ...]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class _Word:
    """Whose word it is, and who of the district wrote it down; None: they did themselves."""

    said_by: str
    written_by: str | None = None


class PriorityOrders:
    """Shows where priority items meet, and takes the commune's word on their order."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        hours: Hours,
        wake: Callable[[str], None],
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._hours = hours
        self._wake = wake

    def page(self, actor: Actor, station_id: str) -> ContestPage:
        """What meets at a station of the actor's place."""
        tree, now = self._places.tree(), self._now()
        station = tree.station(station_id)
        if station is None or not tree.is_within(station.place_id, actor.place_id):
            raise NotFoundError(f"station {station_id}", kind="station", object_id=station_id)
        with self._database.read() as session:
            own = own_station(tree, actor)
            is_own = own is not None and own.station_id == station_id
            may = is_own and actor.may(Permission.ANSWER_OFFERS)
            found = _contests(session, tree, station_id, now, may_order=may)
            is_scribe = _is_scribe(tree, actor, station)
            contests = tuple(
                replace(one, may_write_down=is_scribe and one.is_open_to_others(now))
                for one in found
            )
        return ContestPage(station, tree.places[station.place_id], contests, now)

    def waiting(self, actor: Actor) -> tuple[Clash, ...]:
        """What waits for the actor's word, soonest first; nothing for whoever orders nothing."""
        own = own_station(self._places.tree(), actor)
        if own is None or not actor.may(Permission.ANSWER_OFFERS):
            return ()
        with self._database.read() as session:
            return clashes(unordered(session, self._now(), own.station_id))

    def order(self, actor: Actor, first_id: str, second_id: str, *, each_time: bool) -> None:
        """Put one slot before the other at the actor's own station, or their schedules each time.

        WrongStateError: they do not meet ("apart"), it is too late ("settled"), or the second
        would end outside the hours ("no_room").
        """
        station = own_station(self._places.tree(), actor)
        if station is None or not actor.may(Permission.ANSWER_OFFERS):
            raise ForbiddenError("only a commune orders the items of its station")
        self._order(actor, station, (first_id, second_id), _Word(actor.full_name), each_time)

    def write_down(
        self, actor: Actor, station_id: str, pair: tuple[str, str], said_by: str, *, each_time: bool
    ) -> None:
        """Put the first before the second because the commune said so, by telephone.

        For its district only, and only as long as the commune has not spoken itself: the word
        stays the commune's (Circular 39/2020), and its people may say otherwise until it is
        settled. NotFoundError; ForbiddenError; InvalidInputError for no name of who said it;
        WrongStateError as `order`, or "spoken".
        """
        name = clean_text(said_by, longest=LONGEST_NAME, field="said_by")
        if not name:
            raise InvalidInputError("nobody said it", field="said_by", problem="said_by_missing")
        tree, page = self._places.tree(), self.page(actor, station_id)
        if not _is_scribe(tree, actor, page.station):
            raise ForbiddenError("only the district writes down what its commune says")
        self._order(actor, page.station, pair, _Word(name, actor.full_name), each_time)

    def _order(
        self,
        actor: Actor,
        station: Station,
        pair: tuple[str, str],
        word: _Word,
        each_time: bool,
    ) -> None:
        tree, now = self._places.tree(), self._now()
        first_id, second_id = pair
        with self._database.write() as session:
            first, second = session.get(SlotRow, first_id), session.get(SlotRow, second_id)
            if first is None or second is None:
                raise NotFoundError(f"no slot {first_id} or {second_id}")
            for row in (first, second):
                visible(session, tree, actor, row.schedule_id)
            _ensure_open(session, station, first, second, word, now)
            session.add(
                PriorityOrderRow(
                    priority_order_id=new_id(now),
                    station_id=station.station_id,
                    first_schedule_id=first.schedule_id,
                    second_schedule_id=second.schedule_id,
                    first_on=None if each_time else first.airs_on,
                    second_on=None if each_time else second.airs_on,
                    ordered_by=word.said_by,
                    ordered_at=now,
                    written_by=word.written_by,
                )
            )
            session.flush()
            until = max(first.starts_at, second.starts_at) + AHEAD
            book = self._hours.book(session)
            keep_placings(session, tree, book, until, now, station.station_id)
            starts_at = _ensure_obeyed(session, station, first, second)
            detail = {
                "title": first.title,
                "before": second.title,
                "starts_at": first.starts_at.isoformat(),
                "moved_from": second.starts_at.isoformat(),
                "moved_to": starts_at.isoformat(),
                "all_to_come": each_time,
            }
            if word.written_by is not None:
                detail |= {"said_by": word.said_by}
            action = "slot.order" if word.written_by is None else "slot.order_written_down"
            deed = Deed(action, "slot", second_id, station.place_id, detail)
            audit.record(session, actor, deed, at=now)
        self._wake("plan_refresh")


def _is_scribe(tree: PlaceTree, actor: Actor, station: Station) -> bool:
    """Whether the actor schedules for the district the station lies in."""
    district = tree.district_of(station.place_id)
    is_there = district is not None and district.place_id == actor.place_id
    return is_there and actor.may(Permission.WRITE_SCHEDULES)


def _ensure_open(
    session: Session,
    station: Station,
    first: SlotRow,
    second: SlotRow,
    word: _Word,
    now: datetime,
) -> None:
    placed = placings_of(session, (first, second), station.station_id)
    rows = [placed.get(row.slot_id, {}).get(station.station_id) for row in (first, second)]
    pair = {first.slot_id, second.slot_id}
    met = [row for row in rows if row is not None and {row.slot_id, row.other_slot_id} == pair]
    if not met:
        raise WrongStateError(f"slots {sorted(pair)} do not meet", state="apart")
    has_spoken = any(row.ordered_by and row.written_by is None for row in met)
    if word.written_by is not None and has_spoken:
        raise WrongStateError("the commune has spoken itself", state="spoken")
    if settled_at(first.starts_at, second.starts_at) <= now:
        raise WrongStateError(f"the order of {sorted(pair)} is settled", state="settled")


def _ensure_obeyed(session: Session, station: Station, first: SlotRow, second: SlotRow) -> datetime:
    """When the second starts now; WrongStateError when the hours do not let it go second."""
    placed = placings_of(session, (first, second), station.station_id)
    starts_at = start_at(placed, second, station.station_id)
    own = placed.get(first.slot_id, {}).get(station.station_id)
    if starts_at <= start_at(placed, first, station.station_id) or own is None:
        raise WrongStateError("outside the hours in this order", state="no_room")
    return starts_at


def _contests(
    session: Session, tree: PlaceTree, station_id: str, now: datetime, *, may_order: bool
) -> tuple[Contest, ...]:
    seconds = session.scalars(
        select(SlotPlacingRow)
        .where(
            SlotPlacingRow.station_id == station_id,
            SlotPlacingRow.is_first.is_(False),
            SlotPlacingRow.planned_at > now - timedelta(hours=6),
        )
        .order_by(SlotPlacingRow.starts_at)
    ).all()
    halves = _halves(session, tree, station_id, seconds)
    found = [
        _contest(row, halves, now, may_order=may_order)
        for row in seconds
        if row.slot_id in halves and row.other_slot_id in halves
    ]
    return tuple(one for one in found if one.second.ends_at > now)


@dataclass(frozen=True, slots=True)
class _Known:
    half: Half
    recurrence: str


def _halves(
    session: Session, tree: PlaceTree, station_id: str, rows: Iterable[SlotPlacingRow]
) -> dict[str, _Known]:
    ids = {one for row in rows for one in (row.slot_id, row.other_slot_id)}
    found = session.execute(
        select(SlotRow, ScheduleRow)
        .join(ScheduleRow, ScheduleRow.schedule_id == SlotRow.schedule_id)
        .where(SlotRow.slot_id.in_(ids))
    ).all()
    placed = placings_of(session, [slot for slot, _rule in found], station_id)
    return {
        slot.slot_id: _Known(
            Half(
                slot_id=slot.slot_id,
                title=slot.title,
                owner=tree.places[rule.place_id],
                planned_at=slot.starts_at,
                starts_at=start_at(placed, slot, station_id),
                duration_ms=slot.duration_ms,
            ),
            rule.recurrence,
        )
        for slot, rule in found
        if slot.cancelled_at is None
    }


def _contest(
    row: SlotPlacingRow, halves: dict[str, _Known], now: datetime, *, may_order: bool
) -> Contest:
    first, second = halves[row.other_slot_id], halves[row.slot_id]
    until = settled_at(first.half.planned_at, second.half.planned_at)
    cause = Cause(row.cause)
    return Contest(
        first=first.half,
        second=second.half,
        cause=cause,
        ordered_by=row.ordered_by,
        ordered_at=row.placed_at if row.ordered_by else None,
        written_by=row.written_by,
        settled_at=until,
        may_write_down=False,
        may_order=may_order and now < until and cause is not Cause.SETTLED,
        is_series=first.recurrence == second.recurrence == "weekly",
    )
