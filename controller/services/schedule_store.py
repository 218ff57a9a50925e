"""Writing schedules: inserted whole, closed or changed only as the version that was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.schedule import HolidayRule, Schedule, local_date
from controller.errors import StaleEditError, WrongStateError
from controller.services.audit import Deed, record
from controller.services.identifiers import new_id
from controller.services.schedule_rows import StoredSchedule
from controller.storage.models import (
    PlaceRow,
    ProgrammeItemRow,
    ProgrammeRow,
    ScheduleExclusionRow,
    ScheduleRow,
    ScheduleTargetRow,
)

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pen:
    """Who writes, when, in which transaction."""

    session: Session
    actor: Actor
    now: datetime

    def audit(
        self, action: str, object_id: str, place_id: str, detail: Mapping[str, object]
    ) -> None:
        """Add the row of the audit trail; the word before the dot is the kind of object."""
        deed = Deed(action, action.partition(".")[0], object_id, place_id, dict(detail))
        record(self.session, self.actor, deed, at=self.now)


def take_turn(session: Session) -> None:
    """Wait until nobody else judges and saves a schedule; until the end of the transaction.

    SQLite has one writer anyway. Elsewhere two operators could each find the air free and both
    take it: so they queue for the row of the topmost place.
    """
    session.execute(
        select(PlaceRow.place_id)
        .where(PlaceRow.parent_id.is_(None))
        .with_for_update(key_share=True)
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """A schedule that has been judged and may be stored."""

    rule: Schedule
    left_out: frozenset[date]
    """Dates people left out; those of `rule` may be more."""
    holidays: HolidayRule
    place_id: str
    title: str
    bulletin_id: str
    programme_id: str
    """A programme people put together; empty: one is made of the one bulletin."""
    target_ids: tuple[str, ...]
    lateness_s: int


def insert(pen: Pen, draft: Draft, former: StoredSchedule | None) -> str:
    """Store a schedule in the place of a former one, if there is one; its id."""
    rule, session = draft.rule, pen.session
    row = ScheduleRow(
        schedule_id=new_id(pen.now),
        programme_id=_programme(pen, draft, former),
        place_id=draft.place_id,
        authority=rule.authority.value,
        priority=rule.priority.value,
        recurrence=rule.recurrence.value,
        airs_at=rule.airs_at,
        weekdays=rule.weekdays,
        starts_on=rule.starts_on,
        ends_on=rule.ends_on,
        holidays=draft.holidays.value,
        lateness_s=draft.lateness_s,
        created_by=pen.actor.account_id,
        created_at=pen.now,
        replaces_schedule_id=former.schedule_id if former else None,
    )
    session.add(row)
    session.flush()
    key = row.schedule_id
    session.add_all(ScheduleTargetRow(schedule_id=key, place_id=one) for one in draft.target_ids)
    session.add_all(ScheduleExclusionRow(schedule_id=key, airs_on=day) for day in draft.left_out)
    session.flush()
    detail = {"title": draft.title, "targets": list(draft.target_ids), "rule": _spelled(draft)}
    pen.audit("schedule.create", key, draft.place_id, detail)
    return key


def _programme(pen: Pen, draft: Draft, former: StoredSchedule | None) -> str:
    """The one chosen, or one of the one bulletin: the former schedule's if it had the same."""
    if draft.programme_id:
        return draft.programme_id
    former_content = former.content if former is not None else None
    if (
        former_content is not None
        and not former_content.is_kept
        and former_content.bulletin_ids == (draft.bulletin_id,)
    ):
        return former_content.programme_id
    programme = ProgrammeRow(
        programme_id=new_id(pen.now),
        title=draft.title,
        place_id=draft.place_id,
        created_by=pen.actor.account_id,
        created_at=pen.now,
    )
    pen.session.add(programme)
    pen.session.flush()
    pen.session.add(
        ProgrammeItemRow(
            programme_id=programme.programme_id,
            position=1,
            kind="bulletin",
            bulletin_id=draft.bulletin_id,
        )
    )
    pen.session.flush()
    return programme.programme_id


def exclude(pen: Pen, stored: StoredSchedule, day: date) -> None:
    """Leave a date out."""
    pen.session.add(ScheduleExclusionRow(schedule_id=stored.schedule_id, airs_on=day))
    touch(pen, stored)


def close(pen: Pen, stored: StoredSchedule, before: date) -> None:
    """End a rule before a date; what has begun stays. WrongStateError if it has ended already."""
    rule, today = stored.rule, local_date(pen.now)
    if has_ended(stored, pen.now):
        raise WrongStateError(f"schedule {stored.schedule_id} has ended", state="over")
    last = max(before, today) - ONE_DAY
    if last < today and has_begun(stored, today, pen.now):
        last = today
    if rule.ends_on is not None:
        last = min(last, rule.ends_on)
    touch(pen, stored, ends_on=last)


def has_ended(stored: StoredSchedule, now: datetime) -> bool:
    """Whether the last date of the rule has gone by; closed from a later date it still airs."""
    last = stored.rule.ends_on
    return last is not None and last < local_date(now)


def has_begun(stored: StoredSchedule, day: date, now: datetime) -> bool:
    """Whether the rule airs on this date and the time has come."""
    return stored.rule.airs_on(day) and stored.rule.instant_on(day) <= now


def touch(pen: Pen, stored: StoredSchedule, *, ends_on: date | None = None) -> None:
    """Write down who changed the schedule, if it still is what was seen, else StaleEditError.

    With `ends_on` it is closed by the same stroke.
    """
    values: dict[str, object] = {
        "changed_by": pen.actor.full_name,
        "changed_at": pen.now,
        "row_version": ScheduleRow.row_version + 1,
    }
    if ends_on is not None:
        values |= {"ends_on": ends_on, "closed_by": pen.actor.account_id, "closed_at": pen.now}
    pen.session.flush()
    done = pen.session.execute(
        update(ScheduleRow)
        .where(
            ScheduleRow.schedule_id == stored.schedule_id,
            ScheduleRow.row_version == stored.row_version,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if isinstance(done, CursorResult) and done.rowcount != 1:
        raise stale(pen.session, stored)
    pen.session.expire_all()


def stale(session: Session, stored: StoredSchedule) -> StaleEditError:
    """Somebody else was first. Facts: who, changed_at, current (the schedule that stands now)."""
    return StaleEditError(
        f"schedule {stored.schedule_id} was changed",
        who=stored.changed_by,
        changed_at=stored.changed_at,
        current=latest(session, stored.schedule_id),
    )


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


def _spelled(draft: Draft) -> dict[str, object]:
    """The rule as the audit trail keeps it."""
    rule = draft.rule
    return {
        "recurrence": rule.recurrence.value,
        "airs_at": f"{rule.airs_at:%H:%M}",
        "weekdays": rule.weekdays,
        "starts_on": rule.starts_on.isoformat(),
        "ends_on": rule.ends_on.isoformat() if rule.ends_on else None,
        "priority": rule.priority.value,
        "holidays": draft.holidays.value,
    }
