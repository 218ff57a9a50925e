"""The board as a map: the stations of each commune in one mark, wherever it can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from controller.domain.board import WORST_FIRST, worst
from controller.domain.map_sheet import Pin
from controller.domain.places import Place, PlaceTree
from controller.services.province_map import ProvinceMap
from controller.services.tiles import Tile
from controller.web import formats
from controller.web.counting import counted
from controller.web.map_chart import Chart, chart_of, pin_of
from controller.web.words import STATES


@dataclass(frozen=True, slots=True)
class Mark:
    """Stations that share one outline or one point."""

    key: str
    place: Place
    tiles: tuple[Tile, ...]
    """Those the filter lets through."""
    out_of: int
    """How many there are."""

    @property
    def state(self) -> str | None:
        """The state that stands for all of them; None when the filter leaves none."""
        return worst(tile.look for tile in self.tiles)

    @property
    def words(self) -> str:
        """What it shows, in one line: "Xã Phước Bình: Mất kết nối từ 16:21"."""
        name = formats.capitalised(self.place.full_name)
        if not self.tiles:
            return name
        if len(self.tiles) == 1:
            return f"{name}: {state_words(self.tiles[0])}"
        by_state = ", ".join(
            f"{STATES[state][2]} {number}"
            for state in (*WORST_FIRST, "ready")
            if (number := sum(tile.look == state for tile in self.tiles))
        )
        stations = counted("%(n)s trạm", len(self.tiles))
        return f"{name}, {stations}: {by_state}"


@dataclass(frozen=True, slots=True)
class BoardMap:
    """The drawing, what each mark of it says, and which stations it cannot show."""

    drawing: Chart
    marks: Mapping[str, Mark]
    unplaced: tuple[Tile, ...]

    def mark_of(self, tile: Tile) -> str | None:
        """The key of the mark a station is drawn in; None: it is only in the list."""
        return next((key for key in keys_of(tile) if key in self.marks), None)


def keys_of(tile: Tile) -> tuple[str, str]:
    """What its mark may be called: by its commune's outline, or as a point of its own."""
    return tile.place_id, f"{tile.station_id}.diem"


def state_words(tile: Tile) -> str:
    """A station's state and since when: "Mất kết nối từ 16:21"."""
    word = str(STATES[tile.look][2])
    if tile.since_at is None:
        return word
    return _("%(state)s từ %(at)s", state=word, at=formats.clock(tile.since_at))


def board_map(
    tree: PlaceTree,
    province: ProvinceMap,
    stations: Sequence[tuple[Tile, bool]],
) -> BoardMap:
    """The map of (station, whether the filter lets it through); nothing of any other station."""
    pins, tiles, shown = dict[str, Pin](), dict[str, list[Tile]](), set[str]()
    unplaced = []
    for tile, is_shown in stations:
        station, place = tree.stations[tile.station_id], tree.places[tile.place_id]
        found = pin_of(
            tree, province, place, point_key=keys_of(tile)[1], coordinates=station.coordinates
        )
        if found is None:
            unplaced.append(tile)
            continue
        pins[found.key] = found
        tiles.setdefault(found.key, []).append(tile)
        if is_shown:
            shown.add(tile.station_id)
    return BoardMap(
        drawing=chart_of(tree, province, list(pins.values())),
        marks={
            key: Mark(
                key,
                tree.places[found[0].place_id],
                tuple(tile for tile in found if tile.station_id in shown),
                len(found),
            )
            for key, found in tiles.items()
        },
        unplaced=tuple(unplaced),
    )
