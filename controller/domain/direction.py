"""Characters that turn the direction of writing: no words of ours need them, and they can lie.

Behind U+202E the rest of a line reads backwards, the neighbour's words and times too. Every form
refuses them; what came in by another door loses them where it is shown or sent.
"""

from __future__ import annotations

import re

TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""The explicit marks, embeddings, overrides and isolates of Unicode Annex 9, section 2."""

_TURNING = re.compile(f"[{TURNING}]")


def unturned(text: str) -> str:
    """The same words without what turns their direction."""
    return _TURNING.sub("", text)
