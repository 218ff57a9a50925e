"""The migrations make the tables the program expects, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select

from controller.storage import migrate
from controller.storage.database import Database
from controller.storage.models import Base, PlaceRow, StationRow
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
