"""The board: every station of one's place, live; as tiles, or as a map."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.services.board import BoardView
from controller.services.province_map import CREDIT, province_map
from controller.services.tiles import Tile
from controller.web import board_map
from controller.web.board_map import BoardMap
from controller.web.headline import effective
from controller.web.policy import current_actor, requires, services
from controller.web.probes import is_link_up
from controller.web.words import STATES

bp = Blueprint("board", __name__)

FILTERS = ("all", "look", "on_air", "zone3", "coastal", "missed")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader chose to see, as the address says it."""

    loc: str = "all"
    """One of FILTERS, or a state."""
    district_id: str = ""
    """"": every district of the own place."""

    def args(self, **other: str) -> dict[str, str]:
        """What an address asks for it, with something else chosen: loc, huyen."""
        asked = {"loc": self.loc, "huyen": self.district_id, **other}
        return {
            key: value for key, value in asked.items() if value and (key, value) != ("loc", "all")
        }


@bp.get("/bang")
@requires(Permission.VIEW)
def index() -> str:
    """The board of the reader's place as tiles, filtered by `loc` and `huyen`."""
    view = services().board.view(current_actor())
    choice = _choice(view)
    narrowed = _narrowed(view, choice)
    return render_template(
        "board/index.html",
        **_facts(view, choice),
        rows=[
            (row, [tile for tile in row.tiles if _shown(tile, choice.loc)])
            for row in narrowed.districts
        ],
    )


@bp.get("/bang/ban-do")
@requires(Permission.VIEW)
def chart() -> str:
    """The board of the reader's place as a map, filtered as the tiles are."""
    view = services().board.view(current_actor())
    choice = _choice(view)
    narrowed = _narrowed(view, choice)
    return render_template(
        "board/map.html",
        **_facts(view, choice),
        chart=_map(narrowed, choice),
        is_shown=lambda tile: _shown(tile, choice.loc),
        rows=narrowed.districts,
        seen=board_map.seen(view.next_slots),
        credit=CREDIT,
        chart_place=services()
        .places.tree()
        .places[choice.district_id or view.title_place.place_id],
    )


@bp.get("/bang/thay-doi")
@requires(Permission.VIEW)
def changes() -> Response:
    """What changed after the cursor `tu`: tiles by station, and the summary above them."""
    view = services().board.view(current_actor())
    changed = _changed(view)
    return jsonify(
        **_news(view, _choice(view), "board.index"),
        tiles={tile.station_id: render_template("board/_tile.html", tile=tile) for tile in changed},
    )


@bp.get("/bang/ban-do/thay-doi")
@requires(Permission.VIEW)
def chart_changes() -> Response:
    """The same for the map: marks by key, lines of the list by station.

    Every line is sent when what comes next is not what the page has seen (`dau`).
    """
    view = services().board.view(current_actor())
    choice = _choice(view)
    narrowed = _narrowed(view, choice)
    chart, seen = _map(narrowed, choice), board_map.seen(view.next_slots)
    changed = _changed(narrowed)
    keys = {chart.mark_of(tile) for tile in changed}
    told = changed if request.args.get("dau") == seen else list(narrowed.tiles)
    return jsonify(
        **_news(view, choice, "board.chart"),
        seen=seen,
        marks={
            pin.key: render_template(
                "board/_mark.html", mark=chart.marks[pin.key], pin=pin, panel=panel, name=name
            )
            for name, panel in chart.drawing.panels
            for pin in panel.pins
            if pin.key in keys
        },
        lines={
            tile.station_id: render_template(
                "board/_line.html",
                tile=tile,
                chart=chart,
                is_shown=_shown(tile, choice.loc),
                coming=view.next_slots.get(tile.station_id),
            )
            for tile in told
        },
    )


def _choice(view: BoardView) -> Choice:
    loc, district_id = request.args.get("loc", "all"), request.args.get("huyen", "")
    return Choice(
        loc if loc in FILTERS or loc in STATES else "all",
        district_id if any(row.place.place_id == district_id for row in view.districts) else "",
    )


def _narrowed(view: BoardView, choice: Choice) -> BoardView:
    """The board of the chosen district alone."""
    if not choice.district_id:
        return view
    rows = tuple(row for row in view.districts if row.place.place_id == choice.district_id)
    counts = Counter(tile.state for row in rows for tile in row.tiles)
    return replace(view, districts=rows, counts=counts)


def _facts(view: BoardView, choice: Choice) -> dict[str, Any]:
    """What both views show around the stations."""
    narrowed = _narrowed(view, choice)
    return {
        "view": view,
        "narrowed": narrowed,
        "choice": choice,
        "chosen": choice.loc,
        "is_link_up": is_link_up(),
        "filter_counts": _counts(narrowed),
        **effective(),
    }


def _changed(view: BoardView) -> list[Tile]:
    since = request.args.get("tu", default=0, type=int)
    return [tile for tile in view.tiles if tile.change_no > since]


def _news(view: BoardView, choice: Choice, here: str) -> dict[str, Any]:
    """What an open page of either view asks for each time."""
    narrowed = _narrowed(view, choice)
    return {
        "cursor": view.cursor,
        "districts": {
            row.place.place_id: f"{row.online}/{len(row.tiles)}" for row in view.districts
        },
        "summary": render_template("board/_summary.html", view=view, is_link_up=is_link_up()),
        "legend": render_template(
            "board/_legend.html", narrowed=narrowed, choice=choice, here=here
        ),
        "filters": _counts(narrowed),
    }


def _map(narrowed: BoardView, choice: Choice) -> BoardMap:
    return board_map.board_map(
        services().places.tree(),
        province_map(),
        [(tile, _shown(tile, choice.loc)) for tile in narrowed.tiles],
    )


def _counts(view: BoardView) -> dict[str, int]:
    return {name: sum(_shown(tile, name) for tile in view.tiles) for name in FILTERS}


def _shown(tile: Tile, chosen: str) -> bool:
    match chosen:
        case "all":
            return True
        case "look":
            return tile.needs_a_look
        case "zone3":
            return tile.zone == "III"
        case "coastal":
            return tile.is_coastal
        case "missed":
            return tile.missed_24h > 0
    return tile.state == chosen
