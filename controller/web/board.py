"""The board: every station of one's place, live; as tiles, or as a map."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Blueprint, current_app, jsonify, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.services.board import BoardView, ChartView, Choice, Filter, Look, Summary
from controller.services.province_map import CREDIT, province_map
from controller.services.tiles import Tile
from controller.web import board_map, formats
from controller.web.board_map import BoardMap
from controller.web.context import web_now
from controller.web.direction import straight_data
from controller.web.headline import effective
from controller.web.policy import current_actor, requires, services
from controller.web.probes import is_link_up
from controller.web.squeezing import Shared, shared
from controller.web.words import STATES

bp = Blueprint("board", __name__)

MINUTE = timedelta(minutes=1)
SILENT = frozenset({"unknown", "down"})
"""Tiles that tell for how long."""


class _Drawings:
    """HTML as it was drawn: of fifty people who look, one waits for each piece of it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[Hashable, Markup] = {}

    def of(self, key: Hashable, draw: Callable[[], str]) -> Markup:
        """What was drawn for this key, or what `draw` makes now."""
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= self._most:
                self._known.clear()
            known = Markup(draw())  # noqa: S704 - a template's own words, escaped there
            self._known[key] = known
        return known


class _Answers:
    """Changes as they are sent: whoever asks first makes them, all who ask the same get them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._turn = threading.Lock()
        self._known: dict[Hashable, Shared] = {}

    def of(self, key: Hashable, make: Callable[[], dict[str, Any]]) -> Response:
        """The answer of this key, or what `make` tells now."""
        known = self._known.get(key)
        if known is None:
            with self._turn:
                known = self._known.get(key) or self._put(key, make())
        return known.response()

    def _put(self, key: Hashable, told: dict[str, Any]) -> Shared:
        data = straight_data(current_app.json.dumps(told).encode())
        if len(self._known) >= self._most:
            self._known.clear()
        return self._known.setdefault(key, shared(data, "application/json"))


_tiles = _Drawings(5_000)
_summaries = _Drawings(200)
_legends = _Drawings(200)
_answers = _Answers(64)


@bp.get("/bang")
@requires(Permission.VIEW)
def index() -> str:
    """The board of the reader's place as tiles, filtered by `loc` and `huyen`, in pages."""
    page = request.args.get("trang", default=1, type=int)
    view = services().board.view(current_actor(), _choice(), page=page)
    return render_template(
        "board/index.html",
        **_facts(view),
        changes_path=_changes_path(view),
        drawn=drawn,
        page_path=lambda number: url_for("board.index", **_args(view.choice), trang=number),
    )


@bp.get("/bang/ban-do")
@requires(Permission.VIEW)
def chart() -> str:
    """The board of the reader's place as a map, filtered as the tiles are."""
    view = services().board.chart(current_actor(), _choice())
    return render_template(
        "board/map.html",
        **_facts(view),
        chart=_map(view),
        credit=CREDIT,
        changes_path=url_for("board.chart_changes", **_args(view.choice)),
    )


@bp.get("/bang/thay-doi")
@requires(Permission.VIEW)
def changes() -> Response:
    """What changed after the cursor `tu`: tiles by station, and the summary above them.

    Nothing at all (204) while the version `ban` is the one in force. `tram` names the tiles of a
    page that does not show all stations.
    """
    actor, board = current_actor(), services().board
    summary = board.latest(actor)
    if request.args.get("ban") == _version(summary):
        return Response(status=204)
    choice, since = summary.valid(_choice()), min(_since(), summary.cursor)
    shown = request.args.get("tram")

    def tell() -> dict[str, Any]:
        named = shown.split(",") if shown is not None else None
        change = board.changes(actor, summary, choice, since, named)
        tiles = {tile.station_id: drawn(tile) for tile in change.tiles}
        return {**_news(change, "board.index"), "tiles": tiles}

    return _answers.of((_seen_alike(summary), choice, since, shown), tell)


def _seen_alike(summary: Summary) -> Hashable:
    """Whatever the words of a change depend on besides what was asked: its readers share them."""
    minute = web_now().replace(second=0, microsecond=0)
    return _version(summary), formats.language(), current_actor().role, minute


@bp.get("/bang/ban-do/thay-doi")
@requires(Permission.VIEW)
def chart_changes() -> Response:
    """The same for the map: marks by key, lines of the list by station.

    Every line is sent when what comes next is not what the page has seen (`dau`).
    """
    seen = request.args.get("dau", "")
    view = services().board.chart_changes(current_actor(), _choice(), _known_version(), seen)
    if view is None:
        return Response(status=204)
    chart, since = _map(view), _since()
    changed = [tile for tile in view.tiles if tile.change_no > since]
    keys = {chart.mark_of(tile) for tile in changed}
    return jsonify(
        **_news(view, "board.chart"),
        seen=view.seen,
        marks={
            pin.key: render_template(
                "board/_mark.html", mark=chart.marks[pin.key], pin=pin, panel=panel, name=name
            )
            for name, panel in chart.drawing.panels
            for pin in panel.pins
            if pin.key in keys
        },
        lines={
            tile.station_id: render_template("board/_line.html", tile=tile, chart=chart, view=view)
            for tile in (changed if seen == view.seen else view.tiles)
        },
    )


def drawn(tile: Tile) -> Markup:
    """The tile as HTML, kept as long as it would look the same: it tells time in whole minutes."""
    minutes = _minutes_since(tile)

    def draw() -> str:
        template = current_app.jinja_env.get_template("board/_tile.html")
        return template.render(tile=tile, silent_ms=minutes * 60_000)  # of no reader, no page

    return _tiles.of((tile, formats.language(), minutes), draw)


def _minutes_since(tile: Tile) -> int:
    """How long it has been silent; 0 for tiles that do not tell it."""
    if tile.since_at is None or tile.state not in SILENT:
        return 0
    return max(0, (web_now() - tile.since_at) // MINUTE)


# --- what is asked for ----------------------------------------------------------------------------


def _choice() -> Choice:
    """What the address asks for; the board leaves out a district that is none there."""
    loc = request.args.get("loc", "")
    is_known = loc in set(Filter) or loc in STATES
    return Choice(loc if is_known else Filter.ALL.value, request.args.get("huyen", ""))


def _args(choice: Choice, **other: str) -> dict[str, Any]:
    """What an address asks for a choice, with something else chosen: loc, huyen."""
    asked = {"loc": choice.loc, "huyen": choice.district_id, **other}
    return {
        key: value for key, value in asked.items() if value and (key, value) != ("loc", Filter.ALL)
    }


def _since() -> int:
    return request.args.get("tu", default=0, type=int)


def _known_version() -> str:
    """What the page was told last; "" when the link to the stations has come or gone since."""
    known, link = request.args.get("ban", ""), _link_word()
    return known.removesuffix(link) if known.endswith(link) else ""


def _changes_path(view: BoardView) -> str:
    """Where an open page asks; a page of many names its tiles."""
    shown = ",".join(tile.station_id for tile in view.tiles) if view.is_paged else None
    return url_for("board.changes", **_args(view.choice), tram=shown)


# --- what is told ---------------------------------------------------------------------------------


def _version(summary: Summary) -> str:
    return f"{summary.version}{_link_word()}"


def _link_word() -> str:
    return ".1" if is_link_up() else ".0"


def _facts(view: Look) -> dict[str, Any]:
    """What both views show around the stations."""
    return {
        "view": view,
        "summary": view.summary,
        "narrowed": view.narrowed,
        "choice": view.choice,
        "args": partial(_args, view.choice),
        "version": _version(view.summary),
        "above": _above(view.summary),
        **effective(),
    }


def _news(view: Look, here: str) -> dict[str, Any]:
    """What an open page of either view asks for each time."""
    return {
        "cursor": view.summary.cursor,
        "version": _version(view.summary),
        "districts": {
            key: f"{one.online}/{one.total}" for key, one in view.summary.districts.items()
        },
        "summary": _above(view.summary),
        "legend": _legend(view, here),
        "filters": view.narrowed.filter_counts,
    }


def _legend(view: Look, here: str) -> Markup:
    """How many stations are in each state; made once for all who chose the same."""

    def draw() -> str:
        template = current_app.jinja_env.get_template("board/_legend.html")
        return template.render(narrowed=view.narrowed, args=partial(_args, view.choice), here=here)

    counts = tuple(sorted(view.narrowed.counts.items()))
    return _legends.of((counts, view.choice, here, formats.language()), draw)


def _above(summary: Summary) -> Markup:
    """What is said of the whole place, as HTML; made once for all who look at it."""

    def draw() -> str:
        return render_template("board/_summary.html", summary=summary, is_link_up=is_link_up())

    return _summaries.of((_version(summary), formats.language(), current_actor().role), draw)


def _map(view: ChartView) -> BoardMap:
    return board_map.board_map(
        services().places.tree(),
        province_map(),
        [(tile, tile.station_id in view.shown) for tile in view.tiles],
    )
