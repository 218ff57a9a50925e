"""What rules look at around a passage."""

from __future__ import annotations

import re

LETTER = "A-Za-zÀ-ỹĐđ"
END = rf"(?![0-9{LETTER}])"
_REACH = 80


def before(match: re.Match[str]) -> str:
    """The letters just before what was found."""
    return match.string[max(0, match.start() - _REACH) : match.start()]
