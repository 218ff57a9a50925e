"""The first schema

Revision: 0001; follows:
"""

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "outbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("qos", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("retain", sa.Boolean(), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_topic"), ["topic"], unique=False)

    op.create_table(
        "place",
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind_word", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("is_coastal", sa.Boolean(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("kind in ('province','district','commune')", name=op.f("ck_place_kind")),
        sa.ForeignKeyConstraint(["parent_id"], ["place.place_id"], name=op.f("fk_place_parent_id")),
        sa.PrimaryKeyConstraint("place_id", name=op.f("pk_place")),
    )
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_place_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "account",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column(
            "failed_sign_ins", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("locked_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "row_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.CheckConstraint(
            "role in ('admin','operator','approver','commune_officer','auditor')",
            name=op.f("ck_account_role"),
        ),
        sa.ForeignKeyConstraint(["place_id"], ["place.place_id"], name=op.f("fk_account_place_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_place_id"), ["place_id"], unique=False)

    op.create_table(
        "hours_exception",
        sa.Column(
            "hours_exception_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_hours_exception_place_id")
        ),
        sa.PrimaryKeyConstraint("hours_exception_id", name=op.f("pk_hours_exception")),
    )
    with op.batch_alter_table("hours_exception", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hours_exception_place_id"), ["place_id"], unique=False)

    op.create_table(
        "hours_rule",
        sa.Column(
            "hours_rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column(
            "opens_min", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "closes_min", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_hours_rule_place_id")
        ),
        sa.PrimaryKeyConstraint("hours_rule_id", name=op.f("pk_hours_rule")),
    )
    with op.batch_alter_table("hours_rule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hours_rule_place_id"), ["place_id"], unique=False)

    op.create_table(
        "station",
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("identifier_code", sa.String(), nullable=True),
        sa.Column("sound_over", sa.String(), nullable=False),
        sa.Column("language_order", sa.JSON(), nullable=False),
        sa.Column("phone_name", sa.String(), nullable=True),
        sa.Column("phone_number", sa.String(), nullable=True),
        sa.Column("phone_is_invented", sa.Boolean(), nullable=False),
        sa.Column(
            "max_length_ms", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "volume_ceiling_percent",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("broker_password_hash", sa.String(), nullable=True),
        sa.Column("broker_password_pbkdf2", sa.String(), nullable=True),
        sa.Column("sound_token_hash", sa.String(), nullable=True),
        sa.Column("config_written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["place_id"], ["place.place_id"], name=op.f("fk_station_place_id")),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_station")),
        sa.UniqueConstraint("identifier_code", name=op.f("uq_station_identifier_code")),
    )
    with op.batch_alter_table("station", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_station_place_id"), ["place_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_station_sound_token_hash"), ["sound_token_hash"], unique=False
        )

    op.create_table(
        "audit",
        sa.Column("audit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object_kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_audit_account_id")
        ),
        sa.ForeignKeyConstraint(["place_id"], ["place.place_id"], name=op.f("fk_audit_place_id")),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_at"), ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_audit_object_kind_object_id"), ["object_kind", "object_id"], unique=False
        )

    op.create_table(
        "broker_denial",
        sa.Column(
            "broker_denial_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("station_id", sa.String(), nullable=True),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_broker_denial_station_id")
        ),
        sa.PrimaryKeyConstraint("broker_denial_id", name=op.f("pk_broker_denial")),
    )
    with op.batch_alter_table("broker_denial", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_broker_denial_station_id_at"), ["station_id", "at"], unique=False
        )

    op.create_table(
        "bulletin",
        sa.Column("bulletin_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("author_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("return_reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "row_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.CheckConstraint(
            "state in ('draft','submitted','approved','returned','withdrawn')",
            name=op.f("ck_bulletin_state"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["account.account_id"], name=op.f("fk_bulletin_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_bulletin_place_id")
        ),
        sa.PrimaryKeyConstraint("bulletin_id", name=op.f("pk_bulletin")),
    )
    with op.batch_alter_table("bulletin", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bulletin_place_id_state"), ["place_id", "state"], unique=False
        )

    op.create_table(
        "holding",
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column(
            "size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_holding_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "sha256", name=op.f("pk_holding")),
    )
    op.create_table(
        "journal_entry",
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("journal_id", sa.String(), nullable=False),
        sa.Column("entry_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_journal_entry_station_id")
        ),
        sa.PrimaryKeyConstraint(
            "station_id", "journal_id", "entry_no", name=op.f("pk_journal_entry")
        ),
    )
    with op.batch_alter_table("journal_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_journal_entry_station_id_at"), ["station_id", "at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_journal_entry_station_id_kind_at"),
            ["station_id", "kind", "at"],
            unique=False,
        )

    op.create_table(
        "programme",
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("end_policy", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["account.account_id"], name=op.f("fk_programme_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_programme_place_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", name=op.f("pk_programme")),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_session_account_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_account_id"), ["account_id"], unique=False)

    op.create_table(
        "signed_order",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("is_group", sa.Boolean(), nullable=False),
        sa.Column("deed", sa.JSON(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issued_by"], ["account.account_id"], name=op.f("fk_signed_order_issued_by")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_signed_order")),
        sa.UniqueConstraint("sequence", name=op.f("uq_signed_order_sequence")),
    )
    with op.batch_alter_table("signed_order", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_signed_order_audience_not_after_at"),
            ["audience", "not_after_at"],
            unique=False,
        )

    op.create_table(
        "slot_result",
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("slot_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "planned_ms", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("start_error_ms", sa.Double(), nullable=True),
        sa.Column(
            "played_ms", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("journal_id", sa.String(), nullable=True),
        sa.Column("entry_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint("played_ms >= 0", name=op.f("ck_slot_result_played_ms_not_negative")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_slot_result_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "slot_id", name=op.f("pk_slot_result")),
    )
    with op.batch_alter_table("slot_result", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_slot_result_outcome_planned_at"), ["outcome", "planned_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_slot_result_planned_at"), ["planned_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_slot_result_slot_id"), ["slot_id"], unique=False)

    op.create_table(
        "slot_result_change",
        sa.Column(
            "slot_result_change_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("slot_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("from_outcome", sa.String(), nullable=False),
        sa.Column("from_reason", sa.String(), nullable=True),
        sa.Column("to_outcome", sa.String(), nullable=False),
        sa.Column("to_reason", sa.String(), nullable=True),
        sa.Column("entry_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_slot_result_change_station_id")
        ),
        sa.PrimaryKeyConstraint("slot_result_change_id", name=op.f("pk_slot_result_change")),
    )
    with op.batch_alter_table("slot_result_change", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_slot_result_change_station_id_slot_id"),
            ["station_id", "slot_id"],
            unique=False,
        )

    op.create_table(
        "speaker_cluster",
        sa.Column(
            "speaker_cluster_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("place_note", sa.String(), nullable=True),
        sa.Column("is_invented", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_speaker_cluster_station_id")
        ),
        sa.PrimaryKeyConstraint("speaker_cluster_id", name=op.f("pk_speaker_cluster")),
        sa.UniqueConstraint(
            "station_id", "number", name=op.f("uq_speaker_cluster_station_id_number")
        ),
    )
    op.create_table(
        "station_flip",
        sa.Column(
            "station_flip_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_station_flip_station_id")
        ),
        sa.PrimaryKeyConstraint("station_flip_id", name=op.f("pk_station_flip")),
    )
    with op.batch_alter_table("station_flip", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_station_flip_station_id_at"), ["station_id", "at"], unique=False
        )

    op.create_table(
        "station_limits",
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_station_limits_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "version", name=op.f("pk_station_limits")),
    )
    op.create_table(
        "station_plan",
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("covers_until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("required_assets", sa.JSON(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_station_plan_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "epoch", "version", name=op.f("pk_station_plan")),
    )
    op.create_table(
        "station_state",
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("last_heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_hello_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("boot_id", sa.String(), nullable=True),
        sa.Column("agent_version", sa.String(), nullable=True),
        sa.Column("health", sa.String(), nullable=True),
        sa.Column("health_reasons", sa.JSON(), nullable=False),
        sa.Column("on_air_slot_id", sa.String(), nullable=True),
        sa.Column("on_air_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_level", sa.String(), nullable=True),
        sa.Column("clock_offset_ms", sa.Double(), nullable=True),
        sa.Column(
            "disk_free_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("temperature_celsius", sa.Double(), nullable=True),
        sa.Column(
            "volume_percent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "plan_epoch_held", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "plan_version_held",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "plan_version_highest",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "limits_version_held",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "plan_epoch_sent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "plan_version_sent",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "limits_version_sent",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "required_assets", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "held_assets", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("journal_id", sa.String(), nullable=True),
        sa.Column(
            "journal_head", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "journal_stored_up_to",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("refused", sa.JSON(), nullable=False),
        sa.Column(
            "denied_publishes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("link_online", sa.Boolean(), nullable=True),
        sa.Column("shown_state", sa.String(), nullable=False),
        sa.Column("shown_since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "change_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_station_state_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_station_state")),
    )
    with op.batch_alter_table("station_state", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_station_state_change_no"), ["change_no"], unique=False)

    op.create_table(
        "bulletin_version",
        sa.Column("bulletin_version_id", sa.String(), nullable=False),
        sa.Column("bulletin_id", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("engine", sa.String(), nullable=True),
        sa.Column("original_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column(
            "size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "duration_ms", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("loudness_lufs", sa.Double(), nullable=True),
        sa.Column("true_peak_dbtp", sa.Double(), nullable=True),
        sa.Column("source_loudness_lufs", sa.Double(), nullable=True),
        sa.Column("waveform", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("refusal_code", sa.String(), nullable=True),
        sa.Column("refusal_facts", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_by_name", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('processing','ready','refused')", name=op.f("ck_bulletin_version_state")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["account.account_id"], name=op.f("fk_bulletin_version_approved_by")
        ),
        sa.ForeignKeyConstraint(
            ["bulletin_id"], ["bulletin.bulletin_id"], name=op.f("fk_bulletin_version_bulletin_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["account.account_id"], name=op.f("fk_bulletin_version_created_by")
        ),
        sa.PrimaryKeyConstraint("bulletin_version_id", name=op.f("pk_bulletin_version")),
        sa.UniqueConstraint(
            "bulletin_id",
            "language",
            "number",
            name=op.f("uq_bulletin_version_bulletin_id_language_number"),
        ),
    )
    with op.batch_alter_table("bulletin_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulletin_version_sha256"), ["sha256"], unique=False)

    op.create_table(
        "order_reply",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["signed_order.order_id"], name=op.f("fk_order_reply_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.station_id"], name=op.f("fk_order_reply_station_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "station_id", name=op.f("pk_order_reply")),
    )
    op.create_table(
        "programme_item",
        sa.Column(
            "programme_item_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("bulletin_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bulletin_id"], ["bulletin.bulletin_id"], name=op.f("fk_programme_item_bulletin_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.programme_id"],
            name=op.f("fk_programme_item_programme_id"),
        ),
        sa.PrimaryKeyConstraint("programme_item_id", name=op.f("pk_programme_item")),
        sa.UniqueConstraint(
            "programme_id", "position", name=op.f("uq_programme_item_programme_id_position")
        ),
    )
    with op.batch_alter_table("programme_item", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_programme_item_bulletin_id"), ["bulletin_id"], unique=False
        )

    op.create_table(
        "schedule",
        sa.Column("schedule_id", sa.String(), nullable=False),
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("recurrence", sa.String(), nullable=False),
        sa.Column("airs_at", sa.Time(), nullable=False),
        sa.Column("weekdays", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column(
            "lateness_s", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaces_schedule_id", sa.String(), nullable=True),
        sa.Column("changed_by", sa.String(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "row_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.CheckConstraint(
            "authority in ('province','district','commune')", name=op.f("ck_schedule_authority")
        ),
        sa.CheckConstraint(
            "priority in ('ordinary','priority')", name=op.f("ck_schedule_priority")
        ),
        sa.CheckConstraint("recurrence in ('once','weekly')", name=op.f("ck_schedule_recurrence")),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["account.account_id"], name=op.f("fk_schedule_closed_by")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["account.account_id"], name=op.f("fk_schedule_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_schedule_place_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.programme_id"], name=op.f("fk_schedule_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_schedule_id"],
            ["schedule.schedule_id"],
            name=op.f("fk_schedule_replaces_schedule_id"),
        ),
        sa.PrimaryKeyConstraint("schedule_id", name=op.f("pk_schedule")),
    )
    with op.batch_alter_table("schedule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_schedule_place_id"), ["place_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_schedule_starts_on_ends_on"), ["starts_on", "ends_on"], unique=False
        )

    op.create_table(
        "ingest_job",
        sa.Column("ingest_job_id", sa.String(), nullable=False),
        sa.Column("bulletin_version_id", sa.String(), nullable=False),
        sa.Column("spool_name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column(
            "progress_percent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["bulletin_version_id"],
            ["bulletin_version.bulletin_version_id"],
            name=op.f("fk_ingest_job_bulletin_version_id"),
        ),
        sa.PrimaryKeyConstraint("ingest_job_id", name=op.f("pk_ingest_job")),
        sa.UniqueConstraint("bulletin_version_id", name=op.f("uq_ingest_job_bulletin_version_id")),
    )
    with op.batch_alter_table("ingest_job", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ingest_job_state_created_at"), ["state", "created_at"], unique=False
        )

    op.create_table(
        "schedule_exclusion",
        sa.Column("schedule_id", sa.String(), nullable=False),
        sa.Column("airs_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedule.schedule_id"],
            name=op.f("fk_schedule_exclusion_schedule_id"),
        ),
        sa.PrimaryKeyConstraint("schedule_id", "airs_on", name=op.f("pk_schedule_exclusion")),
    )
    op.create_table(
        "schedule_target",
        sa.Column("schedule_id", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.place_id"], name=op.f("fk_schedule_target_place_id")
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.schedule_id"], name=op.f("fk_schedule_target_schedule_id")
        ),
        sa.PrimaryKeyConstraint("schedule_id", "place_id", name=op.f("pk_schedule_target")),
    )
    op.create_table(
        "slot",
        sa.Column("slot_id", sa.String(), nullable=False),
        sa.Column("schedule_id", sa.String(), nullable=False),
        sa.Column("airs_on", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "duration_ms", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column(
            "lateness_s", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("moved_by", sa.String(), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.CheckConstraint("duration_ms >= 0", name=op.f("ck_slot_duration_not_negative")),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.schedule_id"], name=op.f("fk_slot_schedule_id")
        ),
        sa.PrimaryKeyConstraint("slot_id", name=op.f("pk_slot")),
    )
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_slot_schedule_id_airs_on"), ["schedule_id", "airs_on"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_slot_starts_at"), ["starts_at"], unique=False)
