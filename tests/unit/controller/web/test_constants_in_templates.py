"""What a template says of a constant is said once: in the language of whoever came first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

from controller.web import formats

TEMPLATES = Path(formats.__file__).parent / "templates"
SPEAKS = formats.FILTERS.keys() - {"unbroken", "together", "capitalised", "uncapitalised"}
"""Filters whose answer is in the reader's language."""


def _said_once(path: Path) -> Iterator[str]:
    parsed = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for one in parsed.find_all(nodes.Filter):
        if one.name in SPEAKS and isinstance(one.node, nodes.Const):
            yield f"{path.relative_to(TEMPLATES)}:{one.lineno} {one.node.value!r}|{one.name}"


def test_no_constant_is_told_in_one_language_for_all() -> None:
    paths = sorted(TEMPLATES.rglob("*.html"))
    assert len(paths) > 50
    assert [said for path in paths for said in _said_once(path)] == []
