"""Emergencies and drills, what they say, and the orders they became

Revision: 0008; follows: 0007
"""

import sqlalchemy as sa
from alembic import op


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("piece", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_urgent", sa.Boolean(), nullable=False, server_default="0")
        )
    op.create_table(
        "emergency",
        sa.Column("emergency_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hazard", sa.String(), nullable=False),
        sa.Column("level", _INTEGER, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("target_ids", sa.JSON(), nullable=False),
        sa.Column("stations", _INTEGER, nullable=False),
        sa.Column("repeat_every_s", _INTEGER, nullable=True),
        sa.Column("lasts_s", _INTEGER, nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("composed_by", sa.String(), nullable=False),
        sa.Column("composed_by_name", sa.String(), nullable=False),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.Column("confirmed_by_name", sa.String(), nullable=True),
        sa.Column("alone_why", sa.String(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by_name", sa.String(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('live','drill')", name=op.f("ck_emergency_kind")),
        sa.CheckConstraint(
            "state in ('proposed','sent','withdrawn')", name=op.f("ck_emergency_state")
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_emergency_place_id")
        ),
        sa.ForeignKeyConstraint(
            ["composed_by"], ["account.account_id"], name=op.f("fk_emergency_composed_by")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["account.account_id"], name=op.f("fk_emergency_confirmed_by")
        ),
        sa.PrimaryKeyConstraint("emergency_id", name=op.f("pk_emergency")),
    )
    op.create_index(op.f("ix_emergency_state_until_at"), "emergency", ["state", "until_at"])
    op.create_index(op.f("ix_emergency_composed_at"), "emergency", ["composed_at"])
    op.create_table(
        "emergency_part",
        sa.Column("emergency_id", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("piece_id", sa.String(), nullable=True),
        sa.Column("bulletin_version_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["emergency_id"],
            ["emergency.emergency_id"],
            name=op.f("fk_emergency_part_emergency_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bulletin_version_id"],
            ["bulletin_version.bulletin_version_id"],
            name=op.f("fk_emergency_part_bulletin_version_id"),
        ),
        sa.PrimaryKeyConstraint("emergency_id", "part", name=op.f("pk_emergency_part")),
    )
    op.create_table(
        "emergency_order",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("emergency_id", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["signed_order.order_id"], name=op.f("fk_emergency_order_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["emergency_id"],
            ["emergency.emergency_id"],
            name=op.f("fk_emergency_order_emergency_id"),
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_emergency_order_place_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_emergency_order")),
    )
    op.create_index(
        op.f("ix_emergency_order_emergency_id"), "emergency_order", ["emergency_id"]
    )
