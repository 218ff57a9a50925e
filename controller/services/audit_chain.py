"""Links each audit row into the chain soon after it was written, and looks the chain through.

Not in the deed's own transaction: one chain would have every deed of the province wait for the
one before. What was written within the last seconds is therefore not yet linked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.domain.audit_chain import FIRST, Found, Link, examined, linked, text_of
from controller.storage.database import Database
from controller.storage.models import AuditRow, AuditSealRow

MOST_AT_ONCE = 1_000
LATE_IDS = 10_000
"""Rows whose transaction ended later than those of greater ids are looked for so far back."""


@dataclass(frozen=True, slots=True)
class ChainState:
    """The whole chain, looked through."""

    found: Found
    waiting: int
    """How many rows are not linked yet."""

    @property
    def is_whole(self) -> bool:
        """Whether every row that was ever linked is there, as it was."""
        return self.found.broken_at is None


class AuditChain:
    """The chain over the audit table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seal(self) -> int:
        """Link what is not linked yet, oldest first; how many rows that were."""
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
        return len(rows)

    def examine(self) -> ChainState:
        """Work every link out anew. As long as the trail is: about a second for 50,000 rows."""
        found = Found(0, FIRST)
        while True:
            links = self._links(after=found.length)
            found = examined(links, found)
            if not links or found.broken_at is not None:
                break
        with self._database.read() as session:
            rows = session.scalar(select(func.count()).select_from(AuditRow)) or 0
            seals = session.scalar(select(func.count()).select_from(AuditSealRow)) or 0
        return ChainState(found, max(0, rows - seals))

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
