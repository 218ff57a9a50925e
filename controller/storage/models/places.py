"""Places, stations, loudspeaker clusters, and what a station last said of itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.models.base import Base


class PlaceRow(Base):
    """A dated node of the tree province > district > commune. Ids are ours: GSO re-uses codes."""

    __tablename__ = "place"
    __table_args__ = (CheckConstraint("kind in ('province','district','commune')", name="kind"),)

    place_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("place.place_id"), index=True)
    code: Mapped[str]
    name: Mapped[str]
    """NFC, without the kind: "Phước Bình"."""
    kind_word: Mapped[str]
    """"xã", "phường", "thị trấn", "huyện", "thành phố", "tỉnh"."""
    zone: Mapped[str | None]
    """Zone of the minority and mountain area: "I", "II", "III" or none."""
    is_coastal: Mapped[bool] = mapped_column(default=False)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    position: Mapped[int]
    """Fixed order inside the parent, so that people learn places."""


class StationRow(Base):
    """A commune radio station and the credentials its agent proves itself with (hashes only)."""

    __tablename__ = "station"

    station_id: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"), index=True)
    name: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    identifier_code: Mapped[str | None] = mapped_column(unique=True)
    sound_over: Mapped[str] = mapped_column(default="http")
    language_order: Mapped[list[Any]]
    receiver_note: Mapped[str | None]
    """What whoever goes there should know: amplifier, cabinet, card, who has the key."""
    max_length_ms: Mapped[int]
    volume_ceiling_percent: Mapped[int] = mapped_column(default=100)
    broker_password_hash: Mapped[str | None]
    """bcrypt of a 256-bit machine secret; None until a configuration was written."""
    broker_password_pbkdf2: Mapped[str | None]
    """The same secret as Mosquitto's password file holds it."""
    sound_token_hash: Mapped[str | None] = mapped_column(index=True)
    """SHA-256 of a 256-bit machine secret."""
    config_written_at: Mapped[datetime | None]
    registered_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    """While it is set the station is in no plan and in no count; the open absence says why."""
    row_version: Mapped[int] = mapped_column(default=1)


class StationContactRow(Base):
    """Somebody to phone about a station; the one with the lowest position first."""

    __tablename__ = "station_contact"
    __table_args__ = (UniqueConstraint("station_id", "position"),)

    station_contact_id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    position: Mapped[int]
    name: Mapped[str]
    role: Mapped[str]
    """What they are at the station, in their own words; empty: not told."""
    number: Mapped[str]
    is_invented: Mapped[bool] = mapped_column(default=False)


class StationAbsenceRow(Base):
    """A span in which a station is not in service: nothing is scheduled there, nothing counts it.

    Before it is commissioned ("trial"), or after it was retired ("retired"). A station without
    any was in service since it was registered.
    """

    __tablename__ = "station_absence"
    __table_args__ = (
        CheckConstraint("kind in ('trial','retired')", name="kind"),
        Index(None, "station_id", "until_at"),
    )

    station_absence_id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    kind: Mapped[str]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    """None: it lasts."""
    why: Mapped[str]
    begun_by: Mapped[str]
    """Full name."""
    ended_by: Mapped[str | None]


class MaintenanceWindowRow(Base):
    """Work at a station, declared before it begins: that time counts neither for nor against it."""

    __tablename__ = "maintenance_window"
    __table_args__ = (Index(None, "station_id", "until_at"),)

    maintenance_window_id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    """When it ends; an early end moves it. One called off before it began ends as it begins."""
    why: Mapped[str]
    declared_by: Mapped[str]
    """Full name."""
    declared_at: Mapped[datetime]
    ended_by: Mapped[str | None]
    """Full name of whoever ended it early."""
    ended_at: Mapped[datetime | None]


class SpeakerClusterRow(Base):
    """A numbered group of horns under a station."""

    __tablename__ = "speaker_cluster"
    __table_args__ = (UniqueConstraint("station_id", "number"),)

    speaker_cluster_id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    number: Mapped[int]
    name: Mapped[str | None]
    place_note: Mapped[str | None]
    is_invented: Mapped[bool] = mapped_column(default=False)
    retired_at: Mapped[datetime | None]
    """Since when nobody chooses it any more; its number stays its own. None: in use."""
    retired_why: Mapped[str | None]
    row_version: Mapped[int] = mapped_column(default=1)


class FaultReportRow(Base):
    """Something does not sound; until it is mended all concerned see it. Also the repair's ticket.

    Told by somebody of the staff, by a passer-by through the code on a pole, or opened by the
    centre itself for an outage that lasted.
    """

    __tablename__ = "fault_report"
    __table_args__ = (
        Index(None, "station_id", "mended_at"),
        Index(None, "mended_at"),
        CheckConstraint("source in ('staff','public','health')", name="source"),
        CheckConstraint("repair_cost_vnd >= 0", name="repair_cost_not_negative"),
        UniqueConstraint("station_id", "outage_from_at"),
    )

    fault_report_id: Mapped[str] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    cluster_number: Mapped[int | None]
    """Which group of horns; None: the station itself, or nobody knows."""
    text: Mapped[str]
    """In the words of who told it; empty: the centre opened it, or a passer-by said nothing."""
    reported_by: Mapped[str | None] = mapped_column(ForeignKey("account.account_id"))
    """None: a passer-by, or the centre itself."""
    reported_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(default="staff")
    public_reports: Mapped[int] = mapped_column(default=0)
    """How often passers-by told it."""
    last_public_at: Mapped[datetime | None]
    outage_from_at: Mapped[datetime | None]
    """Since when the station was not ready, of a ticket the centre opened: one for each outage."""
    cause: Mapped[str | None]
    """`state:cause` of that, as figures name it."""
    promised_on: Mapped[date | None]
    """Local date on which somebody said it will be mended."""
    assigned_to: Mapped[str | None]
    """Who goes there, by name: not everybody who mends has an account."""
    assigned_at: Mapped[datetime | None]
    mended_by: Mapped[str | None] = mapped_column(ForeignKey("account.account_id"))
    """None of a mended one: the station was ready again by itself."""
    mended_at: Mapped[datetime | None]
    repair_cost_vnd: Mapped[int | None]
    repair_note: Mapped[str | None]
    """What was found and done."""


class StationStateRow(Base):
    """What a station last said of itself and what was last sent to it; overwritten, not history."""

    __tablename__ = "station_state"
    __table_args__ = (Index(None, "change_no"),)

    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"), primary_key=True)
    last_heartbeat_at: Mapped[datetime | None]
    """Arrival of the last beat by the centre's clock."""
    last_hello_at: Mapped[datetime | None]
    boot_id: Mapped[str | None]
    agent_version: Mapped[str | None]
    health: Mapped[str | None]
    health_reasons: Mapped[list[Any]] = mapped_column(default=list)
    on_air_slot_id: Mapped[str | None]
    on_air_until_at: Mapped[datetime | None]
    clock_level: Mapped[str | None]
    clock_offset_ms: Mapped[float | None]
    disk_free_bytes: Mapped[int | None]
    temperature_celsius: Mapped[float | None]
    volume_percent: Mapped[int | None]
    plan_epoch_held: Mapped[int] = mapped_column(default=0)
    plan_version_held: Mapped[int] = mapped_column(default=0)
    plan_version_highest: Mapped[int] = mapped_column(default=0)
    """The highest it ever said it held: what it may have known of, also before a new card."""
    limits_version_held: Mapped[int] = mapped_column(default=0)
    plan_epoch_sent: Mapped[int] = mapped_column(default=0)
    plan_version_sent: Mapped[int] = mapped_column(default=0)
    limits_version_sent: Mapped[int] = mapped_column(default=0)
    required_assets: Mapped[int] = mapped_column(default=0)
    held_assets: Mapped[int] = mapped_column(default=0)
    journal_id: Mapped[str | None]
    journal_head: Mapped[int] = mapped_column(default=0)
    journal_stored_up_to: Mapped[int] = mapped_column(default=0)
    journal_told_at: Mapped[datetime | None]
    """Last sign of life at which every line the station had written was stored here."""
    refused: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Refused messages since boot by reason, as the station counts them."""
    denied_publishes: Mapped[int] = mapped_column(default=0)
    """Publishes under foreign topics that the broker refused with this station's credentials."""
    link_online: Mapped[bool | None]
    maint_from_at: Mapped[datetime | None]
    """The declared maintenance in force, else the next one, else the last one that was."""
    maint_until_at: Mapped[datetime | None]
    shown_state: Mapped[str] = mapped_column(default="never")
    """ready, on_air, degraded, unknown, down, maint, never: decided by one function only."""
    shown_since_at: Mapped[datetime | None]
    change_no: Mapped[int] = mapped_column(default=0)
    """Rises whenever anything a screen shows of this station changes; the cursor of live pages."""


class StationFlipRow(Base):
    """One change of a station's shown state, stamped with the computed instant."""

    __tablename__ = "station_flip"
    __table_args__ = (Index(None, "station_id", "at"),)

    station_flip_id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    at: Mapped[datetime]
    state: Mapped[str]
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    source: Mapped[str]
    """"heartbeat", "deadline", "journal", or "declared" by a person."""


class HoursRuleRow(Base):
    """Allowed broadcast hours of a place and everything below it, minutes after local midnight."""

    __tablename__ = "hours_rule"

    hours_rule_id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"), index=True)
    opens_min: Mapped[int]
    closes_min: Mapped[int]


class LoudnessRuleRow(Base):
    """Hours in which nothing but an emergency is louder, at a place and everything below it."""

    __tablename__ = "loudness_rule"
    __table_args__ = (
        CheckConstraint("ceiling_percent between 0 and 100", name="ceiling_is_a_percentage"),
    )

    loudness_rule_id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"), index=True)
    opens_min: Mapped[int]
    closes_min: Mapped[int]
    """A band that closes before it opens reaches over midnight."""
    ceiling_percent: Mapped[int]


class PlaceRulesRow(Base):
    """How often the hours and loudness of a place were changed, for whoever edits second."""

    __tablename__ = "place_rules"

    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"), primary_key=True)
    row_version: Mapped[int]


class HoursExceptionRow(Base):
    """A dated span in which the hours of a place are open."""

    __tablename__ = "hours_exception"

    hours_exception_id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"), index=True)
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    why: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
