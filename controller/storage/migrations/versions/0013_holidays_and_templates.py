"""Schedules keep to holidays; places enter days of their own, and keep patterns

Revision: 0013; follows: 0012
"""

import sqlalchemy as sa
from alembic import op


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "schedule", sa.Column("holidays", sa.String(), nullable=False, server_default="ignore")
    )
    op.create_table(
        "calendar_day",
        sa.Column("calendar_day_id", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("is_holiday", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "last_on >= first_on", name=op.f("ck_calendar_day_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_calendar_day_place_id")
        ),
        sa.PrimaryKeyConstraint("calendar_day_id", name=op.f("pk_calendar_day")),
    )
    op.create_index(op.f("ix_calendar_day_place_id"), "calendar_day", ["place_id"], unique=False)
    op.create_table(
        "schedule_template",
        sa.Column("schedule_template_id", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("airs_at", sa.Time(), nullable=False),
        sa.Column("weekdays", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("holidays", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("target_ids", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_schedule_template_place_id")
        ),
        sa.PrimaryKeyConstraint("schedule_template_id", name=op.f("pk_schedule_template")),
        sa.UniqueConstraint("place_id", "name", name=op.f("uq_schedule_template_place_id_name")),
    )
