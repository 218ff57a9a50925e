"""Bulletins have tags and dates of validity, and may be shared with other places

Revision: 0005; follows: 0004
"""

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Columns are only added: SQLite changes one by making its table anew, which others refer to.
    with op.batch_alter_table("bulletin", schema=None) as batch_op:
        batch_op.add_column(sa.Column("valid_from", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("valid_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("shared_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "bulletin_tag",
        sa.Column("bulletin_id", sa.String(), nullable=False),
        sa.Column("tag_key", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bulletin_id"], ["bulletin.bulletin_id"], name=op.f("fk_bulletin_tag_bulletin_id")
        ),
        sa.PrimaryKeyConstraint("bulletin_id", "tag_key", name=op.f("pk_bulletin_tag")),
    )
    op.create_index(op.f("ix_bulletin_tag_tag_key"), "bulletin_tag", ["tag_key"], unique=False)
