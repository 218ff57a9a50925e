"""What a printed document is made of, as `controller/data/paper/document.typ` takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Block = Mapping[str, Any]


def heading(text: str, level: int = 1) -> Block:
    """A heading; the next block stays on its page."""
    return {"kind": "heading", "level": level, "text": text}


def text(words: str) -> Block:
    """A paragraph."""
    return {"kind": "text", "text": words}


def note(words: str) -> Block:
    """A small remark."""
    return {"kind": "note", "text": words}


def headline(number: str, words: str, lines: Sequence[str]) -> Block:
    """The one number the document is about, in a frame."""
    return {"kind": "headline", "number": number, "words": words, "lines": list(lines)}


def picture(svg: str, alt: str) -> Block:
    """A drawing as wide as the text, and what it shows in words."""
    return {"kind": "picture", "svg": svg, "alt": alt}


def column(name: str, *, mm: float = 0, fr: float = 0, is_number: bool = False) -> Block:
    """A column so many millimetres wide, or so many parts of what is left, or as needed."""
    width = {"unit": "mm", "size": mm} if mm else {"unit": "fr", "size": fr} if fr else None
    return {"name": name, "width": width, "is_number": is_number}


def row(*cells: str) -> Block:
    """An ordinary row."""
    return {"kind": "", "cells": list(cells)}


def sum_row(*cells: str) -> Block:
    """A row of sums."""
    return {"kind": "sum", "cells": list(cells)}


def group_row(words: str) -> Block:
    """A heading across the table."""
    return {"kind": "group", "cells": [words]}


def empty_row(words: str) -> Block:
    """A remark across the table, where nothing can be listed."""
    return {"kind": "empty", "cells": [words]}


def table(columns: Sequence[Block], rows: Iterable[Block], title: str = "") -> Block:
    """A table whose head is repeated on each page."""
    return {"kind": "table", "title": title, "columns": list(columns), "rows": list(rows)}
