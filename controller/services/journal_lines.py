"""Lines of stations' journals in the database: each stored once, holdings following from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from controller.services.station_states import Values
from controller.storage.models import HoldingRow, JournalEntryRow
from station_protocol.messages import HoldingEntry, JournalBatch, JournalEntry


def stored_up_to(session: Session, state: Values, journal_id: str) -> int:
    """How far this journal is stored; another journal than last time is looked up."""
    if state["journal_id"] == journal_id:
        return int(state["journal_stored_up_to"])
    highest = session.scalar(
        select(func.max(JournalEntryRow.entry_no)).where(
            JournalEntryRow.station_id == state["station_id"],
            JournalEntryRow.journal_id == journal_id,
        )
    )
    return highest or 0


def new_lines(session: Session, batch: JournalBatch) -> list[JournalEntry]:
    """The lines not stored yet, in their order, each number once."""
    lines = {line.entry_no: line for line in reversed(batch.entries)}
    stored = session.scalars(
        select(JournalEntryRow.entry_no).where(
            JournalEntryRow.station_id == batch.station_id,
            JournalEntryRow.journal_id == batch.journal_id,
            JournalEntryRow.entry_no.in_(list(lines)),
        )
    )
    for entry_no in stored:
        del lines[entry_no]
    return [lines[entry_no] for entry_no in sorted(lines)]


def insert_lines(
    session: Session, batch: JournalBatch, fresh: Sequence[JournalEntry], now: datetime
) -> None:
    """Store lines; they are durable when the caller's transaction has ended."""
    if not fresh:
        return
    session.execute(
        insert(JournalEntryRow),
        [
            {
                "station_id": batch.station_id,
                "journal_id": batch.journal_id,
                "entry_no": line.entry_no,
                "at": line.at,
                "clock": line.clock.value,
                "kind": line.evidence.kind,
                "evidence": line.evidence.model_dump(mode="json"),
                "received_at": now,
            }
            for line in fresh
        ],
    )


def keep_holdings(session: Session, station_id: str, fresh: Sequence[JournalEntry]) -> bool:
    """Note what the station now holds or lost; whether there was any such line."""
    found = False
    for line in fresh:
        if not isinstance(line.evidence, HoldingEntry):
            continue
        found = True
        row = session.get(HoldingRow, (station_id, line.evidence.sha256))
        if row is None:
            row = HoldingRow(station_id=station_id, sha256=line.evidence.sha256)
            session.add(row)
        elif row.at > line.at:
            continue
        row.held, row.size_bytes, row.at = line.evidence.held, line.evidence.size_bytes, line.at
    return found
