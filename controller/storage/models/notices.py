"""What people are told of, what they chose to be told, and what is on its way to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.models.base import Base


class NoticeRow(Base):
    """One line: things of one kind that began within half an hour, for one person or place."""

    __tablename__ = "notice"
    __table_args__ = (Index(None, "kind", "group_key", "opened_at"), Index(None, "opened_at"))

    notice_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    group_key: Mapped[str]
    """Of what waits for a person the account, of what failed the place it is gathered under."""
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"))
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    """Since when nothing of it holds any more."""
    acknowledged_at: Mapped[datetime | None]
    """When somebody took an alarm on; it takes in nothing more and is not told above."""
    acknowledged_by: Mapped[str | None]
    """Account id of who did; no foreign key, the name beside it is what is shown."""
    acknowledged_by_name: Mapped[str | None]
    escalated_at: Mapped[datetime | None]
    """When the place above was told that nobody had."""


class NoticeItemRow(Base):
    """One thing that is told; by its key it is told once in each group, for ever."""

    __tablename__ = "notice_item"
    __table_args__ = (Index(None, "notice_id"), Index(None, "ended_at"))

    kind: Mapped[str] = mapped_column(primary_key=True)
    group_key: Mapped[str] = mapped_column(primary_key=True)
    item_key: Mapped[str] = mapped_column(primary_key=True)
    notice_id: Mapped[str] = mapped_column(ForeignKey("notice.notice_id"))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class NoticeReaderRow(Base):
    """Somebody who is told on the page."""

    __tablename__ = "notice_reader"
    __table_args__ = (Index(None, "account_id", "read_at"),)

    notice_id: Mapped[str] = mapped_column(ForeignKey("notice.notice_id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"), primary_key=True)
    told_at: Mapped[datetime]
    """When it last became more."""
    read_at: Mapped[datetime | None]


class NoticeChoiceRow(Base):
    """What somebody chose to be told, and how. No row: what their role has unasked."""

    __tablename__ = "notice_choice"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"), primary_key=True)
    email: Mapped[str | None]
    ways: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Kind -> ways."""
    changed_at: Mapped[datetime]


class NoticeDeliveryRow(Base):
    """One letter or call to be sent once; its id says what, which way and to whom."""

    __tablename__ = "notice_delivery"
    __table_args__ = (
        CheckConstraint("way in ('email','webhook','command')", name="way"),
        CheckConstraint("state in ('waiting','sent','failed','void')", name="state"),
        Index(None, "state", "way", "next_at"),
        Index(None, "account_id", "created_at"),
    )

    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    notice_id: Mapped[str | None] = mapped_column(ForeignKey("notice.notice_id"), index=True)
    """None: a test message."""
    way: Mapped[str]
    what: Mapped[str] = mapped_column(default="opened")
    """"opened", "escalated" or "over"."""
    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    """Whose letter it is; of a call, somebody it is for."""
    state: Mapped[str] = mapped_column(default="waiting")
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    """Not before; while somebody is sending it, until when nobody else may."""
    not_after_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    error: Mapped[str | None]
    """What the last failed try met, in the other side's words."""
