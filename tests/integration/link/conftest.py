"""A province on each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import Province, province
from tests.support.postgres import fresh_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Province]:
    """A province whose plans are signed for the first time; once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        with province(tmp_path) as built:
            yield built
        return
    with fresh_database() as url, province(tmp_path, url) as built:
        yield built


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Province]:
    """The same, on SQLite only: for what does not depend on the engine."""
    with province(tmp_path) as built:
        yield built
