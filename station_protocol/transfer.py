"""Sound in numbered pieces over MQTT, for a station that can reach only the broker's port.

The station pulls: it asks for a few pieces, counts them in, asks again. So orders are never queued
behind a sound, and a broken link resumes at the last good piece.
"""

from __future__ import annotations

from dataclasses import dataclass

from station_protocol.codec import CHUNK_BYTES, Chunk
from station_protocol.errors import ChunkBadError
from station_protocol.messages import ChunkHeader

WINDOW = 4
"""Pieces asked for at a time: 256 kB in flight at most."""


def chunk_count(total_bytes: int) -> int:
    """How many pieces a sound of this size has."""
    return -(-total_bytes // CHUNK_BYTES)


def chunk_header(sha256: str, index: int, total_bytes: int) -> ChunkHeader:
    """The header of piece `index`; ChunkBadError beyond the end."""
    if not 0 <= index < chunk_count(total_bytes):
        raise ChunkBadError(f"piece {index} of {chunk_count(total_bytes)}")
    return ChunkHeader(sha256=sha256, index=index, total_bytes=total_bytes)


@dataclass(frozen=True, slots=True)
class Transfer:
    """How far one sound has come: `received_bytes` is always a whole number of pieces, or all."""

    sha256: str
    total_bytes: int
    received_bytes: int = 0

    @property
    def next_index(self) -> int:
        """The piece to ask for next."""
        return chunk_count(self.received_bytes)

    @property
    def is_complete(self) -> bool:
        """Whether every byte has arrived (the hash is checked by whoever keeps the file)."""
        return self.received_bytes >= self.total_bytes

    def accept(self, chunk: Chunk) -> Transfer | None:
        """The transfer after this piece; None if already had; ChunkBadError if foreign."""
        header = chunk.header
        if header.sha256 != self.sha256 or header.total_bytes != self.total_bytes:
            raise ChunkBadError("piece of another sound")
        if header.index < self.next_index:
            return None
        if header.index > self.next_index:
            raise ChunkBadError(f"piece {header.index} while waiting for {self.next_index}")
        expected = min(CHUNK_BYTES, self.total_bytes - header.index * CHUNK_BYTES)
        if len(chunk.data) != expected:
            raise ChunkBadError(f"piece of {len(chunk.data)} bytes instead of {expected}")
        return Transfer(self.sha256, self.total_bytes, self.received_bytes + expected)


def resumed(sha256: str, total_bytes: int, have_bytes: int) -> Transfer:
    """A transfer that goes on from a partial file; an incomplete last piece is asked for again."""
    whole = min(have_bytes, total_bytes) // CHUNK_BYTES * CHUNK_BYTES
    if have_bytes >= total_bytes:
        whole = total_bytes
    return Transfer(sha256, total_bytes, whole)
