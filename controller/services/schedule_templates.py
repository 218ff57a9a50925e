"""Patterns a place schedules again and again: time, days and places, kept under a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.domain.schedule import EVERY_DAY, HolidayRule
from controller.errors import InvalidInputError, NotFoundError
from controller.services.audit import Deed, record
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.scope import ensure_targets, ensure_within, may_see
from controller.storage.database import Database
from controller.storage.models import ScheduleTemplateRow
from station_protocol.vocabulary import Priority

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Pattern:
    """When and where, without what."""

    name: str
    airs_at: time
    weekdays: int
    target_ids: tuple[str, ...]
    holidays: HolidayRule = HolidayRule.IGNORE
    priority: Priority = Priority.ORDINARY


@dataclass(frozen=True, slots=True)
class ScheduleTemplate:
    """A pattern that is kept. `pattern.target_ids`: only those the reader may choose."""

    schedule_template_id: str
    place_id: str
    pattern: Pattern
    created_by: str
    created_at: datetime
    may_remove: bool


class ScheduleTemplates:
    """Keeps patterns and gives them back."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def all(self, actor: Actor) -> tuple[ScheduleTemplate, ...]:
        """The patterns of the actor's place, of places above and below, by name."""
        tree = self._places.tree()
        with self._database.read() as session:
            rows = session.scalars(
                select(ScheduleTemplateRow).order_by(
                    ScheduleTemplateRow.name, ScheduleTemplateRow.schedule_template_id
                )
            )
            return tuple(
                self._view(row, actor)
                for row in rows
                if may_see(tree, actor, row.place_id)
                or tree.is_within(actor.place_id, row.place_id)
            )

    def one(self, actor: Actor, schedule_template_id: str) -> ScheduleTemplate:
        """One of them. NotFoundError."""
        for found in self.all(actor):
            if found.schedule_template_id == schedule_template_id:
                return found
        raise NotFoundError(f"no schedule template {schedule_template_id}")

    def keep(self, actor: Actor, pattern: Pattern) -> str:
        """Keep a pattern at the actor's place; one of the same name there is replaced.

        InvalidInputError naming the field, OutOfScopeError.
        """
        name = _clean(pattern)
        ensure_targets(self._places.tree(), actor, pattern.target_ids)
        with self._database.write() as session:
            row = _named(session, actor.place_id, name) or ScheduleTemplateRow(
                schedule_template_id=new_id(self._now()), place_id=actor.place_id, name=name
            )
            row.airs_at, row.weekdays = pattern.airs_at, pattern.weekdays
            row.holidays, row.priority = pattern.holidays.value, pattern.priority.value
            row.target_ids = list(pattern.target_ids)
            row.created_by, row.created_at = actor.full_name, self._now()
            session.add(row)
            session.flush()
            self._audit(session, actor, "schedule.keep_template", row)
            return row.schedule_template_id

    def remove(self, actor: Actor, schedule_template_id: str) -> Pattern:
        """Forget a pattern; what it was. Schedules made by it stay. NotFoundError."""
        with self._database.write() as session:
            row = session.get(ScheduleTemplateRow, schedule_template_id)
            if row is None:
                raise NotFoundError(f"no schedule template {schedule_template_id}")
            ensure_within(self._places.tree(), actor, row.place_id)
            pattern = self._view(row, actor).pattern
            self._audit(session, actor, "schedule.drop_template", row)
            session.delete(row)
        return pattern

    def _audit(self, session: Session, actor: Actor, action: str, row: ScheduleTemplateRow) -> None:
        detail = {
            "title": row.name,
            "airs_at": f"{row.airs_at:%H:%M}",
            "weekdays": row.weekdays,
            "targets": list(row.target_ids),
        }
        deed = Deed(action, "schedule", row.schedule_template_id, row.place_id, detail)
        record(session, actor, deed, at=self._now())

    def _view(self, row: ScheduleTemplateRow, actor: Actor) -> ScheduleTemplate:
        tree = self._places.tree()
        own = tuple(
            place_id
            for place_id in row.target_ids
            if place_id in tree.places and may_see(tree, actor, place_id)
        )
        return ScheduleTemplate(
            row.schedule_template_id,
            row.place_id,
            Pattern(
                row.name,
                row.airs_at,
                row.weekdays,
                own or (actor.place_id,),  # a pattern of the whole province, used by a district
                HolidayRule(row.holidays),
                Priority(row.priority),
            ),
            row.created_by,
            row.created_at,
            may_see(tree, actor, row.place_id),
        )


def _named(session: Session, place_id: str, name: str) -> ScheduleTemplateRow | None:
    return session.scalar(
        select(ScheduleTemplateRow).where(
            ScheduleTemplateRow.place_id == place_id, ScheduleTemplateRow.name == name
        )
    )


def _clean(pattern: Pattern) -> str:
    """The name; InvalidInputError naming the field of the form."""
    name = " ".join(clean_text(pattern.name, field="template_name").split())
    if not name:
        raise InvalidInputError("no name", field="template_name", problem="missing")
    if len(name) > LONGEST_NAME:
        raise InvalidInputError("too long", field="template_name", problem="text_too_long")
    if not 0 < pattern.weekdays <= EVERY_DAY:
        raise InvalidInputError("no weekday", field="weekdays", problem="missing")
    if not pattern.target_ids:
        raise InvalidInputError("no target", field="target_ids", problem="missing")
    return name
