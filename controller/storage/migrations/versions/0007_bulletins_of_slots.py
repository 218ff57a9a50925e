"""A slot remembers which bulletins were in its programme when it aired

Revision: 0007; follows: 0006
"""

import sqlalchemy as sa
from alembic import op


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slot_bulletin",
        sa.Column("slot_id", sa.String(), nullable=False),
        sa.Column("bulletin_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["slot_id"], ["slot.slot_id"], name=op.f("fk_slot_bulletin_slot_id")
        ),
        sa.ForeignKeyConstraint(
            ["bulletin_id"], ["bulletin.bulletin_id"], name=op.f("fk_slot_bulletin_bulletin_id")
        ),
        sa.PrimaryKeyConstraint("slot_id", "bulletin_id", name=op.f("pk_slot_bulletin")),
    )
    op.create_index(
        op.f("ix_slot_bulletin_bulletin_id"), "slot_bulletin", ["bulletin_id"], unique=False
    )
    # What a slot of the past had is not written anywhere: its programme of today comes nearest.
    op.execute(
        "INSERT INTO slot_bulletin (slot_id, bulletin_id) "
        "SELECT DISTINCT slot.slot_id, programme_item.bulletin_id FROM slot "
        "JOIN schedule ON schedule.schedule_id = slot.schedule_id "
        "JOIN programme_item ON programme_item.programme_id = schedule.programme_id "
        "WHERE programme_item.bulletin_id IS NOT NULL"
    )
