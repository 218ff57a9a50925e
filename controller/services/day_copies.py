"""A day or a week copied to another: each slot becomes a schedule of one slot, judged as one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.schedule import STATION_ZONE, HolidayRule, Recurrence, instant
from controller.errors import ControllerError, InvalidInputError, StaleEditError
from controller.services.places import Places
from controller.services.schedule_findings import Wish
from controller.services.schedule_rows import StoredSchedule, load
from controller.services.schedule_store import Pen
from controller.services.schedules import Preview, Saved, Schedules
from controller.services.scope import may_see
from controller.services.slot_page import wish_of
from controller.services.week import Slip, read_slips
from controller.storage.models import ScheduleRow

MOST_COPIED = 200
"""More slots than a week of one place has; a province has fewer of its own."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is copied where: a day or a week of the slots at a place."""

    place_id: str
    first: date
    days: int
    target: date

    @property
    def later(self) -> timedelta:
        """How much later everything airs."""
        return self.target - self.first


@dataclass(frozen=True, slots=True)
class CopyLine:
    """One slot about to be copied. `preview` None: `error` says why it cannot be."""

    slip: Slip
    to_at: datetime
    preview: Preview | None
    error: ControllerError | None = None

    @property
    def key(self) -> str:
        """Names the slot as it was seen."""
        return f"{self.slip.schedule_id}|{self.slip.airs_on}|{self.slip.starts_at.isoformat()}"

    @property
    def may_save(self) -> bool:
        """Whether nothing has to be fixed first."""
        return self.preview is not None and self.preview.judgement.may_save


@dataclass(frozen=True, slots=True)
class CopyPreview:
    """What copying would do."""

    span: Span
    lines: tuple[CopyLine, ...]
    theirs: int
    """Slots there that belong to places above, and are not copied."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied, and by which instant it can be undone."""

    saved: tuple[Saved, ...]
    made_at: datetime


def check_span(span: Span, today: date) -> None:
    """InvalidInputError naming the field: copied to itself, or into the past."""
    if span.later == timedelta():
        raise InvalidInputError("copied to itself", field="target", problem="same_day")
    if span.target + timedelta(days=span.days - 1) < today:
        raise InvalidInputError("lies behind", field="target", problem="past")


def read_copy(
    session: Session, places: Places, schedules: Schedules, actor: Actor, span: Span, now: datetime
) -> CopyPreview:
    """Every slot of the span with what there is to say about its copy."""
    lines, theirs = _lines(session, places, actor, span, now)
    ids = {line.slip.schedule_id for line in lines}
    stored = {one.schedule_id: one for one in load(session, ScheduleRow.schedule_id.in_(ids))}
    return CopyPreview(
        span,
        tuple(
            _judged(session, schedules, actor, line, stored[line.slip.schedule_id])
            for line in lines
        ),
        theirs,
    )


def _lines(
    session: Session, places: Places, actor: Actor, span: Span, now: datetime
) -> tuple[list[CopyLine], int]:
    """The slots that may be copied, not judged yet, and how many belong to places above."""
    tree = places.tree()
    start = instant(span.first, time(0))
    end = instant(span.first + timedelta(days=span.days), time(0))
    found = read_slips(session, tree, span.place_id, start, end, now)
    slips = [slip for slip in found if not slip.is_cancelled]
    mine = [slip for slip in slips if may_see(tree, actor, slip.place.place_id)]
    lines = [CopyLine(slip, slip.starts_at + span.later, None) for slip in mine[:MOST_COPIED]]
    return lines, len(slips) - len(mine)


def _judged(
    session: Session, schedules: Schedules, actor: Actor, line: CopyLine, stored: StoredSchedule
) -> CopyLine:
    wish = _wish(stored, line.to_at)
    try:
        preview = schedules.judged(session, actor, wish, None, like=stored)
    except ControllerError as error:
        return replace(line, error=error)
    return replace(line, preview=preview)


def _wish(stored: StoredSchedule, to_at: datetime) -> Wish:
    local = to_at.astimezone(STATION_ZONE)
    return replace(
        wish_of(stored),
        recurrence=Recurrence.ONCE,
        airs_at=local.time(),
        starts_on=local.date(),
        ends_on=None,
        excluded=frozenset(),
        holidays=HolidayRule.IGNORE,
    )


def store_copy(
    pen: Pen, places: Places, schedules: Schedules, span: Span, keys: Collection[str]
) -> Copied:
    """Keep the copies of these slots, all or none; see `refuse` for the errors.

    InvalidInputError when none is chosen, StaleEditError when one is no longer as it was seen,
    NotFoundError or ForbiddenError when one is not the actor's to copy.
    """
    if not keys:
        raise InvalidInputError("nothing chosen", field="keys", problem="missing")
    lines, _theirs = _lines(pen.session, places, pen.actor, span, pen.now)
    chosen = [line for line in lines if line.key in keys]
    missing = set(keys) - {line.key for line in chosen}
    for key in missing:
        schedules.mine(pen.session, pen.actor, key.partition("|")[0])
    if missing:
        raise StaleEditError("a slot to be copied was changed", who=None, changed_at=None)
    return Copied(tuple(_keep(pen, schedules, line) for line in chosen), pen.now)


def _keep(pen: Pen, schedules: Schedules, line: CopyLine) -> Saved:
    """Judge it beside the copies stored before it, and store it."""
    (stored,) = load(pen.session, ScheduleRow.schedule_id == line.slip.schedule_id)
    wish = _wish(stored, line.to_at)
    preview = schedules.judged(pen.session, pen.actor, wish, None, like=stored)
    return schedules.keep(pen, preview, None)


def copies_of(session: Session, actor: Actor, made_at: datetime) -> tuple[str, ...]:
    """The schedules somebody made in one stroke."""
    query = select(ScheduleRow.schedule_id).where(
        ScheduleRow.created_by == actor.account_id,
        ScheduleRow.created_at == made_at,
        ScheduleRow.closed_at.is_(None),
    )
    return tuple(session.scalars(query.order_by(ScheduleRow.schedule_id)))
