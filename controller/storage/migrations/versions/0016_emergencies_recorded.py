"""Emergencies recorded in the form, in several languages; alerts that come in

Revision: 0016; follows: 0015
"""

import sqlalchemy as sa
from alembic import op


revision = "0016"
down_revision = "0015"
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
    op.create_table(
        "cap_alert",
        sa.Column("cap_alert_id", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("came_from", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by_name", sa.String(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_by_name", sa.String(), nullable=True),
        sa.Column("emergency_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_cap_alert_place_id")
        ),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergency.emergency_id"], name=op.f("fk_cap_alert_emergency_id")
        ),
        sa.PrimaryKeyConstraint("cap_alert_id", name=op.f("pk_cap_alert")),
        sa.UniqueConstraint("place_id", "digest", name=op.f("uq_cap_alert_place_id_digest")),
    )
    op.create_index(
        op.f("ix_cap_alert_handled_at_received_at"),
        "cap_alert",
        ["handled_at", "received_at"],
        unique=False,
    )
