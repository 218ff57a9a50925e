from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api import Neighbours
from tests.support.web import centre


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Neighbours]:
    """Two districts, one of which has something of everything."""
    with centre(tmp_path) as here:
        yield Neighbours(here, tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    """The same for tests that change nothing in it."""
    folder = tmp_path_factory.mktemp("api")
    with centre(folder) as here:
        yield Neighbours(here, folder)
