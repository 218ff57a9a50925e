"""Communes report broken horns

Revision: 0010; follows: 0009
"""

import sqlalchemy as sa
from alembic import op


revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fault_report",
        sa.Column("fault_report_id", sa.String(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column(
            "cluster_number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("reported_by", sa.String(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("mended_by", sa.String(), nullable=True),
        sa.Column("mended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_fault_report_station_id")
        ),
        sa.ForeignKeyConstraint(
            ["reported_by"], ["account.account_id"], name=op.f("fk_fault_report_reported_by")
        ),
        sa.ForeignKeyConstraint(
            ["mended_by"], ["account.account_id"], name=op.f("fk_fault_report_mended_by")
        ),
        sa.PrimaryKeyConstraint("fault_report_id", name=op.f("pk_fault_report")),
    )
    op.create_index(
        op.f("ix_fault_report_station_id_mended_at"),
        "fault_report",
        ["station_id", "mended_at"],
        unique=False,
    )
