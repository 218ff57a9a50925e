"""The migrations make the tables the program expects, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from controller.storage import migrate
from controller.storage.database import Database
from controller.storage.models import (
    Base,
    BulletinRow,
    BulletinVersionRow,
    IngestJobRow,
    PlaceRow,
    SlotBulletinRow,
    StationRow,
)
from tests.support.postgres import fresh_database

NOW = datetime(2026, 11, 25, 10, 6, 40, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'vang.db'}")
        yield database
        database.close()
        return
    with fresh_database() as url:
        database = Database(url)
        yield database
        database.close()


def _differences(database: Database) -> list[Any]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        return list(compare_metadata(context, Base.metadata))


def test_an_empty_database_becomes_exactly_what_the_program_expects(empty: Database) -> None:
    migrate.upgrade(empty)
    assert migrate.revision_of(empty) == migrate.newest_revision()
    assert _differences(empty) == []


def test_migrating_again_keeps_every_row(empty: Database) -> None:
    migrate.upgrade(empty)
    with empty.write() as session:
        session.add(
            PlaceRow(
                place_id="ninh-thuan", kind="province", parent_id=None, code="58",
                name="Ninh Thuận", kind_word="tỉnh", zone=None, is_coastal=True, latitude=None,
                longitude=None, valid_from=date(2021, 7, 1), valid_until=None, position=0,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            StationRow(
                station_id="s", place_id="ninh-thuan", name="Đài", language_order=["vi"],
                max_length_ms=2_700_000, registered_at=NOW,
            )
        )  # fmt: skip
    migrate.upgrade(empty)
    with empty.read() as session:
        row = session.scalars(select(StationRow)).one()
        assert (row.name, row.registered_at, row.language_order) == ("Đài", NOW, ["vi"])


def test_a_database_of_the_first_schema_keeps_its_bulletins_jobs_and_slots(
    empty: Database,
) -> None:
    migrate.upgrade(empty, "0001")
    at = "2026-11-25 10:06:40+00:00"
    with empty.engine.begin() as connection:
        for table, row in _OLD_ROWS:
            names = ", ".join(f'"{name}"' for name in row)
            values = ", ".join(f":{name}" for name in row)
            filled = {name: at if value == "AT" else value for name, value in row.items()}
            connection.execute(text(f"insert into {table} ({names}) values ({values})"), filled)  # noqa: S608
    migrate.upgrade(empty)
    assert _differences(empty) == []
    with empty.read() as session:
        bulletin = session.scalars(select(BulletinRow)).one()
        assert (bulletin.title, bulletin.search_text) == ("Đốt Nương", "dot nuong khong lua")
        job = session.scalars(select(IngestJobRow)).one()
        assert (job.spool_name, job.is_spoken) == ("a.upload", True)
        version = session.scalars(select(BulletinVersionRow)).one()
        assert (version.voice, version.spoken_text) == (None, None)
        told = session.scalars(select(SlotBulletinRow)).one()
        assert (told.slot_id, told.bulletin_id) == ("s1", "b")


_OLD_ROWS: list[tuple[str, dict[str, Any]]] = [
    (
        "place",
        {
            "place_id": "ninh-thuan", "kind": "province", "code": "58", "name": "Ninh Thuận",
            "kind_word": "tỉnh", "is_coastal": True, "valid_from": "2021-07-01", "position": 0,
        },
    ),
    (
        "account",
        {
            "account_id": "me", "username": "me", "full_name": "Tôi", "role": "operator",
            "place_id": "ninh-thuan", "password_hash": "x", "must_change_password": False,
            "failed_sign_ins": 0, "row_version": 1, "created_at": "AT", "language": "vi",
        },
    ),
    (
        "bulletin",
        {
            "bulletin_id": "b", "title": "Đốt Nương", "text": "Không lửa", "state": "draft",
            "place_id": "ninh-thuan", "author_id": "me", "created_at": "AT", "updated_at": "AT",
            "row_version": 1,
        },
    ),
    (
        "bulletin_version",
        {
            "bulletin_version_id": "v", "bulletin_id": "b", "language": "vi", "number": 1,
            "state": "processing", "source": "upload", "original_name": "a.wav", "waveform": "[]",
            "findings": "[]", "refusal_facts": "{}", "created_by": "me", "created_at": "AT",
        },
    ),
    (
        "ingest_job",
        {
            "ingest_job_id": "j", "bulletin_version_id": "v", "spool_name": "a.upload",
            "state": "queued", "progress_percent": 0, "attempts": 0, "created_at": "AT",
        },
    ),
    (
        "programme",
        {
            "programme_id": "p", "title": "Đốt Nương", "place_id": "ninh-thuan",
            "end_policy": "finish_item", "created_by": "me", "created_at": "AT",
        },
    ),
    (
        "programme_item",
        {"programme_id": "p", "position": 1, "kind": "bulletin", "bulletin_id": "b"},
    ),
    (
        "schedule",
        {
            "schedule_id": "s", "programme_id": "p", "place_id": "ninh-thuan",
            "authority": "province", "priority": "ordinary", "recurrence": "once",
            "airs_at": "05:30:00", "weekdays": 0, "starts_on": "2026-11-25", "lateness_s": 60,
            "created_by": "me", "created_at": "AT", "row_version": 1,
        },
    ),
    (
        "slot",
        {
            "slot_id": "s1", "schedule_id": "s", "airs_on": "2026-11-25", "starts_at": "AT",
            "duration_ms": 1_000, "title": "Đốt Nương", "priority": "ordinary",
            "authority": "province", "lateness_s": 60, "items": "[]", "revision": 1,
        },
    ),
]  # fmt: skip
