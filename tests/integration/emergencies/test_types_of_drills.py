"""What no signature lets through: the type checker is asked, as `make check` asks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[3]
WRONG = ROOT / "tests" / "types" / "drills.py"
MARK = re.compile(r"\s+# type: ignore\[.*\]$", re.MULTILINE)


@pytest.mark.soak
def test_the_type_checker_refuses_every_way_to_make_a_drill_live(tmp_path: Path) -> None:
    text = WRONG.read_text(encoding="utf-8")
    marked = {number for number, line in enumerate(text.splitlines(), 1) if MARK.search(line)}
    bare = tmp_path / "drills.py"
    bare.write_text(MARK.sub("", text), encoding="utf-8")
    config = ["--strict", "--config-file", str(ROOT / "pyproject.toml")]
    said, trouble, _ = api.run([*config, str(bare)])
    assert not trouble
    found = {int(one) for one in re.findall(r"drills\.py:(\d+): error", said)}
    assert found == marked, said
    assert len(marked) >= 9
