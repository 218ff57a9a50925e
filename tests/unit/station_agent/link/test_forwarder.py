"""A batch of evidence never outgrows one message."""

from __future__ import annotations

from station_agent.link.forwarder import MOST_BYTES, MOST_ENTRIES, fitting
from station_protocol import codec
from station_protocol.messages import FaultEntry
from tests.support import wire


def test_a_batch_takes_what_fits_in_order() -> None:
    entries = [wire.entry(FaultEntry(code="x", detail="á" * 300), no=no) for no in range(1, 300)]
    taken = fitting(entries)
    assert [entry.entry_no for entry in taken] == list(range(1, len(taken) + 1))
    assert 50 < len(taken) <= MOST_ENTRIES
    assert len(codec.encode_up(wire.batch(*taken))) <= MOST_BYTES + 1_000


def test_short_entries_go_a_hundred_at_a_time() -> None:
    assert len(fitting([wire.entry(FaultEntry(code="x"), no=no) for no in range(1, 300)])) == 100


def test_no_entries_make_an_empty_batch() -> None:
    assert fitting([]) == ()
