"""Versions of bulletins lose their sound by the rule of keeping; a bulletin may be held from it

Revision: 0022; follows: 0021
"""

import sqlalchemy as sa
from alembic import op


revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.add_column("bulletin_version", sa.Column("sound_gone_at", instant, nullable=True))
    op.add_column("bulletin", sa.Column("sound_held_at", instant, nullable=True))
