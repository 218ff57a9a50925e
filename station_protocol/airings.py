"""Which slot id an airing of an order has: centre and stations work it out alike."""

from __future__ import annotations

import hashlib
from base64 import b32encode


def airing_id(order_id: str, number: int) -> str:
    """The slot id of the `number`-th airing of an order, the same at every station.

    The first 26 characters of the lower-case base32 spelling of SHA-256 over `order_id|number`.
    """
    digest = hashlib.sha256(f"{order_id}|{number}".encode()).digest()
    return b32encode(digest[:20]).decode().lower()[:26]
