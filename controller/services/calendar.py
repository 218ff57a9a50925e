"""What people do on the calendar: give one day of a series another time, leave it out, take it
back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.plans import told_until
from controller.domain.schedule import STATION_ZONE, HolidayRule, Recurrence, local_date
from controller.errors import NotFoundError, StaleEditError, WrongStateError
from controller.services.day_copies import (
    Copied,
    CopyPreview,
    Span,
    check_span,
    copies_of,
    read_copy,
    store_copy,
)
from controller.services.hours import Hours
from controller.services.places import Places
from controller.services.schedule_check import judge
from controller.services.schedule_findings import Wish
from controller.services.schedule_refusals import refuse
from controller.services.schedule_rows import StoredSchedule, coming, moved_rule
from controller.services.schedule_store import Pen, exclude, latest, take_turn, touch
from controller.services.schedule_world import read_world
from controller.services.schedules import Judged, Saved, Schedules
from controller.services.scope import ensure_within
from controller.services.slot_page import places_of, wish_of
from controller.services.slot_rows import fill, revive, stays_cancelled
from controller.services.withdrawals import OrderDesk, end_schedule, withdraw_slots
from controller.storage.database import Database
from controller.storage.models import ScheduleExclusionRow, SlotRow

ONE_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One day of a series, and when somebody saw it start."""

    schedule_id: str
    airs_on: date
    """The local date its rule gives it; it does not follow a move."""
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Airing:
    """How an occurrence stands now. `is_own_time`: not that of its rule."""

    schedule: StoredSchedule
    airs_on: date
    starts_at: datetime
    is_own_time: bool
    title: str

    @property
    def rule_at(self) -> datetime:
        """When its rule gives it."""
        return self.schedule.rule.instant_on(self.airs_on)


@dataclass(frozen=True, slots=True)
class MovePreview(Judged):
    """What moving one occurrence would do."""

    from_at: datetime
    to_at: datetime


class Calendar:
    """Single days of schedules; everything is judged and stored as schedules are."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        hours: Hours,
        schedules: Schedules,
        wake: Callable[[str], None],
        *,
        orders: OrderDesk,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._hours = hours
        self._schedules = schedules
        self._wake = wake
        self._orders = orders

    # --- another time for one day ----------------------------------------------------------------

    def airing(self, actor: Actor, schedule_id: str, airs_on: date) -> Airing:
        """An occurrence the actor may change, as it stands. NotFoundError, ForbiddenError.

        StaleEditError (who, changed_at, current) when it is cancelled or its rule was changed;
        WrongStateError once it has begun.
        """
        with self._database.read() as session:
            return self._airing(session, actor, schedule_id, airs_on)

    def preview_move(
        self, actor: Actor, schedule_id: str, airs_on: date, to: datetime
    ) -> MovePreview:
        """What giving this occurrence another time would do; the errors of `airing`."""
        with self._database.read() as session:
            airing = self._airing(session, actor, schedule_id, airs_on)
            return self._move_judged(session, airing, to)

    def move(self, actor: Actor, occurrence: Occurrence, to: datetime) -> Airing:
        """Give one occurrence another time; it keeps its id. How it stood before.

        Judged like a schedule of its own: see `refuse` for the errors. StaleEditError (who,
        changed_at, current) when it no longer starts when it was seen to.
        """
        with self._database.write() as session:
            take_turn(session)
            airing = self._airing(session, actor, occurrence.schedule_id, occurrence.airs_on)
            if airing.starts_at != occurrence.seen_at:
                raise _changed(session, airing.schedule)
            refuse(self._move_judged(session, airing, to).judgement)
            pen = Pen(session, actor, self._now())
            row = self._row(pen, airing)
            is_as_ruled = to == airing.rule_at
            row.starts_at, row.revision = to, row.revision + 1
            row.moved_by = None if is_as_ruled else actor.full_name
            row.moved_at = None if is_as_ruled else pen.now
            touch(pen, airing.schedule)
            detail = {"from": airing.starts_at.isoformat(), "to": to.isoformat()}
            pen.audit("slot.move", row.slot_id, airing.schedule.place_id, detail)
        self._wake("plan_refresh")
        return airing

    def _airing(self, session: Session, actor: Actor, schedule_id: str, airs_on: date) -> Airing:
        stored = self._schedules.mine(session, actor, schedule_id)
        row = _slot_row(session, schedule_id, airs_on)
        is_gone = not stored.rule.airs_on(airs_on) or (row is not None and row.cancelled_at)
        if is_gone:
            raise _changed(session, stored)
        starts_at = row.starts_at if row is not None else stored.rule.instant_on(airs_on)
        if starts_at <= self._now():
            raise WrongStateError(f"{schedule_id} on {airs_on} has begun", state="over")
        is_own = row is not None and row.moved_at is not None
        return Airing(stored, airs_on, starts_at, is_own, stored.content.title)

    def _move_judged(self, session: Session, airing: Airing, to: datetime) -> MovePreview:
        stored, tree = airing.schedule, self._places.tree()
        world = read_world(
            session,
            tree,
            self._hours.book(session),
            self._now(),
            leaving_out=(stored.schedule_id, airing.airs_on),
        )
        rule = moved_rule(stored.rule, to)
        content = stored.content
        judgement = judge(
            rule,
            stored.target_ids,
            world,
            is_approved=True,  # a slot that waits for its approval may move meanwhile
            languages=content.languages,
            validity=content.validity,
        )
        targets = places_of(tree, stored)
        return MovePreview(rule, content.title, targets, judgement, world, airing.starts_at, to)

    def _row(self, pen: Pen, airing: Airing) -> SlotRow:
        """The row of the occurrence; beyond the days of the plans it is made here."""
        key = airing.schedule.schedule_id, airing.airs_on
        row = _slot_row(pen.session, *key)
        if row is None:
            start = airing.rule_at
            end = start + timedelta(milliseconds=1)
            fill(pen.session, [airing.schedule], start, end, pen.now)
            row = _slot_row(pen.session, *key)
        if row is None:
            raise WrongStateError(f"{key[0]} does not air on {key[1]}", state="gone")
        return row

    # --- days left out ---------------------------------------------------------------------------

    def leave_out(self, actor: Actor, schedule_id: str, day: date) -> None:
        """Leave one date of a series out. WrongStateError if the rule does not air then."""
        with self._database.write() as session:
            stored = self._schedules.mine(session, actor, schedule_id)
            if not stored.rule.airs_on(day) or stored.rule.instant_on(day) <= self._now():
                raise WrongStateError(f"{schedule_id} does not air on {day}", state="gone")
            pen = Pen(session, actor, self._now())
            exclude(pen, stored, day)
            withdraw_slots(self._orders, pen, schedule_id, "")
            pen.audit("schedule.exclude", schedule_id, stored.place_id, {"day": day.isoformat()})
        self._wake("outbox")
        self._wake("plan_refresh")

    def take_back(self, actor: Actor, schedule_id: str, day: date) -> Saved:
        """Air a date again that was left out. WrongStateError if it was not, or lies behind.

        Judged like one slot. Stations that were told it is cancelled have ended it for good: then
        it becomes a schedule of its own, which is what is returned.
        """
        with self._database.write() as session:
            take_turn(session)
            pen = Pen(session, actor, self._now())
            stored = self._schedules.mine(session, actor, schedule_id)
            if day not in stored.left_out:
                raise WrongStateError(f"{schedule_id} is not without {day}", state="gone")
            row = _slot_row(session, schedule_id, day)
            if row is not None and row.starts_at < told_until(pen.now):
                preview = self._schedules.judged(
                    session, actor, once(stored, day), None, like=stored
                )
                saved = self._schedules.keep(pen, preview, None)
            else:
                at = stored.rule.instant_on(day)
                airing = Airing(stored, day, at, False, stored.content.title)
                refuse(self._move_judged(session, airing, at).judgement)
                _readmit(pen, stored, day, row)
                saved = Saved(schedule_id, 1, at)
            pen.audit("schedule.include", schedule_id, stored.place_id, {"day": day.isoformat()})
        self._wake("plan_refresh")
        return saved

    def air_again(self, actor: Actor, slot_id: str) -> Saved:
        """Make a slot anew that is given again after stations were told it is cancelled.

        At its time and places, as a schedule of its own. WrongStateError when it is none such.
        """
        with self._database.write() as session:
            take_turn(session)
            pen = Pen(session, actor, self._now())
            row = session.get(SlotRow, slot_id)
            if row is None:
                raise NotFoundError(f"no slot {slot_id}")
            stored = self._schedules.mine(session, actor, row.schedule_id)
            if not stays_cancelled(row, stored, pen.now):
                raise WrongStateError(f"slot {slot_id} is not to be made anew", state="gone")
            local = row.starts_at.astimezone(STATION_ZONE)
            wish = replace(once(stored, local.date()), airs_at=local.time())
            preview = self._schedules.judged(
                session,
                actor,
                wish,
                None,
                like=stored,
                leaving_out=(row.schedule_id, row.airs_on),
            )
            saved = self._schedules.keep(pen, preview, None)
            detail = {"title": row.title, "starts_at": row.starts_at.isoformat()}
            pen.audit("slot.again", slot_id, stored.place_id, detail)
        self._wake("plan_refresh")
        return saved

    # --- days copied -----------------------------------------------------------------------------

    def preview_copy(self, actor: Actor, span: Span) -> CopyPreview:
        """What copying a day or a week would do. NotFoundError, InvalidInputError."""
        ensure_within(self._places.tree(), actor, span.place_id)
        check_span(span, local_date(self._now()))
        with self._database.read() as session:
            return read_copy(session, self._places, self._schedules, actor, span, self._now())

    def copy(self, actor: Actor, span: Span, keys: Collection[str]) -> Copied:
        """Copy these slots, all or none. The errors of `preview_copy`, of `refuse`, and
        StaleEditError when one is no longer as it was seen."""
        ensure_within(self._places.tree(), actor, span.place_id)
        check_span(span, local_date(self._now()))
        with self._database.write() as session:
            take_turn(session)
            pen = Pen(session, actor, self._now())
            copied = store_copy(pen, self._places, self._schedules, span, keys)
            detail = {
                "copied_from": span.first.isoformat(),
                "copied_to": span.target.isoformat(),
                "count": str(len(copied.saved)),
            }
            pen.audit("schedule.copy", copied.saved[0].schedule_id, span.place_id, detail)
        self._wake("plan_refresh")
        return copied

    def undo_copy(self, actor: Actor, made_at: datetime, reason: str) -> int:
        """Cancel what the actor copied at this instant, as far as it has not begun; how many."""
        with self._database.write() as session:
            pen = Pen(session, actor, self._now())
            ids = copies_of(session, actor, made_at)
            ended = 0
            for schedule_id in ids:
                stored = self._schedules.mine(session, actor, schedule_id)
                if coming(session, stored, pen.now) != 0:
                    end_schedule(self._orders, pen, stored, reason)
                    ended += 1
        self._wake("outbox")
        self._wake("plan_refresh")
        return ended


def shifted(stored: StoredSchedule, airs_on: date, to: datetime) -> Wish:
    """The series as it is when one of its days is dragged to another time, from that day on.

    Only that weekday changes: of a series on Monday and Wednesday whose Wednesday is put on
    Thursday, Mondays stay. Days left out stay the dates they are.
    """
    wish, local = wish_of(stored), to.astimezone(STATION_ZONE)
    was, becomes = 1 << airs_on.weekday(), 1 << local.weekday()
    later = local.date() - airs_on
    ends_on = wish.ends_on
    if ends_on is not None and wish.weekdays == was and timedelta() < later < ONE_WEEK:
        ends_on += later  # its last day moves with it
    return replace(
        wish,
        airs_at=local.time().replace(second=0, microsecond=0),
        weekdays=wish.weekdays & ~was | becomes,
        starts_on=min(airs_on, local.date()),
        ends_on=ends_on,
    )


def once(stored: StoredSchedule, day: date) -> Wish:
    """What a schedule airs on one of its days, as a schedule of its own."""
    return replace(
        wish_of(stored),
        recurrence=Recurrence.ONCE,
        starts_on=day,
        ends_on=None,
        excluded=frozenset(),
        holidays=HolidayRule.IGNORE,
    )


def _readmit(pen: Pen, stored: StoredSchedule, day: date, row: SlotRow | None) -> None:
    pen.session.execute(
        delete(ScheduleExclusionRow).where(
            ScheduleExclusionRow.schedule_id == stored.schedule_id,
            ScheduleExclusionRow.airs_on == day,
        )
    )
    if row is not None and row.cancelled_at is not None:
        revive(row)
        row.starts_at = stored.rule.instant_on(day)  # a time of its own went with it
        row.moved_by = row.moved_at = None
    touch(pen, stored)


def _slot_row(session: Session, schedule_id: str, airs_on: date) -> SlotRow | None:
    return session.scalar(
        select(SlotRow).where(SlotRow.schedule_id == schedule_id, SlotRow.airs_on == airs_on)
    )


def _changed(session: Session, stored: StoredSchedule) -> StaleEditError:
    """Somebody was first. Facts: who, changed_at, current (the schedule that stands now)."""
    return StaleEditError(
        f"an occurrence of {stored.schedule_id} was changed",
        who=stored.changed_by or stored.made_by,
        changed_at=stored.changed_at or stored.made_at,
        current=latest(session, stored.schedule_id),
    )
