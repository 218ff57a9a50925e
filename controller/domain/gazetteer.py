"""The places of the province as the data files name them: rows -> places, stations, clusters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from controller.domain.places import Place, PlaceKind, fold

PROVINCE_ID = "ninh-thuan"
PROVINCE_CODE = "58"
STATION_WORDS = "Đài truyền thanh "
"""What the name of every station of the files begins with."""
VALID_FROM = date(2021, 1, 1)
"""The state of the tree the files describe."""
KIND_WORDS = ("thành phố", "thị trấn", "phường", "huyện", "xã", "tỉnh")
_ZONE = re.compile(r"KV (III|II|I)\b")
_CLUSTERS = re.compile(r"(\d+) cụm loa")


@dataclass(frozen=True, slots=True)
class CommuneRow:
    """One line of communes.csv, in NFC."""

    code: str
    name: str
    district_code: str
    district_name: str
    latitude: float
    longitude: float
    note: str


def commune_row(values: Mapping[str, str]) -> CommuneRow:
    """A line of the file as a row."""
    text = {key: unicodedata.normalize("NFC", value).strip() for key, value in values.items()}
    return CommuneRow(
        text["code"],
        text["name"],
        text["district_code"],
        text["district_name"],
        float(text["lat"]),
        float(text["lon"]),
        text["region_note"],
    )


def split_name(full_name: str) -> tuple[str, str]:
    """("xã", "Phước Bình") of "Xã Phước Bình". ValueError for a name without a kind."""
    for word in KIND_WORDS:
        if full_name.lower().startswith(f"{word} "):
            return word, full_name[len(word) + 1 :].strip()
    raise ValueError(f"{full_name!r} does not begin with a kind of place")


def slug(text: str) -> str:
    """An id of a name: plain small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")


def zone_of(note: str) -> str | None:
    """Zone I, II or III of the minority and mountain area; None outside it."""
    found = _ZONE.search(note)
    return found.group(1) if found else None


def clusters_of(note: str) -> int:
    """Speaker clusters the sources count in a commune; 0 where no figure was found."""
    found = _CLUSTERS.search(note)
    return int(found.group(1)) if found else 0


def places_of(rows: Sequence[CommuneRow]) -> tuple[Place, ...]:
    """The province, then its districts, then their communes, in the order of the file."""
    districts = {row.district_code: row.district_name for row in rows}
    province = _place(PROVINCE_ID, PlaceKind.PROVINCE, None, PROVINCE_CODE, "Tỉnh Ninh Thuận", 0)
    upper = [
        _place(district_id(name), PlaceKind.DISTRICT, PROVINCE_ID, code, name, position)
        for position, (code, name) in enumerate(districts.items())
    ]
    return (province, *upper, *(_commune(row, number) for number, row in enumerate(rows)))


def district_id(full_name: str) -> str:
    """bac-ai of "Huyện Bác Ái"."""
    return slug(split_name(full_name)[1])


def commune_id(row: CommuneRow) -> str:
    """bac-ai-phuoc-binh: the district is part of it, since names come back in other districts."""
    return f"{district_id(row.district_name)}-{slug(split_name(row.name)[1])}"


def station_name(place: Place) -> str:
    """What a commune's radio station is called."""
    return f"{STATION_WORDS}{place.full_name}"


def longest_ms(place: Place, *, commune_min: int, ward_min: int) -> int:
    """The length cap of a place's station."""
    return (ward_min if place.kind_word == "phường" else commune_min) * 60_000


def cluster_counts(rows: Iterable[CommuneRow]) -> dict[str, int]:
    """Known speaker clusters by commune id."""
    return {commune_id(row): clusters_of(row.note) for row in rows if clusters_of(row.note)}


def _commune(row: CommuneRow, position: int) -> Place:
    word, name = split_name(row.name)
    return Place(
        place_id=commune_id(row),
        kind=PlaceKind.COMMUNE,
        parent_id=district_id(row.district_name),
        code=row.code,
        name=name,
        kind_word=word,
        zone=zone_of(row.note),
        is_coastal="ven biển" in row.note,
        latitude=row.latitude,
        longitude=row.longitude,
        valid_from=VALID_FROM,
        valid_until=None,
        position=position,
    )


def _place(
    place_id: str, kind: PlaceKind, parent_id: str | None, code: str, full_name: str, position: int
) -> Place:
    word, name = split_name(full_name)
    return Place(
        place_id,
        kind,
        parent_id,
        code,
        name,
        word,
        None,
        False,
        None,
        None,
        VALID_FROM,
        None,
        position,
    )
