"""The read model of the board: tiles by district, what sounds, what comes. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.board import STRIP_HOURS, Sign, is_aired
from controller.domain.places import Place, PlaceTree, Station
from controller.domain.reconcile import COMING, UNDECIDED
from controller.services.piece_desk import station_names
from controller.services.places import Places
from controller.services.slot_sounds import every_sound, marks_of, sounds_at
from controller.services.tiles import Tile, tiles_of
from controller.storage.database import Database
from controller.storage.models import (
    HoldingRow,
    HoursExceptionRow,
    ScheduleTargetRow,
    SlotResultRow,
    SlotRow,
    StationRow,
    StationStateRow,
)

NEXT_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """The tiles of one district, in their fixed order."""

    place: Place
    tiles: tuple[Tile, ...]

    @property
    def online(self) -> int:
        """How many of its stations are online."""
        return sum(tile.is_online for tile in self.tiles)


@dataclass(frozen=True, slots=True)
class OnAir:
    """A slot whose time is now, and how many of its stations say that it sounds."""

    slot_id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    priority: str
    sounding: int
    ended: int
    total: int
    worst_error_ms: float | None
    not_sounding: tuple[tuple[str, str, str], ...]
    """(station id, name, state) of those that have said nothing of it."""


@dataclass(frozen=True, slots=True)
class LastSlot:
    """The newest slot whose time has passed, with its results counted."""

    slot_id: str
    title: str
    starts_at: datetime
    duration_ms: int
    aired: int
    total: int
    worst_error_ms: float | None
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next slot, and which of its stations do not hold sound and plan."""

    slot_id: str
    title: str
    starts_at: datetime
    duration_ms: int
    priority: str
    ready: int
    total: int
    not_ready: tuple[tuple[str, str, str, str | None], ...]
    """(station id, name, state, phone) of the first few that are not ready."""


@dataclass(frozen=True, slots=True)
class BoardView:
    """The whole board of one person's place."""

    title_place: Place
    districts: tuple[DistrictRow, ...]
    counts: Mapping[str, int]
    on_air: tuple[OnAir, ...]
    last: LastSlot | None
    upcoming: Upcoming | None
    open_exceptions: tuple[tuple[datetime, str, str], ...]
    """(until, place name, why) of each dated exception of broadcast hours in force."""
    cursor: int
    made_at: datetime

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """Every tile."""
        return tuple(tile for row in self.districts for tile in row.tiles)

    @property
    def online(self) -> int:
        """How many stations are online."""
        return sum(row.online for row in self.districts)

    @property
    def total(self) -> int:
        """How many stations there are."""
        return sum(len(row.tiles) for row in self.districts)


class Board:
    """Reads what the board shows, inside the reader's place."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def view(self, actor: Actor) -> BoardView:
        """The board of the actor's place."""
        tree, now = self._places.tree(), self._now()
        stations = tree.stations_in([actor.place_id])
        with self._database.read() as session:
            tiles = tiles_of(session, tree, stations, now)
            slots = _slots_near(session, tree, actor.place_id, now)
            return BoardView(
                title_place=tree.places[actor.place_id],
                districts=_districts(tree, tiles),
                counts=Counter(tile.state for tile in tiles.values()),
                on_air=tuple(_on_air(session, tree, slots, tiles, now)),
                last=_last(session, slots, now),
                upcoming=_upcoming(session, tree, slots, tiles, now),
                open_exceptions=_exceptions(session, tree, actor.place_id, now),
                cursor=_cursor(session),
                made_at=now,
            )


def _cursor(session: Session) -> int:
    return session.scalar(select(func.max(StationStateRow.change_no))) or 0


def _districts(tree: PlaceTree, tiles: Mapping[str, Tile]) -> tuple[DistrictRow, ...]:
    groups: dict[str, list[Tile]] = {}
    for tile in tiles.values():
        groups.setdefault(tile.district_id, []).append(tile)
    return tuple(DistrictRow(tree.places[key], tuple(group)) for key, group in groups.items())


@dataclass(frozen=True, slots=True)
class _Near:
    """A slot near the present with the stations in the reader's place it is meant for."""

    row: SlotRow
    stations: tuple[Station, ...]

    @property
    def ends_at(self) -> datetime:
        return self.row.starts_at + timedelta(milliseconds=self.row.duration_ms)


def _slots_near(
    session: Session, tree: PlaceTree, place_id: str, now: datetime
) -> tuple[_Near, ...]:
    rows = session.scalars(
        select(SlotRow)
        .where(
            SlotRow.starts_at > now - timedelta(hours=STRIP_HOURS),
            SlotRow.starts_at < now + NEXT_WITHIN,
            SlotRow.cancelled_at.is_(None),
        )
        .order_by(SlotRow.starts_at)
    ).all()
    targets = _targets(session, {row.schedule_id for row in rows})
    near = []
    for row in rows:
        places = [p for p in targets.get(row.schedule_id, ()) if p in tree.places]
        stations = tuple(
            station
            for station in tree.stations_in(places)
            if tree.is_within(station.place_id, place_id)
        )
        if stations:
            near.append(_Near(row, stations))
    return tuple(near)


def _targets(session: Session, schedule_ids: set[str]) -> dict[str, list[str]]:
    targets: dict[str, list[str]] = {}
    query = select(ScheduleTargetRow.schedule_id, ScheduleTargetRow.place_id).where(
        ScheduleTargetRow.schedule_id.in_(schedule_ids)
    )
    for schedule_id, place_id in session.execute(query):
        targets.setdefault(schedule_id, []).append(place_id)
    return targets


def _results(session: Session, slot_id: str, ids: set[str]) -> dict[str, SlotResultRow]:
    rows = session.scalars(select(SlotResultRow).where(SlotResultRow.slot_id == slot_id))
    return {row.station_id: row for row in rows if row.station_id in ids}


def _worst(results: Iterable[SlotResultRow]) -> float | None:
    errors = [abs(row.start_error_ms) for row in results if row.start_error_ms is not None]
    return max(errors, default=None)


def _on_air(
    session: Session,
    tree: PlaceTree,
    slots: Sequence[_Near],
    tiles: Mapping[str, Tile],
    now: datetime,
) -> Iterable[OnAir]:
    for slot in slots:
        if not slot.row.starts_at <= now < slot.ends_at:
            continue
        ids = {station.station_id for station in slot.stations}
        results = _results(session, slot.row.slot_id, ids)
        sounding = {key for key, row in results.items() if row.outcome == Sign.SOUNDING}
        ended = {key for key, row in results.items() if row.outcome not in UNDECIDED}
        yield OnAir(
            slot_id=slot.row.slot_id,
            title=slot.row.title,
            starts_at=slot.row.starts_at,
            ends_at=slot.ends_at,
            priority=slot.row.priority,
            sounding=len(sounding),
            ended=len(ended),
            total=len(ids),
            worst_error_ms=_worst(results.values()),
            not_sounding=tuple(
                (station.station_id, tree.places[station.place_id].name,
                 tiles[station.station_id].state)
                for station in slot.stations
                if station.station_id not in sounding | ended
            )[:5],
        )  # fmt: skip


def _last(session: Session, slots: Sequence[_Near], now: datetime) -> LastSlot | None:
    past = [slot for slot in slots if slot.ends_at <= now]
    if not past:
        return None
    slot = past[-1]
    ids = {station.station_id for station in slot.stations}
    results = _results(session, slot.row.slot_id, ids)
    counts = Counter(
        Sign.UNKNOWN.value if row.outcome == COMING else row.outcome for row in results.values()
    )
    counts[Sign.UNKNOWN.value] += len(ids) - len(results)
    return LastSlot(
        slot_id=slot.row.slot_id,
        title=slot.row.title,
        starts_at=slot.row.starts_at,
        duration_ms=slot.row.duration_ms,
        aired=sum(count for outcome, count in counts.items() if is_aired(outcome)),
        total=len(ids),
        worst_error_ms=_worst(results.values()),
        counts=tuple((outcome, count) for outcome, count in sorted(counts.items()) if count),
    )


def _upcoming(
    session: Session,
    tree: PlaceTree,
    slots: Sequence[_Near],
    tiles: Mapping[str, Tile],
    now: datetime,
) -> Upcoming | None:
    slot = next((slot for slot in slots if slot.row.starts_at > now), None)
    if slot is None:
        return None
    names = station_names(session, marks_of([slot.row]))
    needed = every_sound(slot.row, names)
    held: dict[str, set[str]] = {}
    query = select(HoldingRow.station_id, HoldingRow.sha256).where(
        and_(HoldingRow.sha256.in_(needed), HoldingRow.held.is_(True))
    )
    for station_id, sha256 in session.execute(query):
        held.setdefault(station_id, set()).add(sha256)
    waiting = [
        station
        for station in slot.stations
        if not needed
        or not sounds_at(slot.row, station, names) <= held.get(station.station_id, set())
        or tiles[station.station_id].plan_held != tiles[station.station_id].plan_sent
    ]
    phones = _phones(session, [station.station_id for station in waiting[:5]])
    return Upcoming(
        slot_id=slot.row.slot_id,
        title=slot.row.title,
        starts_at=slot.row.starts_at,
        duration_ms=slot.row.duration_ms,
        priority=slot.row.priority,
        ready=len(slot.stations) - len(waiting),
        total=len(slot.stations),
        not_ready=tuple(
            (station.station_id, tree.places[station.place_id].name,
             tiles[station.station_id].state, phones.get(station.station_id))
            for station in waiting[:5]
        ),
    )  # fmt: skip


def _phones(session: Session, station_ids: Sequence[str]) -> dict[str, str | None]:
    query = select(StationRow.station_id, StationRow.phone_number).where(
        StationRow.station_id.in_(station_ids)
    )
    return {row.station_id: row.phone_number for row in session.execute(query)}


def _exceptions(
    session: Session, tree: PlaceTree, place_id: str, now: datetime
) -> tuple[tuple[datetime, str, str], ...]:
    rows = session.scalars(
        select(HoursExceptionRow)
        .where(HoursExceptionRow.from_at <= now, HoursExceptionRow.until_at > now)
        .order_by(HoursExceptionRow.until_at)
    )
    return tuple(
        (row.until_at, tree.places[row.place_id].full_name, row.why)
        for row in rows
        if tree.is_within(row.place_id, place_id) or tree.is_within(place_id, row.place_id)
    )
