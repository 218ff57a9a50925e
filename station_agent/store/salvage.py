"""What a damaged journal still gives: row by row, so that a bad one costs only itself."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from station_agent.core.records import Memory, SlotRecord
from station_protocol.messages import JournalEntry

logger = logging.getLogger(__name__)

MOST_ENTRIES = 200_000
"""A damaged head may name any number; no station writes so many lines unheard."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What a new journal begins with; `entries` are numbered from 1."""

    entries: tuple[JournalEntry, ...]
    slots: tuple[SlotRecord, ...]
    memory: Memory | None


def readable(model: type[M], bodies: Iterable[bytes]) -> list[M]:
    """The rows that validate; each other one is logged and left out."""
    found: list[M] = []
    for body in bodies:
        try:
            found.append(model.model_validate_json(body))
        except ValidationError as error:
            count = error.error_count()
            logger.warning("journal row unreadable kind=%s problems=%s", model.__name__, count)
    return found


def salvaged(path: Path) -> Salvaged:
    """Slot records, floors, and the lines the centre has not confirmed."""
    db = sqlite3.connect(path)
    try:
        memories = readable(Memory, _bodies(db, "SELECT value FROM meta WHERE key = 'memory'"))
        slots = readable(SlotRecord, _bodies(db, "SELECT body FROM slot"))
        entries = _unconfirmed(db)
    finally:
        db.close()
    logger.warning("journal salvaged slots=%s entries=%s", len(slots), len(entries))
    return Salvaged(_renumbered(entries), tuple(slots), memories[0] if memories else None)


def _unconfirmed(db: sqlite3.Connection) -> list[JournalEntry]:
    """By number, one query each: a scan would end at the first bad page."""
    stored = _number(db, "SELECT value FROM meta WHERE key = 'stored_up_to'")
    head = max(
        _number(db, "SELECT value FROM meta WHERE key = 'head'"),
        _number(db, "SELECT max(entry_no) FROM entry"),
    )
    first = max(stored + 1, head - MOST_ENTRIES + 1)
    found: list[JournalEntry] = []
    for number in range(first, head + 1):
        rows = _bodies(db, "SELECT body FROM entry WHERE entry_no = ?", number)
        found.extend(readable(JournalEntry, rows))
    return found


def _renumbered(entries: list[JournalEntry]) -> tuple[JournalEntry, ...]:
    return tuple(
        entry.model_copy(update={"entry_no": number}) for number, entry in enumerate(entries, 1)
    )


def _bodies(db: sqlite3.Connection, query: str, *arguments: object) -> list[bytes]:
    """The first column, as far as it can be read. Bytes: damaged text need not be UTF-8."""
    db.text_factory = bytes
    found: list[bytes] = []
    try:
        found.extend(body for (body,) in db.execute(query, arguments))
    except sqlite3.DatabaseError as error:
        logger.warning("journal partly unreadable rows=%s: %s", len(found), error)
    return found


def _number(db: sqlite3.Connection, query: str) -> int:
    try:
        return int((_bodies(db, query) or [b"0"])[0] or 0)
    except ValueError:
        return 0
