"""A form sent after the session had ended: what was typed is carried over the sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request
from flask_wtf.csrf import validate_csrf
from wtforms.validators import ValidationError

PREFIX = "giu-"
PATH_FIELD = "giu_duong"


@dataclass(frozen=True, slots=True)
class Kept:
    """The fields of a form, and where they were going."""

    path: str
    fields: tuple[tuple[str, str], ...]


def interrupted() -> Kept | None:
    """The form of this request, when a page of ours sent it; None for anything else.

    The form's token still holds after the session ended. Without it the fields could come from
    another site, and a sign-in would seem to approve them.
    """
    if request.mimetype != "application/x-www-form-urlencoded":
        return None
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        return None
    pairs = request.form.items(multi=True)
    return Kept(request.path, tuple((key, value) for key, value in pairs if key != "csrf_token"))


def carried() -> Kept | None:
    """What the sign-in form carries along."""
    path = request.form.get(PATH_FIELD, "")
    if not is_page(path):
        return None
    pairs = request.form.items(multi=True)
    kept = ((key.removeprefix(PREFIX), value) for key, value in pairs if key.startswith(PREFIX))
    return Kept(path, tuple(kept))


def is_page(path: str) -> bool:
    """Whether it is a plain path of this site."""
    parts = urlsplit(path)
    odd = any(char in path for char in "\\\r\n\t") or path.startswith("//")
    return path.startswith("/") and not (parts.scheme or parts.netloc or odd)
