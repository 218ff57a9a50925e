"""Schedules: the rules, and what they will give."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from controller.domain.schedule import Recurrence
from controller.domain.tokens import Scope
from controller.services.schedule_rows import StoredSchedule
from controller.services.week import Slip, Tally
from controller.web.api_v1.findings import FindingAnswer, finding
from controller.web.api_v1.operations import Operations
from controller.web.api_v1.shapes import Answer, PageQuery, PlaceName, WallTime, cut, place_name
from controller.web.policy import current_actor, services
from station_protocol.vocabulary import Priority

operations = Operations("schedules", "Schedules: rules that give slots.")


class ScheduleItem(Answer):
    """A schedule's rule."""

    schedule_id: str
    title: str
    bulletin_ids: tuple[str, ...]
    programme_id: str | None = Field(description="Of a programme people put together.")
    place: PlaceName = Field(description="Whose it is.")
    target_ids: tuple[str, ...] = Field(description="Places it is aired at.")
    recurrence: Recurrence
    airs_at: WallTime
    starts_on: date
    ends_on: date | None = Field(description="null: without end.")
    weekdays: tuple[int, ...] = Field(description="1 Monday to 7 Sunday.")
    excluded: tuple[date, ...]
    priority: Priority
    duration_ms: int
    lateness_s: int
    made_by: str
    made_at: datetime
    changed_by: str | None
    changed_at: datetime | None
    closed_at: datetime | None
    replaces_id: str | None = Field(description="The schedule it took the place of.")
    version: int = Field(description="Named by whoever changes it.")


class ScheduleList(Answer):
    """A part of the schedules, the last made first."""

    items: tuple[ScheduleItem, ...]
    next_cursor: str | None


class TallyAnswer(Answer):
    """How a slot stands: at how many of its stations in the own place."""

    total: int
    aired: int
    failed: int
    sounding: int
    unknown: int
    yielded: int = Field(description="Another slot had the air.")


class SlipAnswer(Answer):
    """A slot among others. `slot_id` null: so far ahead that it is only a rule."""

    slot_id: str | None
    schedule_id: str
    title: str
    airs_on: date
    starts_at: datetime
    duration_ms: int
    priority: Priority
    is_cancelled: bool
    is_moved: bool
    has_sound: bool = Field(description="Something approved is left of it.")
    stations: TallyAnswer


class ScheduleAnswer(Answer):
    """One schedule, and its slots from a week ago to two weeks ahead."""

    schedule_id: str
    schedule: ScheduleItem
    current_id: str = Field(description="The schedule that stands in its place now, or itself.")
    may_change: bool
    count: int | None = Field(description="Slots still to start by the rule; null: without end.")
    slots: tuple[SlipAnswer, ...]
    unfit: tuple[FindingAnswer, ...] = Field(description="What no longer fits of it.")


@operations.read("/schedules", Scope.SCHEDULES_READ)
def schedules(query: PageQuery) -> ScheduleList:
    """Schedules of the own place and below, and those from above that air there."""
    found = services().schedules.within(
        current_actor(), before_id=query.cursor, limit=query.limit + 1
    )
    shown, following = cut(found, query.limit, lambda stored: stored.schedule_id)
    return ScheduleList(items=tuple(item(stored) for stored in shown), next_cursor=following)


@operations.read("/schedules/<schedule_id>", Scope.SCHEDULES_READ)
def schedule(schedule_id: str) -> ScheduleAnswer:
    """One schedule and its slots."""
    return told(schedule_id)


def told(schedule_id: str) -> ScheduleAnswer:
    """A schedule as it stands now. NotFoundError."""
    page = services().schedules.schedule(current_actor(), schedule_id)
    return ScheduleAnswer(
        schedule_id=page.schedule.schedule_id,
        schedule=item(page.schedule),
        current_id=page.current_id,
        may_change=page.may_change,
        count=page.count,
        slots=tuple(slip(one) for one in page.slips),
        unfit=tuple(finding(one) for one in page.unfit),
    )


def item(stored: StoredSchedule) -> ScheduleItem:
    """A rule as answers tell it."""
    rule, content = stored.rule, stored.content
    return ScheduleItem(
        schedule_id=stored.schedule_id,
        title=content.title,
        bulletin_ids=content.bulletin_ids,
        programme_id=content.programme_id if content.is_kept else None,
        place=place_name(stored.place_id),
        target_ids=stored.target_ids,
        recurrence=rule.recurrence,
        airs_at=f"{rule.airs_at:%H:%M}",
        starts_on=rule.starts_on,
        ends_on=rule.ends_on,
        weekdays=tuple(bit + 1 for bit in range(7) if rule.mask >> bit & 1),
        excluded=tuple(sorted(rule.excluded)),
        priority=rule.priority,
        duration_ms=rule.duration_ms,
        lateness_s=stored.lateness_s,
        made_by=stored.made_by,
        made_at=stored.made_at,
        changed_by=stored.changed_by,
        changed_at=stored.changed_at,
        closed_at=stored.closed_at,
        replaces_id=stored.replaces_schedule_id,
        version=stored.row_version,
    )


def slip(one: Slip) -> SlipAnswer:
    """A slot as lists tell it."""
    return SlipAnswer(
        slot_id=one.slot_id,
        schedule_id=one.schedule_id,
        title=one.title,
        airs_on=one.airs_on,
        starts_at=one.starts_at,
        duration_ms=one.duration_ms,
        priority=one.priority,
        is_cancelled=one.is_cancelled,
        is_moved=one.is_moved,
        has_sound=one.has_sound,
        stations=_tally(one.tally),
    )


def _tally(tally: Tally) -> TallyAnswer:
    return TallyAnswer(
        total=tally.total,
        aired=tally.aired,
        failed=tally.failed,
        sounding=tally.sounding,
        unknown=tally.unknown,
        yielded=tally.yielded,
    )
