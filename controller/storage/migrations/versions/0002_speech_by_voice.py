"""Speech by voice, how the province reads abbreviations, slots in several languages

Revision: 0002; follows: 0001
"""

import sqlalchemy as sa
from alembic import op


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Columns are only added: SQLite changes one by making its table anew, which others refer to.
    with op.batch_alter_table("bulletin_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("voice", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("spoken_text", sa.String(), nullable=True))
    with op.batch_alter_table("ingest_job", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_spoken", sa.Boolean(), nullable=False, server_default="1")
        )
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("other_items", sa.JSON(), nullable=False, server_default="{}")
        )
    op.create_table(
        "own_reading",
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("reading", sa.String(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.account_id"], name=op.f("fk_own_reading_changed_by")
        ),
        sa.PrimaryKeyConstraint("term", name=op.f("pk_own_reading")),
    )
