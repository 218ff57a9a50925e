"""Uploads are kept as they came, and may be cut anew

Revision: 0006; follows: 0005
"""

import sqlalchemy as sa
from alembic import op


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # Columns are only added: SQLite changes one by making its table anew, which others refer to.
    with op.batch_alter_table("bulletin_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("original_sha256", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("original_size_bytes", _INTEGER, nullable=True))
        batch_op.add_column(sa.Column("cut_start_ms", _INTEGER, nullable=True))
        batch_op.add_column(sa.Column("cut_end_ms", _INTEGER, nullable=True))
        batch_op.add_column(sa.Column("suggested_start_ms", _INTEGER, nullable=True))
        batch_op.add_column(sa.Column("suggested_end_ms", _INTEGER, nullable=True))
        batch_op.add_column(sa.Column("cues", sa.JSON(), nullable=False, server_default="[]"))
