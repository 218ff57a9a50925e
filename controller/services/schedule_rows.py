"""Stored schedules as the rules want them: with programme, sound, targets and exceptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from controller.domain.schedule import STATION_ZONE, HolidayRule, Recurrence, Schedule, count
from controller.services.audit import SYSTEM
from controller.services.contents import Content, load_contents
from controller.services.holiday_dates import dates_by_place, kept_to
from controller.storage.models import (
    AccountRow,
    ScheduleExclusionRow,
    ScheduleRow,
    ScheduleTargetRow,
    SlotRow,
)
from station_protocol.vocabulary import Authority, Priority

NOT_VALID = "bulletin_not_valid"
"""Reason of a slot on a date outside the validity of its bulletin; it still has its place."""

SlotKey = tuple[str, date]
"""Schedule id and original local date of an occurrence."""


@dataclass(frozen=True, slots=True)
class StoredSchedule:
    """A schedule of the database: its rule, and what people ask about it."""

    rule: Schedule
    content: Content
    place_id: str
    target_ids: tuple[str, ...]
    lateness_s: int
    left_out: frozenset[date]
    """Dates people left out; those of `rule` may be more."""
    holidays: HolidayRule
    made_by: str
    made_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    replaces_schedule_id: str | None
    changed_by: str | None
    changed_at: datetime | None
    row_version: int

    @property
    def schedule_id(self) -> str:
        """The id of the schedule."""
        return self.rule.schedule_id


def in_window(first: date, last: date) -> ColumnElement[bool]:
    """Schedules that may have an occurrence on these dates."""
    return and_(
        ScheduleRow.starts_on <= last,
        or_(ScheduleRow.ends_on.is_(None), ScheduleRow.ends_on >= first),
    )


def load(session: Session, *conditions: ColumnElement[bool]) -> list[StoredSchedule]:
    """The schedules that fulfil every condition, in the order of their making."""
    query = (
        select(ScheduleRow, AccountRow.full_name)
        .join(AccountRow, AccountRow.account_id == ScheduleRow.created_by)
        .where(*conditions)
        .order_by(ScheduleRow.created_at, ScheduleRow.schedule_id)
    )
    rows = session.execute(query).all()
    ids = [row.schedule_id for row, _name in rows]
    targets = _targets(session, ids)
    excluded = _exclusions(session, ids)
    contents = load_contents(session, {row.programme_id for row, _name in rows})
    kept = {row.place_id for row, _name in rows if row.holidays != HolidayRule.IGNORE}
    holidays = dates_by_place(session, kept)
    return [
        _with_holidays(
            _stored(row, name, targets[row.schedule_id], excluded[row.schedule_id], contents),
            holidays,
        )
        for row, name in rows
    ]


def _with_holidays(
    stored: StoredSchedule, holidays: Mapping[str, frozenset[date]]
) -> StoredSchedule:
    if stored.holidays is HolidayRule.IGNORE:
        return stored
    rule = kept_to(stored.rule, stored.holidays, holidays[stored.place_id])
    return replace(stored, rule=rule)


def _stored(
    row: ScheduleRow,
    made_by: str,
    target_ids: Sequence[str],
    excluded: frozenset[date],
    contents: Mapping[str, Content],
) -> StoredSchedule:
    content = contents[row.programme_id]
    rule = Schedule(
        schedule_id=row.schedule_id,
        airs_at=row.airs_at,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        recurrence=Recurrence(row.recurrence),
        weekdays=row.weekdays,
        excluded=excluded,
        duration_ms=content.duration_ms,
        priority=Priority(row.priority),
        authority=Authority(row.authority),
        made_at=row.created_at,
    )
    return StoredSchedule(
        rule=rule,
        content=content,
        place_id=row.place_id,
        target_ids=tuple(target_ids),
        lateness_s=row.lateness_s,
        left_out=excluded,
        holidays=HolidayRule(row.holidays),
        made_by=made_by,
        made_at=row.created_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        replaces_schedule_id=row.replaces_schedule_id,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        row_version=row.row_version,
    )


def _targets(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    query = select(ScheduleTargetRow).order_by(ScheduleTargetRow.place_id)
    for target in session.scalars(query.where(ScheduleTargetRow.schedule_id.in_(ids))):
        found[target.schedule_id].append(target.place_id)
    return found


def _exclusions(session: Session, ids: Sequence[str]) -> dict[str, frozenset[date]]:
    found: defaultdict[str, frozenset[date]] = defaultdict(frozenset)
    query = select(ScheduleExclusionRow).where(ScheduleExclusionRow.schedule_id.in_(ids))
    for row in session.scalars(query):
        found[row.schedule_id] |= {row.airs_on}
    return found


def patterns(
    session: Session,
    schedules: Sequence[StoredSchedule],
    after: datetime,
    leaving_out: SlotKey | None = None,
) -> list[tuple[StoredSchedule, Schedule]]:
    """The rules as they will really air: without cancelled days, moved occurrences on their own.

    A moved occurrence is a rule of its own that airs once, under the same schedule id.
    `leaving_out` names one occurrence that is about to get another time.
    """
    by_id = {stored.schedule_id: stored for stored in schedules}
    cancelled = and_(
        SlotRow.cancelled_at.is_not(None),
        func.coalesce(SlotRow.cancel_reason, "") != NOT_VALID,
    )
    changed = session.scalars(
        select(SlotRow).where(
            SlotRow.schedule_id.in_(by_id),
            or_(cancelled, SlotRow.moved_at.is_not(None)),
            SlotRow.starts_at > after,
        )
    ).all()
    taken: defaultdict[str, set[date]] = defaultdict(set)
    if leaving_out is not None:
        taken[leaving_out[0]].add(leaving_out[1])
    moved: list[tuple[StoredSchedule, Schedule]] = []
    for row in changed:
        stored = by_id[row.schedule_id]
        taken[row.schedule_id].add(row.airs_on)
        is_cancelled = row.cancelled_at is not None and row.cancel_reason != NOT_VALID
        is_gone = is_cancelled or not stored.rule.airs_on(row.airs_on)
        if not is_gone and (row.schedule_id, row.airs_on) != leaving_out:
            moved.append((stored, moved_rule(stored.rule, row.starts_at)))
    return [
        (stored, replace(stored.rule, excluded=stored.rule.excluded | taken[stored.schedule_id]))
        for stored in schedules
    ] + moved


def coming(session: Session, stored: StoredSchedule, now: datetime) -> int | None:
    """How many slots are still to start, moved ones where they are now; None: without end."""
    if stored.rule.ends_on is None:
        return None
    airing = patterns(session, [stored], stored.made_at)
    return sum(count(rule, now) or 0 for _stored, rule in airing)


def valid_part(stored: StoredSchedule) -> StoredSchedule:
    """The schedule on the dates on which its bulletin may air."""
    return replace(stored, rule=stored.content.validity.narrowed(stored.rule))


def cancelled_by_hand(session: Session, schedule_id: str, first: date) -> frozenset[date]:
    """The days from `first` on whose slot somebody cancelled singly, which takes a reason."""
    return frozenset(
        session.scalars(
            select(SlotRow.airs_on).where(
                SlotRow.schedule_id == schedule_id,
                SlotRow.airs_on >= first,
                SlotRow.cancelled_at.is_not(None),
                SlotRow.cancelled_by != SYSTEM,
                SlotRow.cancel_reason != "",
            )
        )
    )


def own_times(session: Session, schedule_id: str, first: date, now: datetime) -> tuple[date, ...]:
    """The days from `first` on to which somebody gave another time that is still to come."""
    query = select(SlotRow.airs_on).where(
        SlotRow.schedule_id == schedule_id,
        SlotRow.airs_on >= first,
        SlotRow.moved_at.is_not(None),
        SlotRow.cancelled_at.is_(None),
        SlotRow.starts_at > now,
    )
    return tuple(session.scalars(query.order_by(SlotRow.airs_on)))


def moved_rule(rule: Schedule, starts_at: datetime) -> Schedule:
    """One occurrence of a rule at another time."""
    local = starts_at.astimezone(STATION_ZONE)
    return replace(
        rule,
        recurrence=Recurrence.ONCE,
        airs_at=local.time(),
        starts_on=local.date(),
        ends_on=local.date(),
        excluded=frozenset(),
        only=None,
    )
