"""Deeds on schedules and slots: checked, made, changed, cancelled, moved."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from controller.domain.accounts import Permission
from controller.domain.schedule import Recurrence
from controller.domain.tokens import Scope
from controller.errors import InvalidInputError, StaleEditError
from controller.services.calendar import Occurrence
from controller.services.schedule_findings import Wish
from controller.services.schedule_refusals import MOST_EXCLUDED
from controller.services.schedules import Editing, Preview
from controller.web.api_v1 import schedules, slots
from controller.web.api_v1.findings import FindingAnswer, finding
from controller.web.api_v1.schedules import ScheduleAnswer, operations
from controller.web.api_v1.shapes import (
    FIRST_DAY,
    LAST_DAY,
    Answer,
    Body,
    Day,
    Id,
    Line,
    Version,
    WallTime,
)
from controller.web.api_v1.slots import SlotAnswer
from controller.web.policy import current_actor, services
from controller.web.schedule_form import highest
from station_protocol.vocabulary import Priority

__all__ = ["operations"]

WRITE, WRITERS = Scope.SCHEDULES_WRITE, Permission.WRITE_SCHEDULES


def _on_a_minute(at: datetime) -> datetime:
    if not FIRST_DAY.year <= at.year < LAST_DAY.year or at.second or at.microsecond:
        raise ValueError("a whole minute from 2000 to 2098")
    return at.astimezone(UTC)


Minute = Annotated[
    AwareDatetime,
    AfterValidator(_on_a_minute),
    Field(description="A whole minute, with its offset: 2026-11-27T05:45:00+07:00."),
]


class ScheduleWish(Body):
    """A schedule as somebody wants it: of one bulletin, or of a programme."""

    bulletin_id: Id | None = None
    programme_id: Id | None = None
    recurrence: Recurrence
    airs_at: WallTime
    starts_on: Day
    ends_on: Day | None = Field(default=None, description="null: without end, if it is weekly.")
    weekdays: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(max_length=7)] = Field(
        default=(), description="1 Monday to 7 Sunday, if it is weekly."
    )
    target_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=100)] = Field(
        description="Places: every station in them airs it."
    )
    priority: Literal["ordinary", "priority"] = "ordinary"
    excluded: Annotated[tuple[Day, ...], Field(max_length=MOST_EXCLUDED)] = ()

    @property
    def wish(self) -> Wish:
        """As the service wants it. InvalidInputError unless it names one thing to air."""
        if bool(self.bulletin_id) == bool(self.programme_id):
            raise InvalidInputError("one of the two", field="bulletin_id", problem="missing")
        is_once = self.recurrence is Recurrence.ONCE
        return Wish(
            bulletin_id=self.bulletin_id or "",
            programme_id=self.programme_id or "",
            recurrence=self.recurrence,
            airs_at=time.fromisoformat(self.airs_at),
            starts_on=self.starts_on,
            ends_on=None if is_once else self.ends_on,
            weekdays=sum({1 << (day - 1) for day in self.weekdays}),
            target_ids=highest(self.target_ids, services().places.tree()),
            priority=Priority(self.priority),
            excluded=frozenset(self.excluded),
        )


class ScheduleChange(ScheduleWish):
    """What a series shall be from its `starts_on` on."""

    version: Version


class Check(Answer):
    """What saving would do."""

    title: str
    may_save: bool
    station_count: int
    count: int | None = Field(description="How many slots will air; null: without end.")
    first_at: datetime | None
    must_fix: tuple[FindingAnswer, ...] = Field(description="Saving is refused for these.")
    look_at: tuple[FindingAnswer, ...]
    fine: tuple[FindingAnswer, ...]


class Reason(Body):
    """Why; people will read it."""

    reason: Line


class Excluded(Body):
    """A date to leave out."""

    on: Day


class Move(Body):
    """Another time for one slot."""

    starts_at: Minute
    revision: Version


@operations.deed("POST", "/schedules/check", WRITE, WRITERS)
def check_schedule(body: ScheduleWish) -> Check:
    """What would happen if this were saved: what clashes, what is outside hours, how many slots.

    Nothing is changed.
    """
    return _check(services().schedules.preview(current_actor(), body.wish))


@operations.deed(
    "POST", "/schedules", WRITE, WRITERS, status=201, location="/schedules/{schedule_id}"
)
def create_schedule(body: ScheduleWish) -> ScheduleAnswer:
    """Keep a new schedule; it is checked again while it is saved."""
    return schedules.told(services().schedules.save(current_actor(), body.wish).schedule_id)


@operations.deed("POST", "/schedules/<schedule_id>/check", WRITE, WRITERS)
def check_change(schedule_id: str, body: ScheduleChange) -> Check:
    """What would happen if a schedule were changed so. Nothing is changed."""
    editing = Editing(schedule_id, body.version)
    return _check(services().schedules.preview(current_actor(), body.wish, editing))


@operations.deed("PUT", "/schedules/<schedule_id>", WRITE, WRITERS)
def change_schedule(schedule_id: str, body: ScheduleChange) -> ScheduleAnswer:
    """Change a series from `starts_on` on.

    The old rule ends before that day and a new one begins: the answer is the new schedule, with an
    id of its own.
    """
    editing = Editing(schedule_id, body.version)
    saved = services().schedules.change(current_actor(), body.wish, editing)
    return schedules.told(saved.schedule_id)


@operations.deed("POST", "/schedules/<schedule_id>/cancel", WRITE, WRITERS)
def cancel_schedule(schedule_id: str, body: Reason) -> ScheduleAnswer:
    """Cancel every slot that has not begun."""
    services().schedules.cancel_rest(current_actor(), schedule_id, body.reason)
    return schedules.told(schedule_id)


@operations.deed("POST", "/schedules/<schedule_id>/exclude", WRITE, WRITERS)
def exclude_day(schedule_id: str, body: Excluded) -> ScheduleAnswer:
    """Leave one date of a series out."""
    services().calendar.leave_out(current_actor(), schedule_id, body.on)
    return schedules.told(schedule_id)


@slots.operations.deed("POST", "/slots/<slot_id>/cancel", WRITE, WRITERS)
def cancel_slot(slot_id: str, body: Reason) -> SlotAnswer:
    """Cancel one slot, also while it sounds."""
    services().schedules.cancel_slot(current_actor(), slot_id, body.reason)
    return slots.told(slot_id)


@slots.operations.deed("POST", "/slots/<slot_id>/move", WRITE, WRITERS)
def move_slot(slot_id: str, body: Move) -> SlotAnswer:
    """Give one slot another time; it keeps its id."""
    page = services().schedules.slot(current_actor(), slot_id)
    seen = Occurrence(page.schedule.schedule_id, page.airs_on, page.starts_at)
    if page.revision != body.revision:
        stored = page.schedule
        raise StaleEditError("moved", who=stored.changed_by, changed_at=stored.changed_at)
    services().calendar.move(current_actor(), seen, body.starts_at)
    return slots.told(slot_id)


def _check(preview: Preview) -> Check:
    judgement, tree = preview.judgement, preview.world.tree
    targets = [place.place_id for place in preview.targets]
    return Check(
        title=preview.title,
        may_save=judgement.may_save,
        station_count=len(tree.stations_in(targets)),
        count=judgement.count,
        first_at=judgement.first_at,
        must_fix=tuple(finding(one) for one in judgement.must_fix),
        look_at=tuple(finding(one) for one in judgement.look_at),
        fine=tuple(finding(one) for one in judgement.fine),
    )


__all__ = ["operations"]
