"""A centre on a real SQLite file for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.web import Centre, centre


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Centre]:
    """65 stations, no account, a clock that stands at NOW."""
    with centre(tmp_path) as built:
        yield built
