"""How far the chain of the audit trail went, noted in a file beside the database.

Whoever takes the last rows out together with their links leaves a whole, shorter chain; whoever
works the chain out anew leaves a whole, other one. Only what was noted elsewhere tells.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Head:
    """A link and its number in the chain, from 1 on; written `512:9f3c…`, 64 hex digits."""

    number: int
    link: str

    def __str__(self) -> str:
        return f"{self.number}:{self.link}"


def head_of(text: str) -> Head | None:
    """What such a line says; None for another."""
    found = _LINE.fullmatch(text.strip())
    return Head(int(found[1]), found[2]) if found else None


class AuditNote:
    """The file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Head | None:
        """What was noted last; None: nothing yet, or the file is gone or spoilt."""
        try:
            return head_of(self._path.read_text(encoding="ascii"))
        except (OSError, UnicodeDecodeError):
            return None

    def write(self, head: Head) -> None:
        """Note it, in one piece: a power cut leaves the one or the other."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="ascii") as file:
            file.write(f"{head}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
