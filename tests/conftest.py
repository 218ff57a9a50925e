"""The whole suite: no time limit on drawn examples, and what waits longest begins first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from coverage import Coverage
from hypothesis import settings

# How long an example may take depends on what else the machine does; the benchmarks measure time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

LONGEST_FIRST = ("tests/chaos", "tests/simulation", "tests/e2e", "tests/integration/processes")


def _rank(item: pytest.Item) -> int:
    for rank, folder in enumerate(LONGEST_FIRST):
        if item.nodeid.startswith(folder):
            return rank
    is_real = item.get_closest_marker("real") is not None
    return len(LONGEST_FIRST) + (0 if is_real else 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order by rank; within a rank as collected, so that a file stays together."""
    items.sort(key=_rank)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure branches in the unit tests alone: rules are tested there, and it doubles the time."""
    measured = Coverage.current()
    if measured is None or item.nodeid.startswith("tests/unit/"):
        return (yield)
    measured.stop()
    try:
        return (yield)
    finally:
        measured.start()
