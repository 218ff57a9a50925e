"""Schedules: judged before they are saved and again while they are, changed, cancelled, shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.places import Place, PlaceTree
from controller.domain.schedule import HolidayRule, Recurrence, Schedule, local_date
from controller.errors import (
    InvalidInputError,
    NotFoundError,
    OutOfScopeError,
    WrongStateError,
)
from controller.services.contents import (
    Content,
    bulletins_with_sound,
    content_of,
    contents_of,
    is_usable,
    load_contents,
)
from controller.services.day import DayView, read_day
from controller.services.holiday_dates import dates_by_place, holidays_at
from controller.services.hours import Hours
from controller.services.places import Places
from controller.services.schedule_check import judge, rule_of
from controller.services.schedule_findings import Judgement, OnHolidays, OwnTimes, Wish, World
from controller.services.schedule_refusals import check_fields, clean_reason, refuse
from controller.services.schedule_rows import (
    SlotKey,
    StoredSchedule,
    cancelled_by_hand,
    coming,
    load,
    own_times,
)
from controller.services.schedule_store import (
    ONE_DAY,
    Draft,
    Pen,
    close,
    has_begun,
    insert,
    latest,
    stale,
    take_turn,
    touch,
)
from controller.services.schedule_world import read_world
from controller.services.scope import ensure_targets, ensure_within, is_near
from controller.services.slot_page import (
    SchedulePage,
    SlotPage,
    read_schedule,
    read_slot,
    visible_schedules,
)
from controller.services.slot_rows import fill, materialise
from controller.services.week import WeekView, read_week
from controller.services.withdrawals import (
    OrderDesk,
    cancel_and_order,
    end_schedule,
    ensure_may_change,
    withdraw_slots,
)
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import BulletinRow, ProgrammeRow, ScheduleRow, SlotRow
from station_protocol.vocabulary import Authority

HOLIDAYS_AHEAD = timedelta(days=60)
"""Holidays that are this near are named before a schedule is saved."""


@dataclass(frozen=True, slots=True)
class Editing:
    """Which version of a schedule somebody has open."""

    schedule_id: str
    row_version: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule about to be saved, and everything there is to say about it."""

    rule: Schedule
    title: str
    targets: tuple[Place, ...]
    judgement: Judgement
    world: World


@dataclass(frozen=True, slots=True)
class Preview(Judged):
    """What saving would do, in facts; the screen makes the sentence of them."""

    wish: Wish
    place_id: str
    """The place it will belong to."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A schedule that now stands."""

    schedule_id: str
    count: int | None
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class BulletinChoice:
    """An approved bulletin somebody may schedule."""

    bulletin_id: str
    title: str
    duration_ms: int
    place_id: str
    is_lent: bool
    """Whether another place shares it."""


class Schedules:
    """Keeps the rules, and the slots they give, true to what people decided."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        hours: Hours,
        settings: PlanSettings,
        wake: Callable[[str], None],
        *,
        orders: OrderDesk,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._hours = hours
        self._settings = settings
        self._wake = wake
        self._orders = orders

    # --- the planner's door ----------------------------------------------------------------------

    def materialise(self, session: Session, start: datetime, end: datetime, now: datetime) -> None:
        """Bring the slot rows of a window in step with the rules, in the caller's transaction."""
        materialise(session, start, end, now)

    # --- what people look at ---------------------------------------------------------------------

    def week(self, actor: Actor, day: date, place_id: str | None = None) -> WeekView:
        """The week of a date at a place of the actor's, or at the actor's own place."""
        tree = self._places.tree()
        ensure_within(tree, actor, place_id or actor.place_id)
        place = tree.places[place_id or actor.place_id]
        monday = day - timedelta(days=day.weekday())
        with self._database.read() as session:
            book = self._hours.book(session)
            return read_week(session, tree, book, place, monday, self._now())

    def day(self, actor: Actor, on: date, place_id: str | None = None) -> DayView:
        """A date at a place of the actor's, or at the actor's own place, in lanes."""
        tree = self._places.tree()
        ensure_within(tree, actor, place_id or actor.place_id)
        place = tree.places[place_id or actor.place_id]
        with self._database.read() as session:
            return read_day(session, tree, self._hours.book(session), place, on, self._now())

    def slot(self, actor: Actor, slot_id: str) -> SlotPage:
        """The page of a slot. NotFoundError."""
        with self._database.read() as session:
            return read_slot(session, self._places.tree(), actor, slot_id, self._now())

    def schedule(self, actor: Actor, schedule_id: str) -> SchedulePage:
        """The page of a schedule. NotFoundError."""
        with self._database.read() as session:
            current = latest(session, schedule_id)
            tree, hours = self._places.tree(), self._hours.book(session)
            return read_schedule(session, tree, actor, schedule_id, current, self._now(), hours)

    def within(self, actor: Actor, *, before_id: str | None, limit: int) -> list[StoredSchedule]:
        """Schedules of the actor's place and those airing in it, the last made first.

        `before_id` goes on behind that schedule.
        """
        with self._database.read() as session:
            tree = self._places.tree()
            return visible_schedules(session, tree, actor, before_id=before_id, limit=limit)

    def bulletins(self, actor: Actor) -> tuple[BulletinChoice, ...]:
        """The approved bulletins of the actor's place, below and above it, and those that are
        shared, newest first.

        Those that have expired are not offered.
        """
        query = (
            select(BulletinRow.bulletin_id)
            .where(BulletinRow.state == "approved")
            .order_by(BulletinRow.updated_at.desc())
        )
        with self._database.read() as session:
            ids = list(session.scalars(query))
            found = bulletins_with_sound(session, ids)
            contents = contents_of(session, found.values())
        tree, today = self._places.tree(), local_date(self._now())
        usable = [
            found[key]
            for key in ids
            if is_usable(tree, actor.place_id, found[key])
            and not found[key].validity.is_over(today)
        ]
        return tuple(
            BulletinChoice(
                one.bulletin_id,
                one.title,
                content.duration_ms,
                one.place_id,
                is_lent=not is_near(tree, actor.place_id, one.place_id),
            )
            for one in usable
            if (content := contents[one.bulletin_id]).is_approved
        )

    # --- before saving ---------------------------------------------------------------------------

    def preview(self, actor: Actor, wish: Wish, editing: Editing | None = None) -> Preview:
        """What saving this would do. OutOfScopeError, InvalidInputError, NotFoundError."""
        with self._database.read() as session:
            if editing is None:
                return self.judged(session, actor, wish, None)
            stored = self.mine(session, actor, editing.schedule_id)
            wish = _with_days_off(session, stored, self._not_twice(stored, wish))
            return self.judged(session, actor, wish, stored)

    def judged(
        self,
        session: Session,
        actor: Actor,
        wish: Wish,
        former: StoredSchedule | None,
        *,
        like: StoredSchedule | None = None,
        leaving_out: SlotKey | None = None,
    ) -> Preview:
        """What saving this would do, by what stands in the caller's transaction.

        `former`: the schedule it replaces; `like`: one it copies, and belongs where that does.
        `leaving_out`: an occurrence that does not air, as if it were not there.
        """
        tree, now = self._places.tree(), self._now()
        check_fields(wish)
        ensure_targets(tree, actor, wish.target_ids)
        content = self._content(session, actor, wish)
        owner_id = _owner(tree, actor, wish, former or like)
        authority = Authority(tree.places[owner_id].kind.value)
        schedule_id = former.schedule_id if former else ""
        keeps = wish.holidays is not HolidayRule.IGNORE
        holidays = dates_by_place(session, [owner_id])[owner_id] if keeps else frozenset()
        rule = rule_of(wish, schedule_id, content.duration_ms, authority, holidays)
        replacing = (schedule_id, self._holds_from(former, wish)) if former else None
        world = read_world(
            session,
            tree,
            self._hours.book(session),
            now,
            replacing=replacing,
            leaving_out=leaving_out,
        )
        judgement = judge(
            rule,
            wish.target_ids,
            world,
            is_approved=content.is_approved,
            sound_gone_at=content.sound_gone_at,
            languages=content.languages,
            validity=content.validity,
        )
        if former is not None:
            own = own_times(session, schedule_id, self._holds_from(former, wish), now)
            look_at = (*judgement.look_at, OwnTimes(own)) if own else judgement.look_at
            judgement = replace(judgement, look_at=look_at)
        judgement = self._with_holidays(session, wish, rule, owner_id, judgement)
        targets = tuple(tree.places[place_id] for place_id in wish.target_ids)
        return Preview(rule, content.title, targets, judgement, world, wish, owner_id)

    def _with_holidays(
        self, session: Session, wish: Wish, rule: Schedule, owner_id: str, judgement: Judgement
    ) -> Judgement:
        """The judgement, with the holidays on which it airs if nobody has said it may."""
        if wish.holidays is not HolidayRule.IGNORE:
            return judgement
        today = local_date(self._now())
        coming = holidays_at(session, owner_id, today, today + HOLIDAYS_AHEAD)
        met = tuple(one for one in coming if rule.airs_on(one.on))
        if not met:
            return judgement
        return replace(judgement, look_at=(*judgement.look_at, OnHolidays(met)))

    def _content(self, session: Session, actor: Actor, wish: Wish) -> Content:
        if wish.programme_id:
            return self._programme(session, actor, wish.programme_id)
        bulletin_id = wish.bulletin_id
        found = bulletins_with_sound(session, [bulletin_id])
        if bulletin_id not in found:
            raise InvalidInputError("no such bulletin", field="bulletin_id", problem="missing")
        if not is_usable(self._places.tree(), actor.place_id, found[bulletin_id]):
            raise OutOfScopeError(f"bulletin {bulletin_id}", bulletin_id=bulletin_id)
        return content_of(session, found[bulletin_id])

    def _programme(self, session: Session, actor: Actor, programme_id: str) -> Content:
        row = session.get(ProgrammeRow, programme_id)
        if row is None or not row.is_kept or row.is_template or row.retired_at is not None:
            raise InvalidInputError("no such programme", field="bulletin_id", problem="missing")
        if not is_near(self._places.tree(), actor.place_id, row.place_id):
            raise OutOfScopeError(f"programme {programme_id}", programme_id=programme_id)
        content = load_contents(session, [programme_id])[programme_id]
        for bulletin in bulletins_with_sound(session, content.bulletin_ids).values():
            if not is_usable(self._places.tree(), row.place_id, bulletin):  # no longer shared
                raise OutOfScopeError(
                    f"bulletin {bulletin.bulletin_id}", bulletin_id=bulletin.bulletin_id
                )
        return content

    # --- saving ----------------------------------------------------------------------------------

    def save(self, actor: Actor, wish: Wish) -> Saved:
        """Keep a new schedule. Judged again inside the transaction: see `refuse` for the errors."""
        with self._database.write() as session:
            take_turn(session)
            preview = self.judged(session, actor, wish, None)
            saved = self.keep(self._pen(session, actor), preview, None)
        self._wake("plan_refresh")
        return saved

    def change(self, actor: Actor, wish: Wish, editing: Editing) -> Saved:
        """Edit a series from `wish.starts_on` on: the old rule ends before it, a new one begins.

        StaleEditError (who, changed_at, current) when somebody else was first.
        """
        with self._database.write() as session:
            take_turn(session)
            stored = self.mine(session, actor, editing.schedule_id)
            if stored.row_version != editing.row_version:
                raise stale(session, stored)
            if stored.closed_at is not None:
                raise WrongStateError(f"schedule {stored.schedule_id} is closed", state="over")
            wish = _with_days_off(session, stored, self._not_twice(stored, wish))
            preview = self.judged(session, actor, wish, stored)
            refuse(preview.judgement)
            pen = self._pen(session, actor)
            close(pen, stored, self._holds_from(stored, wish))
            saved = self.keep(pen, preview, stored)
            withdraw_slots(self._orders, pen, stored.schedule_id, "")
        self._wake_both()
        return saved

    def keep(self, pen: Pen, preview: Preview, former: StoredSchedule | None) -> Saved:
        """Store what was judged, in the caller's transaction; see `refuse` for the errors."""
        refuse(preview.judgement)
        wish = preview.wish
        lateness_s = self._settings.lateness_s if wish.lateness_s is None else wish.lateness_s
        draft = Draft(
            rule=preview.rule,
            left_out=frozenset() if is_once(wish) else wish.excluded,
            holidays=HolidayRule.IGNORE if is_once(wish) else wish.holidays,
            place_id=preview.place_id,
            title=preview.title,
            bulletin_id=wish.bulletin_id,
            programme_id=wish.programme_id,
            target_ids=wish.target_ids,
            lateness_s=lateness_s,
        )
        schedule_id = insert(pen, draft, former)
        stored = load(pen.session, ScheduleRow.schedule_id == schedule_id)
        until = pen.now + timedelta(days=self._settings.days)
        fill(pen.session, stored, pen.now, until, pen.now)
        return Saved(schedule_id, preview.judgement.count, preview.judgement.first_at)

    # --- changing what stands --------------------------------------------------------------------

    def cancel_slot(self, actor: Actor, slot_id: str, reason: str) -> None:
        """Cancel one slot, also while it sounds. WrongStateError once it is over or cancelled."""
        reason = clean_reason(reason)
        with self._database.write() as session:
            row, stored = self._slot(session, actor, slot_id)
            if row.cancelled_at is not None or _is_over(row, self._now()):
                raise WrongStateError(f"slot {slot_id} cannot be cancelled", state="over")
            pen = self._pen(session, actor)
            detail = {"reason": reason, "starts_at": row.starts_at.isoformat()}
            cancel_and_order(self._orders, pen, row, stored, reason)
            touch(pen, stored)
            pen.audit("slot.cancel", slot_id, stored.place_id, detail)
        self._wake_both()

    def cancel_rest(self, actor: Actor, schedule_id: str, reason: str) -> None:
        """Cancel every slot of a series that has not begun. WrongStateError if none is left."""
        reason = clean_reason(reason)
        with self._database.write() as session:
            stored = self.mine(session, actor, schedule_id)
            pen = self._pen(session, actor)
            if coming(session, stored, pen.now) == 0:
                raise WrongStateError(f"nothing of {schedule_id} is to come", state="over")
            end_schedule(self._orders, pen, stored, reason)
        self._wake_both()

    # --- pieces ----------------------------------------------------------------------------------

    def _pen(self, session: Session, actor: Actor) -> Pen:
        return Pen(session, actor, self._now())

    def _wake_both(self) -> None:
        self._wake("outbox")
        self._wake("plan_refresh")

    def mine(self, session: Session, actor: Actor, schedule_id: str) -> StoredSchedule:
        """A schedule the actor may change. NotFoundError, ForbiddenError."""
        found = load(session, ScheduleRow.schedule_id == schedule_id)
        if not found:
            raise NotFoundError(f"no schedule {schedule_id}")
        ensure_may_change(self._places.tree(), actor, found[0])
        return found[0]

    def _slot(self, session: Session, actor: Actor, slot_id: str) -> tuple[SlotRow, StoredSchedule]:
        row = session.get(SlotRow, slot_id)
        if row is None:
            raise NotFoundError(f"no slot {slot_id}")
        return row, self.mine(session, actor, row.schedule_id)

    def _not_twice(self, stored: StoredSchedule, wish: Wish) -> Wish:
        """A series edited today after today's slot began goes on tomorrow: never twice a day.

        WrongStateError for a schedule of one slot that has begun: nothing is left to change.
        """
        today = local_date(self._now())
        if stored.rule.recurrence is Recurrence.ONCE and stored.rule.starts_on <= today:
            if has_begun(stored, stored.rule.starts_on, self._now()):
                raise WrongStateError(f"schedule {stored.schedule_id} has begun", state="over")
            return wish
        if wish.recurrence is Recurrence.ONCE or not has_begun(stored, today, self._now()):
            return wish
        return replace(wish, starts_on=max(wish.starts_on, today + ONE_DAY))

    def _holds_from(self, former: StoredSchedule, wish: Wish) -> date:
        """The date from which the new rule stands in the place of the former one.

        One slot is replaced whole, wherever the new one lies.
        """
        today = local_date(self._now())
        return today if former.rule.recurrence is Recurrence.ONCE else wish.starts_on


def is_once(wish: Wish) -> bool:
    """Whether it airs on one day only."""
    return wish.recurrence is Recurrence.ONCE


def _with_days_off(session: Session, stored: StoredSchedule, wish: Wish) -> Wish:
    """The wish without the days whose slot somebody cancelled: an edit does not bring them back.

    A day that was left out of the rule is in the wish already, unless it was put back on purpose.
    """
    if wish.recurrence is Recurrence.ONCE:
        return wish
    days = cancelled_by_hand(session, stored.schedule_id, wish.starts_on)
    off = {day for day in days if wish.weekdays >> day.weekday() & 1}
    return replace(wish, excluded=wish.excluded | off)


def _owner(tree: PlaceTree, actor: Actor, wish: Wish, former: StoredSchedule | None) -> str:
    """The place a schedule belongs to: an edit from above leaves it to the place that made it."""
    if former is not None and all(
        tree.is_within(place_id, former.place_id) for place_id in wish.target_ids
    ):
        return former.place_id
    return actor.place_id


def _is_over(row: SlotRow, now: datetime) -> bool:
    """Whether nothing of it can sound any more."""
    return now >= row.starts_at + timedelta(milliseconds=row.duration_ms, seconds=row.lateness_s)
