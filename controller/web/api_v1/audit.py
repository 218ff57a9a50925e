"""The audit trail, as it is written."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue

from controller.domain.accounts import Permission
from controller.domain.tokens import Scope
from controller.services.audit import AuditEntry, read_by
from controller.web.api_v1.operations import Operations
from controller.web.api_v1.shapes import LARGEST_NUMBER, Answer, Query, cut
from controller.web.policy import current_actor, services

operations = Operations("audit", "Who did what, when, from where.")


class TrailQuery(Query):
    """Which part of the trail."""

    limit: Annotated[int, Field(ge=1, le=100, description="How many at most.")] = 50
    cursor: Annotated[
        int | None,
        Field(
            ge=1,
            le=LARGEST_NUMBER,
            description="`next_cursor` of the part before; left out: the newest.",
        ),
    ] = None


class Entry(Answer):
    """One deed."""

    entry_id: int
    at: datetime
    actor: str
    address: str
    action: str = Field(description="A stable word such as `bulletin.approve`.")
    object_kind: str
    object_id: str
    place_id: str | None
    detail: dict[str, JsonValue]


class Trail(Answer):
    """A part of the trail, the newest first."""

    items: tuple[Entry, ...]
    next_cursor: str | None


@operations.read("/audit", Scope.AUDIT_READ, Permission.READ_AUDIT)
def audit(query: TrailQuery) -> Trail:
    """Deeds and refusals at the own place and below, the newest first."""
    found = services().audit.newest(
        place_ids=read_by(services().places.tree(), current_actor().place_id),
        limit=query.limit + 1,
        before_id=query.cursor,
    )
    shown, following = cut(list(found), query.limit, lambda entry: entry.audit_id)
    return Trail(items=tuple(_entry(one) for one in shown), next_cursor=following)


def _entry(entry: AuditEntry) -> Entry:
    return Entry(
        entry_id=entry.audit_id,
        at=entry.at,
        actor=entry.actor,
        address=entry.address,
        action=entry.action,
        object_kind=entry.object_kind,
        object_id=entry.object_id,
        place_id=entry.place_id,
        detail=entry.detail,
    )
