"""A page of a small file that is overwritten in place: one that a power cut tore is not there.

Overwriting a preallocated page and syncing it costs one write; a new row for each would cost the
card its life.
"""

from __future__ import annotations

import struct
import zlib

_HEAD = struct.Struct("<4sIQH")


def pack(magic: bytes, number: int, body: bytes, size: int) -> bytes:
    """Magic, checksum, counter, length, body, zeros up to `size`. ValueError if it does not fit."""
    page = _HEAD.pack(magic, _checksum(number, body), number, len(body)) + body
    if len(page) > size:
        raise ValueError(f"{len(page)} bytes for a page of {size}")
    return page.ljust(size, b"\0")


def unpack(magic: bytes, page: bytes) -> tuple[int, bytes] | None:
    """Counter and body of a page; None if it was never written or torn."""
    if len(page) < _HEAD.size:
        return None
    found, checksum, number, length = _HEAD.unpack_from(page)
    body = page[_HEAD.size : _HEAD.size + length]
    if found != magic or checksum != _checksum(number, body):
        return None
    return number, body


def _checksum(number: int, body: bytes) -> int:
    return zlib.crc32(struct.pack("<QH", number, len(body)) + body)
