"""The read model of one station's page: planned, held and sounded, the machine, its troubles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.board import DayLine, Planned, Sounded, day_line
from controller.domain.offers import no_offer
from controller.domain.places import Place, PlaceTree, Station
from controller.domain.reconcile import Source
from controller.domain.story import SlotStory
from controller.errors import NotFoundError
from controller.services.absences import Absence, absence_of, absences, was_away
from controller.services.declines import declined
from controller.services.maintenance import MaintenanceView, windows_to_come
from controller.services.ordered_airings import Ordered, drilled, ordered
from controller.services.phones import Phone, contacts_of
from controller.services.piece_desk import station_names
from controller.services.places import Places
from controller.services.placings import placed
from controller.services.slot_sounds import items_at, marks_of, sounds_at
from controller.services.slot_stories import Airing, read_stories
from controller.services.tiles import Tile, tiles_of
from controller.storage.database import Database
from controller.storage.models import (
    BrokerDenialRow,
    HoldingRow,
    JournalEntryRow,
    ScheduleTargetRow,
    SlotResultRow,
    SlotRow,
    SpeakerClusterRow,
    StationRow,
    StationStateRow,
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What the station's machine last said of itself; None: it has never said so."""

    agent_version: str | None
    clock_level: str | None
    clock_offset_ms: float | None
    disk_free_bytes: int | None
    temperature_celsius: float | None
    volume_percent: int | None
    held_assets: int
    required_assets: int
    journal_head: int
    journal_stored_up_to: int
    refused: dict[str, int]
    denied_publishes: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault, a refusal or a denied publish, newest first on the station's page."""

    at: datetime
    kind: str
    code: str
    detail: str
    subject: str


@dataclass(frozen=True, slots=True)
class StationView:
    """One station's page."""

    station: Station
    place: Place
    district: Place | None
    tile: Tile
    phones: tuple[Phone, ...]
    """Whom to call, in order."""
    row_version: int
    absence: Absence | None
    """Why it is not in service now; None: it is."""
    maintenance: tuple[MaintenanceView, ...]
    """Declared and not over, the next first."""
    day: tuple[DayLine, ...]
    stories: Mapping[str, SlotStory]
    """Why each slot of the day stands as it does, by slot id."""
    holdings: tuple[tuple[str, str, int, bool], ...]
    """(title, sha256, bytes, held) of every sound the plan needs."""
    troubles: tuple[Trouble, ...]
    machine: Machine
    clusters: tuple[tuple[int, str | None, bool], ...]
    recent: tuple[tuple[datetime, str, str, str | None], ...]
    """(planned at, title, outcome, reason) of the newest results."""


class StationPages:
    """Reads what one station's page shows, inside the reader's place."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def view(self, actor: Actor, station_id: str, day: datetime) -> StationView:
        """One station's page; `day` is any instant of the local day shown, at its midnight."""
        tree, now = self._places.tree(), self._now()
        station = tree.station(station_id)
        if station is None or not tree.is_within(station.place_id, actor.place_id):
            raise NotFoundError(f"station {station_id}", kind="station", object_id=station_id)
        with self._database.read() as session:
            row = session.get_one(StationRow, station_id)
            held = _held(session, station_id)
            end = day + timedelta(days=1)
            planned = _airings(session, tree, station, day)
            airings = (*planned, *_drills(session, station, day, end, now))
            lines = _day(airings, held, now, ordered(session, day, end))
            return StationView(
                station=station,
                place=tree.places[station.place_id],
                district=tree.district_of(station.place_id),
                tile=tiles_of(session, tree, [station], now)[station_id],
                phones=tuple(contacts_of(session, [station_id]).get(station_id, ())),
                row_version=row.row_version,
                absence=absence_of(session, station_id),
                maintenance=windows_to_come(session, station_id, now),
                day=lines,
                stories=read_stories(session, station_id, airings, now),
                holdings=_holdings(session, tree, station, held, now),
                troubles=_troubles(session, station_id),
                machine=_machine(session.get(StationStateRow, station_id)),
                clusters=_clusters(session, station_id),
                recent=_recent(session, station_id),
            )


def _held(session: Session, station_id: str) -> frozenset[str]:
    return frozenset(
        session.scalars(
            select(HoldingRow.sha256).where(
                HoldingRow.station_id == station_id, HoldingRow.held.is_(True)
            )
        )
    )


def _planned_rows(
    session: Session, tree: PlaceTree, station: Station, start: datetime, end: datetime
) -> Sequence[SlotRow]:
    """What schedules named for the station while it was in service."""
    above = [place.place_id for place in tree.path(station.place_id)]
    here = select(ScheduleTargetRow.schedule_id).where(ScheduleTargetRow.place_id.in_(above))
    rows = session.scalars(
        select(SlotRow)
        .where(SlotRow.schedule_id.in_(here), SlotRow.starts_at >= start, SlotRow.starts_at < end)
        .order_by(SlotRow.starts_at)
    ).all()
    away = absences(session, [station.station_id], start, end).get(station.station_id, ())
    return [row for row in rows if not was_away(away, row.starts_at)]


def _drills(
    session: Session, station: Station, start: datetime, end: datetime, now: datetime
) -> tuple[Airing, ...]:
    """What drills made sound: told by the journal alone, for no result is kept of them."""
    return tuple(
        Airing(one.slot_id, None, SlotResultRow(**asdict(one), source=Source.JOURNAL.value))
        for one in drilled(session, [station.station_id], start, end, now)
    )


def _planned(airing: Airing, now: datetime, orders: Mapping[str, Ordered]) -> Planned:
    row, result = airing.slot, airing.result
    if row is None:
        assert result is not None  # noqa: S101 - an airing has at least one of them
        order = orders.get(airing.slot_id)
        return Planned(
            slot_id=airing.slot_id,
            title=order.title if order else result.title,
            warning=order.warning if order else "",
            starts_at=result.planned_at,
            duration_ms=result.planned_ms,
            is_cancelled=False,
            sounds=(),
            is_scheduled=False,
        )
    return Planned(
        slot_id=row.slot_id,
        title=row.title,
        starts_at=airing.starts_at or row.starts_at,
        duration_ms=row.duration_ms,
        is_cancelled=airing.is_cancelled,
        sounds=tuple(airing.sounds),
        is_offer=no_offer(
            row.priority,
            row.authority,
            row.starts_at,
            now,
            is_cancelled=row.cancelled_at is not None,
        )
        is None,
    )


def _airings(
    session: Session, tree: PlaceTree, station: Station, day: datetime
) -> tuple[Airing, ...]:
    """What was planned for the day, and whatever else has a result in it."""
    end = day + timedelta(days=1)
    results = {
        row.slot_id: row
        for row in session.scalars(
            select(SlotResultRow).where(
                SlotResultRow.station_id == station.station_id,
                SlotResultRow.planned_at >= day,
                SlotResultRow.planned_at < end,
            )
        )
    }
    slots = {row.slot_id: row for row in _planned_rows(session, tree, station, day, end)}
    names = station_names(session, marks_of(slots.values()))
    sounds = {slot_id: sounds_at(row, station, names) for slot_id, row in slots.items()}
    declines = declined(session, slots.values(), station.station_id)
    placings = placed(session, slots.values(), station.station_id)
    return tuple(
        Airing(
            slot_id,
            slots.get(slot_id),
            results.get(slot_id),
            sounds.get(slot_id, frozenset()),
            declines.get(slot_id, {}).get(station.station_id),
            placings.get(slot_id, {}).get(station.station_id),
        )
        for slot_id in slots | results
    )


def _day(
    airings: Sequence[Airing],
    held: frozenset[str],
    now: datetime,
    orders: Mapping[str, Ordered],
) -> tuple[DayLine, ...]:
    lines = [
        day_line(_planned(one, now, orders), _sounded(one.result), held, now) for one in airings
    ]
    return tuple(sorted(lines, key=lambda line: (line.planned.starts_at, line.planned.slot_id)))


def _sounded(row: SlotResultRow | None) -> Sounded | None:
    if row is None:
        return None
    return Sounded(row.outcome, row.reason, row.started_at, row.start_error_ms, row.played_ms)


def _holdings(
    session: Session, tree: PlaceTree, station: Station, held: frozenset[str], now: datetime
) -> tuple[tuple[str, str, int, bool], ...]:
    needed: dict[str, tuple[str, int]] = {}
    rows = _planned_rows(session, tree, station, now, now + timedelta(days=14))
    names = station_names(session, marks_of(rows))
    declines = declined(session, rows, station.station_id)
    for row in rows:
        if row.cancelled_at is None and row.slot_id not in declines:
            for item in items_at(row, station, names):
                needed.setdefault(item["sha256"], (row.title, item["size_bytes"]))
    return tuple((title, sha, size, sha in held) for sha, (title, size) in needed.items())


def _troubles(session: Session, station_id: str) -> tuple[Trouble, ...]:
    entries = session.scalars(
        select(JournalEntryRow)
        .where(
            JournalEntryRow.station_id == station_id,
            JournalEntryRow.kind.in_(("fault", "refusal")),
        )
        .order_by(JournalEntryRow.at.desc())
        .limit(20)
    )
    denials = session.scalars(
        select(BrokerDenialRow)
        .where(BrokerDenialRow.station_id == station_id)
        .order_by(BrokerDenialRow.at.desc())
        .limit(20)
    )
    found = [_trouble(entry) for entry in entries] + [
        Trouble(row.at, "denied", row.action, row.topic, "broker") for row in denials
    ]
    return tuple(sorted(found, key=lambda trouble: trouble.at, reverse=True)[:20])


def _trouble(entry: JournalEntryRow) -> Trouble:
    evidence = entry.evidence
    return Trouble(
        at=entry.at,
        kind=entry.kind,
        code=evidence.get("code") or evidence.get("why", ""),
        detail=evidence.get("detail", ""),
        subject=evidence.get("what", "station"),
    )


def _clusters(session: Session, station_id: str) -> tuple[tuple[int, str | None, bool], ...]:
    rows = session.scalars(
        select(SpeakerClusterRow)
        .where(SpeakerClusterRow.station_id == station_id, SpeakerClusterRow.retired_at.is_(None))
        .order_by(SpeakerClusterRow.number)
    )
    return tuple((row.number, row.name, row.is_invented) for row in rows)


def _recent(session: Session, station_id: str) -> tuple[tuple[datetime, str, str, str | None], ...]:
    rows = session.scalars(
        select(SlotResultRow)
        .where(SlotResultRow.station_id == station_id)
        .order_by(SlotResultRow.planned_at.desc())
        .limit(20)
    )
    return tuple((row.planned_at, row.title, row.outcome, row.reason) for row in rows)


def _machine(state: StationStateRow | None) -> Machine:
    if state is None:
        return Machine(None, None, None, None, None, None, 0, 0, 0, 0, {}, 0)
    return Machine(
        agent_version=state.agent_version,
        clock_level=state.clock_level,
        clock_offset_ms=state.clock_offset_ms,
        disk_free_bytes=state.disk_free_bytes,
        temperature_celsius=state.temperature_celsius,
        volume_percent=state.volume_percent,
        held_assets=state.held_assets,
        required_assets=state.required_assets,
        journal_head=state.journal_head,
        journal_stored_up_to=state.journal_stored_up_to,
        refused=state.refused,
        denied_publishes=state.denied_publishes,
    )
