"""A whole database copied at one moment, while others write. The copy is always a SQLite file.

SQLite copies itself by its own online backup. From PostgreSQL every row is read in one transaction
that sees a single moment, so that a copy is opened, checked and put back without that server, and
on either engine.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, inspect, select, text

from controller.errors import BackupError
from controller.storage import migrate
from controller.storage.database import Database
from controller.storage.models import Base

ROWS_AT_ONCE = 1_000


def copy_into_file(database: Database, target: Path) -> None:
    """Make `target` a copy of the database as it is now: one file, mode 0600, durable on return.

    BackupError when the database is not at the schema of this program.
    """
    found, wanted = migrate.revision_of(database), migrate.newest_revision()
    if found != wanted:
        raise BackupError(
            f"the database has schema {found}, this program {wanted}: make the copy with the "
            "version that ran until now, or run `vang-controller migrate` first"
        )
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if database.path is not None:
        with closing(sqlite3.connect(database.path)) as source, closing(_file(target)) as copy:
            source.backup(copy)
    else:
        with opened(target) as copy_of_rows:
            migrate.upgrade(copy_of_rows)
            _copy_rows(database, copy_of_rows)
    settle(target)


def copy_into_empty(source: Database, target: Database) -> None:
    """Fill an empty database of any engine with the rows of another. BackupError if it is not."""
    if inspect(target.engine).get_table_names():
        raise BackupError(
            "the database is not empty: nothing is put over what is there; name an empty one"
        )
    migrate.upgrade(target)
    _copy_rows(source, target)


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """The database in a file of its own."""
    database = Database(f"sqlite:///{path.absolute()}")
    try:
        yield database
    finally:
        database.close()


def settle(path: Path) -> None:
    """Leave one tidy file without a log beside it, and sync it."""
    with closing(_file(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").close()
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flaws(path: Path) -> list[str]:
    """What SQLite finds wrong with a file nobody else has open; nothing is written."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            verdicts = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
            if verdicts != ["ok"]:
                return verdicts
            rows = connection.execute("PRAGMA foreign_key_check").fetchmany(5)
            return [f"a row of {row[0]} names a row of {row[2]} that is not there" for row in rows]
    except sqlite3.DatabaseError as error:
        return [str(error)]


def row_counts(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in Base.metadata.sorted_tables
    }


def _file(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def _copy_rows(source: Database, target: Database) -> None:
    options: dict[str, Any] = {"stream_results": True}
    if not source.is_sqlite:
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with (
        source.engine.connect().execution_options(**options) as reader,
        target.engine.begin() as writer,
    ):
        for table in Base.metadata.sorted_tables:
            for rows in _batches(reader, table):
                writer.execute(insert(table), rows)
            if not target.is_sqlite:
                _go_on_numbering(writer, table)


def _batches(reader: Connection, table: Table) -> Iterator[Sequence[dict[str, Any]]]:
    """The rows, parents before children where a table names itself."""
    parents = [key.parent for key in table.foreign_keys if key.column.table is table]
    if parents:
        yield from _generations(reader, table)
        return
    result = reader.execute(select(table).order_by(*table.primary_key.columns))
    for rows in result.mappings().partitions(ROWS_AT_ONCE):
        yield [dict(row) for row in rows]


def _generations(reader: Connection, table: Table) -> Iterator[Sequence[dict[str, Any]]]:
    (key,) = table.primary_key.columns
    (parent,) = (item.parent for item in table.foreign_keys if item.column.table is table)
    waiting = [dict(row) for row in reader.execute(select(table)).mappings()]
    known: set[Any] = {None}
    while waiting:
        ready = [row for row in waiting if row[parent.name] in known]
        if not ready:
            raise BackupError(f"rows of {table.name} name each other in a circle")
        yield ready
        known |= {row[key.name] for row in ready}
        waiting = [row for row in waiting if row[key.name] not in known]


def _go_on_numbering(writer: Connection, table: Table) -> None:
    """Numbers PostgreSQL gives out begin behind those that were brought along."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = writer.execute(
        text("SELECT pg_get_serial_sequence(:table, :column)"),
        {"table": table.name, "column": column.name},
    ).scalar_one()
    highest = writer.execute(select(func.max(column))).scalar_one()
    if sequence is not None and highest is not None:
        writer.execute(text("SELECT setval(:name, :at)"), {"name": sequence, "at": highest})
