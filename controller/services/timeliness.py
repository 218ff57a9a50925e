"""How fast a bulletin reached its communes: approved, held, first aired, at each station.

The question of the province's plan: does information come late to remote communes? One function
answers it for one bulletin or for many, so that a page and a report cannot differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.places import Place, PlaceTree, Station
from controller.services.bulletin_rows import readable_row
from controller.services.bulletin_uses import schedules_of
from controller.services.piece_desk import station_names
from controller.services.places import Places
from controller.services.schedule_check import station_ids
from controller.services.slot_sounds import Names, marks_of, sounds_at
from controller.storage.database import Database
from controller.storage.models import (
    BulletinVersionRow,
    HoldingRow,
    JournalEntryRow,
    ScheduleTargetRow,
    SlotBulletinRow,
    SlotResultRow,
    SlotRow,
)

SOUNDED = ("aired", "late")
REMOTE = "III"
"""The zone of communes in the greatest difficulty, told apart in the plan."""


@dataclass(frozen=True, slots=True)
class StationTimes:
    """One bulletin at one station. A time that is None has not come, as far as is known."""

    station_id: str
    place: Place
    district: Place | None
    approved_at: datetime
    """When the version this station gets was approved."""
    held_at: datetime | None
    """When it had verified the last sound it needs, by its own word."""
    aired_at: datetime | None
    """The first time it sounded to its end after the approval."""

    @property
    def until_held(self) -> timedelta | None:
        """From the approval to the sound at the station; at least nothing."""
        return None if self.held_at is None else max(self.held_at - self.approved_at, timedelta())

    @property
    def until_aired(self) -> timedelta | None:
        """From the approval to the first airing."""
        return None if self.aired_at is None else self.aired_at - self.approved_at

    @property
    def is_remote(self) -> bool:
        """Whether it is one of the communes of zone III."""
        return self.place.zone == REMOTE


@dataclass(frozen=True, slots=True)
class Timeliness:
    """One bulletin at every station that gets it, the slowest in front."""

    stations: tuple[StationTimes, ...]

    @property
    def held(self) -> int:
        """How many stations hold it."""
        return sum(one.held_at is not None for one in self.stations)

    @property
    def aired(self) -> int:
        """At how many it sounded."""
        return sum(one.aired_at is not None for one in self.stations)

    @property
    def slowest_held(self) -> timedelta | None:
        """The longest way to a station among those that hold it."""
        return max((one.until_held for one in self.stations if one.until_held), default=None)

    @property
    def slowest_aired(self) -> timedelta | None:
        """The longest time to the first airing among those that had one."""
        return max((one.until_aired for one in self.stations if one.until_aired), default=None)

    @property
    def remote(self) -> Timeliness:
        """The same for the communes of zone III alone."""
        return Timeliness(tuple(one for one in self.stations if one.is_remote))


class TimelinessBook:
    """Reads it for one bulletin."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def of(self, actor: Actor, bulletin_id: str) -> Timeliness:
        """At the actor's place and below. NotFoundError for a bulletin they may not see."""
        tree = self._places.tree()
        with self._database.read() as session:
            readable_row(session, tree, actor, bulletin_id)
            here = station_ids(tree, [actor.place_id])
            return times_of(session, tree, [bulletin_id], here, self._now())[bulletin_id]


@dataclass(frozen=True, slots=True)
class _Version:
    """The approved sound in one language."""

    sha256: str
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class _Asked:
    """One bulletin at one station: the approval it goes by, and the sounds it needs there."""

    approved_at: datetime
    sounds: frozenset[str]


_Pair = tuple[str, str]
"""Bulletin and station."""


def times_of(
    session: Session,
    tree: PlaceTree,
    bulletin_ids: Sequence[str],
    here: frozenset[str],
    now: datetime,
) -> Mapping[str, Timeliness]:
    """Each of these bulletins at those stations `here` that a schedule of it names, or named."""
    asked = _asked(session, tree, bulletin_ids, here)
    results = _first_sounded(session, bulletin_ids)
    aired = {
        pair: min((at for at in results[pair] if one.approved_at <= at <= now), default=None)
        for pair, one in asked.items()
    }
    held = _held(session, {sha for one in asked.values() for sha in one.sounds})
    _put_right(session, asked, aired, held)
    found: defaultdict[str, list[StationTimes]] = defaultdict(list)
    for (bulletin_id, station_id), one in asked.items():
        place = tree.places[tree.stations[station_id].place_id]
        found[bulletin_id].append(
            StationTimes(
                station_id=station_id,
                place=place,
                district=tree.district_of(place.place_id),
                approved_at=one.approved_at,
                held_at=_last(held.get((station_id, sha)) for sha in one.sounds),
                aired_at=aired[bulletin_id, station_id],
            )
        )
    return {key: Timeliness(tuple(sorted(found[key], key=_slowest_first))) for key in bulletin_ids}


def _asked(
    session: Session, tree: PlaceTree, bulletin_ids: Sequence[str], here: frozenset[str]
) -> Mapping[_Pair, _Asked]:
    """What is to be looked for, at every station a bulletin was meant for since its approval."""
    versions, slots = _approved(session, bulletin_ids), _slots(session, bulletin_ids)
    every_slot = [row for rows in slots.values() for row in rows]
    names = station_names(session, marks_of(every_slot))
    targets = _targets(session, tree, every_slot)
    found: dict[_Pair, _Asked] = {}
    for bulletin_id in bulletin_ids:
        own = slots[bulletin_id]
        meant = frozenset[str]().union(
            *(targets[row.schedule_id] for row in own),
            *(station_ids(tree, one.target_ids) for one in schedules_of(session, bulletin_id)),
        )
        for station_id in here & meant:
            station = tree.stations[station_id]
            version = _heard(station, versions.get(bulletin_id, {}))
            if version is not None:
                first = _first_slot(own, targets, station_id, version.approved_at)
                sounds = _needed(first, station, version, names)
                found[bulletin_id, station_id] = _Asked(version.approved_at, sounds)
    return found


def _slowest_first(one: StationTimes) -> tuple[bool, bool, float, float, str]:
    return (
        one.aired_at is not None,
        one.held_at is not None,
        -(one.until_aired or timedelta()).total_seconds(),
        -(one.until_held or timedelta()).total_seconds(),
        one.place.name,
    )


def _last(instants: Iterable[datetime | None]) -> datetime | None:
    """The last of them, None while one is missing or there is none."""
    known = list(instants)
    return max((at for at in known if at), default=None) if all(known) else None


def _approved(session: Session, bulletin_ids: Sequence[str]) -> dict[str, dict[str, _Version]]:
    """The newest approved sound of each language, by bulletin."""
    found: defaultdict[str, dict[str, _Version]] = defaultdict(dict)
    query = (
        select(BulletinVersionRow)
        .where(
            BulletinVersionRow.bulletin_id.in_(bulletin_ids),
            BulletinVersionRow.approved_at.is_not(None),
            BulletinVersionRow.sha256.is_not(None),
        )
        .order_by(BulletinVersionRow.number)
    )
    for row in session.scalars(query):
        if row.sha256 and row.approved_at:
            found[row.bulletin_id][row.language] = _Version(row.sha256, row.approved_at)
    return found


def _heard(station: Station, versions: Mapping[str, _Version]) -> _Version | None:
    """What this station gets: the first language of its order that there is, else any."""
    languages = [*station.language_order, *versions]
    return next((versions[one] for one in languages if one in versions), None)


def _slots(session: Session, bulletin_ids: Sequence[str]) -> defaultdict[str, list[SlotRow]]:
    """The slots that air each bulletin, or aired it, the earliest first."""
    found: defaultdict[str, list[SlotRow]] = defaultdict(list)
    query = (
        select(SlotBulletinRow.bulletin_id, SlotRow)
        .join(SlotRow, SlotRow.slot_id == SlotBulletinRow.slot_id)
        .where(SlotBulletinRow.bulletin_id.in_(bulletin_ids), SlotRow.cancelled_at.is_(None))
        .order_by(SlotRow.starts_at)
    )
    for bulletin_id, row in session.execute(query):
        found[bulletin_id].append(row)
    return found


def _targets(
    session: Session, tree: PlaceTree, slots: Sequence[SlotRow]
) -> defaultdict[str, frozenset[str]]:
    """The stations of each schedule."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    query = select(ScheduleTargetRow).where(
        ScheduleTargetRow.schedule_id.in_({row.schedule_id for row in slots})
    )
    for target in session.scalars(query):
        places[target.schedule_id].append(target.place_id)
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    found.update({key: station_ids(tree, chosen) for key, chosen in places.items()})
    return found


def _first_slot(
    slots: Sequence[SlotRow],
    targets: Mapping[str, frozenset[str]],
    station_id: str,
    approved_at: datetime,
) -> SlotRow | None:
    """The first slot after the approval that is meant for the station."""
    return next(
        (
            row
            for row in slots
            if row.starts_at >= approved_at and station_id in targets[row.schedule_id]
        ),
        None,
    )


def _needed(
    slot: SlotRow | None, station: Station, version: _Version, names: Names
) -> frozenset[str]:
    """The sounds it has to hold: its version, or what the version was joined into."""
    sounds = sounds_at(slot, station, names) if slot else frozenset[str]()
    return frozenset({version.sha256}) if not sounds or version.sha256 in sounds else sounds


def _held(session: Session, sha256s: Iterable[str]) -> dict[tuple[str, str], datetime]:
    query = select(HoldingRow.station_id, HoldingRow.sha256, HoldingRow.at).where(
        HoldingRow.sha256.in_(list(sha256s)), HoldingRow.held
    )
    return {(station_id, sha256): at for station_id, sha256, at in session.execute(query)}


def _put_right(
    session: Session,
    asked: Mapping[_Pair, _Asked],
    aired: Mapping[_Pair, datetime | None],
    held: dict[tuple[str, str], datetime],
) -> None:
    """Of what sounded, but is no longer held or was fetched again since: when it first came.

    A station says so in its journal once for each time; its last word alone tells of now.
    """
    wanted = {
        (pair[1], sha): at
        for pair, at in aired.items()
        if at is not None
        for sha in asked[pair].sounds
        if (pair[1], sha) not in held or held[pair[1], sha] > at
    }
    if not wanted:
        return
    query = (
        select(JournalEntryRow.station_id, JournalEntryRow.at, JournalEntryRow.evidence)
        .where(
            JournalEntryRow.station_id.in_({station_id for station_id, _sha in wanted}),
            JournalEntryRow.kind == "holding",
            JournalEntryRow.at >= min(one.approved_at for one in asked.values()),
            JournalEntryRow.at <= max(wanted.values()),
        )
        .order_by(JournalEntryRow.at.desc())
    )
    for station_id, at, evidence in session.execute(query):
        key = station_id, str(evidence.get("sha256"))
        if evidence.get("held") and key in wanted and at <= wanted[key]:
            held[key] = at


def _first_sounded(
    session: Session, bulletin_ids: Sequence[str]
) -> defaultdict[tuple[str, str], list[datetime]]:
    """When each bulletin sounded to its end at each station."""
    found: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    query = (
        select(SlotBulletinRow.bulletin_id, SlotResultRow.station_id, SlotResultRow.started_at)
        .join(SlotResultRow, SlotResultRow.slot_id == SlotBulletinRow.slot_id)
        .where(
            SlotBulletinRow.bulletin_id.in_(bulletin_ids),
            SlotResultRow.outcome.in_(SOUNDED),
            SlotResultRow.started_at.is_not(None),
        )
    )
    for bulletin_id, station_id, started_at in session.execute(query):
        if started_at is not None:
            found[bulletin_id, station_id].append(started_at)
    return found
