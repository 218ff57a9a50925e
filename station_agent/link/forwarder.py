"""The journal on its way up: the oldest unconfirmed entries, as many as one message may hold."""

from __future__ import annotations

from station_agent.store.journal import Journal
from station_protocol.messages import JournalBatch, JournalEntry

MOST_ENTRIES = 100
MOST_BYTES = 60_000


def fitting(entries: list[JournalEntry]) -> tuple[JournalEntry, ...]:
    """The longest beginning that fits into one batch; at least one entry."""
    taken: list[JournalEntry] = []
    size = 0
    for entry in entries[:MOST_ENTRIES]:
        size += len(entry.model_dump_json().encode()) + 1
        if taken and size > MOST_BYTES:
            break
        taken.append(entry)
    return tuple(taken)


def next_batch(
    journal: Journal, *, after_no: int, station_id: str, boot_id: str, sent_mono_ms: int
) -> JournalBatch | None:
    """The batch behind `after_no`; None when there is nothing to send."""
    entries = fitting(journal.read(after_no, MOST_ENTRIES))
    if not entries:
        return None
    return JournalBatch(
        station_id=station_id,
        boot_id=boot_id,
        journal_id=journal.journal_id(),
        sent_mono_ms=sent_mono_ms,
        entries=entries,
    )
