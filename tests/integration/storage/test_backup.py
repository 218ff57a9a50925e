"""A copy of the database made while the centre works ends at one moment and is whole."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import func, select

from controller.storage import migrate
from controller.storage.copying import copy_into_file
from controller.storage.database import Database
from controller.storage.models import MetaRow


def test_a_copy_made_while_others_write_is_sound_and_ends_at_one_moment(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'vang.db'}")
    migrate.upgrade(database)
    ended = threading.Event()

    def work() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            with database.write() as session:
                session.add(MetaRow(key=f"a{number}", value="x" * 500))
                session.add(MetaRow(key=f"b{number}", value="x" * 500))

    writer = threading.Thread(target=work)
    writer.start()
    try:
        _wait_for_rows(database, 20)
        copy = tmp_path / "backup" / "vang.db"
        copy.parent.mkdir()
        copy_into_file(database, copy)
    finally:
        ended.set()
        writer.join()
    database.close()
    _is_whole(copy)


def _wait_for_rows(database: Database, count: int) -> None:
    found = 0
    while found < count:
        with database.read() as session:
            found = session.scalar(select(func.count()).select_from(MetaRow)) or 0


def _is_whole(path: Path) -> None:
    restored = Database(f"sqlite:///{path}")
    restored.check()
    migrate.upgrade(restored)
    with restored.read() as session:
        keys = {key for key in session.scalars(select(MetaRow.key)) if key[1:].isdigit()}
    numbers = {key[1:] for key in keys}
    assert len(numbers) >= 5
    assert keys == {f"{letter}{number}" for letter in "ab" for number in numbers}
    restored.close()
