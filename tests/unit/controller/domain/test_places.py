"""The tree of places, its names, and searching in it."""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain import gazetteer
from controller.domain.places import Place, PlaceKind, PlaceTree, Station, fold

ROOT = Path(__file__).parents[4]
with (ROOT / "controller/data/communes.csv").open(encoding="utf-8", newline="") as _file:
    ROWS = [gazetteer.commune_row(values) for values in csv.DictReader(_file)]
PLACES = gazetteer.places_of(ROWS)


def _station(place: Place) -> Station:
    return Station(place.place_id, place.place_id, place.name, "http", 60_000, 100, ("vi",))


TREE = PlaceTree(
    {place.place_id: place for place in PLACES},
    {p.place_id: _station(p) for p in PLACES if p.kind is PlaceKind.COMMUNE},
)
BY_ID = TREE.places


LINE = {
    "code": "22783",
    "name": unicodedata.normalize("NFD", " Xã Phước Bình "),
    "district_code": "584",
    "district_name": "Huyện Bác Ái",
    "lat": "12.05",
    "lon": "108.75",
    "region_note": "KV III; ven biển; 4 cụm loa",
}
"""A line of the file as it might be typed: a commune in the mountains that lies on the sea."""


def test_a_line_of_the_file_becomes_a_row_without_stray_spaces() -> None:
    assert gazetteer.commune_row(LINE) == gazetteer.CommuneRow(
        "22783",
        "Xã Phước Bình",
        "584",
        "Huyện Bác Ái",
        12.05,
        108.75,
        "KV III; ven biển; 4 cụm loa",
    )


def test_rows_become_a_province_its_districts_and_their_communes() -> None:
    first = gazetteer.commune_row(LINE)
    second = gazetteer.commune_row(
        LINE
        | {"code": "22786", "name": "Phường Đô Vinh", "region_note": ""}
        | {"district_code": "582", "district_name": "Thành phố Phan Rang-Tháp Chàm"}
    )
    since = gazetteer.VALID_FROM
    nowhere = (None, False, None, None, since, None)
    assert gazetteer.places_of([first, second, first]) == (
        Place("ninh-thuan", PlaceKind.PROVINCE, None, "58", "Ninh Thuận", "tỉnh", *nowhere, 0),
        Place("bac-ai", PlaceKind.DISTRICT, "ninh-thuan", "584", "Bác Ái", "huyện", *nowhere, 0),
        Place(
            "phan-rang-thap-cham",
            PlaceKind.DISTRICT,
            "ninh-thuan",
            "582",
            "Phan Rang-Tháp Chàm",
            "thành phố",
            *nowhere,
            1,
        ),
        commune := Place(
            "bac-ai-phuoc-binh",
            PlaceKind.COMMUNE,
            "bac-ai",
            "22783",
            "Phước Bình",
            "xã",
            "III",
            True,
            12.05,
            108.75,
            since,
            None,
            0,
        ),
        Place(
            "phan-rang-thap-cham-do-vinh",
            PlaceKind.COMMUNE,
            "phan-rang-thap-cham",
            "22786",
            "Đô Vinh",
            "phường",
            None,
            False,
            12.05,
            108.75,
            since,
            None,
            1,
        ),
        replace(commune, position=2),
    )


@pytest.mark.parametrize(
    ("note", "zone", "clusters"),
    [("KV I", "I", 0), ("KV II, 12 cụm loa", "II", 12), ("KV IIII", None, 0), ("", None, 0)],
)
def test_a_note_may_name_a_zone_and_a_number_of_clusters(
    note: str, zone: str | None, clusters: int
) -> None:
    assert (gazetteer.zone_of(note), gazetteer.clusters_of(note)) == (zone, clusters)


def test_an_id_has_one_hyphen_between_words_and_none_at_its_ends() -> None:
    assert gazetteer.slug(" Phan Rang - Tháp Chàm. ") == "phan-rang-thap-cham"


def test_there_are_one_province_seven_districts_and_65_communes() -> None:
    kinds = [place.kind for place in PLACES]
    counts = (
        kinds.count(PlaceKind.PROVINCE),
        kinds.count(PlaceKind.DISTRICT),
        kinds.count(PlaceKind.COMMUNE),
    )
    assert counts == (1, 7, 65)


def test_districts_have_the_communes_they_had_in_2021() -> None:
    counts = [len(TREE.children(district.place_id)) for district in TREE.children("ninh-thuan")]
    assert counts == [16, 9, 8, 9, 9, 6, 8]


def test_every_id_is_unique_and_plain() -> None:
    assert len(BY_ID) == 73
    assert all(place_id.isascii() and place_id == place_id.lower() for place_id in BY_ID)
    assert "bac-ai-phuoc-binh" in BY_ID
    assert "phan-rang-thap-cham-dao-long" in BY_ID


def test_every_name_is_in_one_unicode_form() -> None:
    assert all(unicodedata.is_normalized("NFC", place.full_name) for place in PLACES)


def test_names_and_codes_are_those_of_the_official_list() -> None:
    phuoc_binh = BY_ID["bac-ai-phuoc-binh"]
    assert (phuoc_binh.full_name, phuoc_binh.code) == ("xã Phước Bình", "22783")
    assert BY_ID["ninh-phuoc-phuoc-dan"].full_name == "thị trấn Phước Dân"
    assert BY_ID["phan-rang-thap-cham"].full_name == "thành phố Phan Rang-Tháp Chàm"


def test_kinds_are_47_communes_15_wards_and_3_townships() -> None:
    words = [place.kind_word for place in PLACES if place.kind is PlaceKind.COMMUNE]
    assert [words.count(word) for word in ("xã", "phường", "thị trấn")] == [47, 15, 3]


def test_zones_are_those_of_the_2021_decision() -> None:
    zones = [place.zone for place in PLACES]
    assert [zones.count(zone) for zone in ("I", "II", "III")] == [12, 1, 15]
    assert BY_ID["thuan-bac-loi-hai"].zone == "II"


def test_fourteen_communes_lie_on_the_sea() -> None:
    assert sum(place.is_coastal for place in PLACES) == 14


def test_thuan_nam_has_its_57_clusters_and_nobody_else_has_any() -> None:
    counts = gazetteer.cluster_counts(ROWS)
    assert list(counts.values()) == [4, 8, 5, 6, 6, 7, 11, 10]
    assert all(commune.startswith("thuan-nam-") for commune in counts)


def test_wards_may_speak_for_15_minutes_and_others_for_45() -> None:
    caps = {
        word: gazetteer.longest_ms(BY_ID[place_id], commune_min=45, ward_min=15)
        for word, place_id in (
            ("phường", "phan-rang-thap-cham-do-vinh"),
            ("thị trấn", "ninh-hai-khanh-hai"),
            ("xã", "bac-ai-phuoc-binh"),
        )
    }
    assert caps == {"phường": 900_000, "thị trấn": 2_700_000, "xã": 2_700_000}


def test_searching_without_accents_finds_both_thanh_hai_and_they_stay_two() -> None:
    found = TREE.search("thanh hai")
    assert {place.full_name for place in found} == {"xã Thành Hải", "xã Thanh Hải"}
    assert len({place.place_id for place in found}) == 2


@pytest.mark.parametrize(
    "typed", ["Thành Hải", "thành hải", unicodedata.normalize("NFD", "Thành Hải")]
)
def test_exactly_typed_marks_put_that_place_first(typed: str) -> None:
    assert TREE.search(typed)[0].place_id == "phan-rang-thap-cham-thanh-hai"
    assert TREE.search("Thanh Hải")[0].place_id == "ninh-hai-thanh-hai"


def test_d_with_a_stroke_is_found_by_plain_d() -> None:
    assert TREE.search("do vinh")[0].name == "Đô Vinh"


def test_an_empty_search_finds_nothing() -> None:
    assert TREE.search("   ") == ()


@given(st.text())
def test_folding_is_the_same_for_every_unicode_form(text: str) -> None:
    forms = {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert len(forms) == 1


@given(st.sampled_from(PLACES))
def test_every_place_is_found_by_its_own_name_folded(place: Place) -> None:
    assert place in TREE.search(fold(place.full_name))


@given(st.sampled_from(PLACES), st.sampled_from(PLACES))
def test_within_means_on_the_path_to_the_root(low: Place, high: Place) -> None:
    assert TREE.is_within(low.place_id, high.place_id) == (high in list(TREE.path(low.place_id)))


def test_an_unknown_place_is_within_nothing() -> None:
    assert not TREE.is_within("hanoi", "ninh-thuan")


def test_a_district_holds_its_own_stations_only() -> None:
    stations = TREE.stations_in(["bac-ai"])
    assert len(stations) == 9
    assert all(station.place_id.startswith("bac-ai-") for station in stations)


def test_overlapping_targets_name_each_station_once() -> None:
    assert len(TREE.stations_in(["ninh-thuan", "bac-ai", "bac-ai-phuoc-binh"])) == 65


def test_a_station_knows_its_places_lowest_first() -> None:
    assert TREE.place_ids_of("bac-ai-phuoc-binh") == ("bac-ai-phuoc-binh", "bac-ai", "ninh-thuan")


def test_the_district_of_a_commune_is_found_and_a_province_has_none() -> None:
    district = TREE.district_of("bac-ai-phuoc-binh")
    assert district is not None
    assert district.place_id == "bac-ai"
    assert TREE.district_of("ninh-thuan") is None


def test_a_name_without_a_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind of place"):
        gazetteer.split_name("Phước Bình")
