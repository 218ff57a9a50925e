"""The stations of one's place as a list with filters, and one of them with all that was entered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.places import Place, PlaceTree, Station, fold
from controller.errors import NotFoundError
from controller.services.absences import Absence, AbsenceKind, absence_of, lasting
from controller.services.paging import Leaf, leaf
from controller.services.phones import Phone, contacts_of
from controller.services.places import Places
from controller.services.stations import leaving
from controller.services.tiles import Tile, tiles_of
from controller.storage.database import Database
from controller.storage.models import SpeakerClusterRow, StationRow

PAGE_LENGTH = 200
"""A province of today is on one page."""


@dataclass(frozen=True, slots=True)
class StationLine:
    """One station of the list."""

    station: Station
    place: Place
    district: Place | None
    identifier_code: str | None
    tile: Tile | None
    """None: it is retired."""
    absence: AbsenceKind | None
    """None: it is in service."""
    phones: tuple[Phone, ...]

    @property
    def state(self) -> str:
        """What the list is filtered by: a shown state, or why it is not in service."""
        if self.absence is not None:
            return self.absence.value
        return self.tile.look if self.tile else AbsenceKind.RETIRED.value

    def fits(self, wanted: str) -> bool:
        """Whether it is meant by these words, marks aside; a number is looked for in the phones."""
        district = self.district.full_name if self.district else ""
        names = [self.station.name, self.place.full_name, district, self.identifier_code or ""]
        names += [f"{phone.who} {phone.number.replace(' ', '')}" for phone in self.phones]
        text = fold(" ".join(names))
        return all(word in text for word in fold(wanted).split())


@dataclass(frozen=True, slots=True)
class StationLines:
    """A page of the lines that fit, and how many there are of each state, chosen or not."""

    lines: tuple[StationLine, ...]
    leaf: Leaf
    counts: Mapping[str, int]
    total: int
    districts: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class StationCard:
    """One station as its owner keeps it."""

    station: Station
    place: Place
    district: Place | None
    tile: Tile | None
    """None: it is retired."""
    absence: Absence | None
    identifier_code: str | None
    receiver_note: str
    phones: tuple[Phone, ...]
    clusters: int
    registered_at: datetime
    config_written_at: datetime | None
    has_credentials: bool
    row_version: int
    is_leaving: bool
    """Retired, and its machine has not yet said that it knows."""

    @property
    def is_retired(self) -> bool:
        """Whether nothing can be done but bring it back."""
        return self.tile is None

    @property
    def is_on_trial(self) -> bool:
        """Whether it waits to be commissioned."""
        return self.absence is not None and self.absence.kind is AbsenceKind.TRIAL


class StationList:
    """Reads them inside the actor's place."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def lines(
        self,
        actor: Actor,
        *,
        text: str = "",
        district_id: str = "",
        state: str = "",
        page: int = 1,
    ) -> StationLines:
        """The stations that fit, retired ones last, each group in the fixed order of places."""
        tree = self._places.tree()
        with self._database.read() as session:
            every = _lines(session, tree, actor.place_id, self._now())
        districts = {line.district.place_id: line.district for line in every if line.district}
        found = [
            line
            for line in every
            if line.fits(text)
            and (not district_id or (line.district and line.district.place_id == district_id))
        ]
        fitting = [line for line in found if not state or line.state == state]
        shown = leaf(len(fitting), page, PAGE_LENGTH)
        return StationLines(
            tuple(fitting[shown.offset : shown.offset + shown.length]),
            shown,
            Counter(line.state for line in found),
            len(found),
            tuple(districts.values()),
        )

    def card(self, actor: Actor, station_id: str) -> StationCard:
        """One station. NotFoundError outside the actor's place."""
        tree, now = self._places.tree(), self._now()
        station = tree.station(station_id)
        if station is None or not tree.is_within(station.place_id, actor.place_id):
            raise NotFoundError(f"station {station_id}", kind="station", object_id=station_id)
        with self._database.read() as session:
            row = session.get_one(StationRow, station_id)
            count = select(func.count()).where(
                SpeakerClusterRow.station_id == station_id, SpeakerClusterRow.retired_at.is_(None)
            )
            is_here = row.retired_at is None
            return StationCard(
                station=station,
                place=tree.places[station.place_id],
                district=tree.district_of(station.place_id),
                tile=tiles_of(session, tree, [station], now)[station_id] if is_here else None,
                absence=absence_of(session, station_id),
                identifier_code=row.identifier_code,
                receiver_note=row.receiver_note or "",
                phones=tuple(contacts_of(session, [station_id]).get(station_id, ())),
                clusters=session.scalar(count) or 0,
                registered_at=row.registered_at,
                config_written_at=row.config_written_at,
                has_credentials=row.broker_password_hash is not None,
                row_version=row.row_version,
                is_leaving=station_id in set(session.scalars(leaving(now))),
            )


def _lines(session: Session, tree: PlaceTree, place_id: str, now: datetime) -> list[StationLine]:
    order = {place.place_id: number for number, place in enumerate(tree.walk(place_id))}
    here = [
        station
        for group in (tree.stations, tree.retired)
        for station in sorted(
            (one for one in group.values() if one.place_id in order),
            key=lambda one: (order[one.place_id], one.station_id),
        )
    ]
    ids = [station.station_id for station in here]
    tiles = tiles_of(session, tree, [one for one in here if one.station_id in tree.stations], now)
    away = lasting(session)
    phones = contacts_of(session, ids)
    query = select(StationRow.station_id, StationRow.identifier_code)
    codes = {row.station_id: row.identifier_code for row in session.execute(query)}
    return [
        StationLine(
            station=station,
            place=tree.places[station.place_id],
            district=tree.district_of(station.place_id),
            identifier_code=codes.get(station.station_id),
            tile=tiles.get(station.station_id),
            absence=away[station.station_id].kind if station.station_id in away else None,
            phones=tuple(phones.get(station.station_id, ())),
        )
        for station in here
    ]
