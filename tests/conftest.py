"""Order and grouping of the whole suite: fast tests first, real programs one after another."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put `real` tests last and, under xdist, on one worker: they measure what sounds and when."""
    items.sort(key=lambda item: item.get_closest_marker("real") is not None)
    for item in items:
        if item.get_closest_marker("real") and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("real"))
