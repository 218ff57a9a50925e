"""Cells of an exported table end where we ended them, in whatever a spreadsheet is set to."""

from __future__ import annotations

import csv
import io

import pytest

from controller.web import spreadsheet
from controller.web.report_rows import decimal_comma

CELLS = ("a;b", "a\tb", 'a "b"', "a, b", "hai\ndòng", "a", "")


@pytest.mark.parametrize("ends", [",", ";", "\t"])
def test_what_may_end_a_cell_stands_in_quotes(ends: str) -> None:
    (head, line) = spreadsheet.lines(("Tên",), [CELLS])
    assert head == "\ufeffTên\r\n"
    assert next(csv.reader(io.StringIO(line, newline=""))) == list(CELLS)
    outside = "".join(line.split('"')[::2])
    assert outside.count(ends) == (len(CELLS) - 1 if ends == "," else 0)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (98.765, "98,7650"),
        (98.72, "98,72"),
        (1200.5, "1200,5"),
        (100.0, "100"),
        (-0.125, "-0,1250"),
    ],
)
def test_a_decimal_comma_is_nowhere_taken_for_thousands(number: float, text: str) -> None:
    assert decimal_comma(number) == text


def test_other_cells_stay_as_they_are() -> None:
    assert [decimal_comma(one) for one in (5, "1.5", None)] == [5, "1.5", None]
