"""The stations of one's place as a list with filters, and one of them with all that was entered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.places import Place, PlaceKind, PlaceTree, Station, fold
from controller.domain.station_state import ShownState
from controller.errors import NotFoundError
from controller.services.absences import Absence, AbsenceKind, absence_of, lasting
from controller.services.paging import Leaf, leaf
from controller.services.phones import Phone, contacts_of
from controller.services.places import Places
from controller.services.station_memory import StationMemory
from controller.services.stations import leaving
from controller.services.tiles import Tile, tiles_of
from controller.storage.database import Database
from controller.storage.models import (
    SpeakerClusterRow,
    StationContactRow,
    StationRow,
    StationStateRow,
)

PAGE_LENGTH = 100
"""A province of today is on one page."""


@dataclass(frozen=True, slots=True)
class StationLine:
    """One station of the list."""

    station: Station
    place: Place
    district: Place | None
    identifier_code: str | None
    state: str
    """The shown state, a warning and a drill apart; of one that is retired the last."""
    maint_until_at: datetime | None
    """When declared maintenance ends; None: there is none now."""
    absence: AbsenceKind | None
    """None: it is in service."""
    phones: tuple[Phone, ...]


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

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        memory: StationMemory,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._memory = memory

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
        every = tree.roll(actor.place_id)
        with self._memory.reading(tree, self._now()) as reading:
            stands = reading.stands(every)
            shown = {one.station_id: stands[one.station_id].look for one in every}
        with self._database.read() as session:
            away = lasting(session)
            found = _narrowed(session, tree, every, text, district_id)
            kinds = dict.fromkeys(tree.retired, AbsenceKind.RETIRED)
            kinds |= {key: absence.kind for key, absence in away.items()}
            states = [kinds.get(one.station_id) or shown[one.station_id] for one in found]
            fitting = found
            if state:
                fitting = [one for one, its in zip(found, states, strict=True) if its == state]
            part = leaf(len(fitting), page, PAGE_LENGTH)
            stations = fitting[part.offset : part.offset + part.length]
            lines = _lines(session, tree, stations, shown, kinds)
        return StationLines(
            lines,
            part,
            Counter(states),
            len(found),
            tree.districts(actor.place_id),
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


def _narrowed(
    session: Session, tree: PlaceTree, stations: Sequence[Station], text: str, district_id: str
) -> Sequence[Station]:
    """Those in a district that are meant by these words, marks aside.

    Words are looked for in names of stations and places, in codes and in the phones.
    """
    if district_id:
        place = tree.places.get(district_id)
        is_one = place is not None and place.kind is PlaceKind.DISTRICT
        in_district = tree.district_ids
        stations = [
            one for one in stations if is_one and in_district[one.station_id] == district_id
        ]
    words = fold(text).split()
    if not words:
        return stations
    names, said = tree.words, _said(session)
    return [
        one
        for one in stations
        if all(
            word in names[one.station_id] or word in said.get(one.station_id, "") for word in words
        )
    ]


def _said(session: Session) -> Mapping[str, str]:
    """Codes and phones by station, folded; a number without its spaces."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    codes = select(StationRow.station_id, StationRow.identifier_code)
    for station_id, code in session.execute(codes.where(StationRow.identifier_code.is_not(None))):
        found[station_id].append(str(code))
    row = StationContactRow
    for station_id, *told in session.execute(
        select(row.station_id, row.name, row.role, func.replace(row.number, " ", ""))
    ):
        found[station_id] += told
    return {station_id: fold(" ".join(told)) for station_id, told in found.items()}


def _lines(
    session: Session,
    tree: PlaceTree,
    stations: Sequence[Station],
    shown: Mapping[str, str],
    kinds: Mapping[str, AbsenceKind],
) -> tuple[StationLine, ...]:
    ids = [station.station_id for station in stations]
    phones = contacts_of(session, ids)
    query = select(StationRow.station_id, StationRow.identifier_code)
    rows = session.execute(query.where(StationRow.station_id.in_(ids)))
    codes = {row.station_id: row.identifier_code for row in rows}
    ends = _maintenance_ends(session, [one for one in ids if shown[one] == ShownState.MAINT])
    return tuple(
        StationLine(
            station=station,
            place=tree.places[station.place_id],
            district=tree.district_of(station.place_id),
            identifier_code=codes.get(station.station_id),
            state=shown[station.station_id],
            maint_until_at=ends.get(station.station_id),
            absence=kinds.get(station.station_id),
            phones=tuple(phones.get(station.station_id, ())),
        )
        for station in stations
    )


def _maintenance_ends(session: Session, ids: Sequence[str]) -> Mapping[str, datetime | None]:
    row = StationStateRow
    query = select(row.station_id, row.maint_until_at).where(row.station_id.in_(ids))
    return {line.station_id: line.maint_until_at for line in session.execute(query)}
