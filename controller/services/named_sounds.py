"""Which sounds somebody may still ask for: every one that any row names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, select
from sqlalchemy.orm import Session

from controller.storage.models import Base, BulletinVersionRow, HoldingRow, SlotRow

_SHA256 = re.compile(r"[0-9a-f]{64}")

NAMING = frozenset(
    {
        "piece.recipe",
        "slot.items",
        "slot.other_items",
        "station_plan.required_assets",
        "signed_order.deed",
    }
)
"""JSON columns in which sounds are named. What a station reports of a sound stands in `holding`."""

_ASKED_APART = (HoldingRow.__table__, BulletinVersionRow.__table__, SlotRow.__table__)


def named_sounds(
    session: Session, slots_since: datetime | None = None, *, bulletins: bool = True
) -> frozenset[str]:
    """The SHA-256 in every column of that name, and in every JSON column that names sounds.

    What slots from before `slots_since` alone name is left out, and versions whose sound went; with
    `bulletins` False every version. A station that has a sound does not name it: it asks for what
    plans and orders name.
    """
    found = kept_of_bulletins(session) if bulletins else set()
    for table in Base.metadata.sorted_tables:
        if table not in _ASKED_APART:
            for column in table.columns:
                found.update(_named_in(session, column))
    for column in Base.metadata.tables[SlotRow.__tablename__].columns:
        recent = () if slots_since is None else (SlotRow.starts_at >= slots_since,)
        found.update(_named_in(session, column, *recent))
    return frozenset(found)


def _named_in(session: Session, column: Column[Any], *where: ColumnElement[bool]) -> Iterator[str]:
    """The sounds that a column names; of other columns none."""
    if column.name == "sha256":
        yield from filter(None, session.scalars(select(column).where(*where).distinct()))
    elif column_name(column) in NAMING:
        for value in session.scalars(select(column).where(*where)).yield_per(1000):
            yield from hashes_in(value)


def kept_of_bulletins(session: Session) -> set[str]:
    """The finished sounds of versions that have not lost theirs."""
    row = BulletinVersionRow
    query = select(row.sha256).where(row.sound_gone_at.is_(None)).distinct()
    return {text for text in session.scalars(query) if text}


def kept_uploads(session: Session) -> set[str]:
    """The uploads of versions that have not lost their sound."""
    row = BulletinVersionRow
    query = select(row.original_sha256).where(row.sound_gone_at.is_(None)).distinct()
    return {text for text in session.scalars(query) if text}


def column_name(column: Column[Any]) -> str:
    """`slot.items`."""
    return f"{column.table.name}.{column.name}"


def json_columns() -> frozenset[str]:
    """Every JSON column there is; a test asks of each whether it names sounds."""
    return frozenset(
        column_name(column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, JSON)
    )


def hashes_in(value: Any) -> Iterator[str]:
    """Everything in a JSON value that looks like a SHA-256."""
    if isinstance(value, str):
        if _SHA256.fullmatch(value):
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from hashes_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from hashes_in(item)
