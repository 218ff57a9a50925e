"""Schedules: judged before they are saved and again while they are, changed, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.places import Place, PlaceTree
from controller.domain.schedule import Recurrence, Schedule, local_date
from controller.errors import (
    InvalidInputError,
    NotFoundError,
    OutOfScopeError,
    StaleEditError,
    WrongStateError,
)
from controller.services.audit import Deed, record
from controller.services.hours import Hours
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.schedule_check import judge, rule_of
from controller.services.schedule_findings import Judgement, Wish, World
from controller.services.schedule_refusals import check_fields, clean_reason, refuse
from controller.services.schedule_rows import (
    BulletinSound,
    Content,
    StoredSchedule,
    bulletins_with_sound,
    content_of,
    load,
    moved_rule,
)
from controller.services.schedule_world import read_world
from controller.services.scope import ensure_targets
from controller.services.slot_rows import cancel, fill, materialise
from controller.services.withdrawals import OrderDesk, ensure_may_change, order_cancel
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import (
    BulletinRow,
    ProgrammeItemRow,
    ProgrammeRow,
    ScheduleExclusionRow,
    ScheduleRow,
    ScheduleTargetRow,
    SlotRow,
)
from station_protocol.vocabulary import Authority

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Editing:
    """Which version of a schedule somebody has open."""

    schedule_id: str
    row_version: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What saving would do, in facts; the screen makes the sentence of them."""

    wish: Wish
    rule: Schedule
    title: str
    targets: tuple[Place, ...]
    judgement: Judgement
    world: World


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

    # --- before saving ---------------------------------------------------------------------------

    def bulletins(self, actor: Actor) -> tuple[BulletinChoice, ...]:
        """The approved bulletins of the actor's place, below and above it, newest first."""
        tree = self._places.tree()
        query = (
            select(BulletinRow.bulletin_id)
            .where(BulletinRow.state == "approved")
            .order_by(BulletinRow.updated_at.desc())
        )
        with self._database.read() as session:
            ids = list(session.scalars(query))
            found = bulletins_with_sound(session, ids)
        usable = [found[key] for key in ids if _may_use(tree, actor, found[key])]
        contents = [(bulletin, content_of(bulletin)) for bulletin in usable]
        return tuple(
            BulletinChoice(one.bulletin_id, one.title, content.duration_ms, one.place_id)
            for one, content in contents
            if content.is_approved
        )

    def preview(self, actor: Actor, wish: Wish, editing: Editing | None = None) -> Preview:
        """What saving this would do. OutOfScopeError, InvalidInputError, NotFoundError."""
        with self._database.read() as session:
            if editing is not None:
                wish = self._from_tomorrow(self._mine(session, actor, editing.schedule_id), wish)
            return self._judged(session, actor, wish, editing)

    def _judged(
        self, session: Session, actor: Actor, wish: Wish, editing: Editing | None
    ) -> Preview:
        tree, now = self._places.tree(), self._now()
        check_fields(wish)
        ensure_targets(tree, actor, wish.target_ids)
        content = self._content(session, actor, wish.bulletin_id)
        authority = Authority(tree.places[actor.place_id].kind.value)
        schedule_id = editing.schedule_id if editing else ""
        rule = rule_of(wish, schedule_id, content.duration_ms, authority, None)
        replacing = (editing.schedule_id, wish.starts_on) if editing else None
        world = read_world(session, tree, self._hours.book(session), now, replacing=replacing)
        judgement = judge(rule, wish.target_ids, world, is_approved=content.is_approved)
        targets = tuple(tree.places[place_id] for place_id in wish.target_ids)
        return Preview(wish, rule, content.title, targets, judgement, world)

    def _content(self, session: Session, actor: Actor, bulletin_id: str) -> Content:
        found = bulletins_with_sound(session, [bulletin_id])
        if bulletin_id not in found:
            raise InvalidInputError("no such bulletin", field="bulletin_id", problem="missing")
        if not _may_use(self._places.tree(), actor, found[bulletin_id]):
            raise OutOfScopeError(f"bulletin {bulletin_id}", bulletin_id=bulletin_id)
        return content_of(found[bulletin_id])

    # --- saving ----------------------------------------------------------------------------------

    def save(self, actor: Actor, wish: Wish) -> Saved:
        """Keep a new schedule. Judged again inside the transaction: see `refuse` for the errors."""
        with self._database.write() as session:
            saved = self._insert(session, actor, self._judged(session, actor, wish, None), None)
        self._wake("plan_refresh")
        return saved

    def change(self, actor: Actor, wish: Wish, editing: Editing) -> Saved:
        """Edit a series from `wish.starts_on` on: the old rule ends before it, a new one begins.

        StaleEditError (who, changed_at, current) when somebody else was first.
        """
        with self._database.write() as session:
            stored = self._mine(session, actor, editing.schedule_id)
            if stored.row_version != editing.row_version:
                raise self._stale(session, stored)
            wish = self._from_tomorrow(stored, wish)
            preview = self._judged(session, actor, wish, editing)
            refuse(preview.judgement)
            self._close(session, actor, stored, wish.starts_on, editing.row_version)
            saved = self._insert(session, actor, preview, stored)
            self._withdraw(session, actor, stored.schedule_id, "")
        self._wake("plan_refresh")
        self._wake("outbox")
        return saved

    def _insert(
        self, session: Session, actor: Actor, preview: Preview, former: StoredSchedule | None
    ) -> Saved:
        refuse(preview.judgement)
        now, wish, rule = self._now(), preview.wish, preview.rule
        row = ScheduleRow(
            schedule_id=new_id(self._now()),
            programme_id=self._programme(session, actor, preview, former),
            place_id=actor.place_id,
            authority=rule.authority.value,
            priority=rule.priority.value,
            recurrence=rule.recurrence.value,
            airs_at=rule.airs_at,
            weekdays=rule.weekdays,
            starts_on=rule.starts_on,
            ends_on=rule.ends_on,
            lateness_s=self._settings.lateness_s if wish.lateness_s is None else wish.lateness_s,
            created_by=actor.account_id,
            created_at=now,
            replaces_schedule_id=former.schedule_id if former else None,
        )
        session.add(row)
        session.flush()
        session.add_all(
            ScheduleTargetRow(schedule_id=row.schedule_id, place_id=place_id)
            for place_id in wish.target_ids
        )
        session.add_all(
            ScheduleExclusionRow(schedule_id=row.schedule_id, airs_on=day) for day in rule.excluded
        )
        session.flush()
        self._fill(session, row.schedule_id)
        detail = {"title": preview.title, "targets": list(wish.target_ids), "rule": _spelled(rule)}
        self._audit(session, actor, "schedule.save", row.schedule_id, actor.place_id, detail)
        return Saved(row.schedule_id, preview.judgement.count, preview.judgement.first_at)

    def _programme(
        self, session: Session, actor: Actor, preview: Preview, former: StoredSchedule | None
    ) -> str:
        wanted = (preview.wish.bulletin_id,)
        if former is not None and former.content.bulletin_ids == wanted:
            return former.content.programme_id
        programme = ProgrammeRow(
            programme_id=new_id(self._now()),
            title=preview.title,
            place_id=actor.place_id,
            created_by=actor.account_id,
            created_at=self._now(),
        )
        session.add(programme)
        session.flush()
        session.add(
            ProgrammeItemRow(
                programme_id=programme.programme_id,
                position=1,
                kind="bulletin",
                bulletin_id=preview.wish.bulletin_id,
            )
        )
        session.flush()
        return programme.programme_id

    # --- changing what stands --------------------------------------------------------------------

    def exclude(self, actor: Actor, schedule_id: str, day: date) -> None:
        """Leave one date of a series out. WrongStateError if the rule does not air then."""
        with self._database.write() as session:
            stored = self._mine(session, actor, schedule_id)
            starts_at = stored.rule.instant_on(day)
            if not stored.rule.airs_on(day) or starts_at <= self._now():
                raise WrongStateError(f"{schedule_id} does not air on {day}", state="gone")
            session.add(ScheduleExclusionRow(schedule_id=schedule_id, airs_on=day))
            self._touch(session, actor, stored)
            session.flush()
            self._withdraw(session, actor, schedule_id, "")
            detail = {"day": day.isoformat()}
            self._audit(session, actor, "schedule.exclude", schedule_id, stored.place_id, detail)
        self._wake("plan_refresh")
        self._wake("outbox")

    def cancel_slot(self, actor: Actor, slot_id: str, reason: str) -> None:
        """Cancel one slot, also while it sounds. WrongStateError once it is over or cancelled."""
        reason = clean_reason(reason)
        with self._database.write() as session:
            row, stored = self._slot(session, actor, slot_id)
            if row.cancelled_at is not None or _is_over(row, self._now()):
                raise WrongStateError(f"slot {slot_id} cannot be cancelled", state="over")
            self._cancel_row(session, actor, row, stored, reason)
            self._touch(session, actor, stored)
            detail = {"reason": reason, "starts_at": row.starts_at.isoformat()}
            self._audit(session, actor, "slot.cancel", slot_id, stored.place_id, detail)
        self._wake("outbox")
        self._wake("plan_refresh")

    def cancel_rest(self, actor: Actor, schedule_id: str, reason: str) -> None:
        """Cancel every slot of a series that has not begun. WrongStateError if none is left."""
        reason = clean_reason(reason)
        with self._database.write() as session:
            stored = self._mine(session, actor, schedule_id)
            self._close(session, actor, stored, local_date(self._now()), stored.row_version)
            self._withdraw(session, actor, schedule_id, reason)
            detail = {"reason": reason}
            self._audit(session, actor, "schedule.cancel", schedule_id, stored.place_id, detail)
        self._wake("outbox")
        self._wake("plan_refresh")

    def move_slot(self, actor: Actor, slot_id: str, starts_at: datetime, revision: int) -> None:
        """Give one occurrence another time; it keeps its id. Judged like a schedule of its own.

        StaleEditError when somebody moved or cancelled it first.
        """
        with self._database.write() as session:
            row, stored = self._slot(session, actor, slot_id)
            now, tree = self._now(), self._places.tree()
            if row.revision != revision:
                raise StaleEditError("moved", who=row.moved_by, changed_at=row.moved_at)
            if row.cancelled_at is not None or row.starts_at <= now:
                raise WrongStateError(f"slot {slot_id} has begun", state="over")
            key = (row.schedule_id, row.airs_on)
            world = read_world(session, tree, self._hours.book(session), now, leaving_out=key)
            rule = replace(moved_rule(stored.rule, starts_at), duration_ms=row.duration_ms)
            refuse(judge(rule, stored.target_ids, world, is_approved=True))
            before = row.starts_at
            row.starts_at, row.revision = starts_at, row.revision + 1
            row.moved_by, row.moved_at = actor.full_name, now
            self._touch(session, actor, stored)
            detail = {"from": before.isoformat(), "to": starts_at.isoformat()}
            self._audit(session, actor, "slot.move", slot_id, stored.place_id, detail)
        self._wake("plan_refresh")

    # --- pieces ----------------------------------------------------------------------------------

    def _mine(self, session: Session, actor: Actor, schedule_id: str) -> StoredSchedule:
        found = load(session, ScheduleRow.schedule_id == schedule_id)
        if not found:
            raise NotFoundError(f"no schedule {schedule_id}")
        ensure_may_change(self._places.tree(), actor, found[0])
        return found[0]

    def _slot(self, session: Session, actor: Actor, slot_id: str) -> tuple[SlotRow, StoredSchedule]:
        row = session.get(SlotRow, slot_id)
        if row is None:
            raise NotFoundError(f"no slot {slot_id}")
        return row, self._mine(session, actor, row.schedule_id)

    def _from_tomorrow(self, stored: StoredSchedule, wish: Wish) -> Wish:
        """A series edited today after today's slot began goes on tomorrow: never twice a day."""
        today = local_date(self._now())
        if wish.recurrence is Recurrence.ONCE or not self._has_begun(stored, today):
            return wish
        return replace(wish, starts_on=max(wish.starts_on, today + ONE_DAY))

    def _has_begun(self, stored: StoredSchedule, day: date) -> bool:
        return stored.rule.airs_on(day) and stored.rule.instant_on(day) <= self._now()

    def _close(
        self, session: Session, actor: Actor, stored: StoredSchedule, before: date, seen: int
    ) -> None:
        """End the rule before a date; what has begun stays. Only the version that was seen."""
        rule, today = stored.rule, local_date(self._now())
        if stored.closed_at is not None or (rule.ends_on is not None and rule.ends_on < today):
            raise WrongStateError(f"schedule {stored.schedule_id} has ended", state="over")
        last = max(before, today) - ONE_DAY
        if last < today and self._has_begun(stored, today):
            last = today
        if rule.ends_on is not None and rule.ends_on <= last:
            last = rule.ends_on
        self._touch(session, actor, stored, seen=seen, ends_on=last, closed_by=actor.account_id)

    def _touch(
        self,
        session: Session,
        actor: Actor,
        stored: StoredSchedule,
        *,
        seen: int | None = None,
        ends_on: date | None = None,
        closed_by: str | None = None,
    ) -> None:
        """Write down who changed the schedule, if it still is what was seen."""
        session.flush()
        now = self._now()
        values: dict[str, object] = {
            "changed_by": actor.full_name,
            "changed_at": now,
            "row_version": ScheduleRow.row_version + 1,
        }
        if closed_by is not None:
            values |= {"ends_on": ends_on, "closed_by": closed_by, "closed_at": now}
        done = session.execute(
            update(ScheduleRow)
            .where(
                ScheduleRow.schedule_id == stored.schedule_id,
                ScheduleRow.row_version == (stored.row_version if seen is None else seen),
            )
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        if isinstance(done, CursorResult) and done.rowcount != 1:
            raise self._stale(session, stored)
        session.expire_all()

    def _stale(self, session: Session, stored: StoredSchedule) -> StaleEditError:
        current = latest(session, stored.schedule_id)
        return StaleEditError(
            f"schedule {stored.schedule_id} was changed",
            who=stored.changed_by,
            changed_at=stored.changed_at,
            current=current,
        )

    def _fill(self, session: Session, schedule_id: str) -> None:
        now = self._now()
        stored = load(session, ScheduleRow.schedule_id == schedule_id)
        fill(session, stored, now, now + timedelta(days=self._settings.days), now)

    def _withdraw(self, session: Session, actor: Actor, schedule_id: str, reason: str) -> None:
        """Cancel the slots still to come that the rule no longer gives."""
        (stored,) = load(session, ScheduleRow.schedule_id == schedule_id)
        coming = select(SlotRow).where(
            SlotRow.schedule_id == schedule_id,
            SlotRow.starts_at > self._now(),
            SlotRow.cancelled_at.is_(None),
        )
        for row in session.scalars(coming).all():
            if not stored.rule.airs_on(row.airs_on):
                self._cancel_row(session, actor, row, stored, reason)

    def _cancel_row(
        self, session: Session, actor: Actor, row: SlotRow, stored: StoredSchedule, reason: str
    ) -> None:
        cancel(row, actor.full_name, reason, self._now())
        session.flush()
        order_cancel(self._orders, session, actor, row, stored, self._now())

    def _audit(
        self,
        session: Session,
        actor: Actor,
        action: str,
        object_id: str,
        place_id: str,
        detail: Mapping[str, object],
    ) -> None:
        kind = action.partition(".")[0]
        deed = Deed(action, kind, object_id, place_id, dict(detail))
        record(session, actor, deed, at=self._now())


def latest(session: Session, schedule_id: str) -> str:
    """The schedule that stands in the place of this one now; itself if nothing replaced it."""
    current = schedule_id
    while True:
        following = session.scalar(
            select(ScheduleRow.schedule_id)
            .where(ScheduleRow.replaces_schedule_id == current)
            .order_by(ScheduleRow.created_at.desc())
            .limit(1)
        )
        if following is None:
            return current
        current = following


def _may_use(tree: PlaceTree, actor: Actor, bulletin: BulletinSound) -> bool:
    """Whether a bulletin was made in the actor's place, below it, or above it."""
    place_id = bulletin.place_id
    return tree.is_within(place_id, actor.place_id) or tree.is_within(actor.place_id, place_id)


def _is_over(row: SlotRow, now: datetime) -> bool:
    """Whether nothing of it can sound any more."""
    return now >= row.starts_at + timedelta(milliseconds=row.duration_ms, seconds=row.lateness_s)


def _spelled(rule: Schedule) -> dict[str, object]:
    """The rule as the audit trail keeps it."""
    return {
        "recurrence": rule.recurrence.value,
        "airs_at": f"{rule.airs_at:%H:%M}",
        "weekdays": rule.weekdays,
        "starts_on": rule.starts_on.isoformat(),
        "ends_on": rule.ends_on.isoformat() if rule.ends_on else None,
        "priority": rule.priority.value,
    }
