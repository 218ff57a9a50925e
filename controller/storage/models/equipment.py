"""What stands at a station and cost money, what was mended with it, and the codes on its poles."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.models.base import Base


class EquipmentItemRow(Base):
    """One thing in the inventory of a station. Never deleted: it is retired, and says why."""

    __tablename__ = "equipment_item"
    __table_args__ = (
        Index(None, "station_id", "retired_on"),
        CheckConstraint("cost_vnd >= 0", name="cost_not_negative"),
    )

    equipment_item_id: Mapped[str] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    cluster_number: Mapped[int | None]
    """At which group of horns it hangs; None: at the station itself."""
    kind: Mapped[str]
    model: Mapped[str]
    """Maker and model, in the words of who entered it; empty: not known."""
    serial: Mapped[str]
    photo_sha256: Mapped[str | None]
    """The picture as it was made anew; what was uploaded is not kept."""
    installed_on: Mapped[date | None]
    warranty_until: Mapped[date | None]
    """The last day of it."""
    cost_vnd: Mapped[int | None]
    note: Mapped[str]
    retired_on: Mapped[date | None]
    retired_why: Mapped[str | None]
    added_by: Mapped[str]
    """Full name."""
    added_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column(default=1)


class RepairPartRow(Base):
    """A thing of the inventory that a repair took away or put in."""

    __tablename__ = "repair_part"
    __table_args__ = (CheckConstraint("deed in ('removed','installed')", name="deed"),)

    fault_report_id: Mapped[str] = mapped_column(
        ForeignKey("fault_report.fault_report_id"), primary_key=True
    )
    equipment_item_id: Mapped[str] = mapped_column(
        ForeignKey("equipment_item.equipment_item_id"), primary_key=True
    )
    deed: Mapped[str]


class PoleCodeRow(Base):
    """The code printed on a pole. One that was renewed or switched off stays, and says so."""

    __tablename__ = "pole_code"
    __table_args__ = (Index(None, "station_id", "cluster_number"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("station.station_id"))
    cluster_number: Mapped[int | None]
    """Which group of horns; None: the station itself."""
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    """Full name."""
    ended_at: Mapped[datetime | None]
    """When it was renewed or switched off; None: it opens its page."""
