"""A torn write leaves the mark before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station_agent.core.records import Mark
from station_agent.store.marks import PAGE_BYTES, pack, unpack

AT = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
MARK = Mark(at=AT, latest_at=AT + timedelta(minutes=5), slot_id="a" * 26, played_ms=15_000)


def test_a_mark_comes_back_as_it_was_written() -> None:
    assert unpack(pack(MARK, 7)) == (7, MARK)


def test_two_halves_fill_one_page() -> None:
    assert len(pack(MARK, 7)) * 2 == PAGE_BYTES


@given(st.integers(min_value=0, max_value=200), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_of_a_mark_is_noticed(at: int, change: int) -> None:
    half = bytearray(pack(MARK, 7))
    half[at] ^= change
    assert unpack(bytes(half)) in (None, (7, MARK))
    if at < 150:
        assert unpack(bytes(half)) is None


@pytest.mark.parametrize("half", [b"", b"\0" * 2048, b"VMRK", b"\xff" * 2048])
def test_what_was_never_a_mark_is_none(half: bytes) -> None:
    assert unpack(half) is None


def test_a_mark_that_cannot_fit_is_refused_before_it_tears_another() -> None:
    with pytest.raises(ValueError, match="bytes"):
        pack(Mark(at=AT, machine_boot_id="x" * 4000), 1)
