"""Pages squeezed on their way: a board of 65 tiles in a tenth of its size."""

from __future__ import annotations

import secrets
import struct
import zlib
from dataclasses import dataclass

from flask import Flask, request
from werkzeug.wrappers import Response

from controller.web.assets import accepts_gzip

SQUEEZED_TYPES = frozenset({"text/html", "application/json"})
LEAST_BYTES = 1_000
LEVEL = 5
MOST_PADDING_BYTES = 100
_HEAD = b"\x1f\x8b\x08\x08" + bytes(5) + b"\xff"
"""Of a gzip file with a name, no time, from no system of note (RFC 1952, 2.3)."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The body of an answer that many readers get, squeezed once for all of them."""

    mimetype: str
    plain: bytes
    deflated: bytes

    def response(self) -> Response:
        """The answer for whoever asks now; each reader's has noise of its own."""
        if len(self.plain) < LEAST_BYTES or not accepts_gzip():
            response = Response(self.plain, mimetype=self.mimetype)
        else:
            response = Response(_named(self.deflated), mimetype=self.mimetype)
            response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
        return response


def shared(plain: bytes, mimetype: str) -> Shared:
    """A body to be sent many times."""
    return Shared(mimetype, plain, _deflated(plain))


def install(app: Flask) -> None:
    """Squeeze every page and every change for readers that can read it."""
    app.after_request(_squeeze)


def _squeeze(response: Response) -> Response:
    if response.mimetype not in SQUEEZED_TYPES or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    if "Content-Encoding" in response.headers or request.method == "HEAD" or not accepts_gzip():
        return response
    page = response.get_data()
    if len(page) >= LEAST_BYTES:
        response.set_data(squeezed(page))
        response.headers["Content-Encoding"] = "gzip"
    return response


def squeezed(page: bytes) -> bytes:
    """The page as gzip, with a name of random length in its header.

    The length of a squeezed page tells whether something typed is like something secret in it
    (BREACH, CVE-2013-3587). Noise of up to 100 bytes makes that too slow to learn from, as
    "Heal the Breach" (Palacios and others, 2022) works out.
    """
    return _named(_deflated(page))


def _named(deflated: bytes) -> bytes:
    name = b"v" * (1 + secrets.randbelow(MOST_PADDING_BYTES))
    return b"".join((_HEAD, name, b"\0", deflated))


def _deflated(page: bytes) -> bytes:
    """What follows the header of a gzip file: the page squeezed, its sum and its length."""
    press = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    tail = struct.pack("<II", zlib.crc32(page), len(page) & 0xFFFFFFFF)
    return b"".join((press.compress(page), press.flush(), tail))
