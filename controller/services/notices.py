"""What somebody was told: the lines on their page, how many are unread, and reading them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.notices import Item, NoticeKind
from controller.errors import NotFoundError
from controller.services.paging import Leaf, leaf
from controller.services.places import Places
from controller.services.scope import may_see
from controller.storage.database import Database
from controller.storage.models import NoticeItemRow, NoticeReaderRow, NoticeRow

PAGE_LENGTH = 50


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One line with all it tells."""

    notice_id: str
    kind: NoticeKind
    group_id: str
    """Of what failed the place it is gathered under."""
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    items: tuple[Item, ...]
    read_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    """The name of who took it on."""
    escalated_at: datetime | None = None
    """When the place above was told that nobody had."""

    @property
    def began_at(self) -> datetime:
        """When the first of it happened, or when it was told if that was earlier."""
        happened = [item.facts["at"] for item in self.items if "at" in item.facts]
        return min([*map(datetime.fromisoformat, happened), self.opened_at])

    @property
    def is_unread(self) -> bool:
        """Whether it is still news, and still so."""
        return self.read_at is None and self.closed_at is None

    @property
    def holding(self) -> tuple[Item, ...]:
        """What of it still holds; of a closed line all it told."""
        return tuple(item for item in self.items if item.holds) or self.items


@dataclass(frozen=True, slots=True)
class NoticePage:
    """One page of lines, the latest change first."""

    lines: tuple[NoticeView, ...]
    leaf: Leaf
    unread: int


@dataclass(frozen=True, slots=True)
class Unread:
    """How many lines are unread, and when the newest of them became so."""

    count: int
    newest_at: datetime | None

    @property
    def cursor(self) -> str:
        """Changes whenever the bell has to."""
        at_ms = int(self.newest_at.timestamp() * 1000) if self.newest_at else 0
        return f"{self.count}.{at_ms}"


class Notices:
    """Reads what one person was told."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def unread(self, actor: Actor) -> Unread:
        """What the bell says."""
        query = (
            select(func.count(), func.max(NoticeReaderRow.told_at))
            .join(NoticeRow, NoticeRow.notice_id == NoticeReaderRow.notice_id)
            .where(*_unread(actor))
        )
        with self._database.read() as session:
            count, newest_at = session.execute(query).one()
        return Unread(count, newest_at)

    def page(self, actor: Actor, *, only_unread: bool = False, page: int = 1) -> NoticePage:
        """The actor's lines."""
        conditions = _unread(actor) if only_unread else _own(actor)
        counting = (
            select(func.count())
            .select_from(NoticeReaderRow)
            .join(NoticeRow, NoticeRow.notice_id == NoticeReaderRow.notice_id)
        )
        with self._database.read() as session:
            total = session.scalar(counting.where(*conditions)) or 0
            unread = session.scalar(counting.where(*_unread(actor))) or 0
            shown = leaf(total, page, PAGE_LENGTH)
            rows = session.execute(
                select(NoticeRow, NoticeReaderRow.read_at)
                .join(NoticeReaderRow, NoticeReaderRow.notice_id == NoticeRow.notice_id)
                .where(*conditions)
                .order_by(NoticeRow.changed_at.desc(), NoticeRow.notice_id.desc())
                .limit(shown.length)
                .offset(shown.offset)
            ).all()
            items = items_of(session, [row.notice_id for row, _read_at in rows])
            lines = tuple(view_of(row, items[row.notice_id], read_at) for row, read_at in rows)
        return NoticePage(tuple(one for one in lines if self._is_seen(actor, one)), shown, unread)

    def read(self, actor: Actor, notice_id: str) -> NoticeView:
        """One line, which is no news from now on. NotFoundError for somebody else's."""
        with self._database.write() as session:
            mine = session.get(NoticeReaderRow, (notice_id, actor.account_id))
            row = session.get(NoticeRow, notice_id)
            if mine is None or row is None:
                raise NotFoundError(f"notice {notice_id}", notice_id=notice_id)
            mine.read_at = mine.read_at or self._now()
            view = view_of(row, items_of(session, [notice_id])[notice_id], mine.read_at)
        if not self._is_seen(actor, view):
            raise NotFoundError(f"notice {notice_id}", notice_id=notice_id)
        return view

    def read_all(self, actor: Actor) -> None:
        """Nothing that was told so far is news any more."""
        with self._database.write() as session:
            session.execute(
                update(NoticeReaderRow)
                .where(
                    NoticeReaderRow.account_id == actor.account_id,
                    NoticeReaderRow.read_at.is_(None),
                )
                .values(read_at=self._now())
            )

    def _is_seen(self, actor: Actor, view: NoticeView) -> bool:
        """Whether it tells of the actor's own, or of a place of theirs."""
        tree = self._places.tree()
        return not view.kind.is_of_a_place or may_see(tree, actor, view.group_id)


def _own(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return (NoticeReaderRow.account_id == actor.account_id,)


def _unread(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return (*_own(actor), NoticeReaderRow.read_at.is_(None), NoticeRow.closed_at.is_(None))


def items_of(session: Session, notice_ids: Sequence[str]) -> Mapping[str, tuple[Item, ...]]:
    """What these lines tell, in the order it began."""
    found: defaultdict[str, tuple[Item, ...]] = defaultdict(tuple)
    query = (
        select(NoticeItemRow)
        .where(NoticeItemRow.notice_id.in_(notice_ids))
        .order_by(NoticeItemRow.began_at, NoticeItemRow.item_key)
    )
    for row in session.scalars(query):
        found[row.notice_id] += (Item(row.item_key, row.facts, row.ended_at is None),)
    return found


def view_of(row: NoticeRow, items: tuple[Item, ...], read_at: datetime | None = None) -> NoticeView:
    """A row as screens and letters show it."""
    return NoticeView(
        notice_id=row.notice_id,
        kind=NoticeKind(row.kind),
        group_id=row.group_key,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        closed_at=row.closed_at,
        items=items,
        read_at=read_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by_name,
        escalated_at=row.escalated_at,
    )
