"""The engine and its two kinds of transaction: reading, and writing in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DataError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from controller.errors import BusyError, DatabaseDamagedError, InvalidInputError

BUSY_TIMEOUT_MS = 5_000
_WRITE = "vang_write"


class Database:
    """One engine. `read()` sees a stable snapshot; `write()` waits its turn and commits durably.

    On SQLite one writer at a time holds a process-wide lock and begins with BEGIN IMMEDIATE, so
    that writers queue here and not in SQLite's busy handler.
    """

    def __init__(self, url: str, *, on_write_wait: Callable[[float], None] | None = None) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._turn = threading.Lock()
        self._on_write_wait = on_write_wait
        self.engine = _engine(url, is_sqlite=self.is_sqlite)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads; whatever it changed is rolled back."""
        with _storable(), self._sessions() as session:
            yield session
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are committed at the end, all or none. BusyError after 5 s."""
        with _storable(), self._my_turn(), self._sessions() as session:
            try:
                session.connection(execution_options={_WRITE: True})
                yield session
                session.commit()
            except OperationalError as error:
                if "locked" in str(error) or "busy" in str(error):
                    raise BusyError("the database is held by another process") from error
                raise

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        began = time.monotonic()
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise BusyError("another write did not end in time")
        try:
            if self._on_write_wait is not None:
                self._on_write_wait(time.monotonic() - began)
            yield
        finally:
            self._turn.release()

    def check(self) -> None:
        """Refuse a damaged SQLite file; a missing file is fine (migrations make it)."""
        path = self.path
        if path is None or not path.exists():
            return
        try:
            with self.engine.connect() as connection:
                verdict = connection.execute(text("PRAGMA quick_check")).scalar_one()
        except DatabaseError as error:
            raise DatabaseDamagedError(str(path), path=str(path)) from error
        if verdict != "ok":
            raise DatabaseDamagedError(f"{path}: {verdict}", path=str(path))

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for another engine or for memory."""
        database = make_url(self.url).database
        if not self.is_sqlite or database in (None, "", ":memory:"):
            return None
        return Path(str(database))

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


@contextmanager
def _storable() -> Iterator[None]:
    """InvalidInputError for a text with a NUL, which SQLite holds and PostgreSQL does not."""
    try:
        yield
    except DataError as error:
        if "NUL" not in str(error.orig):
            raise
        raise InvalidInputError("a NUL", field="", problem="hidden_characters") from error


def _engine(url: str, *, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        return create_engine(url, pool_size=16, max_overflow=48, pool_pre_ping=True)
    engine = create_engine(
        url,
        pool_size=16,
        max_overflow=96,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin by itself; we do
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
