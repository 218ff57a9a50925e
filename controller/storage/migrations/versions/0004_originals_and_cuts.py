"""Uploads are kept as they came, and may be cut anew

Revision: 0004; follows: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Columns are only added: SQLite changes one by making its table anew, which others refer to.
    with op.batch_alter_table("bulletin_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lead_in_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("original_sha256", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("original_size_bytes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("cut_start_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("cut_end_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("suggested_start_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("suggested_end_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("cues", sa.JSON(), nullable=False, server_default="[]"))
