"""Links each audit row into the chain soon after it was written, and looks the chain through.

Not in the deed's own transaction: one chain would have every deed of the province wait for the
one before. What was written within the last seconds is therefore not yet linked.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.domain.audit_chain import FIRST, Found, Link, examined, linked, text_of
from controller.services.audit_note import AuditNote, Head
from controller.storage.database import Database
from controller.storage.models import AuditRow, AuditSealRow

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 1_000
LATE_IDS = 10_000
"""Rows whose transaction ended later than those of greater ids are looked for so far back."""


@dataclass(frozen=True, slots=True)
class ChainState:
    """The whole chain, looked through."""

    found: Found
    waiting: int
    """How many rows are not linked yet."""

    noted: Head | None = None
    """How far the chain once went, by what was noted outside the database."""
    is_as_noted: bool = True
    """Whether that link stands in its place; if not, the end was taken out or all made anew."""

    @property
    def is_whole(self) -> bool:
        """Whether every row that was ever linked is there, as it was."""
        return self.found.broken_at is None and self.is_as_noted


class AuditChain:
    """The chain over the audit table; with a note of how far it went, outside the database."""

    def __init__(self, database: Database, note: AuditNote | None = None) -> None:
        self._database = database
        self._note = note

    def seal(self) -> int:
        """Link what is not linked yet, oldest first; how many rows that were.

        The note goes along only while the chain holds what it says: what is amiss stays noted.
        """
        with self._database.read() as session:
            if not _unsealed(session, _newest(session), limit=1):
                return 0
        with self._database.write() as session:
            newest = _newest(session)
            before, link = (newest.seal_no, newest.link) if newest else (0, FIRST)
            rows = _unsealed(session, newest, limit=MOST_AT_ONCE)
            for number, row in enumerate(rows, start=before + 1):
                link = linked(link, said_by(row))
                session.add(AuditSealRow(seal_no=number, audit_id=row.audit_id, link=link))
            is_as_noted = _holds(session, self._noted())
        if self._note is not None and is_as_noted:
            self._note.write(Head(before + len(rows), link))
        elif not is_as_noted:
            logger.error(
                "the audit trail is not the one that was noted: vang-controller check-audit"
            )
        return len(rows)

    def accept(self) -> Head | None:
        """Note the chain as it is now, after an older copy was put back; what was noted before."""
        before = self._noted()
        with self._database.read() as session:
            newest = _newest(session)
            head = Head(newest.seal_no, newest.link) if newest else None
        if self._note is not None and head is not None:
            self._note.write(head)
        return before

    def _noted(self) -> Head | None:
        return self._note.read() if self._note is not None else None

    def examine(self, noted: Head | None = None) -> ChainState:
        """Work every link out anew. As long as the trail is: about a second for 50,000 rows.

        `noted`: a link somebody has kept; None: the one in the file.
        """
        noted = noted or self._noted()
        found = Found(0, FIRST)
        while True:
            links = self._links(after=found.length)
            found = examined(links, found)
            if not links or found.broken_at is not None:
                break
        with self._database.read() as session:
            rows = session.scalar(select(func.count()).select_from(AuditRow)) or 0
            seals = session.scalar(select(func.count()).select_from(AuditSealRow)) or 0
            is_as_noted = _holds(session, noted)
        return ChainState(found, max(0, rows - seals), noted, is_as_noted)

    def _links(self, after: int) -> Sequence[Link]:
        query = (
            select(AuditSealRow, AuditRow)
            .join(AuditRow, AuditRow.audit_id == AuditSealRow.audit_id, isouter=True)
            .where(AuditSealRow.seal_no > after)
            .order_by(AuditSealRow.seal_no)
            .limit(MOST_AT_ONCE)
        )
        with self._database.read() as session:
            return [
                Link(seal.seal_no, seal.audit_id, said_by(row) if row else None, seal.link)
                for seal, row in session.execute(query)
            ]


def said_by(row: AuditRow) -> str:
    """Everything a row says."""
    return text_of(
        {
            "audit_id": row.audit_id,
            "at": row.at,
            "account_id": row.account_id,
            "actor": row.actor,
            "address": row.address,
            "action": row.action,
            "object_kind": row.object_kind,
            "object_id": row.object_id,
            "place_id": row.place_id,
            "detail": row.detail,
        }
    )


def _holds(session: Session, noted: Head | None) -> bool:
    """Whether that link stands in its place."""
    if noted is None:
        return True
    row = session.get(AuditSealRow, noted.number)
    return row is not None and row.link == noted.link


def _newest(session: Session) -> AuditSealRow | None:
    return session.scalars(
        select(AuditSealRow).order_by(AuditSealRow.seal_no.desc()).limit(1)
    ).first()


def _unsealed(session: Session, newest: AuditSealRow | None, *, limit: int) -> Sequence[AuditRow]:
    since = newest.audit_id - LATE_IDS if newest else 0
    query = (
        select(AuditRow)
        .join(AuditSealRow, AuditSealRow.audit_id == AuditRow.audit_id, isouter=True)
        .where(AuditRow.audit_id > since, AuditSealRow.audit_id.is_(None))
        .order_by(AuditRow.audit_id)
        .limit(limit)
    )
    return session.scalars(query).all()
