"""Accounts, their sessions, and the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.models.base import Base
from controller.storage.models.growing import grows_only


class AccountRow(Base):
    """A person, one role, one place; valid at that place and below."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint(
            "role in ('admin','operator','approver','commune_officer','auditor')", name="role"
        ),
    )

    account_id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str]
    role: Mapped[str]
    place_id: Mapped[str] = mapped_column(ForeignKey("place.place_id"), index=True)
    password_hash: Mapped[str]
    must_change_password: Mapped[bool] = mapped_column(default=True)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(default="vi")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column(default=1)


class SessionRow(Base):
    """One sign-in. The cookie holds a random token; here stands only its SHA-256."""

    __tablename__ = "session"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    address: Mapped[str]
    user_agent: Mapped[str]


class ApiTokenRow(Base):
    """A personal token another program shows. Here stands only its SHA-256."""

    __tablename__ = "api_token"

    api_token_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"), index=True)
    name: Mapped[str]
    scopes: Mapped[list[Any]]
    token_hash: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    """Its last characters, by which its owner knows it again."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_address: Mapped[str] = mapped_column(default="")
    denied_at: Mapped[datetime | None]
    """When a refused use was last written down."""
    revoked_at: Mapped[datetime | None]


class AuditRow(Base):
    """Who did what, when, from where. Written in the deed's own transaction, never changed."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "at"), Index(None, "object_kind", "object_id"))

    audit_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.account_id"))
    actor: Mapped[str]
    address: Mapped[str]
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str]
    place_id: Mapped[str | None] = mapped_column(ForeignKey("place.place_id"))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class AuditSealRow(Base):
    """A row of the audit trail in its place in the chain; behind the last one others may wait."""

    __tablename__ = "audit_seal"

    seal_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    audit_id: Mapped[int] = mapped_column(ForeignKey("audit.audit_id"), unique=True)
    link: Mapped[str]
    """SHA-256 of the link before and of what the row says, 64 hex digits."""


grows_only(AuditRow)
grows_only(AuditSealRow)
