"""A map as the templates draw it: what is laid out, the borders around it, the town in an inset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.domain.map_sheet import Panel, Pin, Sheet, laid_out, pin
from controller.domain.places import Place, PlaceTree
from controller.services.province_map import ProvinceMap

Coordinates = tuple[float, float] | None
"""(latitude, longitude)."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of some pins; what stands in each is up to the page."""

    sheet: Sheet | None
    """None: there is nothing to be drawn."""
    borders: tuple[str, ...]
    """Paths of the borders of districts."""
    inset_place: Place | None
    inset_border: str
    """Path of the border of the district that is drawn apart."""

    @property
    def panels(self) -> Sequence[tuple[str, Panel]]:
        """(name, drawing) of each: main, inset."""
        if self.sheet is None:
            return ()
        return list(zip(("main", "inset"), self.sheet.panels, strict=False))


@dataclass(frozen=True, slots=True)
class PlaceMap:
    """Communes to be chosen on a map, and those that cannot be drawn."""

    drawing: Chart
    places: dict[str, Place]
    """By the key of their pin."""
    unplaced: tuple[Place, ...]


def chart_of(tree: PlaceTree, province: ProvinceMap, pins: Sequence[Pin]) -> Chart:
    """The drawing around these pins."""
    sheet = laid_out(pins, province.communes)
    inset_id = sheet.inset_group if sheet else ""
    return Chart(
        sheet,
        tuple(province.districts.values()),
        tree.places.get(inset_id),
        province.districts.get(inset_id, ""),
    )


def pin_of(
    tree: PlaceTree,
    province: ProvinceMap,
    place: Place,
    *,
    point_key: str = "",
    coordinates: Coordinates = None,
) -> Pin | None:
    """Where a place stands: in its outline, else at these coordinates, else at its own.

    A point has a key of its own where one is given. None: it cannot be drawn.
    """
    area = province.communes.get(place.place_id)
    district = tree.district_of(place.place_id)
    return pin(
        place.place_id if area else point_key or place.place_id,
        district.place_id if district else "",
        area,
        (coordinates, _coordinates_of(place)),
        province.projection,
        province.box,
    )


def place_map(tree: PlaceTree, province: ProvinceMap, places: Sequence[Place]) -> PlaceMap:
    """The map of these communes and of nothing else by name."""
    found = [(place, pin_of(tree, province, place)) for place in places]
    pins = {one.key: (place, one) for place, one in found if one is not None}
    return PlaceMap(
        chart_of(tree, province, [one for _, one in pins.values()]),
        {key: place for key, (place, _) in pins.items()},
        tuple(place for place, one in found if one is None),
    )


def _coordinates_of(place: Place) -> Coordinates:
    if place.latitude is None or place.longitude is None:
        return None
    return place.latitude, place.longitude
