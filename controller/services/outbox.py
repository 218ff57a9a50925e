"""Messages that must reach the broker: rows written together with the deed that causes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from controller.storage.database import Database
from controller.storage.models import OutboxRow
from station_protocol.topics import Delivery

_OUTBOX = cast(Table, OutboxRow.__table__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One message to be published."""

    outbox_id: int
    topic: str
    payload: bytes
    delivery: Delivery


def enqueue(
    session: Session,
    topic: str,
    payload: bytes,
    delivery: Delivery,
    *,
    at: datetime,
    is_urgent: bool = False,
) -> None:
    """Add a message inside the deed's own transaction. A retained one replaces its forerunner."""
    if delivery.retain:
        session.execute(delete(OutboxRow).where(OutboxRow.topic == topic))
    values = {
        "topic": topic,
        "payload": payload,
        "qos": delivery.qos,
        "retain": delivery.retain,
        "is_urgent": is_urgent,
        "created_at": at,
    }
    session.connection().execute(insert(_OUTBOX), values)


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be queued."""

    topic: str
    payload: bytes
    delivery: Delivery


def enqueue_retained(session: Session, messages: Sequence[Message], *, at: datetime) -> None:
    """Add many retained messages, each in place of its forerunner."""
    if not messages:
        return
    replaced = [message.topic for message in messages]
    session.execute(delete(OutboxRow).where(OutboxRow.topic.in_(replaced)))
    session.execute(
        insert(OutboxRow),
        [
            {
                "topic": message.topic,
                "payload": message.payload,
                "qos": message.delivery.qos,
                "retain": True,
                "is_urgent": False,
                "created_at": at,
            }
            for message in messages
        ],
    )


class Outbox:
    """Reads what waits and forgets what the broker has acknowledged."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def waiting(self, *, without: Collection[int], limit: int) -> tuple[Waiting, ...]:
        """Messages in order, urgent ones first; `without` are already on their way."""
        query = (
            select(OutboxRow)
            .where(OutboxRow.outbox_id.not_in(without))
            .order_by(OutboxRow.is_urgent.desc(), OutboxRow.outbox_id)
            .limit(limit)
        )
        with self._database.read() as session:
            return tuple(_waiting(row) for row in session.scalars(query))

    def published(self, outbox_ids: Collection[int]) -> None:
        """Forget messages the broker has acknowledged."""
        with self._database.write() as session:
            session.execute(delete(OutboxRow).where(OutboxRow.outbox_id.in_(outbox_ids)))


def _waiting(row: OutboxRow) -> Waiting:
    return Waiting(row.outbox_id, row.topic, row.payload, Delivery(row.qos, row.retain))
