"""Communes decline ordinary slots

Revision: 0017; follows: 0016
"""

import sqlalchemy as sa
from alembic import op


revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decline",
        sa.Column("decline_id", sa.String(), nullable=False),
        sa.Column("schedule_id", sa.String(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("airs_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("declined_by", sa.String(), nullable=False),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_by", sa.String(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.schedule_id"], name=op.f("fk_decline_schedule_id")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_decline_station_id")
        ),
        sa.PrimaryKeyConstraint("decline_id", name=op.f("pk_decline")),
    )
    op.create_index(
        op.f("ix_decline_schedule_id_station_id"),
        "decline",
        ["schedule_id", "station_id"],
        unique=False,
    )
