"""How a slot went is counted from an index alone, at however many stations

Revision: 0024; follows: 0023
"""

from alembic import op


revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "slot_result"
    op.create_index(
        op.f("ix_slot_result_slot_id_outcome_reason"), table, ["slot_id", "outcome", "reason"]
    )
    op.drop_index(op.f("ix_slot_result_slot_id"), table)
