"""A commune's word on two priority items may be written down by its district

Revision: 0024; follows: 0023
"""

import sqlalchemy as sa
from alembic import op


revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("priority_order", "slot_placing"):
        op.add_column(table, sa.Column("written_by", sa.String(), nullable=True))
