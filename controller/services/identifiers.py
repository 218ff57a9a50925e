"""Ids of rows made here: UUIDv7 (RFC 9562, section 5.7), in the order of their making."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID


def new_id(at: datetime) -> str:
    """A fresh id; later ids sort after earlier ones, to the millisecond."""
    return str(uuid7(int(at.timestamp() * 1000), secrets.randbits(74)))


def uuid7(unix_ms: int, random_74: int) -> UUID:
    """The id of an instant and 74 random bits."""
    rand_a, rand_b = random_74 >> 62, random_74 & ((1 << 62) - 1)
    return UUID(int=(unix_ms & ((1 << 48) - 1)) << 80 | 7 << 76 | rand_a << 64 | 2 << 62 | rand_b)
