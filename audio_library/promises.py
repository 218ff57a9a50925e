"""Bytes that a WAV or Ogg file promises in its framing but does not hold."""

from __future__ import annotations

import struct
from typing import BinaryIO

_UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # written by programs that could not seek back to fill it in
_MAX_PAGE_BYTES = 27 + 255 + 255 * 255  # RFC 3533 section 6
_RIFF_CHUNKS_LOOKED_AT = 64


def missing_bytes(file: BinaryIO, size_bytes: int) -> int:
    """Return how many promised bytes are missing at the end; 0 for other kinds of file."""
    file.seek(0)
    magic = file.read(4)
    if magic == b"RIFF":
        return _missing_in_riff(file, size_bytes)
    if magic == b"OggS":
        return _missing_in_ogg(file, size_bytes)
    return 0


def _missing_in_riff(file: BinaryIO, size_bytes: int) -> int:
    offset = 12
    for _ in range(_RIFF_CHUNKS_LOOKED_AT):
        file.seek(offset)
        header = file.read(8)
        if len(header) < 8:
            return 0
        name, length = struct.unpack("<4sI", header)
        offset += 8
        if name == b"data":
            return 0 if length in _UNKNOWN_SIZES else max(0, offset + length - size_bytes)
        offset += length + length % 2
    return 0


def _missing_in_ogg(file: BinaryIO, size_bytes: int) -> int:
    """Look at the last page: a file cut anywhere but between pages ends inside one."""
    start = max(0, size_bytes - _MAX_PAGE_BYTES)
    file.seek(start)
    tail = file.read(_MAX_PAGE_BYTES)
    at = tail.rfind(b"OggS")
    if at < 0:
        return 0
    header = tail[at : at + 27]
    if len(header) < 27:
        return 27 - len(header)
    lacing = tail[at + 27 : at + 27 + header[26]]
    end = at + 27 + header[26] + sum(lacing)
    return max(0, end - len(tail))
