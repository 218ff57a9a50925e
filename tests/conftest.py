"""Order of the whole suite: what waits longest begins first, so that nobody waits at the end."""

from __future__ import annotations

import pytest

LONGEST_FIRST = ("tests/chaos", "tests/e2e", "tests/integration/processes")


def _rank(item: pytest.Item) -> int:
    for rank, folder in enumerate(LONGEST_FIRST):
        if item.nodeid.startswith(folder):
            return rank
    is_real = item.get_closest_marker("real") is not None
    return len(LONGEST_FIRST) + (0 if is_real else 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order by rank; within a rank as collected, so that a file stays together."""
    items.sort(key=_rank)
