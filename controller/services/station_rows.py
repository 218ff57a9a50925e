"""The row of a station within somebody's reach, its version, and the audit row of what is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.places import PlaceTree
from controller.errors import NotFoundError, StaleEditError
from controller.services.audit import Deed, last_deed, record
from controller.services.scope import ensure_within
from controller.storage.models import StationRow

CHANGES = (
    "station.change",
    "station.contacts",
    "station.languages",
    "station.commission",
    "station.retire",
    "station.restore",
)
"""The deeds that raise the version of a station."""


def station_row(
    session: Session,
    tree: PlaceTree,
    actor: Actor | None,
    station_id: str,
    *,
    is_retired: bool = False,
) -> StationRow:
    """A station in use, or a retired one. NotFoundError outside the actor's place; None: anywhere.

    A station of the other kind is not found either: nothing can be done with it here.
    """
    row = session.get(StationRow, station_id)
    if actor is not None:
        ensure_within(tree, actor, row.place_id if row else None)
    if row is None or (row.retired_at is not None) is not is_retired:
        raise NotFoundError(f"station {station_id}", kind="station", object_id=station_id)
    return row


def ensure_version(session: Session, row: StationRow, row_version: int) -> None:
    """StaleEditError when somebody changed the station since this version of it."""
    if row.row_version != row_version:
        last = last_deed(session, "station", row.station_id, CHANGES)
        raise StaleEditError(row.station_id, **last)


def write_down(
    session: Session,
    actor: Actor | None,
    action: str,
    row: StationRow,
    detail: dict[str, Any] | None = None,
    *,
    at: datetime,
) -> None:
    """The audit row of a deed at a station."""
    record(session, actor, Deed(action, "station", row.station_id, row.place_id, detail), at=at)
