"""The dated tree of places, and who is above whom in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

QUESTIONS_KEPT = 2_000


class PlaceKind(StrEnum):
    """Levels of the tree of 2021; districts ended in 2025, so nothing counts on three levels."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the tree. Ids are ours and never change: GSO codes are re-used."""

    place_id: str
    kind: PlaceKind
    parent_id: str | None
    code: str
    name: str
    kind_word: str
    zone: str | None
    is_coastal: bool
    latitude: float | None
    longitude: float | None
    valid_from: date
    valid_until: date | None
    position: int

    @property
    def full_name(self) -> str:
        """The name as people say it: "xã Phước Bình"."""
        return f"{self.kind_word} {self.name}"

    @property
    def is_urban(self) -> bool:
        """Whether it is a ward or a township."""
        return self.kind_word in {"phường", "thị trấn"}


@dataclass(frozen=True, slots=True)
class Station:
    """A commune radio station and the place it serves."""

    station_id: str
    place_id: str
    name: str
    sound_over: str
    max_length_ms: int
    volume_ceiling_percent: int
    language_order: tuple[str, ...]
    is_in_service: bool = True
    """False before it is commissioned: it is installed and tried, but nothing counts on it."""
    coordinates: tuple[float, float] | None = None
    """(latitude, longitude) in degrees, WGS 84; None: not known."""


@dataclass(frozen=True)
class PlaceTree:
    """Every place and station valid today; immutable, made anew when one changes."""

    places: Mapping[str, Place]
    stations: Mapping[str, Station]
    """In service, or on trial before they are commissioned."""
    retired: Mapping[str, Station] = field(default_factory=dict)
    """Those that were: their past is still told."""

    @cached_property
    def _children(self) -> Mapping[str | None, tuple[Place, ...]]:
        children: dict[str | None, list[Place]] = {}
        for place in sorted(self.places.values(), key=lambda item: item.position):
            children.setdefault(place.parent_id, []).append(place)
        return {parent: tuple(group) for parent, group in children.items()}

    @cached_property
    def _stations_at(self) -> Mapping[str, tuple[Station, ...]]:
        return _by_place(self.stations.values())

    @cached_property
    def _retired_at(self) -> Mapping[str, tuple[Station, ...]]:
        return _by_place(self.retired.values())

    def station(self, station_id: str) -> Station | None:
        """A station whether it is retired or not; None: there never was one of this id."""
        return self.stations.get(station_id) or self.retired.get(station_id)

    def children(self, place_id: str | None) -> tuple[Place, ...]:
        """The places directly below, in their fixed order; None: the roots."""
        return self._children.get(place_id, ())

    def path(self, place_id: str) -> Iterator[Place]:
        """The place itself, then each place above it up to the root."""
        current: str | None = place_id
        while current is not None:
            place = self.places[current]
            yield place
            current = place.parent_id

    def is_within(self, place_id: str, ancestor_id: str) -> bool:
        """Whether a place is the ancestor itself or lies below it; False for unknown places."""
        if place_id not in self.places:
            return False
        return any(place.place_id == ancestor_id for place in self.path(place_id))

    def walk(self, place_id: str) -> Iterator[Place]:
        """The place and everything below it, parents first, in the fixed order."""
        yield self.places[place_id]
        for child in self.children(place_id):
            yield from self.walk(child.place_id)

    def stations_in(self, place_ids: Iterable[str]) -> tuple[Station, ...]:
        """Every station in service at these places and below, each once, in the fixed order."""
        found: dict[str, Station] = {}
        for place_id in place_ids:
            for place in self.walk(place_id):
                for station in self._stations_at.get(place.place_id, ()):
                    if station.is_in_service:
                        found.setdefault(station.station_id, station)
        return tuple(found.values())

    def stations_of(self, targets: Iterable[str], place_id: str) -> tuple[Station, ...]:
        """The stations in service at these places that lie in a place, in the fixed order.

        Worked out once for each question: with 10,000 stations every slot would walk them all.
        Targets that are no more are left out.
        """
        key = (tuple(targets), place_id)
        found = self._stations_of.get(key)
        if found is None:
            if len(self._stations_of) >= QUESTIONS_KEPT:
                self._stations_of.clear()
            inside = [
                target if self.is_within(target, place_id) else place_id
                for target in key[0]
                if self.is_within(target, place_id) or self.is_within(place_id, target)
            ]
            found = self._stations_of[key] = self.stations_in(inside)
        return found

    @cached_property
    def _stations_of(self) -> dict[tuple[tuple[str, ...], str], tuple[Station, ...]]:
        return {}

    def roll(self, place_id: str) -> tuple[Station, ...]:
        """Every station at a place and below, those on trial too, then the retired ones.

        Each of the two in the fixed order of places. Worked out once.
        """
        if place_id not in self._rolls:
            places = [place.place_id for place in self.walk(place_id)]
            self._rolls[place_id] = tuple(
                station
                for at in (self._stations_at, self._retired_at)
                for place in places
                for station in sorted(at.get(place, ()), key=lambda one: one.station_id)
            )
        return self._rolls[place_id]

    @cached_property
    def _rolls(self) -> dict[str, tuple[Station, ...]]:
        return {}

    def districts(self, place_id: str) -> tuple[Place, ...]:
        """The districts of every station of the `roll`. Worked out once."""
        if place_id not in self._districts:
            found = dict.fromkeys(self.district_of(one.place_id) for one in self.roll(place_id))
            self._districts[place_id] = tuple(one for one in found if one is not None)
        return self._districts[place_id]

    @cached_property
    def _districts(self) -> dict[str, tuple[Place, ...]]:
        return {}

    def communes(self, place_id: str) -> tuple[Place, ...]:
        """The communes at a place and below, in the fixed order. Worked out once."""
        if place_id not in self._communes:
            below = self.walk(place_id)
            self._communes[place_id] = tuple(one for one in below if one.kind is PlaceKind.COMMUNE)
        return self._communes[place_id]

    @cached_property
    def _communes(self) -> dict[str, tuple[Place, ...]]:
        return {}

    @cached_property
    def words(self) -> Mapping[str, str]:
        """What each station is searched by, folded: its name, its place, its district."""
        found: dict[str, str] = {}
        for station in (*self.stations.values(), *self.retired.values()):
            district = self.district_of(station.place_id)
            names = [station.name, self.places[station.place_id].full_name]
            names += [district.full_name] if district else []
            found[station.station_id] = fold(" ".join(names))
        return found

    def serving(self, place_id: str) -> frozenset[str]:
        """Ids of the stations in service at a place and below; the same object each time."""
        if place_id not in self._serving:
            stations = self.stations_in([place_id])
            self._serving[place_id] = frozenset(one.station_id for one in stations)
        return self._serving[place_id]

    def ever_served(self, place_id: str) -> frozenset[str]:
        """The same with those that were retired since."""
        if place_id not in self._ever_served:
            gone = (one for one in self.retired.values() if self.is_within(one.place_id, place_id))
            self._ever_served[place_id] = self.serving(place_id).union(
                one.station_id for one in gone
            )
        return self._ever_served[place_id]

    @cached_property
    def _serving(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _ever_served(self) -> dict[str, frozenset[str]]:
        return {}

    def cap_ms(self, station_id: str) -> int:
        """The `max_length_ms` of a station, retired or not."""
        return (self.stations.get(station_id) or self.retired[station_id]).max_length_ms

    def least_cap_ms(self, station_ids: frozenset[str]) -> int:
        """The smallest cap among these, of which there is one at least."""
        return next(cap for cap, ids in self._by_cap if not ids.isdisjoint(station_ids))

    @cached_property
    def _by_cap(self) -> tuple[tuple[int, frozenset[str]], ...]:
        """The stations of each cap, the smallest first."""
        found: dict[int, set[str]] = {}
        for one in (*self.stations.values(), *self.retired.values()):
            found.setdefault(one.max_length_ms, set()).add(one.station_id)
        return tuple((cap, frozenset(found[cap])) for cap in sorted(found))

    def place_ids_of(self, station_id: str) -> tuple[str, ...]:
        """The commune, district and province of a station, lowest first."""
        station = self.stations.get(station_id) or self.retired[station_id]
        return tuple(place.place_id for place in self.path(station.place_id))

    def district_of(self, place_id: str) -> Place | None:
        """The district a place is or lies in; None above districts or where there are none."""
        return next((p for p in self.path(place_id) if p.kind is PlaceKind.DISTRICT), None)

    @cached_property
    def district_ids(self) -> Mapping[str, str]:
        """By station id the district it lies in; where there is none, the place above its own."""
        return {
            station.station_id: self._group_of(self.places[station.place_id])
            for station in (*self.stations.values(), *self.retired.values())
            if station.place_id in self.places
        }

    def _group_of(self, place: Place) -> str:
        district = self.district_of(place.place_id)
        return district.place_id if district else place.parent_id or place.place_id

    def search(self, text: str) -> tuple[Place, ...]:
        """Places whose name contains the text, accents ignored; exactly typed marks come first."""
        wanted, exact = fold(text), unicodedata.normalize("NFC", text).casefold().strip()
        if not wanted:
            return ()
        hits = [place for place in self.places.values() if wanted in fold(place.full_name)]
        return tuple(
            sorted(
                hits,
                key=lambda place: (
                    exact not in place.full_name.casefold(),
                    fold(place.name),
                    place.place_id,
                ),
            )
        )


def _by_place(stations: Iterable[Station]) -> Mapping[str, tuple[Station, ...]]:
    at: dict[str, list[Station]] = {}
    for station in stations:
        at.setdefault(station.place_id, []).append(station)
    return {place_id: tuple(group) for place_id, group in at.items()}


def fold(text: str) -> str:
    """Lower case without Vietnamese marks, đ as d, single spaces: for searching, never as a key."""
    decomposed = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(plain.split())
