"""The table of days a place keeps besides the public holidays, or does not keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.domain.places import Place
from controller.domain.schedule import HolidayRule, Schedule, local_date
from controller.errors import InvalidInputError, NotFoundError
from controller.services.audit import Deed, record
from controller.services.holiday_dates import Holiday, holidays_at
from controller.services.hours import Hours
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.schedule_check import judge
from controller.services.schedule_refusals import refuse
from controller.services.schedule_rows import StoredSchedule, load
from controller.services.schedule_store import take_turn
from controller.services.schedule_world import read_world
from controller.services.scope import ensure_targets, ensure_within, may_see
from controller.storage.database import Database
from controller.storage.models import CalendarDayRow, ScheduleRow

LONGEST_NAME = 80
MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class DayWish:
    """A day or some days as somebody typed them."""

    place_id: str
    name: str
    first_on: date
    last_on: date
    is_holiday: bool = True


@dataclass(frozen=True, slots=True)
class LocalDay:
    """An entry of the table."""

    calendar_day_id: str
    place: Place
    name: str
    first_on: date
    last_on: date
    is_holiday: bool
    created_by: str
    created_at: datetime
    may_remove: bool


@dataclass(frozen=True, slots=True)
class HolidayPage:
    """The holidays at the reader's place, the entries that concern it, and who keeps to them."""

    place: Place
    today: date
    holidays: tuple[Holiday, ...]
    local_days: tuple[LocalDay, ...]
    not_on: int
    """Schedules there that do not air on holidays."""
    only_on: int


class Holidays:
    """Shows the holidays, enters and removes days of a place."""

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

    def page(self, actor: Actor) -> HolidayPage:
        """The rest of this year and the next one, as they hold at the actor's own place."""
        tree, today = self._places.tree(), local_date(self._now())
        with self._database.read() as session:
            last = date(today.year + 1, 12, 31)
            found = holidays_at(session, actor.place_id, today, last)
            rows = session.scalars(
                select(CalendarDayRow)
                .where(CalendarDayRow.last_on >= today)
                .order_by(CalendarDayRow.first_on, CalendarDayRow.calendar_day_id)
            )
            entries = tuple(
                self._view(row, actor)
                for row in rows
                if may_see(tree, actor, row.place_id)
                or tree.is_within(actor.place_id, row.place_id)
            )
            keeping = Counter(
                row.holidays
                for row in session.execute(_keeping(today)).all()
                if may_see(tree, actor, row.place_id)
            )
        return HolidayPage(
            tree.places[actor.place_id],
            today,
            found,
            entries,
            keeping[HolidayRule.NOT_ON.value],
            keeping[HolidayRule.ONLY_ON.value],
        )

    def add(self, actor: Actor, wish: DayWish) -> str:
        """Enter days at a place of the actor's; the id of the entry.

        OutOfScopeError, InvalidInputError naming the field; SlotConflictError or another error of
        `refuse` when a schedule would then air into what is taken.
        """
        ensure_targets(self._places.tree(), actor, [wish.place_id])
        name = _clean(wish, local_date(self._now()))
        with self._database.write() as session:
            take_turn(session)
            before = _kept(session)
            row = CalendarDayRow(
                calendar_day_id=new_id(self._now()),
                place_id=wish.place_id,
                name=name,
                first_on=wish.first_on,
                last_on=wish.last_on,
                is_holiday=wish.is_holiday,
                created_by=actor.full_name,
                created_at=self._now(),
            )
            session.add(row)
            session.flush()
            self._check_gained(session, before)
            self._audit(session, actor, "holiday.add", row)
            key = row.calendar_day_id
        self._wake("plan_refresh")
        return key

    def remove(self, actor: Actor, calendar_day_id: str) -> LocalDay:
        """Take an entry back; what it was. NotFoundError outside the place; else as in `add`."""
        with self._database.write() as session:
            take_turn(session)
            row = session.get(CalendarDayRow, calendar_day_id)
            if row is None:
                raise NotFoundError(f"no calendar day {calendar_day_id}")
            ensure_within(self._places.tree(), actor, row.place_id)
            removed = self._view(row, actor)
            before = _kept(session)
            self._audit(session, actor, "holiday.remove", row)
            session.delete(row)
            session.flush()
            self._check_gained(session, before)
        self._wake("plan_refresh")
        return removed

    def _check_gained(self, session: Session, before: list[StoredSchedule]) -> None:
        """Judge what each schedule airs now and did not air before, as if it were saved now."""
        tree, now = self._places.tree(), self._now()
        known = {stored.schedule_id: stored.rule for stored in before}
        gaining = [
            (stored, gained)
            for stored in _kept(session)
            if (gained := _gained(known[stored.schedule_id], stored.rule, now))
        ]
        if not gaining:
            return
        world = read_world(session, tree, self._hours.book(session), now)
        for stored, gained in gaining:
            others = tuple(one for one in world.others if one[0].schedule_id != stored.schedule_id)
            rule = replace(stored.rule, only=gained, excluded=frozenset())
            ours = replace(world, others=others)
            refuse(judge(rule, stored.target_ids, ours, is_approved=True))

    def _audit(self, session: Session, actor: Actor, action: str, row: CalendarDayRow) -> None:
        detail = {
            "title": row.name,
            "starts_on": row.first_on.isoformat(),
            "ends_on": row.last_on.isoformat(),
            "is_holiday": str(row.is_holiday).lower(),
        }
        deed = Deed(action, "holiday", row.calendar_day_id, row.place_id, detail)
        record(session, actor, deed, at=self._now())

    def _view(self, row: CalendarDayRow, actor: Actor) -> LocalDay:
        tree = self._places.tree()
        return LocalDay(
            row.calendar_day_id,
            tree.places[row.place_id],
            row.name,
            row.first_on,
            row.last_on,
            row.is_holiday,
            row.created_by,
            row.created_at,
            may_see(tree, actor, row.place_id),
        )


def _keeping(today: date) -> Select[str, str]:
    return select(ScheduleRow.holidays, ScheduleRow.place_id).where(
        ScheduleRow.holidays != HolidayRule.IGNORE.value,
        or_(ScheduleRow.ends_on.is_(None), ScheduleRow.ends_on >= today),
    )


def _kept(session: Session) -> list[StoredSchedule]:
    return load(session, ScheduleRow.holidays != HolidayRule.IGNORE.value)


def _gained(before: Schedule, after: Schedule, now: datetime) -> frozenset[date]:
    """Dates still to come that only the rule as it is now airs on."""
    changed = (before.excluded ^ after.excluded) | (
        (before.only or frozenset()) ^ (after.only or frozenset())
    )
    return frozenset(
        day
        for day in changed
        if after.airs_on(day) and not before.airs_on(day) and after.instant_on(day) > now
    )


def _clean(wish: DayWish, today: date) -> str:
    """The name; InvalidInputError naming the field."""
    name = " ".join(clean_text(wish.name, field="name").split())
    if not name:
        raise InvalidInputError("no name", field="name", problem="missing")
    if len(name) > LONGEST_NAME:
        raise InvalidInputError("name too long", field="name", problem="text_too_long")
    if wish.last_on < wish.first_on:
        raise InvalidInputError("ends before it starts", field="last_on", problem="not_after")
    if wish.last_on < today:
        raise InvalidInputError("lies behind", field="first_on", problem="day_over")
    if (wish.last_on - wish.first_on).days >= MOST_DAYS:
        raise InvalidInputError("too many days", field="last_on", problem="over_a_month")
    return name
