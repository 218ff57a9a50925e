"""Writers wait their turn, readers see one moment, and damage is never papered over."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, StatementError

from controller.errors import BusyError, DatabaseDamagedError
from controller.storage import database as module
from controller.storage import migrate
from controller.storage.database import Database
from controller.storage.models import AuditRow, MetaRow

NOW = datetime(2026, 11, 25, 10, 6, 40, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'vang.db'}")
    migrate.upgrade(made)
    yield made
    made.close()


def _count_up(database: Database) -> None:
    with database.write() as session:
        row = session.get_one(MetaRow, "n")
        row.value = str(int(row.value) + 1)


def test_many_writers_at_once_lose_nothing(database: Database) -> None:
    with database.write() as session:
        session.add(MetaRow(key="n", value="0"))

    def work() -> None:
        for _ in range(25):
            _count_up(database)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.get_one(MetaRow, "n").value == "200"


def _fail_half_way(database: Database) -> None:
    with database.write() as session:
        session.add(MetaRow(key="half", value="done"))
        session.flush()
        raise ZeroDivisionError


def test_a_failed_write_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        _fail_half_way(database)
    with database.read() as session:
        assert session.get(MetaRow, "half") is None


def test_what_a_reader_changed_is_thrown_away(database: Database) -> None:
    with database.read() as session:
        session.add(MetaRow(key="x", value="y"))
        session.flush()
    with database.read() as session:
        assert session.get(MetaRow, "x") is None


def test_a_reader_sees_one_moment_while_others_write(database: Database) -> None:
    with database.write() as session:
        session.add(MetaRow(key="n", value="0"))
    with database.read() as session:
        before = session.scalar(select(MetaRow.value).where(MetaRow.key == "n"))
        _count_up(database)
        session.expire_all()
        after = session.scalar(select(MetaRow.value).where(MetaRow.key == "n"))
    assert before == after == "0"


def test_another_process_that_holds_the_file_gives_busy_not_a_crash(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database.path is not None
    impatient = Database(database.url + "?timeout=0.1")
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(BusyError), impatient.write() as session:
            session.add(MetaRow(key="x", value="y"))
    finally:
        other.rollback()
        other.close()
        impatient.close()


def test_a_write_that_waits_too_long_for_its_turn_is_busy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 50)
    with (
        database.write() as session,
        pytest.raises(BusyError),
        database.write(),
    ):
        session.add(MetaRow(key="never", value="reached"))


def test_the_wait_for_a_turn_is_told(tmp_path: Path) -> None:
    waits: list[float] = []
    told = Database(f"sqlite:///{tmp_path / 'vang.db'}", on_write_wait=waits.append)
    migrate.upgrade(told)
    with told.write() as session:
        session.add(MetaRow(key="x", value="y"))
    told.close()
    assert len(waits) == 1


def test_a_damaged_file_is_refused_by_name(database: Database) -> None:
    assert database.path is not None
    database.close()
    raw = bytearray(database.path.read_bytes())
    raw[4096 : 4096 * 3] = b"\xff" * 4096 * 2
    database.path.write_bytes(raw)
    again = Database(database.url)
    with pytest.raises(DatabaseDamagedError) as caught:
        again.check()
    again.close()
    assert str(database.path) in str(caught.value)


def test_a_sound_file_and_a_missing_file_pass_the_check(database: Database, tmp_path: Path) -> None:
    database.check()
    missing = Database(f"sqlite:///{tmp_path / 'none.db'}")
    missing.check()
    missing.close()
    assert not (tmp_path / "none.db").exists()


def _audit(database: Database, *, at: datetime, account_id: str | None) -> None:
    with database.write() as session:
        session.add(
            AuditRow(
                at=at,
                account_id=account_id,
                actor="x",
                address="",
                action="x",
                object_kind="x",
                object_id="x",
                place_id=None,
            )
        )


def test_a_naive_instant_is_refused(database: Database) -> None:
    naive = datetime(2026, 11, 25)  # noqa: DTZ001 - that is the point
    with pytest.raises(StatementError, match="naive"):
        _audit(database, at=naive, account_id=None)


def test_rows_that_point_nowhere_are_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        _audit(database, at=NOW, account_id="nobody")
