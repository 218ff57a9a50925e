"""A small centre over a real broker, for one station."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brokers import Nats, broker_user
from tests.support.small_centre import SmallCentre
from tests.support.wire import STATION


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[SmallCentre]:
    """Knows and hears the station STATION."""
    broker = Nats(tmp_path / "broker", (broker_user(STATION, "ninh-thuan"),), None)
    broker.start()
    try:
        with SmallCentre(broker) as centre:
            yield centre
    finally:
        broker.stop()
