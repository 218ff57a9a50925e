"""What people say to each other about a bulletin: it grows, and what is taken back leaves a trace.

Who may see the bulletin reads and writes. What its own side says among itself is not told to a
place that merely borrows it: such a place sees the threads it began, and the answers to them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session, aliased

from controller.domain.accounts import Actor, Permission
from controller.domain.bulletins import MOST_COMMENTS, clean_comment
from controller.domain.places import Place, PlaceTree
from controller.errors import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from controller.services.bulletin_rows import readable_row, write_down
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.scope import may_see
from controller.storage.database import Database
from controller.storage.models import AccountRow, BulletinCommentRow, BulletinRow


@dataclass(frozen=True, slots=True)
class CommentView:
    """One remark. `text` is empty once it was taken back."""

    comment_id: str
    said_by: str
    """Full name."""
    place: Place
    text: str
    said_at: datetime
    withdrawn_by: str | None
    """Full name."""
    withdrawn_at: datetime | None
    may_withdraw: bool
    is_own: bool


@dataclass(frozen=True, slots=True)
class Thread:
    """A remark and the answers to it, each in the order they came."""

    first: CommentView
    answers: tuple[CommentView, ...]

    @property
    def thread_id(self) -> str:
        """What an answer names."""
        return self.first.comment_id


class Comments:
    """Threads of the bulletins the actor may see."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def threads(self, actor: Actor, bulletin_id: str) -> tuple[Thread, ...]:
        """Every thread of one bulletin that is the actor's to read, the oldest first."""
        tree = self._places.tree()
        with self._database.read() as session:
            bulletin = readable_row(session, tree, actor, bulletin_id)
            rows = session.scalars(
                select(BulletinCommentRow)
                .where(BulletinCommentRow.bulletin_id == bulletin_id)
                .order_by(BulletinCommentRow.said_at, BulletinCommentRow.bulletin_comment_id)
            ).all()
            names = _names(session, rows)
            by_thread: defaultdict[str, list[BulletinCommentRow]] = defaultdict(list)
            # what began a thread stands before its answers, however close in time they are
            for row in sorted(rows, key=lambda row: row.bulletin_comment_id != row.thread_id):
                by_thread[row.thread_id].append(row)
            return tuple(
                Thread(
                    _view(tree, actor, bulletin, first, names),
                    tuple(_view(tree, actor, bulletin, row, names) for row in answers),
                )
                for first, *answers in by_thread.values()
                if _is_told(tree, actor, bulletin.place_id, first.said_from)
            )

    def counts(self, actor: Actor, bulletin_ids: Iterable[str]) -> Mapping[str, int]:
        """How many remarks the actor can read of each of these; those taken back left out."""
        tree = self._places.tree()
        first = aliased(BulletinCommentRow)
        query = (
            select(
                BulletinCommentRow.bulletin_id, BulletinRow.place_id, first.said_from, func.count()
            )
            .join(BulletinRow, BulletinRow.bulletin_id == BulletinCommentRow.bulletin_id)
            .join(first, first.bulletin_comment_id == BulletinCommentRow.thread_id)
            .where(
                BulletinCommentRow.bulletin_id.in_(list(bulletin_ids)),
                BulletinCommentRow.withdrawn_at.is_(None),
            )
            .group_by(BulletinCommentRow.bulletin_id, BulletinRow.place_id, first.said_from)
        )
        found: Counter[str] = Counter()
        with self._database.read() as session:
            for bulletin_id, place_id, said_from, number in session.execute(query):
                if _is_told(tree, actor, place_id, said_from):
                    found[bulletin_id] += number
        return found

    def say(self, actor: Actor, bulletin_id: str, text: str, thread_id: str | None = None) -> str:
        """Add a remark, or an answer to a thread; its id.

        InvalidInputError for no words, too many, or hidden characters; NotFoundError for what the
        actor may not see.
        """
        said, at, tree = clean_comment(text), self._now(), self._places.tree()
        _ensure_may(actor)
        with self._database.write() as session:
            bulletin = readable_row(session, tree, actor, bulletin_id)
            if thread_id is not None:
                _thread_row(session, tree, actor, bulletin, thread_id)
            number = select(func.count()).where(BulletinCommentRow.bulletin_id == bulletin_id)
            if (session.scalar(number) or 0) >= MOST_COMMENTS:
                raise InvalidInputError("too many", field="comment", problem="too_many_comments")
            comment_id = new_id(at)
            session.add(
                BulletinCommentRow(
                    bulletin_comment_id=comment_id,
                    bulletin_id=bulletin_id,
                    thread_id=thread_id or comment_id,
                    said_by=actor.account_id,
                    said_from=actor.place_id,
                    text=said,
                    said_at=at,
                )
            )
            write_down(session, actor, "comment", bulletin, at, {"comment_id": comment_id})
        return comment_id

    def withdraw(self, actor: Actor, bulletin_id: str, comment_id: str) -> None:
        """Take a remark back: one's own, or any as an approver of the bulletin's place.

        WrongStateError when it was taken back before.
        """
        at, tree = self._now(), self._places.tree()
        _ensure_may(actor)
        with self._database.write() as session:
            bulletin = readable_row(session, tree, actor, bulletin_id)
            row = session.get(BulletinCommentRow, comment_id)
            if row is None or row.bulletin_id != bulletin_id:
                raise NotFoundError("no such comment", comment_id=comment_id)
            _thread_row(session, tree, actor, bulletin, row.thread_id)
            if not _may_withdraw(tree, actor, bulletin, row):
                raise ForbiddenError(f"comment {comment_id} is somebody else's")
            done = session.execute(
                update(BulletinCommentRow)
                .where(
                    BulletinCommentRow.bulletin_comment_id == comment_id,
                    BulletinCommentRow.withdrawn_at.is_(None),
                )
                .values(withdrawn_by=actor.account_id, withdrawn_at=at)
                .execution_options(synchronize_session=False)
            )
            assert isinstance(done, CursorResult)  # noqa: S101 - what an UPDATE gives
            if done.rowcount != 1:
                raise WrongStateError("taken back already", state="withdrawn")
            write_down(session, actor, "comment_withdraw", bulletin, at, {"comment_id": comment_id})


def _ensure_may(actor: Actor) -> None:
    if not actor.may(Permission.COMMENT):
        raise ForbiddenError(str(Permission.COMMENT))


def _is_told(tree: PlaceTree, actor: Actor, bulletin_place_id: str, said_from: str) -> bool:
    """Whether a thread begun at a place is told to the actor."""
    return may_see(tree, actor, bulletin_place_id) or may_see(tree, actor, said_from)


def _thread_row(
    session: Session, tree: PlaceTree, actor: Actor, bulletin: BulletinRow, thread_id: str
) -> BulletinCommentRow:
    row = session.get(BulletinCommentRow, thread_id)
    if (
        row is None
        or row.bulletin_id != bulletin.bulletin_id
        or row.thread_id != thread_id
        or not _is_told(tree, actor, bulletin.place_id, row.said_from)
    ):
        raise NotFoundError("no such thread", thread_id=thread_id)
    return row


def _may_withdraw(
    tree: PlaceTree, actor: Actor, bulletin: BulletinRow, row: BulletinCommentRow
) -> bool:
    is_judge = actor.may(Permission.APPROVE_BULLETINS)
    return row.said_by == actor.account_id or (is_judge and may_see(tree, actor, bulletin.place_id))


def _names(session: Session, rows: Sequence[BulletinCommentRow]) -> Mapping[str, str]:
    ids = {one for row in rows for one in (row.said_by, row.withdrawn_by) if one}
    query = select(AccountRow.account_id, AccountRow.full_name).where(
        AccountRow.account_id.in_(ids)
    )
    return {row.account_id: row.full_name for row in session.execute(query)}


def _view(
    tree: PlaceTree,
    actor: Actor,
    bulletin: BulletinRow,
    row: BulletinCommentRow,
    names: Mapping[str, str],
) -> CommentView:
    is_withdrawn = row.withdrawn_at is not None
    return CommentView(
        comment_id=row.bulletin_comment_id,
        said_by=names[row.said_by],
        place=tree.places[row.said_from],
        text="" if is_withdrawn else row.text,
        said_at=row.said_at,
        withdrawn_by=names[row.withdrawn_by] if row.withdrawn_by else None,
        withdrawn_at=row.withdrawn_at,
        may_withdraw=not is_withdrawn
        and actor.may(Permission.COMMENT)
        and _may_withdraw(tree, actor, bulletin, row),
        is_own=row.said_by == actor.account_id,
    )
