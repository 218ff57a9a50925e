"""A commune's word on two priority items may be written down by its district

Revision: 0025; follows: 0024
"""

import sqlalchemy as sa
from alembic import op


revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("priority_order", "slot_placing"):
        op.add_column(table, sa.Column("written_by", sa.String(), nullable=True))
