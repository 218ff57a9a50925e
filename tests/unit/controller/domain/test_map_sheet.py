"""What a map shows: its frame, an inset for a crowded town, points where there is no outline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from controller.domain.gazetteer import commune_id, district_id
from controller.domain.map_drawing import Area, Box
from controller.domain.map_sheet import LEAST, Pin, Sheet, laid_out, pin
from controller.services.places import commune_rows
from controller.services.province_map import ProvinceMap, province_map


def _pins(district: str = "") -> list[Pin]:
    province, made = province_map(), []
    for row in commune_rows():
        group = district_id(row.district_name)
        if district in ("", group):
            area = province.communes[commune_id(row)]
            made.append(Pin(commune_id(row), group, area.at, area))
    return made


def _sheet(district: str = "") -> Sheet:
    sheet = laid_out(_pins(district), province_map().communes)
    assert sheet is not None
    return sheet


def test_the_whole_province_is_shown_and_its_town_apart() -> None:
    sheet = _sheet()
    assert sheet.inset is not None
    assert sheet.inset_group == "phan-rang-thap-cham"
    assert (len(sheet.main.pins), len(sheet.inset.pins)) == (49, 16)
    assert len(sheet.main.ground) == 16
    assert sheet.inset.units_per_px < sheet.main.units_per_px / 1.5
    assert len(sheet.keys) == 65


def test_a_district_fills_its_map_among_neighbours_that_are_only_ground() -> None:
    sheet = _sheet("bac-ai")
    assert sheet.inset is None
    assert len(sheet.main.pins) == 9
    assert 0 < len(sheet.main.ground) < 56
    assert sheet.main.units_per_px < _sheet().main.units_per_px
    assert _sheet("phan-rang-thap-cham").inset is None


def test_one_commune_alone_is_seen_with_what_lies_around() -> None:
    (only,) = [one for one in _pins() if one.key == "phan-rang-thap-cham-my-huong"]
    sheet = laid_out([only], province_map().communes)
    assert sheet is not None
    assert sheet.main.box.width >= LEAST
    assert len(sheet.main.ground) > 4
    assert laid_out([], {}) is None


def test_names_stand_only_where_they_fit_and_signs_shrink_where_they_do_not() -> None:
    sheet = _sheet()
    named = {one.key for one in sheet.main.pins if sheet.main.fits(one, "Phước Bình")}
    assert "ninh-son-ma-noi" in named
    assert "ninh-hai-thanh-hai" not in named
    by_key = {one.key: one for panel in sheet.panels for one in panel.pins}
    assert sheet.inset is not None
    tiny, wide = by_key["phan-rang-thap-cham-my-huong"], by_key["phan-rang-thap-cham-do-vinh"]
    assert sheet.inset.sign(tiny) < sheet.inset.sign(wide)
    point = replace(wide, area=None)
    assert not sheet.inset.fits(point, "A")


def _pin(area: Area | None, *points: tuple[float, float] | None) -> Pin | None:
    province: ProvinceMap = province_map()
    return pin("k", "g", area, points, province.projection, province.box)


def test_without_an_outline_the_first_known_point_counts_if_it_is_near() -> None:
    here, there = (11.57, 108.99), (11.9, 108.8)
    found = _pin(None, None, here, there)
    assert found is not None
    assert found.area is None
    assert found.at == province_map().projection.at(here[1], here[0])
    assert found.box == Box(*found.at, *found.at)
    assert _pin(None, (21.03, 105.85), here) is None, "Hà Nội would shrink the province to a dot"
    assert _pin(None, None) is None
    area = province_map().communes["ninh-son-ma-noi"]
    assert _pin(area, here) == Pin("k", "g", area.at, area)


def test_a_data_folder_without_outlines_has_a_map_of_points(tmp_path: Path) -> None:
    bare = province_map(tmp_path / "none.geojson")
    assert bare.communes == bare.districts == {}
    pins = [
        Pin(row.code, row.district_code, bare.projection.at(row.longitude, row.latitude))
        for row in commune_rows()
    ]
    sheet = laid_out(pins, bare.communes)
    assert sheet is not None
    assert sheet.inset is None
    assert len(sheet.main.pins) == 65
