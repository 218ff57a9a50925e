"""A form of a session that is over: what was typed is carried over to the next one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request
from flask_wtf.csrf import validate_csrf
from wtforms.validators import ValidationError

from controller.web.policy import FORM_ROOM_BYTES

PREFIX = "giu-"
PATH_FIELD = "giu_duong"
FILE_FIELD = "giu_tep"
MULTIPART = "multipart/form-data"
FORMS = ("application/x-www-form-urlencoded", MULTIPART)
UNKEPT = frozenset({"csrf_token", "password", "current", "wanted", "again"})
"""Never written into a page: the token of another session, and passwords."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The fields of a form, and where they were going."""

    path: str
    fields: tuple[tuple[str, str], ...]
    is_without_file: bool = False
    """Whether a file came along, which has to be chosen again."""


def interrupted() -> Kept | None:
    """The form of this request, when a page of ours sent it; None for anything else.

    The form's token still holds after the session ended, and a browser names the site whose page
    sent it. Without either the fields could come from another site, and a sign-in would seem to
    approve them. Texts are kept, files are not: nobody signed in makes us read a large one.
    """
    is_large = request.mimetype == MULTIPART and (request.content_length or 0) > FORM_ROOM_BYTES
    if request.mimetype not in FORMS or is_large or not (_is_from_here() or _holds_token()):
        return None
    pairs = request.form.items(multi=True)
    kept = tuple((key, value) for key, value in pairs if key not in UNKEPT)
    return Kept(request.path, kept, any(file.filename for file in request.files.values()))


def _is_from_here() -> bool:
    return request.headers.get("Origin") == request.host_url.rstrip("/")


def _holds_token() -> bool:
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        return False
    return True


def carried() -> Kept | None:
    """What the sign-in form carries along."""
    path = request.form.get(PATH_FIELD, "")
    if not is_page(path):
        return None
    pairs = request.form.items(multi=True)
    kept = ((key.removeprefix(PREFIX), value) for key, value in pairs if key.startswith(PREFIX))
    return Kept(path, tuple(kept), FILE_FIELD in request.form)


def is_page(path: str) -> bool:
    """Whether it is a plain path of this site."""
    parts = urlsplit(path)
    odd = any(char in path for char in "\\\r\n\t") or path.startswith("//")
    return path.startswith("/") and not (parts.scheme or parts.netloc or odd)
