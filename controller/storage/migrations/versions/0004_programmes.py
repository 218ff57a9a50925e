"""Programmes people put together, and the pieces of sound the centre makes for them

Revision: 0004; follows: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # Columns are only added, with plain words as defaults: for anything else SQLite makes the table
    # anew, and others refer to it.
    with op.batch_alter_table("programme", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_kept", sa.Boolean(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("is_template", sa.Boolean(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("chimes", sa.String(), nullable=False, server_default="each")
        )
        batch_op.add_column(
            sa.Column("pause_ms", _INTEGER, nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("changed_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("row_version", _INTEGER, nullable=False, server_default="1")
        )
    with op.batch_alter_table("programme_item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asset", sa.String(), nullable=True))
    with op.batch_alter_table("bulletin_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lead_in_ms", _INTEGER, nullable=True))
    op.create_table(
        "piece",
        sa.Column("piece_id", sa.String(), nullable=False),
        sa.Column("recipe", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", _INTEGER, nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("size_bytes", _INTEGER, nullable=True),
        sa.Column("duration_ms", _INTEGER, nullable=True),
        sa.CheckConstraint(
            "state in ('wanted','running','ready','failed')", name=op.f("ck_piece_state")
        ),
        sa.PrimaryKeyConstraint("piece_id", name=op.f("pk_piece")),
    )
    with op.batch_alter_table("piece", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_piece_sha256"), ["sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_piece_state_wanted_at"), ["state", "wanted_at"])
