"""Pages without characters that turn the direction of writing, whoever wrote them into a row."""

from __future__ import annotations

import re

from flask import Flask
from werkzeug.wrappers import Response

from controller.domain.direction import TURNING
from controller.web.policy import is_for_programs

_IN_PAGES = re.compile(b"|".join(char.encode() for char in TURNING))
_IN_DATA = re.compile(
    rb"(?<!\\)((?:\\\\)*)(?:\\u(?:%s)|%s)"
    % ("|".join(f"{ord(char):04x}" for char in TURNING).encode(), _IN_PAGES.pattern)
)
"""In JSON as an escape, unless the backslash itself was escaped."""


def install(app: Flask) -> None:
    """Take them out of every page and change. Register behind what squeezes."""
    app.after_request(_straighten)


def _straighten(response: Response) -> Response:
    if response.is_streamed or is_for_programs() or "Content-Encoding" in response.headers:
        return response  # programs are given what is stored; what is squeezed was straightened
    if response.mimetype == "text/html":
        response.set_data(_IN_PAGES.sub(b"", response.get_data()))
    elif response.mimetype == "application/json":
        response.set_data(straight_data(response.get_data()))
    return response


def straight_data(data: bytes) -> bytes:
    """JSON without them, for what is squeezed before it is answered."""
    return _IN_DATA.sub(rb"\1", data)
