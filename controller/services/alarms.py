"""Alarms of a place: what is open, what was, who took it on and how long it took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.notices import ALARMS, NoticeKind
from controller.domain.places import PlaceKind, PlaceTree
from controller.errors import NotFoundError
from controller.services.audit import Deed, record
from controller.services.notices import NoticeView, items_of, view_of
from controller.services.paging import Leaf, leaf
from controller.services.places import Places
from controller.services.scope import ensure_within, may_see
from controller.storage.database import Database
from controller.storage.models import NoticeItemRow, NoticeRow

PAGE_LENGTH = 50
LOOKS_BACK = timedelta(days=30)


class Standing(StrEnum):
    """Where an alarm stands."""

    OPEN = "open"
    """Nobody took it on."""
    TAKEN = "taken"
    OVER = "over"


def standing(view: NoticeView) -> Standing:
    """Of one alarm."""
    if view.closed_at is not None:
        return Standing.OVER
    return Standing.OPEN if view.acknowledged_at is None else Standing.TAKEN


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """What of it is asked for; None: everything."""

    place_id: str | None = None
    kind: NoticeKind | None = None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class AlarmPage:
    """One page of alarms: those that hold first, then the newest."""

    alarms: tuple[NoticeView, ...]
    leaf: Leaf
    open: int
    """How many in the actor's place nobody took on, whatever is asked for."""


class Alarms:
    """Reads alarms of the actor's place, and writes down who takes one on."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def page(self, actor: Actor, asked: AlarmFilter, *, page: int = 1) -> AlarmPage:
        """Alarms open now and those that ended in the last 30 days.

        NotFoundError for a place outside the actor's.
        """
        tree = self._places.tree()
        own = self._own(tree, actor)
        conditions = [own, *self._asked(tree, actor, asked)]
        counting = select(func.count()).select_from(NoticeRow)
        with self._database.read() as session:
            total = session.scalar(counting.where(*conditions)) or 0
            is_open = _conditions(Standing.OPEN)
            waiting = session.scalar(counting.where(own, *is_open)) or 0
            shown = leaf(total, page, PAGE_LENGTH)
            rows = session.scalars(
                select(NoticeRow)
                .where(*conditions)
                .order_by(
                    NoticeRow.closed_at.is_not(None),
                    NoticeRow.opened_at.desc(),
                    NoticeRow.notice_id.desc(),
                )
                .limit(shown.length)
                .offset(shown.offset)
            ).all()
            items = items_of(session, [row.notice_id for row in rows])
            found = tuple(view_of(row, items[row.notice_id]) for row in rows)
        return AlarmPage(found, shown, waiting)

    def walk(
        self, actor: Actor, asked: AlarmFilter, *, before_id: str | None, limit: int
    ) -> tuple[NoticeView, ...]:
        """The same, the last told first; `before_id` goes on behind that alarm.

        For programs that read everything: what is told or ends meanwhile shifts nothing.
        """
        tree = self._places.tree()
        conditions = [self._own(tree, actor), *self._asked(tree, actor, asked)]
        if before_id is not None:
            conditions.append(NoticeRow.notice_id < before_id)
        with self._database.read() as session:
            rows = session.scalars(
                select(NoticeRow)
                .where(*conditions)
                .order_by(NoticeRow.notice_id.desc())
                .limit(limit)
            ).all()
            items = items_of(session, [row.notice_id for row in rows])
            return tuple(view_of(row, items[row.notice_id]) for row in rows)

    def get(self, actor: Actor, notice_id: str) -> NoticeView:
        """One alarm. NotFoundError for what is none of the actor's place."""
        with self._database.read() as session:
            row = self._of(session, actor, notice_id)
            return view_of(row, items_of(session, [notice_id])[notice_id])

    def take(self, actor: Actor, notice_id: str) -> NoticeView:
        """Write down that the actor sees to it, and to every other line that tells nothing else.

        The first counts: who comes later is shown the name of who was first. NotFoundError for
        what is no alarm of the actor's place.
        """
        now = self._now()
        with self._database.write() as session:
            row = self._of(session, actor, notice_id)
            if row.closed_at is None and row.acknowledged_at is None:
                same = self._told_by(session, row)
                session.execute(
                    update(NoticeRow)
                    .where(NoticeRow.notice_id.in_(same), NoticeRow.acknowledged_at.is_(None))
                    .values(
                        acknowledged_at=now,
                        acknowledged_by=actor.account_id,
                        acknowledged_by_name=actor.full_name,
                    )
                    .execution_options(synchronize_session=False)
                )
                detail = {"kind": row.kind, "opened_at": row.opened_at.isoformat()}
                deed = Deed("alarm.taken", "notice", notice_id, row.group_key, detail)
                record(session, actor, deed, at=now)
                session.refresh(row)
            return view_of(row, items_of(session, [notice_id])[notice_id])

    def _of(self, session: Session, actor: Actor, notice_id: str) -> NoticeRow:
        row = session.get(NoticeRow, notice_id)
        is_alarm = row is not None and NoticeKind(row.kind) in ALARMS
        if row is None or not is_alarm or not may_see(self._places.tree(), actor, row.group_key):
            raise NotFoundError(f"alarm {notice_id}", notice_id=notice_id)
        return row

    @staticmethod
    def _told_by(session: Session, row: NoticeRow) -> list[str]:
        """This line and the open ones for other readers of which everything stands in this one."""
        items = session.execute(
            select(NoticeItemRow.notice_id, NoticeItemRow.item_key)
            .join(NoticeRow, NoticeRow.notice_id == NoticeItemRow.notice_id)
            .where(
                NoticeItemRow.kind == row.kind,
                NoticeItemRow.ended_at.is_(None),
                NoticeRow.closed_at.is_(None),
            )
        )
        by_notice: dict[str, set[str]] = {}
        for notice_id, item_key in items:
            by_notice.setdefault(notice_id, set()).add(item_key)
        own = by_notice.get(row.notice_id, set())
        same = {notice_id for notice_id, keys in by_notice.items() if keys <= own}
        return sorted(same | {row.notice_id})

    def _own(self, tree: PlaceTree, actor: Actor) -> ColumnElement[bool]:
        """Alarms as the actor's place is told them: whoever looks after more sees each district's
        line, not those of its communes beside it."""
        own = tree.places[actor.place_id]
        groups = [
            place.place_id
            for place in tree.walk(actor.place_id)
            if place is own or place.kind is not PlaceKind.COMMUNE
        ]
        since = self._now() - LOOKS_BACK
        return (
            NoticeRow.kind.in_([kind.value for kind in ALARMS])
            & NoticeRow.group_key.in_(groups)
            & (NoticeRow.closed_at.is_(None) | (NoticeRow.closed_at > since))
        )

    def _asked(
        self, tree: PlaceTree, actor: Actor, asked: AlarmFilter
    ) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if asked.place_id is not None:
            ensure_within(tree, actor, asked.place_id)
            inside = [place.place_id for place in tree.walk(asked.place_id)]
            of_stations = select(NoticeItemRow.notice_id).where(
                NoticeItemRow.facts["place_id"].as_string().in_(inside)
            )
            found.append(NoticeRow.group_key.in_(inside) | NoticeRow.notice_id.in_(of_stations))
        if asked.kind is not None:
            found.append(NoticeRow.kind == asked.kind.value)
        if asked.standing is not None:
            found += _conditions(asked.standing)
        return found


def _conditions(asked: Standing) -> list[ColumnElement[bool]]:
    if asked is Standing.OVER:
        return [NoticeRow.closed_at.is_not(None)]
    is_taken = NoticeRow.acknowledged_at.is_not(None)
    return [NoticeRow.closed_at.is_(None), is_taken if asked is Standing.TAKEN else ~is_taken]
