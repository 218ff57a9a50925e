"""Bulletins, their immutable versions, and the work of turning uploads into sound."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.models.base import Base


class BulletinRow(Base):
    """A piece to air: what it is called, whose it is, how far its approval has come."""

    __tablename__ = "bulletin"
    __table_args__ = (
        CheckConstraint(
            "state in ('draft','submitted','approved','returned','withdrawn')", name="state"
        ),
        Index(None, "place_id", "state"),
    )

    bulletin_id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    category: Mapped[str | None]
    text: Mapped[str] = mapped_column(default="")
    search_text: Mapped[str] = mapped_column(default="")
    """Title, text and tags without marks, for searching."""
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"))
    author_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    state: Mapped[str] = mapped_column(default="draft")
    return_reason: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    valid_from: Mapped[date | None]
    """First local date on which it may air; None: no bound."""
    valid_until: Mapped[date | None]
    """Last local date on which it may air; None: no bound."""
    shared_at: Mapped[datetime | None]
    """Since when other places may find, hear and schedule it while approved; None: they may not."""
    sound_held_at: Mapped[datetime | None]
    """Since when its sound stays whatever the rule of keeping says; None: it follows the rule."""
    row_version: Mapped[int] = mapped_column(default=1)


class BulletinTagRow(Base):
    """A free word a bulletin is filed under."""

    __tablename__ = "bulletin_tag"
    __table_args__ = (Index(None, "tag_key"),)

    bulletin_id: Mapped[str] = mapped_column(ForeignKey("bulletin.bulletin_id"), primary_key=True)
    tag_key: Mapped[str] = mapped_column(primary_key=True)
    """The tag without marks and in lower case."""
    tag: Mapped[str]


class BulletinVersionRow(Base):
    """Immutable sound in one language. A newer sound is a newer version and needs approval anew."""

    __tablename__ = "bulletin_version"
    __table_args__ = (
        UniqueConstraint("bulletin_id", "language", "number"),
        CheckConstraint("state in ('processing','ready','refused')", name="state"),
        Index(None, "sha256"),
    )

    bulletin_version_id: Mapped[str] = mapped_column(primary_key=True)
    bulletin_id: Mapped[str] = mapped_column(ForeignKey("bulletin.bulletin_id"))
    language: Mapped[str]
    """ISO 639-3 but for vi and en: "vi", "cjm", "rog", "en"."""
    number: Mapped[int]
    state: Mapped[str] = mapped_column(default="processing")
    source: Mapped[str]
    """"upload" or "speech"."""
    engine: Mapped[str | None]
    voice: Mapped[str | None]
    """Of speech: the name of the voice, as `espeak:vi-vn-x-south`."""
    spoken_text: Mapped[str | None]
    """Of speech: the words as they were read aloud."""
    original_name: Mapped[str]
    original_sha256: Mapped[str | None]
    """The upload as it came, in the store of originals; None: of speech, or not kept yet."""
    original_size_bytes: Mapped[int | None]
    cut_start_ms: Mapped[int | None]
    cut_end_ms: Mapped[int | None]
    """The stretch of the upload that was used, counted from its beginning; None: all of it."""
    sha256: Mapped[str | None]
    """Stays when the sound goes: what aired is told by it for ever."""
    sound_gone_at: Mapped[datetime | None]
    """Since when sound and upload are not kept any more; None: they are."""
    size_bytes: Mapped[int | None]
    duration_ms: Mapped[int | None]
    lead_in_ms: Mapped[int | None]
    """Where the voice begins in the sound, behind the chime; None: made before this was noted."""
    loudness_lufs: Mapped[float | None]
    true_peak_dbtp: Mapped[float | None]
    source_loudness_lufs: Mapped[float | None]
    waveform: Mapped[list[Any]] = mapped_column(default=list)
    findings: Mapped[list[Any]] = mapped_column(default=list)
    cues: Mapped[list[Any]] = mapped_column(default=list)
    """Where the voice begins and ends in the sound, and its long pauses."""
    suggested_start_ms: Mapped[int | None]
    suggested_end_ms: Mapped[int | None]
    """What to keep of an upload with silence around its voice, counted from its beginning."""
    refusal_code: Mapped[str | None]
    refusal_facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_by: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    created_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(ForeignKey("account.account_id"))
    approved_by_name: Mapped[str | None]
    approved_at: Mapped[datetime | None]


class BulletinCommentRow(Base):
    """What somebody said about a bulletin. Its words never change; it can be taken back, once."""

    __tablename__ = "bulletin_comment"
    __table_args__ = (Index(None, "bulletin_id", "said_at"), Index(None, "said_at"))

    bulletin_comment_id: Mapped[str] = mapped_column(primary_key=True)
    bulletin_id: Mapped[str] = mapped_column(ForeignKey("bulletin.bulletin_id"))
    thread_id: Mapped[str] = mapped_column(ForeignKey("bulletin_comment.bulletin_comment_id"))
    """The remark this one answers; its own id: it answers none."""
    said_by: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    said_from: Mapped[str] = mapped_column(ForeignKey("place.place_id"))
    """The place of whoever said it."""
    text: Mapped[str]
    said_at: Mapped[datetime]
    withdrawn_by: Mapped[str | None] = mapped_column(ForeignKey("account.account_id"))
    withdrawn_at: Mapped[datetime | None]


class OwnReadingRow(Base):
    """How this province reads an abbreviation; an empty reading takes it out of the table."""

    __tablename__ = "own_reading"

    term: Mapped[str] = mapped_column(primary_key=True)
    reading: Mapped[str]
    changed_by: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    changed_at: Mapped[datetime]


class IngestJobRow(Base):
    """An upload on its way to broadcast sound; taken by whoever sets `claimed_by` first."""

    __tablename__ = "ingest_job"
    __table_args__ = (Index(None, "state", "created_at"),)

    ingest_job_id: Mapped[str] = mapped_column(primary_key=True)
    bulletin_version_id: Mapped[str] = mapped_column(
        ForeignKey("bulletin_version.bulletin_version_id"), unique=True
    )
    spool_name: Mapped[str]
    is_spoken: Mapped[bool] = mapped_column(default=True)
    """Whether the file in the spool is there; False: the text is still to be spoken."""
    is_urgent: Mapped[bool] = mapped_column(default=False)
    """Words of an emergency: made before all other uploads, and without the chime."""
    state: Mapped[str] = mapped_column(default="queued")
    """queued, running, done, failed."""
    progress_percent: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
