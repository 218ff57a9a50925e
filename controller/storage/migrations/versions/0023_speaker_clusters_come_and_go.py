"""Speaker clusters are changed one after the other, and retired with a reason

Revision: 0023; follows: 0022
"""

import sqlalchemy as sa
from alembic import op


revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    table = "speaker_cluster"
    op.add_column(table, sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(table, sa.Column("retired_why", sa.String(), nullable=True))
    op.add_column(table, sa.Column("row_version", NUMBER, nullable=False, server_default="1"))
