"""Where a bulletin is used and where it aired, as far as the reader may see."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.board import Sign
from controller.domain.places import Place, PlaceTree
from controller.domain.plans import told_until
from controller.services.bulletin_rows import readable_row
from controller.services.paging import Leaf, leaf
from controller.services.places import Places
from controller.services.schedule_check import station_ids
from controller.services.schedule_rows import StoredSchedule, load
from controller.services.schedule_store import has_ended
from controller.services.scope import may_see
from controller.services.slot_page import places_of
from controller.services.slot_rows import stays_cancelled
from controller.services.withdrawals import airs_within
from controller.storage.database import Database
from controller.storage.models import (
    ProgrammeItemRow,
    ScheduleRow,
    SlotBulletinRow,
    SlotResultRow,
    SlotRow,
)

SCHEDULES_SHOWN = 10
AIRINGS_SHOWN = 20
_SOUNDED = (Sign.AIRED, Sign.LATE, Sign.CUT_SHORT)


@dataclass(frozen=True, slots=True)
class Use:
    """A schedule that airs the bulletin, or did."""

    schedule: StoredSchedule
    owner: Place
    targets: tuple[Place, ...]
    has_ended: bool


@dataclass(frozen=True, slots=True)
class BulletinAiring:
    """One dated airing at the stations the reader may see."""

    slot_id: str
    starts_at: datetime
    sounded_at: tuple[Place, ...]
    """The places whose stations sounded it, whole or in part."""
    stations: int
    counts: Mapping[Sign, int]
    """How many of them by outcome, none left out."""


@dataclass(frozen=True, slots=True)
class Uses:
    """Schedules, running ones first, and airings, the latest first; each a page of many."""

    schedules: tuple[Use, ...]
    schedule_leaf: Leaf
    airings: tuple[BulletinAiring, ...]
    airing_leaf: Leaf


class BulletinUses:
    """Reads uses."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def staying_cancelled(self, actor: Actor, bulletin_id: str) -> tuple[tuple[str, datetime], ...]:
        """(slot id, start) of what it may air again, but stations were told is cancelled."""
        tree, now = self._places.tree(), self._now()
        with self._database.read() as session:
            readable_row(session, tree, actor, bulletin_id)
            stored = {
                one.schedule_id: one
                for one in schedules_of(session, bulletin_id)
                if may_see(tree, actor, one.place_id)
            }
            rows = session.scalars(
                select(SlotRow)
                .where(SlotRow.schedule_id.in_(stored), SlotRow.starts_at > now)
                .where(SlotRow.starts_at < told_until(now))
                .order_by(SlotRow.starts_at)
            )
            return tuple(
                (row.slot_id, row.starts_at)
                for row in rows
                if stays_cancelled(row, stored[row.schedule_id], now)
            )

    def read(
        self, actor: Actor, bulletin_id: str, *, schedule_page: int = 1, airing_page: int = 1
    ) -> Uses:
        """The asked pages. NotFoundError for a bulletin the actor may not see."""
        tree, now = self._places.tree(), self._now()
        with self._database.read() as session:
            readable_row(session, tree, actor, bulletin_id)
            aired_by = select(SlotRow.schedule_id).where(_has_bulletin(bulletin_id))
            uses = _in_order(_seen(tree, actor, schedules_of(session, bulletin_id)), now)
            seen = _seen(tree, actor, load(session, ScheduleRow.schedule_id.in_(aired_by)))
            first = leaf(len(uses), schedule_page, SCHEDULES_SHOWN)
            condition = _has_bulletin(bulletin_id) & _has_aired(
                [stored.schedule_id for stored in seen], now
            )
            number = session.scalar(select(func.count()).select_from(SlotRow).where(condition))
            second = leaf(number or 0, airing_page, AIRINGS_SHOWN)
            rows = session.scalars(
                select(SlotRow)
                .where(condition)
                .order_by(SlotRow.starts_at.desc(), SlotRow.slot_id)
                .limit(second.length)
                .offset(second.offset)
            ).all()
            here = station_ids(tree, [actor.place_id])
            stations = {
                stored.schedule_id: here & station_ids(tree, stored.target_ids) for stored in seen
            }
            return Uses(
                tuple(
                    Use(
                        stored,
                        tree.places[stored.place_id],
                        places_of(tree, stored),
                        has_ended(stored, now),
                    )
                    for stored in uses[first.offset : first.offset + first.length]
                ),
                first,
                _airings(session, tree, rows, stations, now),
                second,
            )


def schedules_of(session: Session, bulletin_id: str) -> list[StoredSchedule]:
    """Every schedule whose programme has the bulletin, in the order of their making."""
    programmes = select(ProgrammeItemRow.programme_id).where(
        ProgrammeItemRow.bulletin_id == bulletin_id
    )
    return load(session, ScheduleRow.programme_id.in_(programmes))


def _seen(
    tree: PlaceTree, actor: Actor, schedules: Sequence[StoredSchedule]
) -> list[StoredSchedule]:
    """Those that are the actor's to see, or air at a station of theirs."""
    return [
        stored
        for stored in schedules
        if may_see(tree, actor, stored.place_id) or airs_within(tree, actor, stored)
    ]


def _in_order(schedules: Sequence[StoredSchedule], now: datetime) -> list[StoredSchedule]:
    """Running ones first, of each kind the latest made first."""
    latest_first = list(reversed(schedules))
    return sorted(latest_first, key=lambda stored: has_ended(stored, now))


def _has_bulletin(bulletin_id: str) -> ColumnElement[bool]:
    """Slots that had the bulletin when they began, or have it now; whatever became of it since."""
    return exists().where(
        SlotBulletinRow.slot_id == SlotRow.slot_id, SlotBulletinRow.bulletin_id == bulletin_id
    )


def _has_aired(schedule_ids: Sequence[str], now: datetime) -> ColumnElement[bool]:
    """Slots that have begun; one that was cancelled only if it had sounded before."""
    sounded = exists().where(SlotResultRow.slot_id == SlotRow.slot_id, SlotResultRow.played_ms > 0)
    return (
        SlotRow.schedule_id.in_(schedule_ids)
        & (SlotRow.starts_at <= now)
        & or_(SlotRow.cancelled_at.is_(None), sounded)
    )


def _airings(
    session: Session,
    tree: PlaceTree,
    rows: Sequence[SlotRow],
    stations: Mapping[str, frozenset[str]],
    now: datetime,
) -> tuple[BulletinAiring, ...]:
    signs: defaultdict[str, dict[str, Sign]] = defaultdict(dict)
    query = select(SlotResultRow.slot_id, SlotResultRow.station_id, SlotResultRow.outcome).where(
        SlotResultRow.slot_id.in_([row.slot_id for row in rows])
    )
    for slot_id, station_id, outcome in session.execute(query):
        signs[slot_id][station_id] = Sign(outcome)
    return tuple(
        _airing(tree, row, stations[row.schedule_id], signs[row.slot_id], now) for row in rows
    )


def _airing(
    tree: PlaceTree,
    row: SlotRow,
    here: frozenset[str],
    signs: Mapping[str, Sign],
    now: datetime,
) -> BulletinAiring:
    is_over = now >= row.starts_at + timedelta(milliseconds=row.duration_ms)
    unheard = Sign.UNKNOWN if is_over else Sign.COMING
    by_station = {key: signs.get(key, unheard) for key in here}
    places = [
        tree.places[station.place_id]
        for station in tree.stations.values()
        if by_station.get(station.station_id) in _SOUNDED
    ]
    return BulletinAiring(
        slot_id=row.slot_id,
        starts_at=row.starts_at,
        sounded_at=tuple(dict.fromkeys(places)),
        stations=len(here),
        counts=Counter(by_station.values()),
    )
