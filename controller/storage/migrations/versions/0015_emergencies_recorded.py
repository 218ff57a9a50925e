"""Emergencies recorded in the form, in several languages

Revision: 0015; follows: 0014
"""

import sqlalchemy as sa
from alembic import op


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("ingest_job", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_urgent", sa.Boolean(), nullable=False, server_default="0")
        )
    op.create_table(
        "emergency_translation",
        sa.Column("emergency_id", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("bulletin_version_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["emergency_id"],
            ["emergency.emergency_id"],
            name=op.f("fk_emergency_translation_emergency_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bulletin_version_id"],
            ["bulletin_version.bulletin_version_id"],
            name=op.f("fk_emergency_translation_bulletin_version_id"),
        ),
        sa.PrimaryKeyConstraint(
            "emergency_id", "part", "language", name=op.f("pk_emergency_translation")
        ),
    )
