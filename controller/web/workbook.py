"""Tables as an XLSX file: texts stay texts, numbers are numbers, in flat memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

import xlsxwriter

from controller.domain.direction import unturned

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_576
"""What a sheet of the format holds, its header among them."""

IN_MEMORY_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: `notes` stand above its header, one a line."""

    name: str
    notes: Sequence[str]
    header: Sequence[str]
    rows: Iterable[Sequence[object]]


def workbook(sheets: Iterable[Sheet]) -> IO[bytes]:
    """The file, at its beginning. Cells that begin with = + - @ are texts like any other."""
    file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - whoever sends it closes it
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        bold = book.add_format({"bold": True})
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name[:31])
            page.set_column(0, max(len(sheet.header) - 1, 0), 16)
            at = 0
            for note in sheet.notes:
                page.write_string(at, 0, unturned(note), bold if at == 0 else None)
                at += 1
            for column, word in enumerate(sheet.header):
                page.write_string(at, column, word, head)
            page.freeze_panes(at + 1, 0)
            for row in sheet.rows:
                at += 1
                if at >= MOST_ROWS:
                    break
                for column, cell in enumerate(row):
                    _write(page, at, column, cell)
    file.seek(0)
    return file


def _write(page: xlsxwriter.worksheet.Worksheet, row: int, column: int, cell: object) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, int | float):
        page.write_number(row, column, cell)
    else:
        page.write_string(row, column, unturned(str(cell)))
