"""The official figures: by station and day, what is to be counted anew, what is closed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.models.base import Base


class DayFigureRow(Base):
    """One station on one local day, added up from evidence; made anew whenever that changes.

    Seconds by state four times over: of service time and of all 24 hours, live and settled.
    """

    __tablename__ = "day_figure"
    __table_args__ = (Index(None, "day"),)

    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    live_ready_s: Mapped[int] = mapped_column(default=0)
    live_degraded_s: Mapped[int] = mapped_column(default=0)
    live_down_s: Mapped[int] = mapped_column(default=0)
    live_unknown_s: Mapped[int] = mapped_column(default=0)
    live_maint_s: Mapped[int] = mapped_column(default=0)
    settled_ready_s: Mapped[int] = mapped_column(default=0)
    settled_degraded_s: Mapped[int] = mapped_column(default=0)
    settled_down_s: Mapped[int] = mapped_column(default=0)
    settled_unknown_s: Mapped[int] = mapped_column(default=0)
    settled_maint_s: Mapped[int] = mapped_column(default=0)
    all_live_ready_s: Mapped[int] = mapped_column(default=0)
    all_live_degraded_s: Mapped[int] = mapped_column(default=0)
    all_live_down_s: Mapped[int] = mapped_column(default=0)
    all_live_unknown_s: Mapped[int] = mapped_column(default=0)
    all_live_maint_s: Mapped[int] = mapped_column(default=0)
    all_settled_ready_s: Mapped[int] = mapped_column(default=0)
    all_settled_degraded_s: Mapped[int] = mapped_column(default=0)
    all_settled_down_s: Mapped[int] = mapped_column(default=0)
    all_settled_unknown_s: Mapped[int] = mapped_column(default=0)
    all_settled_maint_s: Mapped[int] = mapped_column(default=0)
    causes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Settled seconds of service time lost, by `state:cause`."""
    outages: Mapped[list[Any]] = mapped_column(default=list)
    """`[from, until, state, cause]` each, UTC seconds since 1970; of all 24 hours, settled."""
    due: Mapped[int] = mapped_column(default=0)
    planned_ms: Mapped[int] = mapped_column(default=0)
    played_ms: Mapped[int] = mapped_column(default=0)
    punctual: Mapped[int] = mapped_column(default=0)
    plays: Mapped[int] = mapped_column(default=0)
    verified: Mapped[int] = mapped_column(default=0)
    heard_checks: Mapped[int] = mapped_column(default=0)
    """Listening checks of the day that heard the loudspeakers."""
    outcomes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    heard_ms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    bulletins: Mapped[list[Any]] = mapped_column(default=list)
    """Ids of the bulletins that sounded, each as often as it did: how much repeats."""
    may_settle: Mapped[bool] = mapped_column(default=False)
    """Whether a journal that has not come can still change the settled figure."""


class StaleDayRow(Base):
    """A day whose evidence changed after its figures were made."""

    __tablename__ = "stale_day"

    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)


class JournalToldRow(Base):
    """A journal a station no longer writes (a new card), and until when all of it had come."""

    __tablename__ = "journal_told"

    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    journal_id: Mapped[str] = mapped_column(primary_key=True)
    told_at: Mapped[datetime]


class MonthCloseRow(Base):
    """The figures of one station in one month as they stood when the month was closed; kept so."""

    __tablename__ = "month_close"
    __table_args__ = (
        UniqueConstraint("station_id", "basis", "first_on"),
        Index(None, "basis", "first_on"),
        CheckConstraint("basis in ('administrative','calendar')", name="basis"),
    )

    month_close_id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    basis: Mapped[str]
    first_on: Mapped[date]
    closed_at: Mapped[datetime]
    names: Mapped[dict[str, Any]]
    """What station, places and zone were called then: a later change leaves old reports alone."""
    figures: Mapped[dict[str, Any]]
    """The sums over the month, and whether the station was effective by the bar of then."""


class ListeningCheckRow(Base):
    """Somebody stood below the horns and says what was heard. Never changed."""

    __tablename__ = "listening_check"
    __table_args__ = (
        CheckConstraint("heard in ('heard','weak','not_heard')", name="heard"),
        Index(None, "station_id", "listened_at"),
    )

    listening_check_id: Mapped[str] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    cluster_number: Mapped[int | None]
    """Which group of horns; None: the station as a whole."""
    heard: Mapped[str]
    listened_at: Mapped[datetime]
    note: Mapped[str]
    checked_by: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    checked_by_name: Mapped[str]
    """Full name, as on the day."""
    written_at: Mapped[datetime]


class CentreRunRow(Base):
    """One run of the centre itself, from its start to its last sign of life."""

    __tablename__ = "centre_run"
    __table_args__ = (Index(None, "alive_until_at"),)

    centre_run_id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    alive_until_at: Mapped[datetime]
    """Written each minute."""
