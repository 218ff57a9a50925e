"""Sound the centre makes itself for programmes: what it is made of gives it its name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

_WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")


_PREFIX = "piece-"


@dataclass(frozen=True, slots=True)
class Ours:
    """One of our own signature sounds, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of ours read aloud by a voice (`espeak:vi`); words as they are written."""

    text: str
    voice: str


@dataclass(frozen=True, slots=True)
class JoinedPart:
    """A stored sound without its first `skip_ms`, `gap_ms` behind the one before it.

    Negative: the two are cross-faded for so long.
    """

    sha256: str
    skip_ms: int = 0
    gap_ms: int = 0


@dataclass(frozen=True, slots=True)
class Joined:
    """Stored sounds put together into one."""

    parts: tuple[JoinedPart, ...]


Recipe = Ours | Said | Joined


def piece_id(recipe: Recipe) -> str:
    """The name of what comes of it: the same recipe is never made twice."""
    spelled = json.dumps(spell(recipe), ensure_ascii=False, sort_keys=True)
    return f"{_PREFIX}{hashlib.sha256(spelled.encode()).hexdigest()[:40]}"


def is_piece(name: str) -> bool:
    """Whether what stands where a bulletin's version may stand is a piece."""
    return name.startswith(_PREFIX)


def spell(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON."""
    match recipe:
        case Ours(name):
            return {"kind": "ours", "name": name}
        case Said(text, voice):
            return {"kind": "said", "text": text, "voice": voice}
        case Joined(parts):
            return {"kind": "joined", "parts": [[p.sha256, p.skip_ms, p.gap_ms] for p in parts]}


def read(spelled: Mapping[str, Any]) -> Recipe:
    """The recipe of JSON as `spell` writes it."""
    match spelled["kind"]:
        case "ours":
            return Ours(spelled["name"])
        case "said":
            return Said(spelled["text"], spelled["voice"])
        case "joined":
            return Joined(tuple(JoinedPart(*part) for part in spelled["parts"]))
    raise ValueError(f"no such recipe: {spelled['kind']}")


def greeting(name: str, voice: str) -> Said:
    """The first sentence of an opening; `name` as "Đài Truyền thanh xã Phước Bình"."""
    return Said(f"Đây là {name}.", voice)


def date_line(day: date, voice: str) -> Said:
    """The second sentence of an opening."""
    return Said(f"Hôm nay, {_WEEKDAYS[day.weekday()]}, ngày {day:%d/%m/%Y}.", voice)
