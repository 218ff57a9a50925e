"""Rows of emergencies and drills: whose business one is, what state a deed needs, the audit row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.emergencies import CONFIRMED_WITHIN, Kind, Part, State
from controller.domain.places import PlaceTree
from controller.errors import ForbiddenError, NotFoundError, WrongStateError
from controller.services.audit import Deed, record
from controller.services.scope import is_near, may_see
from controller.storage.models import EmergencyOrderRow, EmergencyRow, SignedOrderRow

MOST_REPLACED = 16
"""What one order can name as replaced."""

AUDITED_AS = {Kind.LIVE: "emergency", Kind.DRILL: "drill"}
"""How deeds of a kind begin in the audit trail."""


def concerns(tree: PlaceTree, actor: Actor, row: EmergencyRow) -> bool:
    """Whether it was made at the actor's place or below, or sounds there."""
    return may_see(tree, actor, row.place_id) or any(
        is_near(tree, actor.place_id, target) for target in row.target_ids
    )


def find(
    session: Session, tree: PlaceTree, actor: Actor, kind: Kind, emergency_id: str
) -> EmergencyRow:
    """One of that kind. NotFoundError for one that is none of the actor's business."""
    row = session.get(EmergencyRow, emergency_id)
    if row is None or row.kind != kind or not concerns(tree, actor, row):
        raise NotFoundError(f"{kind} {emergency_id}", object_id=emergency_id)
    return row


def ensure_waiting(row: EmergencyRow, now: datetime) -> None:
    """WrongStateError unless it can still be confirmed."""
    if row.state != State.PROPOSED or now >= row.composed_at + CONFIRMED_WITHIN:
        state = "expired" if row.state == State.PROPOSED else row.state
        raise WrongStateError(f"{row.emergency_id} is {state}", state=state)


def ensure_sent(row: EmergencyRow) -> None:
    """WrongStateError unless it was sent."""
    if row.state != State.SENT:
        raise WrongStateError(f"{row.emergency_id} is {row.state}", state=row.state)


def ensure_own(tree: PlaceTree, actor: Actor, row: EmergencyRow) -> None:
    """ForbiddenError for one that was made above the actor's place."""
    if not may_see(tree, actor, row.place_id):
        raise ForbiddenError(f"{row.emergency_id} belongs to {row.place_id}")


def write_down(
    session: Session,
    actor: Actor | None,
    row: EmergencyRow,
    action: str,
    at: datetime,
    **detail: object,
) -> None:
    """Add the audit row of a deed; None: the centre did it by itself."""
    kind = AUDITED_AS[Kind(row.kind)]
    facts = {"title": row.title, "targets": row.target_ids, **detail}
    deed = Deed(f"{kind}.{action}", kind, row.emergency_id, row.place_id, facts)
    record(session, actor, deed, at=at)


# --- whom its orders went to ----------------------------------------------------------------------


def orders_of(session: Session, row: EmergencyRow) -> dict[str, list[str]]:
    """Every order it became so far, by the place it went to."""
    query = select(EmergencyOrderRow).where(EmergencyOrderRow.emergency_id == row.emergency_id)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for order in session.scalars(query.order_by(EmergencyOrderRow.order_id)):
        found[order.place_id].append(order.order_id)
    return found


def near_orders(
    session: Session, row: EmergencyRow, tree: PlaceTree
) -> Callable[[str], tuple[str, ...]]:
    """What became of it so far at stations of a place, as far as one order can name it."""
    orders = orders_of(session, row)

    def near(place_id: str) -> tuple[str, ...]:
        found = [one for at, ids in orders.items() if is_near(tree, place_id, at) for one in ids]
        return tuple(sorted(found)[-MOST_REPLACED:])

    return near


def wordless(session: Session, row: EmergencyRow, tree: PlaceTree) -> tuple[str, ...]:
    """The places whose stations were sent the signal alone, and nothing with words since."""
    query = (
        select(EmergencyOrderRow.place_id, SignedOrderRow.deed)
        .join(SignedOrderRow, SignedOrderRow.order_id == EmergencyOrderRow.order_id)
        .where(
            EmergencyOrderRow.emergency_id == row.emergency_id,
            EmergencyOrderRow.part == Part.WARNING.value,
        )
    )
    sent = session.execute(query).all()
    told = [place_id for place_id, deed in sent if deed["sound"]]
    return tuple(
        place_id
        for place_id, deed in sent
        if not deed["sound"] and not any(is_near(tree, place_id, one) for one in told)
    )


def unstopped(
    session: Session, row: EmergencyRow, tree: PlaceTree, place_ids: Iterable[str]
) -> tuple[str, ...]:
    """The places of the stations among these at which nobody has stopped it."""
    ours = {order_id for ids in orders_of(session, row).values() for order_id in ids}
    query = select(SignedOrderRow.audience, SignedOrderRow.deed).where(
        SignedOrderRow.issued_at >= (row.sent_at or row.composed_at)
    )
    stopped = {
        audience
        for audience, deed in session.execute(query)
        if deed["deed"] == "stop"
        and deed["slot_id"] is None
        and (deed["order_id"] is None or deed["order_id"] in ours)
    }
    return tuple(
        dict.fromkeys(
            station.place_id
            for station in tree.stations_in(place_ids)
            if stopped.isdisjoint((station.station_id, *tree.place_ids_of(station.station_id)))
        )
    )


def stops_of(
    session: Session, row: EmergencyRow, tree: PlaceTree, meant: Iterable[str]
) -> set[tuple[str, str]]:
    """(whom to tell, which order), each once: what is meant or where it went, the narrower."""
    found: set[tuple[str, str]] = set()
    orders = orders_of(session, row)
    for one in meant:
        here = tree.stations[one].place_id if one in tree.stations else one
        for place_id, order_ids in orders.items():
            if is_near(tree, here, place_id):
                audience = one if tree.is_within(here, place_id) else place_id
                found |= {(audience, order_id) for order_id in order_ids}
    return found


def is_stopped_at(
    session: Session, tree: PlaceTree, station_id: str, emergency_id: str, since: datetime
) -> bool:
    """Whether somebody ordered since then that a station is to sound nothing more of it."""
    audiences = (station_id, *tree.place_ids_of(station_id))
    stops = select(SignedOrderRow.deed).where(
        SignedOrderRow.audience.in_(audiences), SignedOrderRow.issued_at >= since
    )
    stopped = {deed["order_id"] for deed in session.scalars(stops) if deed["deed"] == "stop"}
    sent = select(EmergencyOrderRow.order_id).where(
        EmergencyOrderRow.emergency_id == emergency_id,
        EmergencyOrderRow.place_id.in_(audiences),
    )
    ours = set(session.scalars(sent))
    return bool(ours) and ours <= stopped


def own_targets(tree: PlaceTree, actor: Actor, targets: Sequence[str]) -> list[str]:
    """The parts of the targets that are the actor's: all of them, or the own place."""
    near = [one for one in targets if is_near(tree, actor.place_id, one)]
    return [one if may_see(tree, actor, one) else actor.place_id for one in near]
