"""What is not urgent, over a connection that breaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from controller.link import transfer
from controller.link.transfer import UNDER_WAY_AT_MOST, BulkSender, Library, Parcel
from controller.metrics.internals import Internals
from controller.services.plans import Plans
from station_protocol.messages import Want
from station_protocol.topics import Down


class Sounds:
    """A library whose every sound has many pieces."""

    def pieces(self, want: Want) -> Iterator[Parcel]:
        return (Parcel(want.station_id, Down.CHUNK, b"%d" % number) for number in range(100))


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_a_broken_connection_swallowed_takes_no_room_on_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer, "PATIENCE_S", 3600.0)
    sent: list[bytes] = []

    def publish(_topic: str, payload: bytes, _delivery: object, _done: object) -> bool:
        sent.append(payload)
        return True

    sender = BulkSender(
        cast(Library, Sounds()),
        cast(Plans, None),
        cast(Any, publish),
        Internals(CollectorRegistry(), "0"),
    )
    sender.start()
    sender.push(Want(station_id="st-a", sha256="0" * 64, from_index=0, count=32))
    until(lambda: len(sent) == UNDER_WAY_AT_MOST)
    for connections in (2, 3):
        sender.reconnected()
        until(lambda count=connections: len(sent) >= count * UNDER_WAY_AT_MOST)
    sender.stop()
