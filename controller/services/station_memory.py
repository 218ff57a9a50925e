"""What pages count of all stations, read once and kept until the station's own cursor moves.

Every change of what a screen shows of a station raises `change_no` of its row in the same
transaction. So whatever was read of a station stays true until its number is above the highest
seen: only then it is forgotten and read anew. Nothing here grows old by itself; what time alone
changes is kept as instants and compared when it is asked for, and a station that falls silent is
shown so by the sweep, which raises the number too.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.domain.board import ONLINE_STATES, STRIP_HOURS, Sign, look_of
from controller.domain.places import PlaceTree, Station
from controller.services.near_slots import NearSlot
from controller.services.ordered_airings import ordered_now
from controller.services.readiness import (
    SlotReadiness,
    StationReadiness,
    judge_stations,
    of_slot,
)
from controller.services.scope import among
from controller.services.slot_sounds import has_mark
from controller.storage.database import Database
from controller.storage.models import PieceRow, SlotResultRow, SlotRow, StationStateRow

V = TypeVar("V")
SLOTS_KEPT = 128
"""Slots whose stations are kept; the one not asked for the longest goes first."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How a station is shown and which plan it holds."""

    state: str = "never"
    since_at: datetime | None = None
    plan_held: int = 0
    plan_sent: int = 0
    reasons: Sequence[str] = ()
    warning: str = ""
    """"live" or "drill" while it sounds by a warning or a drill; empty for all else."""

    @property
    def look(self) -> str:
        """How it is drawn and counted: its state, or what kind of warning it sounds."""
        return look_of(self.state, self.warning)

    @property
    def is_online(self) -> bool:
        """Whether it is connected and able to play."""
        return self.state in ONLINE_STATES


@dataclass(frozen=True, slots=True)
class SlotEnd:
    """How a slot went, or goes, at one station."""

    outcome: str
    start_error_ms: float | None


Load = Callable[[Sequence[str]], Mapping[str, V]]


class Kept(Generic[V]):
    """One kind of fact by station; None for a station of which there is none."""

    def __init__(self) -> None:
        self._known: dict[str, V | None] = {}

    def of(self, ids: Sequence[str], load: Load[V]) -> Mapping[str, V | None]:
        """The facts of these stations, and maybe of more."""
        missing = [one for one in ids if one not in self._known]
        if missing:
            found = load(missing)
            self._known.update((one, found.get(one)) for one in missing)
        return self._known

    def forget(self, ids: Sequence[str]) -> None:
        """These changed."""
        for one in ids:
            self._known.pop(one, None)


Judge = Callable[[Sequence[Station]], Sequence[StationReadiness]]


class _Coming:
    """What is kept of a slot to come, as long as it needs the same sounds: who lacks something.

    Of the widest place that asked, only what changed since is looked at again; for each of its
    stations a glance would cost more than all the rest of a page.
    """

    def __init__(self, needs: object) -> None:
        self.needs = needs
        self._judged: set[str] = set()
        self._lacking: dict[str, StationReadiness] = {}
        self._widest: tuple[Station, ...] = ()
        self._order: dict[str, int] = {}
        self._changed: set[str] = set()

    def of(self, stations: tuple[Station, ...], judge: Judge) -> list[StationReadiness]:
        """Those of these that lack something, in the given order."""
        if stations == self._widest:
            order, asked = self._order, self._changed & self._order.keys()
        else:
            order = {one.station_id: number for number, one in enumerate(stations)}
            asked = order.keys() - self._judged
        missing = [stations[number] for number in sorted(order[one] for one in asked)]
        if missing:
            self._lacking.update((one.station_id, one) for one in judge(missing))
            self._judged.update(asked)
        if len(stations) >= len(self._widest):
            self._widest, self._order, self._changed = stations, order, set()
        found = order.keys() & self._lacking.keys()
        return [self._lacking[one] for one in sorted(found, key=order.__getitem__)]

    def forget(self, ids: Sequence[str]) -> None:
        """These changed."""
        self._changed.update(ids)
        self._judged.difference_update(ids)
        for one in ids:
            self._lacking.pop(one, None)


class _Shelf(Generic[V]):
    """The slots asked for last."""

    def __init__(self) -> None:
        self._slots: OrderedDict[str, V] = OrderedDict()

    def get(self, slot_id: str) -> V | None:
        return self._slots.get(slot_id)

    def put(self, slot_id: str, kept: V) -> V:
        self._slots[slot_id] = kept
        self._slots.move_to_end(slot_id)
        while len(self._slots) > SLOTS_KEPT:
            self._slots.popitem(last=False)
        return kept

    def __iter__(self) -> Iterator[V]:
        return iter(self._slots.values())


class _Facts:
    """Everything that is kept, of one tree of places."""

    def __init__(self) -> None:
        self.stands: Kept[Stand] = Kept()
        self.missed: Kept[tuple[datetime, ...]] = Kept()
        self.ends: _Shelf[Kept[SlotEnd]] = _Shelf()
        self.coming: _Shelf[_Coming] = _Shelf()

    def forget(self, ids: Sequence[str]) -> None:
        self.stands.forget(ids)
        self.missed.forget(ids)
        for ends in self.ends:
            ends.forget(ids)
        for coming in self.coming:
            coming.forget(ids)


class StationMemory:
    """Shared by all requests of the process; one of them at a time brings it up to date."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._cursor = 0
        self._tree: PlaceTree | None = None
        self._facts = _Facts()

    @contextmanager
    def reading(self, tree: PlaceTree, now: datetime) -> Iterator[Reading]:
        """A look at all stations as they are now; the session is the reading's own.

        The session begins inside the turn: what is kept can only become newer, never older.
        """
        with self._turn, self._database.read() as session:
            if tree is not self._tree:
                self._tree, self._facts, self._cursor = tree, _Facts(), 0
            self._forget_changed(session)
            yield Reading(session, tree, now, self._cursor, self._facts)

    def _forget_changed(self, session: Session) -> None:
        newest = session.scalar(select(func.max(StationStateRow.change_no))) or 0
        if newest == self._cursor:
            return
        changed = session.scalars(
            select(StationStateRow.station_id).where(StationStateRow.change_no > self._cursor)
        ).all()
        self._facts.forget(changed)
        self._cursor = newest


@dataclass(frozen=True, slots=True)
class Reading:
    """All stations at one moment. Instants are aware."""

    session: Session
    tree: PlaceTree
    now: datetime
    cursor: int
    _facts: _Facts

    def stands(self, stations: Sequence[Station]) -> Mapping[str, Stand]:
        """How each of these is shown; there may be more in it."""

        def load(missing: Sequence[str]) -> Mapping[str, Stand]:
            row = StationStateRow
            query = select(
                row.station_id,
                row.shown_state,
                row.shown_since_at,
                row.plan_version_held,
                row.plan_version_sent,
                row.health_reasons,
                row.on_air_slot_id,
            ).where(among(row.station_id, missing))
            lines = self.session.execute(query).all()
            on_air = [line.on_air_slot_id for line in lines if line.shown_state == "on_air"]
            sounding = {slot_id for slot_id in on_air if slot_id}
            orders = ordered_now(self.session, sounding, self.now)
            warnings = {slot_id: order.warning for slot_id, order in orders.items()}
            found = {
                line.station_id: Stand(
                    line.shown_state,
                    line.shown_since_at,
                    line.plan_version_held,
                    line.plan_version_sent,
                    line.health_reasons,
                    warnings.get(line.on_air_slot_id or "", ""),
                )
                for line in lines
            }
            return {one: found.get(one, Stand()) for one in missing}

        known = self._facts.stands.of(_ids(stations), load)
        return cast(Mapping[str, Stand], known)  # the loader leaves nobody out

    def missed(self, stations: Sequence[Station]) -> frozenset[str]:
        """Those of these that missed a slot in the last 24 hours."""
        since = self.now - timedelta(hours=STRIP_HOURS)

        def load(missing: Sequence[str]) -> Mapping[str, tuple[datetime, ...]]:
            row, found = SlotResultRow, dict[str, tuple[datetime, ...]]()
            query = select(row.station_id, row.planned_at).where(
                row.outcome == Sign.MISSED.value,
                row.planned_at > since,
                among(row.station_id, missing),
            )
            for station_id, at in self.session.execute(query):
                found[station_id] = (*found.get(station_id, ()), at)
            return found

        known = self._facts.missed.of(_ids(stations), load)
        return frozenset(
            key for key in _ids(stations) if any(at > since for at in known[key] or ())
        )

    def ends(self, slot: NearSlot) -> Mapping[str, SlotEnd | None]:
        """How a slot went at its stations; None: nothing is known there."""
        slot_id = slot.row.slot_id
        kept = self._facts.ends.get(slot_id) or Kept()

        def load(missing: Sequence[str]) -> Mapping[str, SlotEnd]:
            row = SlotResultRow
            query = select(row.station_id, row.outcome, row.start_error_ms).where(
                row.slot_id == slot_id, among(row.station_id, missing)
            )
            return {line[0]: SlotEnd(*line[1:]) for line in self.session.execute(query)}

        return self._facts.ends.put(slot_id, kept).of(_ids(slot.stations), load)

    def readiness(self, slot: NearSlot) -> SlotReadiness:
        """Which of its stations lack what of a slot to come."""
        needs = _needs(self.session, slot.row)
        kept = self._facts.coming.get(slot.row.slot_id)
        if kept is None or kept.needs != needs:
            kept = _Coming(needs)

        def judge(asked: Sequence[Station]) -> Sequence[StationReadiness]:
            standings = self.stands(asked)
            return judge_stations(self.session, self.tree, slot.row, asked, standings)

        lacking = self._facts.coming.put(slot.row.slot_id, kept).of(slot.stations, judge)
        return of_slot(slot, lacking, self.now)


def _ids(stations: Sequence[Station]) -> list[str]:
    return [one.station_id for one in stations]


def _needs(session: Session, row: SlotRow) -> object:
    """Whatever makes a slot need other sounds: its items, and names said for it since."""
    said: object = None
    if has_mark(row.items):
        made = select(func.count(), func.max(PieceRow.made_at)).where(PieceRow.sha256.is_not(None))
        said = tuple(session.execute(made).one())
    return row.items, row.other_items, said
