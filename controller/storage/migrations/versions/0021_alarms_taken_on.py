"""Alarms are taken on by somebody, told above, and told when they are over

Revision: 0021; follows: 0020
"""

import sqlalchemy as sa
from alembic import op


revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_WAY, _STATE = "ck_notice_delivery_way", "ck_notice_delivery_state"
_WAYS = "way in ('email','webhook','command')"
_STATES = "state in ('waiting','sent','failed','void')"


def upgrade() -> None:
    op.add_column("notice", sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notice", sa.Column("acknowledged_by", sa.String(), nullable=True))
    op.add_column("notice", sa.Column("acknowledged_by_name", sa.String(), nullable=True))
    op.add_column("notice", sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True))
    what = sa.Column("what", sa.String(), nullable=False, server_default="opened")
    if op.get_bind().dialect.name == "sqlite":
        # SQLite changes a constraint by making the table anew; nothing refers to this one
        constraints = (
            sa.CheckConstraint(_WAYS, name=op.f(_WAY)),
            sa.CheckConstraint(_STATES, name=op.f(_STATE)),
        )
        with op.batch_alter_table(
            "notice_delivery", recreate="always", table_args=constraints
        ) as batch_op:
            batch_op.add_column(what)
        return
    op.add_column("notice_delivery", what)
    op.drop_constraint(op.f(_WAY), "notice_delivery", type_="check")
    op.create_check_constraint(op.f(_WAY), "notice_delivery", _WAYS)
