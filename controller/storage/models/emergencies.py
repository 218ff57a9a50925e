"""Emergencies and drills: what was proposed, who answered for it, and the orders it became."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.models.base import Base


class EmergencyRow(Base):
    """One warning, or one drill of it. Never deleted; what was sent is never changed."""

    __tablename__ = "emergency"
    __table_args__ = (
        CheckConstraint("kind in ('live','drill')", name="kind"),
        CheckConstraint("state in ('proposed','sent','withdrawn')", name="state"),
        Index(None, "state", "until_at"),
        Index(None, "composed_at"),
    )

    emergency_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    hazard: Mapped[str]
    level: Mapped[int | None]
    """Level of disaster risk 1 to 5 as announced; None: none was."""
    title: Mapped[str]
    source: Mapped[str]
    """By whose announcement, in the words of who composed it."""
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"))
    """The place of who composed it."""
    target_ids: Mapped[list[Any]]
    """The fewest places that hold the stations meant."""
    stations: Mapped[int]
    """How many these were, as it was confirmed."""
    repeat_every_s: Mapped[int | None]
    lasts_s: Mapped[int]
    """How long it holds, counted from when it is sent."""
    until_at: Mapped[datetime]
    """The end of that; of a proposal, until when it can be confirmed."""
    state: Mapped[str]
    composed_by: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    composed_by_name: Mapped[str]
    composed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None] = mapped_column(ForeignKey("account.account_id"))
    confirmed_by_name: Mapped[str | None]
    alone_why: Mapped[str | None]
    """Why there was no second person; None: there was."""
    sent_at: Mapped[datetime | None]
    """The instant of the click."""
    ended_at: Mapped[datetime | None]
    """When it was corrected, called off or stopped everywhere."""
    reviewed_by_name: Mapped[str | None]
    """Who looked at one that was sent alone, afterwards."""
    reviewed_at: Mapped[datetime | None]


class EmergencyPartRow(Base):
    """What is said in one part; prepared before anything is sent."""

    __tablename__ = "emergency_part"

    emergency_id: Mapped[str] = mapped_column(
        ForeignKey("emergency.emergency_id"), primary_key=True
    )
    part: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    piece_id: Mapped[str | None]
    """The sound made of the text; None: a recording is taken.

    Of a drill that is recorded: the sentence that says so, then the whole of it and the recording.
    """
    bulletin_version_id: Mapped[str | None] = mapped_column(
        ForeignKey("bulletin_version.bulletin_version_id")
    )
    """The recording that is taken instead."""


class EmergencyTranslationRow(Base):
    """A part recorded in another language, for stations whose order of languages prefers it."""

    __tablename__ = "emergency_translation"

    emergency_id: Mapped[str] = mapped_column(
        ForeignKey("emergency.emergency_id"), primary_key=True
    )
    part: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    bulletin_version_id: Mapped[str] = mapped_column(
        ForeignKey("bulletin_version.bulletin_version_id")
    )


class EmergencyOrderRow(Base):
    """An order a part became, one for each place of the targets."""

    __tablename__ = "emergency_order"
    __table_args__ = (Index(None, "emergency_id"),)

    order_id: Mapped[str] = mapped_column(ForeignKey("signed_order.order_id"), primary_key=True)
    emergency_id: Mapped[str] = mapped_column(ForeignKey("emergency.emergency_id"))
    part: Mapped[str]
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"))
    sent_at: Mapped[datetime]


class CapAlertRow(Base):
    """An alert of the Common Alerting Protocol as it came in; what it says is read from it anew."""

    __tablename__ = "cap_alert"
    __table_args__ = (
        UniqueConstraint("place_id", "digest"),
        Index(None, "handled_at", "received_at"),
    )

    cap_alert_id: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"))
    """Whom it came to: the place of who brought it; what a feed told, the province."""
    digest: Mapped[str]
    """SHA-256 of the document."""
    document: Mapped[bytes]
    came_from: Mapped[str]
    """Address it was fetched from; "": somebody brought it."""
    received_at: Mapped[datetime]
    received_by_name: Mapped[str]
    handled_at: Mapped[datetime | None]
    """When something was composed of it, or it was put aside."""
    handled_by_name: Mapped[str | None]
    emergency_id: Mapped[str | None] = mapped_column(ForeignKey("emergency.emergency_id"))
