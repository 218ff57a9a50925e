"""Comma-separated lines a spreadsheet opens as they are: UTF-8 with its mark, nothing executed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from controller.domain.direction import unturned

MIMETYPE = "text/csv"
_MARK = "\ufeff"
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\t\r＝＋－＠])")
"""Where a spreadsheet would begin to work out: at the head of a cell, and behind what it takes for
the end of one. Where the decimal sign is a comma, as here, that is a semicolon, and quotes inside a
line that does not begin with one are no quotes to it.
"""
_ENDS_A_CELL = re.compile(r'[,;\t\r\n"]')
"""What some spreadsheet takes for the end of a cell outside quotes; LibreOffice takes them all."""


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file, line by line."""
    yield _MARK + _line(header)
    for row in rows:
        yield _line(row)


def _line(cells: Sequence[object]) -> str:
    return ",".join(_quoted(_cell(cell)) for cell in cells) + "\r\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _ENDS_A_CELL.search(text) else text


def _cell(value: object) -> str:
    if isinstance(value, str):
        return _FORMULA.sub(r"\1'", unturned(value))
    return "" if value is None else str(value)
