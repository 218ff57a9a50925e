"""Each fault of the table is shown by a test that exists, or operations.md says why none can."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
REASON = "(operations.md#what-a-test-on-one-machine-cannot-show)"


def rows() -> list[tuple[str, str, str]]:
    """Fault, what happens, shown by; of every table of the page."""
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return [row for row in cells if row[0] != "fault"]  # type: ignore[misc]


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_each_fault_names_tests_that_exist_or_says_why_there_are_none(
    row: tuple[str, str, str],
) -> None:
    assert len(row) == 3
    named = TEST.findall(row[2])
    assert named or REASON in row[2]
    assert row[2].count("::") == len(named), "a test is spelled in a way nobody can find"
    for path, name in named:
        assert name in functions_of(path), f"{path} has no {name}"


def test_no_kind_of_fault_was_left_out() -> None:
    assert len(rows()) >= 38


def test_operations_say_what_no_test_here_can_show() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert "## What a test on one machine cannot show" in text
