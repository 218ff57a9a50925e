"""What people are told of, and how

Revision: 0015; follows: 0014
"""

import sqlalchemy as sa
from alembic import op


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("notice_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("group_key", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("opened_at", _AT, nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("closed_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_notice_place_id")
        ),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notice")),
    )
    op.create_index(
        op.f("ix_notice_kind_group_key_opened_at"),
        "notice",
        ["kind", "group_key", "opened_at"],
        unique=False,
    )
    op.create_index(op.f("ix_notice_opened_at"), "notice", ["opened_at"], unique=False)
    op.create_table(
        "notice_item",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("group_key", sa.String(), nullable=False),
        sa.Column("item_key", sa.String(), nullable=False),
        sa.Column("notice_id", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("began_at", _AT, nullable=False),
        sa.Column("ended_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.notice_id"], name=op.f("fk_notice_item_notice_id")
        ),
        sa.PrimaryKeyConstraint("kind", "group_key", "item_key", name=op.f("pk_notice_item")),
    )
    op.create_index(op.f("ix_notice_item_notice_id"), "notice_item", ["notice_id"], unique=False)
    op.create_index(op.f("ix_notice_item_ended_at"), "notice_item", ["ended_at"], unique=False)
    op.create_table(
        "notice_reader",
        sa.Column("notice_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("told_at", _AT, nullable=False),
        sa.Column("read_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.notice_id"], name=op.f("fk_notice_reader_notice_id")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_notice_reader_account_id")
        ),
        sa.PrimaryKeyConstraint("notice_id", "account_id", name=op.f("pk_notice_reader")),
    )
    op.create_index(
        op.f("ix_notice_reader_account_id_read_at"),
        "notice_reader",
        ["account_id", "read_at"],
        unique=False,
    )
    op.create_table(
        "notice_choice",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("ways", sa.JSON(), nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_notice_choice_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_notice_choice")),
    )
    op.create_table(
        "notice_delivery",
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("notice_id", sa.String(), nullable=True),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("next_at", _AT, nullable=False),
        sa.Column("not_after_at", _AT, nullable=False),
        sa.Column("attempts", _INT, nullable=False),
        sa.Column("done_at", _AT, nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "way in ('email','webhook')", name=op.f("ck_notice_delivery_way")
        ),
        sa.CheckConstraint(
            "state in ('waiting','sent','failed','void')", name=op.f("ck_notice_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.notice_id"], name=op.f("fk_notice_delivery_notice_id")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_notice_delivery_account_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_notice_delivery")),
    )
    op.create_index(
        op.f("ix_notice_delivery_notice_id"), "notice_delivery", ["notice_id"], unique=False
    )
    op.create_index(
        op.f("ix_notice_delivery_state_way_next_at"),
        "notice_delivery",
        ["state", "way", "next_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notice_delivery_account_id_created_at"),
        "notice_delivery",
        ["account_id", "created_at"],
        unique=False,
    )
