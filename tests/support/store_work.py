"""Hard work for a station's store, in a process of its own that something else may watch.

`python -m tests.support.store_work FOLDER SEED ROUNDS [MUTANT]` writes to standard output what is
about to be made durable (`try ...`) and what the store said is (`done ...`). Every batch carries
its number in each thing it writes, so that half a batch can be told from a whole one.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from station_agent.core.records import ActiveOrder, Intent, Mark, Memory, SlotRecord
from station_agent.store import files, intents, journal, marks
from station_agent.store.intents import IntentFile
from station_agent.store.journal import Journal
from station_agent.store.marks import MarkFile
from station_agent.store.plan_file import PlanFile
from station_protocol.messages import JournalEntry
from station_protocol.vocabulary import Authority
from tests.support import wire

START = datetime(2026, 3, 1, tzinfo=UTC)
ENTRIES_A_BATCH = 3


def entries_of(batch: int) -> tuple[JournalEntry, ...]:
    """What batch number `batch` says; a week passes with each, so that some lines grow old."""
    first = (batch - 1) * ENTRIES_A_BATCH + 1
    at = START + timedelta(days=7 * batch)
    return tuple(
        wire.entry(no=no).model_copy(update={"at": at})
        for no in range(first, first + ENTRIES_A_BATCH)
    )


def slot_of(batch: int) -> SlotRecord:
    """The intent of batch number `batch`."""
    return SlotRecord(
        slot_id=f"{batch:026d}",
        state="started",
        revision=batch,
        planned_at=START,
        planned_ms=30_000,
        title="Phòng cháy rừng",
        plan_epoch=1,
        plan_version=batch,
        noted_at=START,
    )


def plan_of(number: int) -> bytes:
    """The sealed bytes of plan `number`; each of another length."""
    return random.Random(number).randbytes(3_000 + 977 * (number % 13))  # noqa: S311 - no secret


def mark_of(number: int) -> Mark:
    """The mark `number`."""
    return Mark(at=START + timedelta(seconds=number), machine_boot_id="run")


def intent_of(number: int) -> Intent:
    """The intent of emergency `number`."""
    at = START + timedelta(minutes=number)
    return Intent(
        slot_id=f"{number:026d}",
        nonce=f"{number:032x}",
        not_after=at + timedelta(hours=1),
        planned_at=at,
        order=ActiveOrder(
            order_id=f"order-{number}",
            title="Lũ về",
            authority=Authority.DISTRICT,
            sequence=number,
            attention_ms=8_000,
            issued_at=at,
            until_at=at + timedelta(hours=1),
        ),
    )


def _say(word: str, *what: object) -> None:
    os.write(1, (" ".join(map(str, (word, *what))) + "\n").encode())


class Work:
    """One run of the store after another over the same folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - a test's own chance
        self._batch = self._plan = self._mark = self._intent = 0

    def run(self, rounds: int) -> None:
        """Open, work, close; the last time it is left open."""
        for number in range(rounds):
            log = Journal(self._folder / "journal.db")
            # A small log is written over again and again, which is where order matters.
            log._db.execute("PRAGMA wal_autocheckpoint = 12")
            for _ in range(self._chance.randrange(4, 12)):
                deed = self._chance.choices(
                    (
                        self._persist,
                        self._confirm,
                        self._keep_plan,
                        self._make_mark,
                        self._mean_to_sound,
                    ),
                    (6, 2, 2, 2, 2),
                )[0]
                deed(log)
            if number + 1 < rounds:
                log.close()

    def _persist(self, log: Journal) -> None:
        self._batch += 1
        memory = Memory(epoch=1, plan_version=self._batch)
        self._durably(
            "batch",
            self._batch,
            lambda: log.persist(entries_of(self._batch), (slot_of(self._batch),), memory),
        )

    def _confirm(self, log: Journal) -> None:
        up_to = self._batch * ENTRIES_A_BATCH
        at = START + timedelta(days=7 * self._batch)
        self._durably("confirm", up_to, lambda: log.confirm(up_to, at))

    def _keep_plan(self, _log: Journal) -> None:
        self._plan += 1
        file = PlanFile(self._folder / "plan.sealed")
        self._durably("plan", self._plan, lambda: file.write(plan_of(self._plan)))

    def _make_mark(self, _log: Journal) -> None:
        self._mark += 1
        file = MarkFile(self._folder / "mark")
        self._durably("mark", self._mark, lambda: file.write(mark_of(self._mark)))

    def _mean_to_sound(self, _log: Journal) -> None:
        self._intent += 1
        file = IntentFile(self._folder / "intents")
        self._durably("intent", self._intent, lambda: file.write(intent_of(self._intent)))

    def _durably(self, what: str, number: int, deed: Callable[[], None]) -> None:
        _say("try", what, number)
        deed()
        _say("done", what, number)


class _Os:
    """`os` as one module sees it, with some calls of our own."""

    def __init__(self, **instead: object) -> None:
        self._instead = instead

    def __getattr__(self, name: str) -> object:
        return self._instead.get(name, getattr(os, name))


def _spoil(mutant: str) -> None:
    """Put one well-known mistake in place of what the store does."""
    match mutant:
        case "journal-not-synced":
            journal._PRAGMAS = journal._PRAGMAS.replace("FULL", "OFF")
        case "plan-not-synced":
            files.os = _Os(fsync=lambda _: None)  # type: ignore[assignment]
        case "intent-not-synced":
            intents.os = _Os(fdatasync=lambda _: None)  # type: ignore[assignment]
        case "mark-in-one-half":
            pwrite = os.pwrite
            marks.os = _Os(  # type: ignore[assignment]
                pwrite=lambda file, data, _at: pwrite(file, data, 0)
            )
        case _:
            raise SystemExit(f"no such mutant: {mutant}")


def main() -> None:
    folder, seed, rounds, *mutants = sys.argv[1:]
    for mutant in mutants:
        _spoil(mutant)
    Work(Path(folder), int(seed)).run(int(rounds))


if __name__ == "__main__":
    main()
