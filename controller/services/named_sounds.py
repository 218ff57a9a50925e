"""Which sounds somebody may still ask for: every one that any row names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, select
from sqlalchemy.orm import Session

from controller.storage.models import Base, HoldingRow, SlotRow

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


def named_sounds(session: Session, slots_since: datetime | None = None) -> frozenset[str]:
    """The SHA-256 in every column of that name, and in every JSON column that names sounds.

    What slots from before `slots_since` alone name is left out. A station that has a sound does not
    name it: it asks for what plans and orders name.
    """
    found: set[str] = set()
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if table is HoldingRow.__table__:
                continue
            if slots_since is not None and table is SlotRow.__table__:
                recent = select(column).where(SlotRow.starts_at >= slots_since)
                if column_name(column) in NAMING:
                    for value in session.scalars(recent).yield_per(1000):
                        found.update(hashes_in(value))
                continue
            if column.name == "sha256":
                found |= {text for text in session.scalars(select(column).distinct()) if text}
            elif column_name(column) in NAMING:
                for value in session.scalars(select(column)).yield_per(1000):
                    found.update(hashes_in(value))
    return frozenset(found)


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
