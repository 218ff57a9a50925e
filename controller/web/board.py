"""The board: every station of one's place, live."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.services.board import BoardView
from controller.services.tiles import Tile
from controller.web.policy import current_actor, requires, services
from controller.web.probes import is_link_up

bp = Blueprint("board", __name__)

FILTERS = ("all", "look", "on_air", "zone3", "coastal", "missed")


@bp.get("/bang")
@requires(Permission.VIEW)
def index() -> str:
    """The board of the reader's place, filtered by `loc`."""
    view = services().board.view(current_actor())
    asked = request.args.get("loc", "all")
    chosen = asked if asked in FILTERS else "all"
    return render_template(
        "board/index.html",
        view=view,
        is_link_up=is_link_up(),
        chosen=chosen,
        rows=[
            (row, [tile for tile in row.tiles if _shown(tile, chosen)]) for row in view.districts
        ],
        filter_counts=_counts(view),
    )


@bp.get("/bang/thay-doi")
@requires(Permission.VIEW)
def changes() -> Response:
    """What changed after the cursor `tu`: tiles by station, and the summary above them."""
    since = request.args.get("tu", default=0, type=int)
    actor = current_actor()
    view = services().board.view(actor)
    changed = [tile for tile in view.tiles if tile.change_no > since]
    return jsonify(
        cursor=view.cursor,
        tiles={tile.station_id: render_template("board/_tile.html", tile=tile) for tile in changed},
        districts={row.place.place_id: f"{row.online}/{len(row.tiles)}" for row in view.districts},
        summary=render_template("board/_summary.html", view=view, is_link_up=is_link_up()),
        legend=render_template("board/_legend.html", view=view),
        filters=_counts(view),
    )


def _counts(view: BoardView) -> dict[str, int]:
    return {name: sum(_shown(tile, name) for tile in view.tiles) for name in FILTERS}


def _shown(tile: Tile, chosen: str) -> bool:
    match chosen:
        case "look":
            return tile.needs_a_look
        case "on_air":
            return tile.state == "on_air"
        case "zone3":
            return tile.zone == "III"
        case "coastal":
            return tile.is_coastal
        case "missed":
            return tile.missed_24h > 0
    return True
