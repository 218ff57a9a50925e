"""Long lists in pages."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of a list: its number, of how many, and where in the list it begins."""

    page: int
    pages: int
    offset: int
    length: int
    total: int


def leaf(total: int, wanted: int, length: int) -> Leaf:
    """The page somebody asked for, or the nearest there is; an empty list has one page."""
    pages = max(1, ceil(total / length))
    page = min(max(1, wanted), pages)
    return Leaf(page, pages, (page - 1) * length, length, total)
