"""Programmes, the recurring rules that air them, and the dated slots those rules give."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.models.base import Base


class ProgrammeRow(Base):
    """Items in order, aired as one: put together by people, or made for one bulletin."""

    __tablename__ = "programme"

    programme_id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"))
    end_policy: Mapped[str] = mapped_column(default="cut")
    is_kept: Mapped[bool] = mapped_column(default=False)
    """Put together by people under its own title; False: made for the one bulletin of a rule."""
    is_template: Mapped[bool] = mapped_column(default=False)
    """Copied, never aired itself."""
    chimes: Mapped[str] = mapped_column(default="each")
    """Before which bulletins the chime sounds: "each", "first" or "none"."""
    pause_ms: Mapped[int] = mapped_column(default=0)
    """Silence between two voices."""
    changed_by: Mapped[str | None]
    """Full name of whoever put it together last; with `changed_at` it answers for the opening."""
    changed_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    created_at: Mapped[datetime]


class ProgrammeItemRow(Base):
    """One item of a programme, by its kind: a bulletin, a sound of ours, a spoken opening."""

    __tablename__ = "programme_item"
    __table_args__ = (UniqueConstraint("programme_id", "position"),)

    programme_item_id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[str] = mapped_column(ForeignKey("programme.programme_id"))
    position: Mapped[int]
    kind: Mapped[str]
    bulletin_id: Mapped[str | None] = mapped_column(ForeignKey("bulletin.bulletin_id"), index=True)
    asset: Mapped[str | None]
    """Of an opening: who is named, and by which voice (`station espeak:vi`)."""


class PieceRow(Base):
    """Sound the centre makes itself for programmes; named by what it is made of."""

    __tablename__ = "piece"
    __table_args__ = (
        CheckConstraint("state in ('wanted','running','ready','failed')", name="state"),
        Index(None, "sha256"),
        Index(None, "state", "wanted_at"),
    )

    piece_id: Mapped[str] = mapped_column(primary_key=True)
    recipe: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="wanted")
    is_urgent: Mapped[bool] = mapped_column(default=False)
    """Made before all others: somebody waits to warn people with it."""
    attempts: Mapped[int] = mapped_column(default=0)
    wanted_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    sha256: Mapped[str | None]
    size_bytes: Mapped[int | None]
    duration_ms: Mapped[int | None]


class ScheduleRow(Base):
    """The recurring rule: wall time in Asia/Ho_Chi_Minh, once or on weekdays within dates."""

    __tablename__ = "schedule"
    __table_args__ = (
        CheckConstraint("recurrence in ('once','weekly')", name="recurrence"),
        CheckConstraint("priority in ('ordinary','priority')", name="priority"),
        CheckConstraint("authority in ('province','district','commune')", name="authority"),
        Index(None, "starts_on", "ends_on"),
    )

    schedule_id: Mapped[str] = mapped_column(primary_key=True)
    programme_id: Mapped[str] = mapped_column(ForeignKey("programme.programme_id"))
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"), index=True)
    """The place whose operator made it; its kind is the authority."""
    authority: Mapped[str]
    priority: Mapped[str] = mapped_column(default="ordinary")
    recurrence: Mapped[str]
    airs_at: Mapped[time]
    weekdays: Mapped[int] = mapped_column(default=127)
    """Bit 0 is Monday."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    """Last day on which it may air; for `once` the same as `starts_on`; None: no end."""
    holidays: Mapped[str] = mapped_column(default="ignore", server_default="ignore")
    """What a weekly rule does on holidays: "ignore", "not_on" or "only_on"."""
    lateness_s: Mapped[int] = mapped_column(default=300)
    created_by: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    created_at: Mapped[datetime]
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("account.account_id"))
    closed_at: Mapped[datetime | None]
    replaces_schedule_id: Mapped[str | None] = mapped_column(ForeignKey("schedule.schedule_id"))
    changed_by: Mapped[str | None]
    """Full name of whoever changed it last, for the one whose edit came second."""
    changed_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column(default=1)


class ScheduleTargetRow(Base):
    """A place at whose stations the schedule airs."""

    __tablename__ = "schedule_target"

    schedule_id: Mapped[str] = mapped_column(ForeignKey("schedule.schedule_id"), primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"), primary_key=True)


class ScheduleExclusionRow(Base):
    """A date on which the rule does not air."""

    __tablename__ = "schedule_exclusion"

    schedule_id: Mapped[str] = mapped_column(ForeignKey("schedule.schedule_id"), primary_key=True)
    airs_on: Mapped[date] = mapped_column(primary_key=True)


class ScheduleTemplateRow(Base):
    """Time, days and places that a place schedules again and again, without what is aired."""

    __tablename__ = "schedule_template"
    __table_args__ = (UniqueConstraint("place_id", "name"),)

    schedule_template_id: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"))
    name: Mapped[str]
    airs_at: Mapped[time]
    weekdays: Mapped[int]
    holidays: Mapped[str]
    priority: Mapped[str]
    target_ids: Mapped[list[Any]]
    created_by: Mapped[str]
    """Full name of whoever kept it last."""
    created_at: Mapped[datetime]


class CalendarDayRow(Base):
    """Dates on which a place has a holiday that is not public, or works on a public one."""

    __tablename__ = "calendar_day"
    __table_args__ = (CheckConstraint("last_on >= first_on", name="ends_after_it_starts"),)

    calendar_day_id: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"), index=True)
    name: Mapped[str]
    first_on: Mapped[date]
    last_on: Mapped[date]
    is_holiday: Mapped[bool] = mapped_column(default=True)
    """False: an ordinary day there, whatever the public holidays say."""
    created_by: Mapped[str]
    """Full name of whoever entered it."""
    created_at: Mapped[datetime]


class SlotRow(Base):
    """One dated airing, the same id at every station. Kept for ever once its time has come."""

    __tablename__ = "slot"
    __table_args__ = (
        Index(None, "starts_at"),
        Index(None, "schedule_id", "airs_on"),
        CheckConstraint("duration_ms >= 0", name="duration_not_negative"),
    )

    slot_id: Mapped[str] = mapped_column(primary_key=True)
    schedule_id: Mapped[str] = mapped_column(ForeignKey("schedule.schedule_id"))
    airs_on: Mapped[date]
    """Original local date, part of the id."""
    starts_at: Mapped[datetime]
    duration_ms: Mapped[int]
    title: Mapped[str]
    priority: Mapped[str]
    authority: Mapped[str]
    lateness_s: Mapped[int]
    items: Mapped[list[Any]]
    """The frozen programme version: PlannedItem objects of the wire, as JSON."""
    other_items: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What stations with another order of languages get instead, by that order (`rog,vi`)."""
    revision: Mapped[int] = mapped_column(default=1)
    moved_by: Mapped[str | None]
    """Full name of whoever gave this one occurrence another time; None: it follows its rule."""
    moved_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    """Full name of a person, or "vang" when its rule no longer gives it."""
    cancel_reason: Mapped[str | None]


class DeclineRow(Base):
    """A commune's no to an ordinary slot from above, or to a schedule from then on."""

    __tablename__ = "decline"
    __table_args__ = (Index(None, "schedule_id", "station_id"),)

    decline_id: Mapped[str] = mapped_column(primary_key=True)
    schedule_id: Mapped[str] = mapped_column(ForeignKey("schedule.schedule_id"))
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    airs_on: Mapped[date | None]
    """Original local date of the one occurrence; None: every one that starts after it."""
    reason: Mapped[str]
    declined_by: Mapped[str]
    """Full name, as on the day."""
    declined_at: Mapped[datetime]
    accepted_by: Mapped[str | None]
    """Full name of whoever took it back; what started until then stays declined."""
    accepted_at: Mapped[datetime | None]


class PriorityOrderRow(Base):
    """A commune's word on which of two priority schedules goes first where they meet."""

    __tablename__ = "priority_order"

    priority_order_id: Mapped[str] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), index=True)
    first_schedule_id: Mapped[str] = mapped_column(ForeignKey("schedule.schedule_id"))
    second_schedule_id: Mapped[str] = mapped_column(ForeignKey("schedule.schedule_id"))
    first_on: Mapped[date | None]
    """Original local date of the one occurrence; None, as `second_on`: each time from then on."""
    second_on: Mapped[date | None]
    ordered_by: Mapped[str]
    """Whose word it is: full name, as on the day."""
    written_by: Mapped[str | None]
    """Who of the district wrote down what the commune said; None: they did themselves."""
    ordered_at: Mapped[datetime]


class SlotPlacingRow(Base):
    """Where a priority slot that meets another has its place at one station.

    Kept in step with both slots and with what the commune says until the order is settled; then
    it stays, as what was planned.
    """

    __tablename__ = "slot_placing"
    __table_args__ = (
        Index(None, "planned_at"),
        CheckConstraint("cause in ('above_first','ordered','hours','settled')", name="cause"),
        CheckConstraint("starts_at >= planned_at", name="not_earlier"),
    )

    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    slot_id: Mapped[str] = mapped_column(ForeignKey("slot.slot_id"), primary_key=True)
    planned_at: Mapped[datetime]
    """The start of the slot everywhere else, for which the placing was worked out."""
    starts_at: Mapped[datetime]
    other_slot_id: Mapped[str] = mapped_column(ForeignKey("slot.slot_id"))
    """Behind which it goes; of the first the one behind it."""
    is_first: Mapped[bool]
    cause: Mapped[str]
    ordered_by: Mapped[str | None]
    written_by: Mapped[str | None]
    """Full name of whoever ordered it; None: nobody has."""
    placed_at: Mapped[datetime]
    """When it was ordered, else when the two were first found to meet."""


class SlotBulletinRow(Base):
    """A bulletin that a slot airs, joined to others or not; frozen with the slot's items."""

    __tablename__ = "slot_bulletin"
    __table_args__ = (Index(None, "bulletin_id"),)

    slot_id: Mapped[str] = mapped_column(ForeignKey("slot.slot_id"), primary_key=True)
    bulletin_id: Mapped[str] = mapped_column(ForeignKey("bulletin.bulletin_id"), primary_key=True)


class SlotResultRow(Base):
    """How a slot ended at one station; `unknown` until somebody knows."""

    __tablename__ = "slot_result"
    __table_args__ = (
        Index(None, "planned_at"),
        Index(None, "slot_id", "outcome", "reason"),  # counted without reading the rows
        Index(None, "outcome", "planned_at"),
        CheckConstraint("played_ms >= 0", name="played_ms_not_negative"),
    )

    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    slot_id: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(default="unknown")
    """An Outcome of the protocol, "sounding" between start and end, or while nobody has reported
    "coming" and then "unknown"."""
    reason: Mapped[str | None]
    title: Mapped[str]
    planned_at: Mapped[datetime]
    planned_ms: Mapped[int]
    started_at: Mapped[datetime | None]
    start_error_ms: Mapped[float | None]
    played_ms: Mapped[int] = mapped_column(default=0)
    journal_id: Mapped[str | None]
    entry_no: Mapped[int | None]
    """The line of the station's journal that decided."""
    decided_at: Mapped[datetime | None]
    """When the outcome first became other than unknown, by the centre's clock."""
    source: Mapped[str] = mapped_column(default="plan")
    """"plan" (waiting), "journal" (the station's own log), "centre" (what the station holds shows
    that it cannot have sounded) or "timeout"."""


class SlotResultChangeRow(Base):
    """A correction or a contradiction after the first outcome; nothing is overwritten silently."""

    __tablename__ = "slot_result_change"
    __table_args__ = (Index(None, "station_id", "slot_id"),)

    slot_result_change_id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    slot_id: Mapped[str]
    at: Mapped[datetime]
    kind: Mapped[str]
    """"correction" (applied) or "dispute" (stored beside the first outcome)."""
    from_outcome: Mapped[str]
    from_reason: Mapped[str | None]
    to_outcome: Mapped[str]
    to_reason: Mapped[str | None]
    entry_no: Mapped[int | None]
