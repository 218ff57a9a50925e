"""Taking back what stations already hold: who may, one slot or the rest of a schedule, and the
signed order when time is short."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.places import PlaceTree
from controller.domain.schedule import local_date
from controller.errors import ForbiddenError, NotFoundError
from controller.services.schedule_check import station_ids
from controller.services.schedule_rows import StoredSchedule, load
from controller.services.schedule_store import Pen, close, has_ended, touch
from controller.services.scope import may_see
from controller.services.slot_rows import cancel
from controller.storage.models import ScheduleRow, SlotRow
from station_protocol.messages import CancelDeed

NEAR = timedelta(hours=1)
"""A slot that starts sooner is cancelled by an order; the plan would come too late for some."""

ALWAYS_VALID_FOR = timedelta(minutes=5)


class OrderDesk(Protocol):
    """Whoever signs orders and queues them in the caller's transaction."""

    def issue(
        self,
        session: Session,
        actor: Actor | None,
        audience: str,
        deed: CancelDeed,
        *,
        valid_for: timedelta,
        is_group: bool,
        why: str = "",
    ) -> str:
        """Issue an order to a station or a place; its id."""


def ensure_may_change(tree: PlaceTree, actor: Actor, stored: StoredSchedule) -> None:
    """NotFoundError for a schedule that is none of the actor's business.

    ForbiddenError for one made above that airs in the actor's place: seen, but not theirs.
    """
    if may_see(tree, actor, stored.place_id):
        return
    if airs_within(tree, actor, stored):
        raise ForbiddenError(f"schedule {stored.schedule_id} belongs to {stored.place_id}")
    raise NotFoundError(f"schedule {stored.schedule_id}", place_id=stored.place_id)


def airs_within(tree: PlaceTree, actor: Actor, stored: StoredSchedule) -> bool:
    """Whether it airs at a station of the actor's place."""
    own = station_ids(tree, [actor.place_id])
    return bool(own & station_ids(tree, stored.target_ids))


def end_schedule(desk: OrderDesk, pen: Pen, stored: StoredSchedule, reason: str) -> None:
    """Cancel every slot that has not begun and end the rule; for `reason`, a word or a code."""
    if has_ended(stored, pen.now):
        touch(pen, stored, ends_on=stored.rule.ends_on)
    else:
        close(pen, stored, local_date(pen.now))
    withdraw_slots(desk, pen, stored.schedule_id, reason, everything=True)
    pen.audit("schedule.close", stored.schedule_id, stored.place_id, {"reason": reason})


def withdraw_slots(
    desk: OrderDesk, pen: Pen, schedule_id: str, reason: str, *, everything: bool = False
) -> None:
    """Cancel the slots still to come that the rule no longer gives.

    `everything`: also one that was moved here from a day the rule still gives.
    """
    (stored,) = load(pen.session, ScheduleRow.schedule_id == schedule_id)
    ahead = select(SlotRow).where(
        SlotRow.schedule_id == schedule_id,
        SlotRow.starts_at > pen.now,
        SlotRow.cancelled_at.is_(None),
    )
    for row in pen.session.scalars(ahead).all():
        if everything or not stored.rule.airs_on(row.airs_on):
            cancel_and_order(desk, pen, row, stored, reason)


def cancel_and_order(
    desk: OrderDesk, pen: Pen, row: SlotRow, stored: StoredSchedule, reason: str
) -> None:
    """Cancel a slot in somebody's name, by an order where the plan would come too late."""
    cancel(row, pen.actor.full_name, reason, pen.now)
    pen.session.flush()
    order_cancel(desk, pen.session, pen.actor, row, stored, pen.now)


def order_cancel(
    desk: OrderDesk,
    session: Session,
    actor: Actor,
    row: SlotRow,
    stored: StoredSchedule,
    now: datetime,
) -> None:
    """Order the stations to drop a slot that is on air or starts within the hour."""
    if row.starts_at - now > NEAR:
        return
    ends_at = row.starts_at + timedelta(milliseconds=row.duration_ms, seconds=row.lateness_s)
    for place_id in stored.target_ids:
        desk.issue(
            session,
            actor,
            place_id,
            CancelDeed(slot_id=row.slot_id),
            valid_for=max(ends_at - now, timedelta()) + ALWAYS_VALID_FOR,
            is_group=True,
            why=row.cancel_reason or "",
        )
