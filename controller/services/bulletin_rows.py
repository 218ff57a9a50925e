"""Rows of bulletins as every deed on them treats them: found in scope, changed only as seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import BulletinState
from controller.domain.places import PlaceTree, fold
from controller.errors import DecidedAlreadyError, StaleEditError
from controller.services.audit import Deed, record
from controller.services.scope import ensure_within
from controller.storage.models import AccountRow, AuditRow, BulletinRow, BulletinTagRow

OBJECT_KIND = "bulletin"

_DECISIONS = {
    BulletinState.APPROVED.value: "bulletin.approve",
    BulletinState.RETURNED.value: "bulletin.return",
    BulletinState.WITHDRAWN.value: "bulletin.withdraw",
}
"""States that somebody's decision led to, and its word in the audit trail."""


TALK = ("bulletin.comment", "bulletin.comment_withdraw")
"""Deeds that change nothing of the bulletin itself."""


def own_row(session: Session, tree: PlaceTree, actor: Actor, bulletin_id: str) -> BulletinRow:
    """A bulletin of the actor's place or below. NotFoundError for any other."""
    row = session.get(BulletinRow, bulletin_id)
    ensure_within(tree, actor, row.place_id if row else None)
    assert row is not None  # noqa: S101 - ensure_within has refused None
    return row


def readable_row(session: Session, tree: PlaceTree, actor: Actor, bulletin_id: str) -> BulletinRow:
    """The same, or one that another place shares while it is approved: to be heard and used."""
    row = session.get(BulletinRow, bulletin_id)
    if row is not None and row.shared_at is not None and row.state == BulletinState.APPROVED.value:
        return row
    return own_row(session, tree, actor, bulletin_id)


def move(
    session: Session,
    row: BulletinRow,
    seen_version: int,
    following: BulletinState,
    changes: Mapping[str, Any],
    now: datetime,
) -> None:
    """Change the row if it is still what the actor saw; StaleEditError says who changed it."""
    result = session.execute(
        update(BulletinRow)
        .where(
            BulletinRow.bulletin_id == row.bulletin_id,
            BulletinRow.row_version == seen_version,
            BulletinRow.state == row.state,
        )
        .values(
            state=following.value,
            updated_at=now,
            row_version=seen_version + 1,
            **changes,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)  # noqa: S101 - what an UPDATE gives
    if result.rowcount != 1:
        raise _stale(session, row.bulletin_id)


def ensure_undecided(session: Session, row: BulletinRow) -> None:
    """DecidedAlreadyError when somebody approved, returned or withdrew it, and that still holds."""
    action = _DECISIONS.get(row.state)
    last = _last_deed(session, row.bulletin_id, AuditRow.action == action) if action else None
    if last is not None:
        raise DecidedAlreadyError(
            f"{row.bulletin_id} is {row.state}",
            who=last.full_name,
            decided_at=last.at,
            deed=last.action,
        )


def write_down(
    session: Session,
    actor: Actor | None,
    word: str,
    row: BulletinRow,
    at: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add the row of the audit trail; `actor` None: the system itself. It names the bulletin."""
    told = {"title": row.title, **(detail or {})}
    deed = Deed(f"bulletin.{word}", OBJECT_KIND, row.bulletin_id, row.place_id, told)
    record(session, actor, deed, at=at)


def search_text(title: str, text: str, tags: Iterable[str] = ()) -> str:
    """What a bulletin is found by: its words without marks."""
    return fold(" ".join([title, text, *tags]))


def tags_of(session: Session, bulletin_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The tags of each of these that has any, in alphabetical order."""
    query = (
        select(BulletinTagRow)
        .where(BulletinTagRow.bulletin_id.in_(list(bulletin_ids)))
        .order_by(BulletinTagRow.tag_key)
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.bulletin_id].append(row.tag)
    return {bulletin_id: tuple(tags) for bulletin_id, tags in found.items()}


def set_tags(session: Session, bulletin_id: str, tags: Iterable[str]) -> None:
    """Put these in the place of the tags it had."""
    session.execute(delete(BulletinTagRow).where(BulletinTagRow.bulletin_id == bulletin_id))
    session.add_all(
        BulletinTagRow(bulletin_id=bulletin_id, tag_key=fold(tag), tag=tag) for tag in tags
    )


def _stale(session: Session, bulletin_id: str) -> StaleEditError:
    last = _last_deed(session, bulletin_id)
    if last is None:
        return StaleEditError("changed meanwhile")
    return StaleEditError("changed meanwhile", who=last.full_name, changed_at=last.at)


@dataclass(frozen=True, slots=True)
class _LastDeed:
    full_name: str
    at: datetime
    action: str


def _last_deed(
    session: Session, bulletin_id: str, *conditions: ColumnElement[bool]
) -> _LastDeed | None:
    """What somebody did to it last; None: nobody."""
    query = (
        select(AccountRow.full_name, AuditRow.at, AuditRow.action)
        .join(AccountRow, AccountRow.account_id == AuditRow.account_id)
        .where(
            AuditRow.object_kind == OBJECT_KIND,
            AuditRow.object_id == bulletin_id,
            AuditRow.action.not_in(TALK),
            *conditions,
        )
        .order_by(AuditRow.audit_id.desc())
        .limit(1)
    )
    last = session.execute(query).first()
    return _LastDeed(last.full_name, last.at, last.action) if last else None
