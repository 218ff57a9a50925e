"""A centre whose stations are somebody's, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.owned import Owned, owned_centre


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[Owned]:
    """65 stations, an hours' book, schedules, plans."""
    with owned_centre(tmp_path) as made:
        yield made
