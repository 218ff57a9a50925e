"""The outlines of the data folder, drawn once and kept: every map of the pages is made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from controller.domain import gazetteer
from controller.domain.map_drawing import (
    Area,
    Box,
    Projection,
    Ring,
    areas_of,
    frame_of,
    line_of,
    projection_of,
)
from controller.services.places import DATA, commune_rows

CREDIT = "vietnam63 (M. Choisy, MIT)"
"""Whose outlines they are; to be named with every map."""


@dataclass(frozen=True, slots=True)
class ProvinceMap:
    """The outlines of 2021, by the ids their places were made with."""

    projection: Projection
    communes: Mapping[str, Area]
    """Empty where the file was left out: then every place is a point."""
    districts: Mapping[str, str]
    """The `d` of the border of each."""
    box: Box
    """What all of it covers."""


@cache
def province_map(file: Path = DATA / "boundaries.geojson") -> ProvinceMap:
    """The map of the province; of a data folder without outlines, an empty one."""
    features = _features(file)
    rings = [(one["properties"], _rings(one["geometry"])) for one in features]
    points = [point for _, several in rings for ring in several for point in ring]
    rows = commune_rows()
    projection = projection_of(points or [(row.longitude, row.latitude) for row in rows])
    ids = {row.code: gazetteer.commune_id(row) for row in rows}
    communes = {
        ids[named["code"]]: several for named, several in rings if named["level"] == "commune"
    }
    districts = {
        gazetteer.district_id(named["name"]): line_of(several, projection)
        for named, several in rings
        if named["level"] == "district"
    }
    spots = [projection.at(row.longitude, row.latitude) for row in rows]
    areas = areas_of(communes, projection)
    box = frame_of([*(one.box for one in areas.values()), *(Box(*at, *at) for at in spots)], 0)
    return ProvinceMap(projection, areas, districts, box or Box(0, 0, 0, 0))


def _features(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["features"]
    return found


def _rings(geometry: Mapping[str, Any]) -> list[Ring]:
    parts = geometry["coordinates"]
    polygons = parts if geometry["type"] == "MultiPolygon" else [parts]
    return [[(x, y) for x, y in ring] for polygon in polygons for ring in polygon]
