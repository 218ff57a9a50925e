"""The station's evidence on disk: numbered entries, slot records and floors, each commit fsynced.

SQLite in WAL mode with `synchronous=FULL`: what `persist` returned from survives a power cut. A
damaged file is set aside and a new one begun under a new journal id; what slot records, floors and
unconfirmed entries can still be read from the old one are carried over, so that nothing is played
twice and no evidence is lost. A row that cannot be read costs only itself.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from station_agent.core.records import Memory, SlotRecord
from station_agent.errors import StorageFullError, StorageReadOnlyError
from station_agent.store.files import storage_errors, sync_folder
from station_agent.store.salvage import readable, salvaged
from station_protocol.messages import JournalEntry

logger = logging.getLogger(__name__)

KEPT_DAYS = 90
"""Confirmed entries are kept this long; unconfirmed ones for ever."""

SLOT_DAYS = 60
"""Slots planned within so long of the newest one are given back after a restart. Dated by the plan,
which the centre signed: a station's own clock may have been wrong by months when it wrote."""

DAMAGED_KEPT = 3
"""How many damaged journals are kept for whoever looks into them."""

_MEMORY = Path("/dev/shm")  # noqa: S108 - a private folder below it, gone again at once

# Nobody else writes here; should a reader's tool hold the file, an emergency must not wait for it.
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA busy_timeout = 500;
PRAGMA temp_store = MEMORY;
"""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (
    entry_no INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS slot (
    slot_id TEXT PRIMARY KEY, planned_at_ms INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
"""
_PUT_META = (
    "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
)


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


class Journal:
    """One file, used by one thread. Every method may raise the two storage errors."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.set_aside: Path | None = None
        """Where a damaged predecessor was moved at this start; None: it was sound."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open_sound()

    # --- writing ---

    def persist(
        self,
        entries: tuple[JournalEntry, ...] = (),
        slots: tuple[SlotRecord, ...] = (),
        memory: Memory | None = None,
    ) -> None:
        """All of it or nothing, durable on return."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO entry (entry_no, at_ms, body) VALUES (?, ?, ?)",
                [(one.entry_no, _ms(one.at), one.model_dump_json()) for one in entries],
            )
            self._put_slots(db, slots)
            if memory is not None:
                db.execute(_PUT_META, ("memory", memory.model_dump_json()))
            head = max((one.entry_no for one in entries), default=0)
            if head > self._number("head"):
                db.execute(_PUT_META, ("head", str(head)))

    def confirm(self, up_to: int, at: datetime | None = None) -> None:
        """The centre has everything up to this number; forget what is old at `at`, if known."""
        with self._transaction() as db:
            stored = min(max(up_to, self._number("stored_up_to")), self._number("head"))
            db.execute(_PUT_META, ("stored_up_to", str(stored)))
            if at is not None:
                old = _last_old(db, _ms(at) - KEPT_DAYS * 86_400_000)
                db.execute("DELETE FROM entry WHERE entry_no <= ?", (min(stored, old),))
            (planned,) = db.execute("SELECT coalesce(max(planned_at_ms), 0) FROM slot").fetchone()
            oldest = planned - KEPT_DAYS * 86_400_000
            db.execute("DELETE FROM slot WHERE planned_at_ms < ?", (oldest,))

    def refuse_writes(self) -> None:
        """From now on every write is a StorageReadOnlyError."""
        with _sqlite_errors(self._path):
            self._db.execute("PRAGMA query_only = 1")

    def close(self) -> None:
        """Leave one tidy file."""
        self._db.close()

    # --- reading ---

    def journal_id(self) -> str:
        """Made with the file: a number means nothing under another id."""
        return self._text("journal_id")

    def head(self) -> int:
        """The highest number ever used, pruned or not."""
        return self._number("head")

    def stored_up_to(self) -> int:
        """What the centre has confirmed."""
        return self._number("stored_up_to")

    def read(self, after_no: int, limit: int) -> list[JournalEntry]:
        """The next entries in order; what cannot be read does not hold up what follows."""
        found: list[JournalEntry] = []
        while len(found) < limit:
            rows = self._rows(
                "SELECT CAST(body AS BLOB), entry_no FROM entry WHERE entry_no > ?"
                " ORDER BY entry_no LIMIT ?",
                after_no,
                limit - len(found),
            )
            if not rows:
                break
            found.extend(readable(JournalEntry, (row[0] for row in rows)))
            after_no = rows[-1][1]
        return found

    def slots(self) -> list[SlotRecord]:
        """The last record of each slot planned within SLOT_DAYS of the newest one."""
        rows = self._rows("SELECT CAST(body AS BLOB) FROM slot ORDER BY planned_at_ms")
        records = readable(SlotRecord, (row[0] for row in rows))
        newest = max((record.planned_at for record in records), default=None)
        if newest is None:
            return []
        oldest = newest - timedelta(days=SLOT_DAYS)
        return [record for record in records if record.planned_at >= oldest]

    def memory(self) -> Memory:
        """The floors as last written; fresh ones if there never were any."""
        body = self._text("memory")
        return Memory.model_validate_json(body) if body else Memory()

    # --- within ---

    @staticmethod
    def _put_slots(db: sqlite3.Connection, slots: tuple[SlotRecord, ...]) -> None:
        db.executemany(
            "INSERT INTO slot (slot_id, planned_at_ms, body) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET"
            " planned_at_ms = excluded.planned_at_ms, body = excluded.body",
            [(slot.slot_id, _ms(slot.planned_at), slot.model_dump_json()) for slot in slots],
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _sqlite_errors(self._path):
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        with _sqlite_errors(self._path):
            return self._db.execute(query, arguments).fetchall()

    def _text(self, key: str) -> str:
        rows = self._rows("SELECT value FROM meta WHERE key = ?", key)
        return str(rows[0][0]) if rows else ""

    def _number(self, key: str) -> int:
        return int(self._text(key) or 0)

    # --- opening ---

    def _open_sound(self) -> None:
        """The file, or a fresh one with what a damaged one still gives."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        _settle_exchange(self._path, fresh)
        try:
            self._db = _opened(self._path)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise _as_storage_error(self._path, error) from error
            logger.exception("journal damaged, begun anew file=%s", self._path)
        else:
            return
        self._carry_over(fresh)

    def _carry_over(self, fresh: Path) -> None:
        """What was carried over is durable before the damaged file goes: no cut loses both."""
        old = salvaged(self._path)
        with _sqlite_errors(self._path):
            self._db = _opened(fresh)
            try:
                self.persist(old.entries, old.slots, old.memory)
            finally:
                self._db.close()
            with storage_errors(self._path.name):
                self.set_aside = _moved_aside(self._path)
            _settle_exchange(self._path, fresh)
            self._db = _opened(self._path)


def stranded(path: Path) -> Journal:
    """What a card that takes no more writes still holds: to be read, every write is refused.

    SQLite cannot open such a file where it lies; a copy in memory is read instead.
    """
    copy = Path(mkdtemp(prefix="vang-", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None))
    with storage_errors(path.name):
        for suffix in ("", "-wal"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                shutil.copyfile(part, copy / part.name)
    journal = Journal(copy / path.name)
    journal.refuse_writes()
    shutil.rmtree(copy)
    return journal


def _opened(path: Path) -> sqlite3.Connection:
    """A checked connection with schema and id; sqlite3.DatabaseError."""
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.executescript(_PRAGMAS)
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"quick_check: {verdict}")  # noqa: TRY301 - one way out
        _date_by_plan(db)
        db.executescript(_SCHEMA)
        db.execute(
            "INSERT OR IGNORE INTO meta (key, value) VALUES ('journal_id', ?)", (uuid.uuid4().hex,)
        )
        _check_meta(db)
    except BaseException:
        db.close()
        raise
    return db


def _date_by_plan(db: sqlite3.Connection) -> None:
    """Bring a file whose slots were dated by the station's clock to dates of the plan."""
    columns = {name for _, name, *_ in db.execute("PRAGMA table_info(slot)")}
    if "noted_ms" not in columns:
        return
    bodies = db.execute("SELECT CAST(body AS BLOB) FROM slot").fetchall()
    records = readable(SlotRecord, (body for (body,) in bodies))
    db.execute("BEGIN IMMEDIATE")
    db.execute("ALTER TABLE slot RENAME COLUMN noted_ms TO planned_at_ms")
    db.executemany(
        "UPDATE slot SET planned_at_ms = ? WHERE slot_id = ?",
        [(_ms(record.planned_at), record.slot_id) for record in records],
    )
    db.execute("COMMIT")


def _check_meta(db: sqlite3.Connection) -> None:
    """Floors and numbers that cannot be read make a damaged file; sqlite3.DatabaseError."""
    try:
        for key, value in db.execute("SELECT key, CAST(value AS BLOB) FROM meta"):
            if key == "memory":
                Memory.model_validate_json(value)
            elif key in ("head", "stored_up_to"):
                int(value)
    except ValueError as error:
        raise sqlite3.DatabaseError(f"meta: {type(error).__name__}") from error


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is wrong, rather than the disk it is on."""
    return not isinstance(error, sqlite3.OperationalError)


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _as_storage_error(path, error) from error


def _as_storage_error(path: Path, error: sqlite3.DatabaseError) -> Exception:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        return StorageFullError(f"{path.name}: {error}")
    return StorageReadOnlyError(f"{path.name}: {error}")


def _last_old(db: sqlite3.Connection, before_ms: int) -> int:
    """The last of the lines behind which none is younger. A line written by a clock nobody
    vouched for has no age of its own: it goes with those around it."""
    last = 0
    rows = db.execute(
        "SELECT entry_no, at_ms FROM entry WHERE body NOT LIKE ? ORDER BY entry_no",
        ('%"clock":"none"%',),
    )
    for number, at_ms in rows:
        if at_ms >= before_ms:
            break
        last = number
    return last


def _settle_exchange(path: Path, fresh: Path) -> None:
    """Put the new file in its place if the damaged one is gone; half a new one is worth nothing."""
    if not fresh.exists():
        return
    with storage_errors(path.name):
        if path.exists():
            _remove(fresh)
        else:
            _remove(path)  # the old file's log would be taken for the new one's
            sync_folder(path.parent)
            fresh.rename(path)
            sync_folder(path.parent)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _moved_aside(path: Path) -> Path:
    """Rename the file; of those set aside before, the last ones are kept."""
    numbers = sorted(
        int(number)
        for one in path.parent.glob(f"{path.name}.damaged-*")
        if (number := one.name.rpartition("-")[2]).isdigit()
    )
    aside = path.with_name(f"{path.name}.damaged-{max(numbers, default=0) + 1}")
    path.rename(aside)
    for old in numbers[: -(DAMAGED_KEPT - 1)]:
        path.with_name(f"{path.name}.damaged-{old}").unlink(missing_ok=True)
    return aside
