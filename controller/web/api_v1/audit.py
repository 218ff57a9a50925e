"""The audit trail, as it is written."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated

from pydantic import Field, JsonValue

from controller.domain.accounts import Permission
from controller.domain.schedule import instant
from controller.domain.tokens import Scope
from controller.services.audit import AuditEntry, AuditWish, read_by
from controller.web.api_v1.operations import Operations
from controller.web.api_v1.shapes import LARGEST_NUMBER, Answer, Day, Id, Line, Query, cut
from controller.web.policy import current_actor, services

operations = Operations("audit", "Who did what, when, from where.")


class TrailQuery(Query):
    """Which part of the trail."""

    actor: Annotated[
        Line | None, Field(max_length=80, description="Letters of the username of who did it.")
    ] = None
    action: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z_]+\.?[a-z_]*$",
            max_length=60,
            description="How the action begins: `bulletin.` or `bulletin.approve`.",
        ),
    ] = None
    object_id: Annotated[Id | None, Field(description="What it was done to.")] = None
    from_on: Annotated[Day | None, Field(description="Its first day, at the stations.")] = None
    until_on: Annotated[Day | None, Field(description="Its last day, included.")] = None
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
    detail: dict[str, JsonValue] = Field(
        description="What is known of it; of a change, `was` tells how what differs stood before."
    )


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
        wish=_wish(query),
    )
    shown, following = cut(list(found), query.limit, lambda entry: entry.audit_id)
    return Trail(items=tuple(_entry(one) for one in shown), next_cursor=following)


def _wish(query: TrailQuery) -> AuditWish:
    return AuditWish(
        actor=query.actor or "",
        actions=(query.action,) if query.action else (),
        object_id=query.object_id or "",
        since=instant(query.from_on, time()) if query.from_on else None,
        until=instant(query.until_on + timedelta(days=1), time()) if query.until_on else None,
    )


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
