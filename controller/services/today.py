"""What somebody looks at first: what waits for them, what is about to sound, what did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor, Permission
from controller.domain.board import Sign
from controller.domain.bulletins import BulletinState
from controller.domain.places import Place, PlaceTree
from controller.services.approvals import waits_for
from controller.services.hours import Hours
from controller.services.near_slots import slots_near
from controller.services.phones import Phone, phones_of
from controller.services.places import Places
from controller.services.readiness import SlotReadiness
from controller.services.scope import among, at_or_below
from controller.services.shut_slots import Misfits, ShutSlot
from controller.services.station_memory import StationMemory
from controller.services.week import FAILED
from controller.storage.database import Database
from controller.storage.models import BulletinRow, SlotResultRow, SlotRow

AHEAD = timedelta(hours=24)
BEHIND = timedelta(hours=24)
MOST_BULLETINS = 20
MOST_NAMED = 15
"""Stations named under one slot; its own page names all."""
NOT_HEARD = tuple(sign.value for sign in (*FAILED, Sign.UNKNOWN))


@dataclass(frozen=True, slots=True)
class WaitingBulletin:
    """A bulletin somebody waits with: to be approved, or returned to be changed."""

    bulletin_id: str
    title: str
    place: Place
    since_at: datetime
    why: str | None
    """The reason it was returned for."""


@dataclass(frozen=True, slots=True)
class SilentStation:
    """A station at which a slot was not heard to its end, or nobody knows yet."""

    station_id: str
    place: Place
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class FailedSlot:
    """A slot of the last day that was not heard everywhere."""

    slot_id: str
    title: str
    planned_at: datetime
    is_scheduled: bool
    """Whether a schedule named it: it has a page of its own."""
    stations: tuple[SilentStation, ...]

    @property
    def counts(self) -> Mapping[tuple[str, str | None], int]:
        """How many stations for each outcome and reason, the commonest first."""
        found = Counter((one.outcome, one.reason) for one in self.stations)
        return dict(found.most_common())


@dataclass(frozen=True, slots=True)
class TodayView:
    """The first page of one person."""

    place: Place
    to_approve: tuple[WaitingBulletin, ...]
    """Sent by others for approval; of many the oldest."""
    returned: tuple[WaitingBulletin, ...]
    coming: tuple[SlotReadiness, ...]
    """The slots of the next 24 hours, soonest first."""
    unfit: tuple[ShutSlot, ...]
    """Those of them that do not fit the hours or the cap of a station: it will refuse them."""
    phones: Mapping[str, Phone]
    failed: tuple[FailedSlot, ...]
    """The slots of the last 24 hours that were not heard everywhere, newest first."""
    was_due: bool
    """Whether any slot was to sound in them: else nothing could fail."""
    made_at: datetime

    @property
    def at_risk(self) -> tuple[SlotReadiness, ...]:
        """The slots somebody has to do something about now."""
        return tuple(slot for slot in self.coming if slot.is_at_risk)


class Today:
    """Reads the first page, inside the reader's place."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        hours: Hours,
        memory: StationMemory | None = None,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._hours = hours
        self._memory = memory or StationMemory(database)
        self._misfits = Misfits()

    def view(self, actor: Actor) -> TodayView:
        """What waits, comes and failed at the actor's place and below."""
        tree, now = self._places.tree(), self._now()
        with self._memory.reading(tree, now) as reading:
            slots = slots_near(reading.session, tree, actor.place_id, now, now + AHEAD)
            coming = tuple(reading.readiness(slot) for slot in slots)
            unfit = self._misfits.of(actor.place_id, slots, tree, self._hours.book(reading.session))
        lacking = {one.station_id for slot in coming for one in slot.amiss[:MOST_NAMED]}
        with self._database.read() as session:
            failed = _failed(session, tree, actor.place_id, now)
            return TodayView(
                place=tree.places[actor.place_id],
                to_approve=_to_approve(session, tree, actor),
                returned=_returned(session, tree, actor),
                coming=coming,
                unfit=unfit,
                phones=phones_of(session, lacking),
                failed=failed,
                was_due=bool(failed) or _was_due(session, tree, actor.place_id, now),
                made_at=now,
            )


def _to_approve(session: Session, tree: PlaceTree, actor: Actor) -> tuple[WaitingBulletin, ...]:
    if not actor.may(Permission.APPROVE_BULLETINS):
        return ()
    return _bulletins(session, tree, actor, BulletinState.SUBMITTED, waits_for(tree, actor))


def _returned(session: Session, tree: PlaceTree, actor: Actor) -> tuple[WaitingBulletin, ...]:
    if not actor.may(Permission.WRITE_BULLETINS):
        return ()
    own = BulletinRow.author_id == actor.account_id
    return _bulletins(session, tree, actor, BulletinState.RETURNED, own)


def _bulletins(
    session: Session,
    tree: PlaceTree,
    actor: Actor,
    state: BulletinState,
    whose: ColumnElement[bool],
) -> tuple[WaitingBulletin, ...]:
    rows = session.scalars(
        select(BulletinRow)
        .where(
            BulletinRow.state == state.value,
            at_or_below(BulletinRow.place_id, tree, actor.place_id),
            whose,
        )
        .order_by(BulletinRow.updated_at)
        .limit(MOST_BULLETINS)
    )
    return tuple(
        WaitingBulletin(
            bulletin_id=row.bulletin_id,
            title=row.title,
            place=tree.places[row.place_id],
            since_at=row.updated_at,
            why=row.return_reason,
        )
        for row in rows
    )


def _failed(
    session: Session, tree: PlaceTree, place_id: str, now: datetime
) -> tuple[FailedSlot, ...]:
    own = tree.serving(place_id)
    result = SlotResultRow
    rows = session.execute(
        select(
            result.slot_id,
            result.station_id,
            result.title,
            result.planned_at,
            result.outcome,
            result.reason,
        )
        .where(
            SlotResultRow.outcome.in_(NOT_HEARD),
            SlotResultRow.planned_at > now - BEHIND,
            SlotResultRow.planned_at <= now,
        )
        .order_by(SlotResultRow.planned_at.desc(), SlotResultRow.slot_id)
    )
    by_slot: dict[str, list[Any]] = {}
    for row in rows:
        if row.station_id in own:
            by_slot.setdefault(row.slot_id, []).append(row)
    query = select(SlotRow.slot_id).where(SlotRow.slot_id.in_(by_slot))
    scheduled = set(session.scalars(query))
    return tuple(
        _failed_slot(slot_id, found, tree, is_scheduled=slot_id in scheduled)
        for slot_id, found in by_slot.items()
    )


def _was_due(session: Session, tree: PlaceTree, place_id: str, now: datetime) -> bool:
    """Whether a slot came whose outcome one of the stations told, other than that it was dropped.

    Of very many stations one of any place will do: it only chooses the words for "nothing failed".
    """
    row = SlotResultRow
    query = select(row.slot_id).where(
        row.planned_at > now - BEHIND,
        row.planned_at <= now,
        row.outcome != Sign.CANCELLED.value,
        among(row.station_id, tree.serving(place_id)),
    )
    return session.scalars(query.limit(1)).first() is not None


def _failed_slot(
    slot_id: str, rows: Sequence[Any], tree: PlaceTree, *, is_scheduled: bool
) -> FailedSlot:
    return FailedSlot(
        slot_id=slot_id,
        title=rows[0].title,
        planned_at=rows[0].planned_at,
        is_scheduled=is_scheduled,
        stations=tuple(
            SilentStation(
                row.station_id,
                tree.places[tree.stations[row.station_id].place_id],
                row.outcome,
                row.reason,
            )
            for row in rows
        ),
    )
