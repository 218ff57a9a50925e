"""Signed orders to a station or to every station of a place, and what the stations answered."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar, cast

from sqlalchemy import Table, exists, func, insert, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import visible
from controller.errors import NotFoundError
from controller.services import audit
from controller.services.identifiers import new_id
from controller.services.numbers import Counter, epoch, next_number
from controller.services.outbox import enqueue
from controller.services.places import Places
from controller.services.sealing import EARLIER, Seal, Validity
from controller.storage.database import Database
from controller.storage.models import OrderReplyRow, SignedOrderRow
from station_protocol import topics
from station_protocol.messages import (
    CancelDeed,
    Deed,
    DrillDeed,
    EmergencyDeed,
    Order,
    RefreshDeed,
    StopDeed,
    TestToneDeed,
    VolumeDeed,
)
from station_protocol.signing import Signer
from station_protocol.vocabulary import DeedKind

_SIGNED_ORDER = cast(Table, SignedOrderRow.__table__)

MOST_AT_HELLO = 32
"""Orders an answer to hello can carry."""

BYTES_AT_HELLO = 48_000
"""Room for orders in an ack, which has 64 kB in all."""

HELLO_ASKED_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class OrderReply:
    """What one station answered."""

    station_id: str
    accepted: bool
    why: str | None
    at: datetime


ActualDeed = EmergencyDeed | StopDeed | CancelDeed | VolumeDeed | RefreshDeed | TestToneDeed
"""What is signed with the actual key: everything but a drill."""

D = TypeVar("D", bound=ActualDeed | DrillDeed)


class SignedOrders(Generic[D]):
    """Issues orders of one kind. Each is signed, stored and queued in the transaction of its cause.

    Which deeds these are is part of the type: where drills are issued nothing live can be named.
    """

    kind: ClassVar[DeedKind]
    """What the key may sign."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        signer: Signer,
        wake: Callable[[str], None] = lambda _job: None,
    ) -> None:
        """TypeError for the key of the other kind."""
        if signer.kind is not self.kind:
            raise TypeError(f"{self.kind} orders are not signed with the {signer.kind} key")
        self._database = database
        self._now = now
        self._places = places
        self._signer = signer
        self._wake = wake
        self._asked: dict[str, datetime] = {}

    def order(
        self,
        actor: Actor,
        audience: str,
        deed: D,
        *,
        valid_for: timedelta = timedelta(minutes=5),
        why: str = "",
    ) -> str:
        """Order a station or a whole place inside the actor's place; the order's id.

        NotFoundError outside it.
        """
        tree = self._places.tree()
        station = tree.stations.get(audience)
        place_id = station.place_id if station else audience
        if audience in tree.retired:  # its commune may have the same id, and others live there
            raise NotFoundError(f"order to {audience}", kind="station", object_id=audience)
        if not tree.is_within(place_id, actor.place_id):
            raise NotFoundError(f"order to {audience}", kind="station", object_id=audience)
        with self._database.write() as session:
            order_id = self.issue(
                session,
                actor,
                audience,
                deed,
                valid_for=valid_for,
                is_group=station is None,
                why=why,
            )
        self._wake("outbox")
        return order_id

    def issue(
        self,
        session: Session,
        actor: Actor | None,
        audience: str,
        deed: D,
        *,
        valid_for: timedelta,
        is_group: bool,
        why: str = "",
    ) -> str:
        """Sign, store and queue an order inside the caller's transaction; the order's id.

        TypeError for a drill with the actual key, or for anything else with that of exercises.
        """
        if isinstance(deed, DrillDeed) != (self._signer.kind is DeedKind.EXERCISE):
            raise TypeError(f"{deed.deed} is not signed with the {self._signer.kind} key")
        now = self._now()
        order = Order(
            order_id=new_id(now),
            issued_at=now,
            issued_by=actor.full_name[:300] if actor else audit.SYSTEM,
            why=visible(why)[:300],
            deed=deed,
        )
        sequence = next_number(session, Counter.ORDER)
        valid = Validity(now - EARLIER, now + valid_for)
        seal = Seal(self._signer, epoch(session, now))
        envelope = seal.order(order, audience, sequence, valid)
        # Plain statements: what lies between a click and the horns is counted in milliseconds.
        values = {
            "order_id": order.order_id,
            "sequence": sequence,
            "audience": audience,
            "is_group": is_group,
            "deed": _told(order.deed),
            "issued_by": actor.account_id if actor else None,
            "issued_at": now,
            "not_after_at": valid.not_after,
            "envelope": envelope,
        }
        session.connection().execute(insert(_SIGNED_ORDER), values)
        topic = (
            topics.group_order(audience) if is_group else topics.down(audience, topics.Down.ORDER)
        )
        delivery = topics.DOWN_DELIVERY[topics.Down.ORDER]
        enqueue(session, topic, envelope, delivery, at=now, is_urgent=True)
        self._write_down(session, actor, audience, order, is_group=is_group)
        return order.order_id

    def _write_down(
        self, session: Session, actor: Actor | None, audience: str, order: Order, *, is_group: bool
    ) -> None:
        tree = self._places.tree()
        station = None if is_group else tree.stations.get(audience)
        place_id = station.place_id if station else audience
        detail = _told(order.deed) | {"order_id": order.order_id, "why": order.why}
        deed = audit.Deed(
            action=f"order.{order.deed.deed}",
            object_kind="place" if is_group else "station",
            object_id=audience,
            place_id=place_id if place_id in tree.places else None,
            detail=detail,
        )
        audit.record(session, actor, deed, at=order.issued_at)

    def replies(self, order_id: str) -> tuple[OrderReply, ...]:
        """What stations have answered so far, by station."""
        query = (
            select(OrderReplyRow)
            .where(OrderReplyRow.order_id == order_id)
            .order_by(OrderReplyRow.station_id)
        )
        with self._database.read() as session:
            return tuple(
                OrderReply(row.station_id, row.accepted, row.why, row.at)
                for row in session.scalars(query)
            )


class Orders(SignedOrders[ActualDeed]):
    """Orders that are obeyed for good."""

    kind = DeedKind.ACTUAL

    def ask_for_hello(self, station_id: str) -> bool:
        """Order a station to greet again and send what we miss; False if that was just done."""
        now = self._now()
        asked_at = self._asked.get(station_id)
        if asked_at is not None and now - asked_at < HELLO_ASKED_AGAIN:
            return False
        self._asked[station_id] = now
        with self._database.write() as session:
            self.issue(
                session,
                None,
                station_id,
                RefreshDeed(),
                valid_for=HELLO_ASKED_AGAIN,
                is_group=False,
                why="journal lines are missing here",
            )
        self._wake("outbox")
        return True


class Exercises(SignedOrders[DrillDeed]):
    """Drills, and drills alone."""

    kind = DeedKind.EXERCISE


def _told(deed: Deed) -> dict[str, Any]:
    """The deed as it is written down: the bytes of its sound are in the envelope alone."""
    told = deed.model_dump(mode="json")
    if told.get("sound"):
        told["sound"].pop("data")
    return told


def still_valid(
    session: Session, station_id: str, place_ids: tuple[str, ...], now: datetime
) -> tuple[str, ...]:
    """The newest orders in force for a station, oldest of them first, base64 as an ack has them."""
    query = (
        select(SignedOrderRow.envelope)
        .where(
            SignedOrderRow.audience.in_((station_id, *place_ids)),
            SignedOrderRow.not_after_at > now,
        )
        .order_by(SignedOrderRow.sequence.desc())
        .limit(MOST_AT_HELLO)
    )
    return tuple(
        reversed(_fitting(base64.b64encode(raw).decode() for raw in session.scalars(query)))
    )


def _fitting(sealed: Iterable[str]) -> list[str]:
    """As many of them, from the first on, as one ack can carry; what never fits goes by itself."""
    taken: list[str] = []
    room = BYTES_AT_HELLO
    for one in sealed:
        if len(one) > BYTES_AT_HELLO:
            continue
        room -= len(one)
        if room < 0:
            break
        taken.append(one)
    return taken


def too_large_for_hello(
    session: Session, station_id: str, place_ids: tuple[str, ...], now: datetime
) -> tuple[bytes, ...]:
    """Orders in force that no ack can carry and the station has not answered, oldest first.

    They are emergencies with their words inside. Each is the envelope it was: a station that has
    it already does not obey it twice.
    """
    answered = exists().where(
        OrderReplyRow.order_id == SignedOrderRow.order_id, OrderReplyRow.station_id == station_id
    )
    query = (
        select(SignedOrderRow.envelope)
        .where(
            SignedOrderRow.audience.in_((station_id, *place_ids)),
            SignedOrderRow.not_after_at > now,
            func.length(SignedOrderRow.envelope) > BYTES_AT_HELLO * 3 // 4,
            ~answered,
        )
        .order_by(SignedOrderRow.sequence)
    )
    return tuple(session.scalars(query))
