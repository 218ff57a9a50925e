"""Letters and calls on their way: taken by one sender at a time, tried again, given up in the end.

A row is written in the transaction that decides what is told, claimed before it is sent and marked
afterwards. At least once: a process that dies leaves the claim to lapse, so nothing is lost. And at
most once but for one instant: only a process that dies after the other side took it and before the
mark is written sends it again, and then under the same id (`Vang-Delivery`, `Idempotency-Key`,
`Message-ID`, `VANG_ID`), by which the other side knows it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.alarms import Event, above
from controller.domain.notices import NoticeKind, Way, pause_after
from controller.services.notice_people import People, people_of
from controller.services.notices import NoticeView, items_of, view_of
from controller.services.places import Places
from controller.services.scope import may_see
from controller.storage.database import Database
from controller.storage.models import (
    AccountRow,
    NoticeDeliveryRow,
    NoticeRow,
)

logger = logging.getLogger(__name__)

CLAIMED_FOR = timedelta(minutes=3)
"""Longer than any one try takes; after it somebody else may try."""

FAILURES_SHOWN = 50
LONGEST_ERROR = 300


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom it is for."""

    username: str
    full_name: str
    place_id: str
    language: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """One thing to be sent now."""

    delivery_id: str
    way: Way
    notice: NoticeView | None
    """None: a test message."""
    to: tuple[Recipient, ...]
    created_at: datetime
    attempts: int
    event: Event = Event.OPENED


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """What could not be sent, or could not yet."""

    way: Way
    is_given_up: bool
    to_name: str
    is_test: bool
    created_at: datetime
    next_at: datetime
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class WayState:
    """How one way does."""

    way: Way
    waiting: int
    last_sent_at: datetime | None


def _due(way: Way, now: datetime) -> Select[NoticeDeliveryRow]:
    """What may be sent this way now, in its turn."""
    return (
        select(NoticeDeliveryRow)
        .where(
            NoticeDeliveryRow.state == "waiting",
            NoticeDeliveryRow.way == way.value,
            NoticeDeliveryRow.next_at <= now,
        )
        .order_by(NoticeDeliveryRow.next_at, NoticeDeliveryRow.delivery_id)
        .limit(1)
    )


def _is_called_for(session: Session, row: NoticeDeliveryRow, notice: NoticeRow | None) -> bool:
    """Whether it still has to be sent: nobody hears of the end of what they never heard of."""
    if notice is None:
        return True
    if row.what == Event.ESCALATED.value:
        return notice.acknowledged_at is None
    if row.what != Event.OVER.value:
        return True
    delivery = NoticeDeliveryRow
    query = select(delivery).where(
        delivery.notice_id == row.notice_id,
        delivery.way == row.way,
        delivery.what != Event.OVER.value,
    )
    if not Way(row.way).is_called:
        query = query.where(delivery.account_id == row.account_id)
    return any(
        one.state == "sent" or (one.attempts > 0 and one.error is None)
        for one in session.scalars(query)
    )


class Deliveries:
    """Hands out what is due, and notes what became of it."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def claim(self, way: Way) -> Parcel | None:
        """The next thing that is due this way, for `CLAIMED_FOR`; None: nothing is."""
        while self._is_any_due(way):
            with self._database.write() as session:
                due = _due(way, self._now()).with_for_update(skip_locked=True)
                row = session.scalars(due).first()
                if row is None:
                    return None
                parcel = self._taken(session, row)
            if parcel is not None:
                return parcel
        return None

    def _is_any_due(self, way: Way) -> bool:
        with self._database.read() as session:
            return session.scalars(_due(way, self._now())).first() is not None

    def _taken(self, session: Session, row: NoticeDeliveryRow) -> Parcel | None:
        """The row claimed; None, and the row ended, when it is too late or nobody wants it."""
        now, way = self._now(), Way(row.way)
        if now > row.not_after_at:
            row.state, row.done_at, row.error = "failed", now, row.error or "too late"
            return None
        notice = session.get(NoticeRow, row.notice_id) if row.notice_id else None
        people = people_of(session, self._places.tree())
        to = self._recipients(session, row, notice, people)
        if not to or not _is_called_for(session, row, notice):
            row.state, row.done_at = "void", now
            return None
        row.next_at, row.attempts = now + CLAIMED_FOR, row.attempts + 1
        row.error = None  # nobody knows what becomes of this try
        view = None
        if notice is not None:
            view = view_of(notice, items_of(session, [notice.notice_id])[notice.notice_id])
        return Parcel(row.delivery_id, way, view, to, row.created_at, row.attempts, Event(row.what))

    def sent(self, parcel: Parcel) -> None:
        """It arrived at the other side."""
        self._end(parcel, "sent", None)

    def given_up(self, parcel: Parcel, error: str) -> None:
        """The other side will never take it."""
        logger.warning("notice not sent delivery=%s error=%s", parcel.delivery_id, error)
        self._end(parcel, "failed", error)

    def try_later(self, parcel: Parcel, error: str) -> None:
        """It did not work now: wait, longer each time."""
        next_at = self._now() + pause_after(parcel.attempts)
        logger.info("notice waits delivery=%s error=%s", parcel.delivery_id, error)
        with self._database.write() as session:
            session.execute(
                update(NoticeDeliveryRow)
                .where(
                    NoticeDeliveryRow.delivery_id == parcel.delivery_id,
                    NoticeDeliveryRow.state.in_(("waiting", "void")),
                )
                .values(next_at=next_at, error=error[:LONGEST_ERROR])
                .execution_options(synchronize_session=False)
            )

    def _end(self, parcel: Parcel, state: str, error: str | None) -> None:
        with self._database.write() as session:
            session.execute(
                update(NoticeDeliveryRow)
                .where(
                    NoticeDeliveryRow.delivery_id == parcel.delivery_id,
                    NoticeDeliveryRow.state.in_(("waiting", "void")),
                )
                .values(state=state, done_at=self._now(), error=error and error[:LONGEST_ERROR])
                .execution_options(synchronize_session=False)
            )

    def _recipients(
        self,
        session: Session,
        row: NoticeDeliveryRow,
        notice: NoticeRow | None,
        people: People,
    ) -> tuple[Recipient, ...]:
        """Who still wants it; a letter has one at most."""
        if notice is None:
            ids: Sequence[str] = [row.account_id]
        elif not Way(row.way).is_called:
            ids = [row.account_id]
        else:
            ids = self._called(session, row, notice, people)
        way = Way(row.way)
        found = []
        for account_id in ids:
            person = people.by_id.get(account_id)
            if person is None:
                continue
            is_asked = row.what != Event.OPENED.value
            wants = notice is None or is_asked or person.choices.wants(NoticeKind(notice.kind), way)
            has_address = way is not Way.EMAIL or person.choices.email is not None
            if wants and has_address:
                actor = person.actor
                found.append(
                    Recipient(
                        actor.username,
                        actor.full_name,
                        actor.place_id,
                        actor.language,
                        person.choices.email,
                    )
                )
        return tuple(found)

    def _called(
        self, session: Session, row: NoticeDeliveryRow, notice: NoticeRow, people: People
    ) -> Sequence[str]:
        """Everybody a line is for; who opened a call has to want it."""
        kind = NoticeKind(notice.kind)
        if row.what == Event.ESCALATED.value:
            told = people.at(above(people.tree, notice.group_key), kind)
            return sorted(one.actor.account_id for one in told)
        if not kind.is_of_a_place:
            return [notice.group_key]
        tree = self._places.tree()
        found: set[str] = set()
        for item in items_of(session, [notice.notice_id])[notice.notice_id]:
            place_id = item.facts.get("place_id", "")
            if place_id in tree.places:
                whole = tree.places[notice.group_key].parent_id is None
                groups = people.groups_of(kind, place_id, whole=whole)
                found |= groups.get(notice.group_key, frozenset())
        way = Way(row.way)
        return sorted(one for one in found if people.by_id[one].choices.wants(kind, way))

    # -- for the admin --------------------------------------------------------------------------

    def failures(self, actor: Actor) -> tuple[FailedDelivery, ...]:
        """What was given up or does not work at the moment, for accounts of the actor's place."""
        query = (
            select(NoticeDeliveryRow, AccountRow.full_name, AccountRow.place_id)
            .join(AccountRow, AccountRow.account_id == NoticeDeliveryRow.account_id)
            .where(
                (NoticeDeliveryRow.state == "failed")
                | ((NoticeDeliveryRow.state == "waiting") & NoticeDeliveryRow.error.is_not(None))
            )
            .order_by(NoticeDeliveryRow.created_at.desc())
            .limit(4 * FAILURES_SHOWN)
        )
        tree = self._places.tree()
        with self._database.read() as session:
            return tuple(
                FailedDelivery(
                    Way(row.way),
                    row.state == "failed",
                    name,
                    row.notice_id is None,
                    row.created_at,
                    row.next_at,
                    row.attempts,
                    row.error or "",
                )
                for row, name, place_id in session.execute(query)
                if may_see(tree, actor, place_id)
            )[:FAILURES_SHOWN]

    def states(self) -> Mapping[Way, WayState]:
        """How each way does."""
        counting = (
            select(NoticeDeliveryRow.way, func.count().label("number"))
            .where(NoticeDeliveryRow.state == "waiting")
            .group_by(NoticeDeliveryRow.way)
        )
        query = (
            select(NoticeDeliveryRow.way, func.max(NoticeDeliveryRow.done_at).label("sent_at"))
            .where(NoticeDeliveryRow.state == "sent")
            .group_by(NoticeDeliveryRow.way)
        )
        with self._database.read() as session:
            waiting = {row.way: row.number for row in session.execute(counting)}
            last = {row.way: row.sent_at for row in session.execute(query)}
        return {
            way: WayState(way, waiting.get(way.value, 0), last.get(way.value))
            for way in Way
            if way is not Way.PAGE
        }
