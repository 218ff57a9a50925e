"""Communes order two priority items that meet

Revision: 0018; follows: 0017
"""

import sqlalchemy as sa
from alembic import op


revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "priority_order",
        sa.Column("priority_order_id", sa.String(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("first_schedule_id", sa.String(), nullable=False),
        sa.Column("second_schedule_id", sa.String(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=True),
        sa.Column("second_on", sa.Date(), nullable=True),
        sa.Column("ordered_by", sa.String(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["first_schedule_id"],
            ["schedule.schedule_id"],
            name=op.f("fk_priority_order_first_schedule_id"),
        ),
        sa.ForeignKeyConstraint(
            ["second_schedule_id"],
            ["schedule.schedule_id"],
            name=op.f("fk_priority_order_second_schedule_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_priority_order_station_id")
        ),
        sa.PrimaryKeyConstraint("priority_order_id", name=op.f("pk_priority_order")),
    )
    op.create_index(op.f("ix_priority_order_station_id"), "priority_order", ["station_id"])
    op.create_table(
        "slot_placing",
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("slot_id", sa.String(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("other_slot_id", sa.String(), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cause in ('above_first','ordered','hours','settled')",
            name=op.f("ck_slot_placing_cause"),
        ),
        sa.CheckConstraint("starts_at >= planned_at", name=op.f("ck_slot_placing_not_earlier")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_slot_placing_station_id")
        ),
        sa.ForeignKeyConstraint(
            ["slot_id"], ["slot.slot_id"], name=op.f("fk_slot_placing_slot_id")
        ),
        sa.ForeignKeyConstraint(
            ["other_slot_id"], ["slot.slot_id"], name=op.f("fk_slot_placing_other_slot_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "slot_id", name=op.f("pk_slot_placing")),
    )
    op.create_index(op.f("ix_slot_placing_planned_at"), "slot_placing", ["planned_at"])
