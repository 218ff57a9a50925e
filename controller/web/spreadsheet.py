"""Comma-separated lines a spreadsheet opens as they are: UTF-8 with its mark, nothing executed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

MIMETYPE = "text/csv"
_MARK = "\ufeff"
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would work out instead of showing it."""


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file, line by line."""
    yield _MARK + _line(header)
    for row in rows:
        yield _line(row)


def _line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULAS):
        return f"'{value}"
    return "" if value is None else value
