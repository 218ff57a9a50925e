"""Lines of stations' journals in the database: each stored once, holdings following from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from controller.domain.station_state import OFF
from controller.services.station_states import Values
from controller.storage.models import HoldingRow, JournalEntryRow, JournalToldRow
from station_protocol.messages import (
    FlipEntry,
    Hello,
    HoldingEntry,
    JournalBatch,
    JournalEntry,
)
from station_protocol.vocabulary import ClockLevel


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


def greeted(session: Session, state: Values, hello: Hello, stored: int, now: datetime) -> Values:
    """What a hello says of the journal; how far the one before it was told is kept."""
    told_at = state["journal_told_at"]
    if state["journal_id"] != hello.journal_id:
        if state["journal_id"] is not None and told_at is not None:
            session.merge(
                JournalToldRow(
                    station_id=hello.station_id, journal_id=state["journal_id"], told_at=told_at
                )
            )
        told_at = None
    return {
        "journal_id": hello.journal_id,
        "journal_stored_up_to": stored,
        "journal_told_at": now if stored >= hello.journal_head else told_at,
    }


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


def states_told_since(
    session: Session, batch: JournalBatch, fresh: Sequence[JournalEntry]
) -> datetime | None:
    """From when these lines tell of the station's state; None: they do not.

    A line by an untrusted clock stands at no time: it puts in doubt all since the last sure one.
    """
    flips = [(line, line.evidence) for line in fresh if isinstance(line.evidence, FlipEntry)]
    sure = [line.at for line, _said in flips if line.clock is not ClockLevel.NONE]
    dated_back = [line.at for line, said in flips if said.health == OFF]
    unsure = [line.entry_no for line, _said in flips if line.clock is ClockLevel.NONE]
    before = None
    if unsure:
        before = session.scalar(
            select(func.max(JournalEntryRow.at)).where(
                JournalEntryRow.station_id == batch.station_id,
                JournalEntryRow.journal_id == batch.journal_id,
                JournalEntryRow.kind == "flip",
                JournalEntryRow.clock != ClockLevel.NONE.value,
                JournalEntryRow.entry_no < min(unsure),
            )
        )
    instants = [*sure, *dated_back, *([before] if before is not None else [])]
    return min(instants, default=None)


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
