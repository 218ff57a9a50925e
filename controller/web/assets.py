"""Style, scripts and signs: squeezed once, named by their content, kept by browsers for a year."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request

from controller.web.headers import YEAR_S
from controller.web.policy import public

MARK_LETTERS = 12
_IMPORT = re.compile(rb'(?<=from )"\./([\w-]+\.js)"')
UNSQUEEZED_BYTES = 400
"""Below this a squeezed file saves nothing that a network would notice."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent. `mark` is the beginning of the SHA-256 of its content."""

    mimetype: str
    mark: str
    plain: bytes
    squeezed: bytes | None


def install(app: Flask, folder: Path) -> None:
    """Serve the folder under /static; addresses made by `url_for` carry the mark of the content."""
    assets = read_assets(folder)

    @public
    def static(filename: str) -> Response:
        asset = assets.get(filename)
        if asset is None:
            abort(404)
        return _answer(asset)

    @app.url_defaults
    def name_by_content(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and values.get("filename") in assets:
            values.setdefault("v", assets[values["filename"]].mark)

    app.add_url_rule("/static/<path:filename>", "static", static)
    signs = assets["icons.svg"]
    app.jinja_env.globals["signs_path"] = f"/static/icons.svg?v={signs.mark}"
    """Of the signs, which stand a hundred times on a page: not worked out each time."""


@cache
def read_assets(folder: Path) -> Mapping[str, Asset]:
    """Every file of the folder by its path in it; they change only with the program."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return {name: _asset(name, _linked(name, files)) for name in files}


def _linked(name: str, files: Mapping[str, bytes]) -> bytes:
    """A script whose imports carry the marks of what they name, so that they too are kept."""
    if not name.endswith(".js"):
        return files[name]
    folder = name.rpartition("/")[0]

    def marked(found: re.Match[bytes]) -> bytes:
        imported = found[1].decode()
        mark = _mark(_linked(f"{folder}/{imported}", files))
        return f'"./{imported}?v={mark}"'.encode()

    return _IMPORT.sub(marked, files[name])


def _mark(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:MARK_LETTERS]


def _asset(name: str, plain: bytes) -> Asset:
    squeezed = gzip.compress(plain, compresslevel=9, mtime=0)
    return Asset(
        mimetype=mimetypes.guess_type(name)[0] or "application/octet-stream",
        mark=_mark(plain),
        plain=plain,
        squeezed=squeezed if UNSQUEEZED_BYTES < len(squeezed) < len(plain) else None,
    )


def _answer(asset: Asset) -> Response:
    """An address with the mark of another content is answered, but not for ever."""
    is_squeezed = asset.squeezed is not None and accepts_gzip()
    response = Response(asset.squeezed if is_squeezed else asset.plain, mimetype=asset.mimetype)
    if is_squeezed:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(f"{asset.mark}-gz" if is_squeezed else asset.mark)
    if request.args.get("v") == asset.mark:
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


def accepts_gzip() -> bool:
    """Whether the reader said that it can read gzip."""
    return request.accept_encodings.quality("gzip") > 0
