"""A chain of hashes over the audit trail: no row is changed or taken out unnoticed.

Each link is the SHA-256 of the link before it and of what its row says. Whoever has noted a link
once (an export carries them) can tell later whether everything up to it is as it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

FIRST = "0" * 64
"""What stands before the first link."""


@dataclass(frozen=True, slots=True)
class Link:
    """One row in its place in the chain; `said` None: the row is gone."""

    number: int
    audit_id: int
    said: str | None
    link: str


@dataclass(frozen=True, slots=True)
class Found:
    """What looking through a chain, or a part of it, found."""

    length: int
    """How many links are as they were made, from the first on."""
    head: str
    """The last of them."""
    broken_at: int | None = None
    """The audit id at which it is broken; None: it is whole."""


def text_of(fields: Mapping[str, Any]) -> str:
    """What a row says, the same from any database: JSON with sorted keys, instants in UTC."""
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"),
                      default=_plain)  # fmt: skip


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"no audit row says {value!r}")


def linked(before: str, said: str) -> str:
    """The link of a row behind `before`, 64 hex digits."""
    return hashlib.sha256(f"{before}\n{said}".encode("utf-8", "surrogatepass")).hexdigest()


def examined(links: Iterable[Link], start: Found | None = None) -> Found:
    """Follow the links behind `start` (None: from the beginning) as far as they hold."""
    found = start or Found(0, FIRST)
    for one in links:
        is_next = one.number == found.length + 1 and one.said is not None
        if not is_next or linked(found.head, one.said or "") != one.link:
            return Found(found.length, found.head, broken_at=one.audit_id)
        found = Found(one.number, one.link)
    return found
