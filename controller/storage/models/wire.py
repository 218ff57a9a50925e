"""What was signed and sent, what came back, and what waits to be published."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.models.base import Base


class MetaRow(Base):
    """Single facts of this installation: epoch, order sequence, change counter."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class StationPlanRow(Base):
    """One signed plan of one station. A new one is made only when its content changes."""

    __tablename__ = "station_plan"

    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content_hash: Mapped[str]
    made_at: Mapped[datetime]
    covers_until_at: Mapped[datetime]
    not_after_at: Mapped[datetime]
    required_assets: Mapped[list[Any]]
    """SHA-256 of every sound the plan needs."""
    slots: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What each slot it names said: slot id -> digest."""
    envelope: Mapped[bytes]


class StationLimitsRow(Base):
    """One signed set of limits of one station."""

    __tablename__ = "station_limits"

    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content_hash: Mapped[str]
    made_at: Mapped[datetime]
    envelope: Mapped[bytes]


class SignedOrderRow(Base):
    """An order as it was signed; sent again in answer to hello while it is valid."""

    __tablename__ = "signed_order"
    __table_args__ = (Index(None, "audience", "not_after_at"),)

    order_id: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(unique=True)
    audience: Mapped[str]
    """A station id or a place id."""
    is_group: Mapped[bool]
    deed: Mapped[dict[str, Any]]
    issued_by: Mapped[str | None] = mapped_column(ForeignKey("account.account_id"))
    issued_at: Mapped[datetime]
    not_after_at: Mapped[datetime]
    envelope: Mapped[bytes]


class OrderReplyRow(Base):
    """What one station answered to one order."""

    __tablename__ = "order_reply"

    order_id: Mapped[str] = mapped_column(ForeignKey("signed_order.order_id"), primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    accepted: Mapped[bool]
    why: Mapped[str | None]
    at: Mapped[datetime]


class JournalEntryRow(Base):
    """One line of a station's journal. Stations may send it twice; it is stored once."""

    __tablename__ = "journal_entry"
    __table_args__ = (Index(None, "station_id", "at"), Index(None, "station_id", "kind", "at"))

    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    journal_id: Mapped[str] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    clock: Mapped[str]
    kind: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]


class HoldingRow(Base):
    """A station has verified these bytes, by its own word."""

    __tablename__ = "holding"

    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    held: Mapped[bool]
    size_bytes: Mapped[int]
    at: Mapped[datetime]


class BrokerDenialRow(Base):
    """A publish or subscribe the broker refused, and whose credentials were used."""

    __tablename__ = "broker_denial"
    __table_args__ = (Index(None, "station_id", "at"),)

    broker_denial_id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[str | None] = mapped_column(ForeignKey("station.station_id"))
    username: Mapped[str]
    action: Mapped[str]
    """"publish", "subscribe" or "connect"."""
    topic: Mapped[str]
    at: Mapped[datetime]


class OutboxRow(Base):
    """A message to be published at least once. Deleted when the broker has acknowledged it."""

    __tablename__ = "outbox"
    # Ids are never used again: the acknowledgement of a message must not delete its successor.
    __table_args__ = (Index(None, "topic"), {"sqlite_autoincrement": True})

    outbox_id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]
    payload: Mapped[bytes]
    qos: Mapped[int]
    retain: Mapped[bool]
    is_urgent: Mapped[bool] = mapped_column(default=False)
    """Orders go before plans, plans before chunks."""
    created_at: Mapped[datetime]
