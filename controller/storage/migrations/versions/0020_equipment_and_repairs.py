"""Inventory of stations, repairs of what was reported, codes on poles

Revision: 0020; follows: 0019
"""

import sqlalchemy as sa
from alembic import op


revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _reports()
    op.create_table(
        "equipment_item",
        sa.Column("equipment_item_id", sa.String(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("cluster_number", NUMBER, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("photo_sha256", sa.String(), nullable=True),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("warranty_until", sa.Date(), nullable=True),
        sa.Column("cost_vnd", NUMBER, nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("retired_why", sa.String(), nullable=True),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("row_version", NUMBER, nullable=False),
        sa.CheckConstraint("cost_vnd >= 0", name=op.f("ck_equipment_item_cost_not_negative")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_equipment_item_station_id")
        ),
        sa.PrimaryKeyConstraint("equipment_item_id", name=op.f("pk_equipment_item")),
    )
    op.create_index(
        op.f("ix_equipment_item_station_id_retired_on"),
        "equipment_item",
        ["station_id", "retired_on"],
    )
    op.create_table(
        "repair_part",
        sa.Column("fault_report_id", sa.String(), nullable=False),
        sa.Column("equipment_item_id", sa.String(), nullable=False),
        sa.Column("deed", sa.String(), nullable=False),
        sa.CheckConstraint("deed in ('removed','installed')", name=op.f("ck_repair_part_deed")),
        sa.ForeignKeyConstraint(
            ["fault_report_id"],
            ["fault_report.fault_report_id"],
            name=op.f("fk_repair_part_fault_report_id"),
        ),
        sa.ForeignKeyConstraint(
            ["equipment_item_id"],
            ["equipment_item.equipment_item_id"],
            name=op.f("fk_repair_part_equipment_item_id"),
        ),
        sa.PrimaryKeyConstraint(
            "fault_report_id", "equipment_item_id", name=op.f("pk_repair_part")
        ),
    )
    op.create_table(
        "pole_code",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("cluster_number", NUMBER, nullable=True),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_pole_code_station_id")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_pole_code")),
    )
    op.create_index(
        op.f("ix_pole_code_station_id_cluster_number"), "pole_code", ["station_id", "cluster_number"]
    )


def _reports() -> None:
    # Made before anything refers to the table: SQLite makes it anew to let `reported_by` be empty.
    with op.batch_alter_table("fault_report") as table:
        table.alter_column("reported_by", existing_type=sa.String(), nullable=True)
        table.add_column(sa.Column("source", sa.String(), nullable=False, server_default="staff"))
        table.add_column(sa.Column("public_reports", NUMBER, nullable=False, server_default="0"))
        for name, kind in (
            ("last_public_at", INSTANT),
            ("outage_from_at", INSTANT),
            ("cause", sa.String()),
            ("assigned_to", sa.String()),
            ("assigned_at", INSTANT),
            ("repair_cost_vnd", NUMBER),
            ("repair_note", sa.String()),
        ):
            table.add_column(sa.Column(name, kind, nullable=True))
        table.create_check_constraint(
            op.f("ck_fault_report_source"), "source in ('staff','public','health')"
        )
        table.create_check_constraint(
            op.f("ck_fault_report_repair_cost_not_negative"), "repair_cost_vnd >= 0"
        )
        table.create_unique_constraint(
            op.f("uq_fault_report_station_id_outage_from_at"), ["station_id", "outage_from_at"]
        )
    op.create_index(op.f("ix_fault_report_mended_at"), "fault_report", ["mended_at"])
