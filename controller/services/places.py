"""The tree of places and stations: seeded once from the data files, then read from the database."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from controller.domain import gazetteer
from controller.domain.places import Place, PlaceKind, PlaceTree, Station
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import (
    PlaceRow,
    SpeakerClusterRow,
    StationAbsenceRow,
    StationContactRow,
    StationRow,
    StationStateRow,
)

DATA = Path(__file__).parent.parent / "data"


class Places:
    """The tree valid today; kept in memory, since every page asks for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tree: PlaceTree | None = None

    def tree(self) -> PlaceTree:
        """Every place and station that is not retired."""
        tree = self._tree
        if tree is None:
            tree = self._tree = self._read()
        return tree

    def reload(self) -> None:
        """Read the tree anew at the next use; call it after a commit that changed it."""
        self._tree = None

    def seed(self, session: Session, now: datetime, caps: PlanSettings | None = None) -> bool:
        """Fill an empty database with the province's places, stations and known clusters.

        False, and nothing changed, when there are places already. `reload()` after the commit.
        """
        if session.scalar(select(func.count()).select_from(PlaceRow)):
            return False
        rows = commune_rows()
        places = gazetteer.places_of(rows)
        for place in places:
            session.add(_place_row(place))
            session.flush()  # a place before those below it
        _add_stations(session, now, places, caps or PlanSettings())
        session.flush()
        for station_id, count in gazetteer.cluster_counts(rows).items():
            _add_clusters(session, station_id, range(1, count + 1), is_invented=False)
        return True

    def invent_for_demo(self, session: Session) -> None:
        """Give stations clusters and a phone number nobody has, each marked as invented.

        Numbers 1 to 3 at stations with no known cluster; phones of the form 0900 000 0xx.
        """
        known = set(session.scalars(select(SpeakerClusterRow.station_id)))
        phoned = set(session.scalars(select(StationContactRow.station_id)))
        stations = session.scalars(select(StationRow).order_by(StationRow.station_id)).all()
        for number, station in enumerate(stations, start=1):
            if station.station_id not in known:
                _add_clusters(session, station.station_id, range(1, 4), is_invented=True)
            if station.station_id not in phoned:
                _add_invented_phone(session, station.station_id, f"0900 000 {number:03d}")

    def _read(self) -> PlaceTree:
        with self._database.read() as session:
            places = session.scalars(select(PlaceRow).where(PlaceRow.valid_until.is_(None))).all()
            stations = session.scalars(
                select(StationRow)
                .join(PlaceRow, PlaceRow.place_id == StationRow.place_id)
                .order_by(PlaceRow.position, StationRow.station_id)
            ).all()
            away = set(session.scalars(out_of_service()))
            known = {row.station_id: _station_of(row, away) for row in stations}
            retired = {row.station_id for row in stations if row.retired_at is not None}
            return PlaceTree(
                {row.place_id: _place_of(row) for row in places},
                {key: station for key, station in known.items() if key not in retired},
                {key: known[key] for key in known if key in retired},
            )


def out_of_service() -> Select[str]:
    """Asks for the stations that are not in service: on trial, or retired."""
    return select(StationAbsenceRow.station_id).where(StationAbsenceRow.until_at.is_(None))


def commune_rows() -> list[gazetteer.CommuneRow]:
    """The lines of communes.csv."""
    with (DATA / "communes.csv").open(encoding="utf-8", newline="") as file:
        return [gazetteer.commune_row(values) for values in csv.DictReader(file)]


def _add_stations(
    session: Session, now: datetime, places: Iterable[Place], caps: PlanSettings
) -> None:
    for place in places:
        if place.kind is not PlaceKind.COMMUNE:
            continue
        cap = gazetteer.longest_ms(
            place, commune_min=caps.commune_cap_min, ward_min=caps.ward_cap_min
        )
        session.add(
            StationRow(
                station_id=place.place_id,
                place_id=place.place_id,
                name=gazetteer.station_name(place),
                latitude=place.latitude,
                longitude=place.longitude,
                language_order=["vi"],
                max_length_ms=cap,
                registered_at=now,
            )
        )
        session.flush()
        session.add(StationStateRow(station_id=place.place_id))


def _add_invented_phone(session: Session, station_id: str, number: str) -> None:
    session.add(
        StationContactRow(
            station_id=station_id,
            position=1,
            name="Trực đài",
            role="",
            number=number,
            is_invented=True,
        )
    )


def _add_clusters(
    session: Session, station_id: str, numbers: Iterable[int], *, is_invented: bool
) -> None:
    session.add_all(
        SpeakerClusterRow(station_id=station_id, number=number, is_invented=is_invented)
        for number in numbers
    )


def _place_row(place: Place) -> PlaceRow:
    return PlaceRow(
        place_id=place.place_id,
        kind=place.kind.value,
        parent_id=place.parent_id,
        code=place.code,
        name=place.name,
        kind_word=place.kind_word,
        zone=place.zone,
        is_coastal=place.is_coastal,
        latitude=place.latitude,
        longitude=place.longitude,
        valid_from=place.valid_from,
        valid_until=place.valid_until,
        position=place.position,
    )


def _place_of(row: PlaceRow) -> Place:
    return Place(
        row.place_id,
        PlaceKind(row.kind),
        row.parent_id,
        row.code,
        row.name,
        row.kind_word,
        row.zone,
        row.is_coastal,
        row.latitude,
        row.longitude,
        row.valid_from,
        row.valid_until,
        row.position,
    )


def _station_of(row: StationRow, away: Collection[str]) -> Station:
    return Station(
        row.station_id,
        row.place_id,
        row.name,
        row.sound_over,
        row.max_length_ms,
        row.volume_ceiling_percent,
        tuple(row.language_order),
        row.station_id not in away,
        _coordinates(row),
    )


def _coordinates(row: StationRow) -> tuple[float, float] | None:
    if row.latitude is None or row.longitude is None:
        return None
    return row.latitude, row.longitude
