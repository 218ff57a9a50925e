"""A province that lived through October 2026 (tests/integration/figures/golden_month.md)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.figures.test_golden_month import lived_through, open_centre
from tests.support.web import Centre


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    centre = open_centre(tmp_path_factory.mktemp("october"))
    lived_through(centre)
    yield centre
    centre.close()
