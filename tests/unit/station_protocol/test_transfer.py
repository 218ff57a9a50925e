"""Sound in pieces arrives whole, in order, and goes on where it stopped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station_protocol.codec import CHUNK_BYTES, Chunk
from station_protocol.errors import ChunkBadError
from station_protocol.transfer import Transfer, chunk_count, chunk_header, resumed
from tests.support.wire import SHA


def _piece(total: int, index: int) -> Chunk:
    size = min(CHUNK_BYTES, total - index * CHUNK_BYTES)
    return Chunk(chunk_header(SHA, index, total), bytes(size))


@given(total=st.integers(1, 5 * CHUNK_BYTES), have=st.integers(0, 6 * CHUNK_BYTES))
def test_a_cut_transfer_asks_only_for_what_is_missing(total: int, have: int) -> None:
    transfer = resumed(SHA, total, have)
    assert transfer.received_bytes <= max(have, 0)
    while not transfer.is_complete:
        after = transfer.accept(_piece(total, transfer.next_index))
        assert after is not None
        transfer = after
    assert transfer.received_bytes == total


def test_a_piece_that_came_twice_changes_nothing() -> None:
    transfer = Transfer(SHA, 100_000, CHUNK_BYTES)
    assert transfer.accept(_piece(100_000, 0)) is None


def test_a_piece_out_of_turn_is_refused() -> None:
    with pytest.raises(ChunkBadError):
        Transfer(SHA, 200_000).accept(_piece(200_000, 1))


def test_a_piece_of_another_sound_is_refused() -> None:
    with pytest.raises(ChunkBadError):
        Transfer("cd" * 32, 100_000).accept(_piece(100_000, 0))
    with pytest.raises(ChunkBadError):
        Transfer(SHA, 100_001).accept(_piece(100_000, 0))


def test_a_short_piece_is_refused() -> None:
    with pytest.raises(ChunkBadError):
        Transfer(SHA, 100_000).accept(Chunk(chunk_header(SHA, 0, 100_000), b"short"))


def test_there_is_no_piece_beyond_the_end() -> None:
    assert chunk_count(CHUNK_BYTES) == 1
    assert chunk_count(CHUNK_BYTES + 1) == 2
    with pytest.raises(ChunkBadError):
        chunk_header(SHA, 1, CHUNK_BYTES)
