"""Which characters a TrueType font can draw, read from its `cmap` table (OpenType 1.9)."""

from __future__ import annotations

import struct
from pathlib import Path

_SEGMENTS, _GROUPS = 4, 12
"""The two formats of a Unicode table: segments of the first 65,536 characters, groups of all."""


def covered(font: Path) -> frozenset[int]:
    """The code points it has a glyph for. ValueError when it has no table we can read."""
    data = font.read_bytes()
    table = _table(data, b"cmap")
    (count,) = struct.unpack_from(">H", data, table + 2)
    offsets = [struct.unpack_from(">HHI", data, table + 4 + 8 * n)[2] for n in range(count)]
    found: set[int] = set()
    for start in (table + offset for offset in offsets):
        (form,) = struct.unpack_from(">H", data, start)
        if form == _SEGMENTS:
            found |= _segments(data, start)
        elif form == _GROUPS:
            found |= _groups(data, start)
    if not found:
        raise ValueError(f"{font.name} has no table of characters in format 4 or 12")
    return frozenset(found)


def _table(data: bytes, tag: bytes) -> int:
    (count,) = struct.unpack_from(">H", data, 4)
    for number in range(count):
        name, _sum, offset, _length = struct.unpack_from(">4sIII", data, 12 + 16 * number)
        if name == tag:
            return int(offset)
    raise ValueError(f"no table {tag!r}")


def _segments(data: bytes, start: int) -> set[int]:
    (twice,) = struct.unpack_from(">H", data, start + 6)
    count, at = twice // 2, start + 14
    lasts = struct.unpack_from(f">{count}H", data, at)
    firsts = struct.unpack_from(f">{count}H", data, at + twice + 2)
    deltas = struct.unpack_from(f">{count}H", data, at + 2 * twice + 2)
    ranges_at = at + 3 * twice + 2
    ranges = struct.unpack_from(f">{count}H", data, ranges_at)
    found = set()
    for number, (first, last, delta, step) in enumerate(
        zip(firsts, lasts, deltas, ranges, strict=True)
    ):
        for code in range(first, min(last, 0xFFFE) + 1):
            if step:
                here = ranges_at + 2 * number + step + 2 * (code - first)
                (glyph,) = struct.unpack_from(">H", data, here)
            else:
                glyph = (code + delta) & 0xFFFF
            if glyph:
                found.add(code)
    return found


def _groups(data: bytes, start: int) -> set[int]:
    (count,) = struct.unpack_from(">I", data, start + 12)
    found: set[int] = set()
    for number in range(count):
        first, last, glyph = struct.unpack_from(">III", data, start + 16 + 12 * number)
        found.update(range(first + (0 if glyph else 1), last + 1))
    return found
