"""Sound for stations: the bytes a station's own plans name, whole or from an offset."""

from __future__ import annotations

from flask import Blueprint, Response, abort, send_file

from audio_library.errors import AssetMissingError
from controller.web.policy import current_station, for_stations, services

bp = Blueprint("sound", __name__)

KEPT_FOR_S = 31_536_000
"""A name is the hash of the bytes: they never change."""


@bp.get("/sound/<sha256>")
@for_stations
def fetch(sha256: str) -> Response:
    """One sound; Range goes on from an offset. 404 for whatever the plans do not name."""
    if not services().stations.may_fetch(current_station(), sha256):
        abort(404)
    try:
        path = services().sounds.path(sha256)
    except AssetMissingError:
        abort(404)
    response = send_file(
        path.absolute(), mimetype="audio/ogg", etag=sha256, max_age=KEPT_FOR_S, conditional=True
    )
    response.cache_control.private = True
    response.cache_control.public = False
    response.cache_control.immutable = True
    return response
