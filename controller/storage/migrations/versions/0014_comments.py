"""Remarks about bulletins

Revision: 0014; follows: 0013
"""

import sqlalchemy as sa
from alembic import op


revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulletin_comment",
        sa.Column("bulletin_comment_id", sa.String(), nullable=False),
        sa.Column("bulletin_id", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("said_from", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["bulletin_id"],
            ["bulletin.bulletin_id"],
            name=op.f("fk_bulletin_comment_bulletin_id"),
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["bulletin_comment.bulletin_comment_id"],
            name=op.f("fk_bulletin_comment_thread_id"),
        ),
        sa.ForeignKeyConstraint(
            ["said_by"], ["account.account_id"], name=op.f("fk_bulletin_comment_said_by")
        ),
        sa.ForeignKeyConstraint(
            ["said_from"], ["place.place_id"], name=op.f("fk_bulletin_comment_said_from")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"],
            ["account.account_id"],
            name=op.f("fk_bulletin_comment_withdrawn_by"),
        ),
        sa.PrimaryKeyConstraint("bulletin_comment_id", name=op.f("pk_bulletin_comment")),
    )
    op.create_index(
        op.f("ix_bulletin_comment_bulletin_id_said_at"),
        "bulletin_comment",
        ["bulletin_id", "said_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_bulletin_comment_said_at"), "bulletin_comment", ["said_at"], unique=False
    )
