"""The read model of the board: tiles by district, what sounds, what comes. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.board import STRIP_HOURS, Sign, is_aired
from controller.domain.places import Place, PlaceTree
from controller.domain.reconcile import COMING, UNDECIDED
from controller.services.near_slots import NearSlot, slots_near
from controller.services.phones import Phone, phones_of
from controller.services.places import Places
from controller.services.readiness import SlotReadiness, StationReadiness, judge_slots
from controller.services.tiles import Tile, tiles_of
from controller.storage.database import Database
from controller.storage.models import (
    HoursExceptionRow,
    SlotResultRow,
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
    """The next slot, and the first few of its stations that do not hold sound and plan."""

    slot: SlotReadiness
    not_ready: tuple[tuple[StationReadiness, Phone | None], ...]


@dataclass(frozen=True, slots=True)
class NextSlot:
    """What a station airs next."""

    slot_id: str
    title: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class BoardView:
    """The whole board of one person's place."""

    title_place: Place
    districts: tuple[DistrictRow, ...]
    counts: Mapping[str, int]
    on_air: tuple[OnAir, ...]
    last: LastSlot | None
    upcoming: Upcoming | None
    next_slots: Mapping[str, NextSlot]
    """By station, of the next 24 hours."""
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
            slots = slots_near(
                session,
                tree,
                actor.place_id,
                after=now - timedelta(hours=STRIP_HOURS),
                before=now + NEXT_WITHIN,
            )
            return BoardView(
                title_place=tree.places[actor.place_id],
                districts=_districts(tree, tiles),
                counts=Counter(tile.state for tile in tiles.values()),
                on_air=tuple(_on_air(session, tree, slots, tiles, now)),
                last=_last(session, slots, now),
                upcoming=_upcoming(session, tree, slots, tiles, now),
                next_slots=_next_slots(slots, now),
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


def _results(session: Session, slot_id: str, ids: set[str]) -> dict[str, SlotResultRow]:
    rows = session.scalars(select(SlotResultRow).where(SlotResultRow.slot_id == slot_id))
    return {row.station_id: row for row in rows if row.station_id in ids}


def _worst(results: Iterable[SlotResultRow]) -> float | None:
    errors = [abs(row.start_error_ms) for row in results if row.start_error_ms is not None]
    return max(errors, default=None)


def _on_air(
    session: Session,
    tree: PlaceTree,
    slots: Sequence[NearSlot],
    tiles: Mapping[str, Tile],
    now: datetime,
) -> Iterable[OnAir]:
    for slot in slots:
        if not slot.starts_at <= now < slot.ends_at:
            continue
        ids = {station.station_id for station in slot.stations}
        results = _results(session, slot.row.slot_id, ids)
        sounding = {key for key, row in results.items() if row.outcome == Sign.SOUNDING}
        ended = {key for key, row in results.items() if row.outcome not in UNDECIDED}
        yield OnAir(
            slot_id=slot.row.slot_id,
            title=slot.row.title,
            starts_at=slot.starts_at,
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


def _last(session: Session, slots: Sequence[NearSlot], now: datetime) -> LastSlot | None:
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
        starts_at=slot.starts_at,
        duration_ms=slot.row.duration_ms,
        aired=sum(count for outcome, count in counts.items() if is_aired(outcome)),
        total=len(ids),
        worst_error_ms=_worst(results.values()),
        counts=tuple((outcome, count) for outcome, count in sorted(counts.items()) if count),
    )


def _upcoming(
    session: Session,
    tree: PlaceTree,
    slots: Sequence[NearSlot],
    tiles: Mapping[str, Tile],
    now: datetime,
) -> Upcoming | None:
    coming = next((slot for slot in slots if slot.starts_at > now), None)
    if coming is None:
        return None
    (judged,) = judge_slots(session, tree, [coming], tiles, now)
    shown = judged.not_ready[:5]
    phones = phones_of(session, [one.station_id for one in shown])
    return Upcoming(judged, tuple((one, phones.get(one.station_id)) for one in shown))


def _next_slots(slots: Sequence[NearSlot], now: datetime) -> dict[str, NextSlot]:
    found: dict[str, NextSlot] = {}
    for slot in slots:
        if slot.row.starts_at > now:
            coming = NextSlot(slot.row.slot_id, slot.row.title, slot.row.starts_at)
            for station in slot.stations:
                found.setdefault(station.station_id, coming)
    return found


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
