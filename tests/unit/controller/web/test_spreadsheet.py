"""Cells of an exported table end where we ended them, in whatever a spreadsheet is set to."""

from __future__ import annotations

import csv
import io

import pytest

from controller.web import spreadsheet

CELLS = ("a;b", "a\tb", 'a "b"', "a, b", "hai\ndòng", "a", "")


@pytest.mark.parametrize("ends", [",", ";", "\t"])
def test_what_may_end_a_cell_stands_in_quotes(ends: str) -> None:
    (head, line) = spreadsheet.lines(("Tên",), [CELLS])
    assert head == "\ufeffTên\r\n"
    assert next(csv.reader(io.StringIO(line, newline=""))) == list(CELLS)
    outside = "".join(line.split('"')[::2])
    assert outside.count(ends) == (len(CELLS) - 1 if ends == "," else 0)
