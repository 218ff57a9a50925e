"""Bulletins one place lends to all the others: shared, found again where they are used, ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from controller.domain import bulletins as rules
from controller.domain.accounts import Actor
from controller.domain.bulletins import BulletinDeed, BulletinState
from controller.domain.places import Place, PlaceTree
from controller.errors import SoundGoneError, WrongStateError
from controller.services.bulletin_rows import move, own_row, write_down
from controller.services.bulletin_uses import schedules_of
from controller.services.bulletin_views import views
from controller.services.places import Places
from controller.services.schedule_rows import StoredSchedule, coming
from controller.services.schedule_store import Pen, take_turn
from controller.services.scope import is_near
from controller.services.withdrawals import OrderDesk, end_schedule
from controller.storage.database import Database
from controller.storage.models import BulletinRow

UNSHARED = "bulletin_unshared"
"""Reason of a slot whose bulletin its owners no longer share."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another place that has the bulletin scheduled."""

    place: Place
    schedules: int
    by_sharing: bool
    """Whether it may use it only as long as it is shared."""


class Sharing:
    """Shares bulletins of the actor's place and below."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        wake: Callable[[str], None],
        *,
        orders: OrderDesk,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._wake = wake
        self._orders = orders

    def elsewhere(self, actor: Actor, bulletin_id: str) -> tuple[Elsewhere, ...]:
        """Which other places have it scheduled. NotFoundError unless it is the actor's to share."""
        tree, now = self._places.tree(), self._now()
        with self._database.read() as session:
            row = own_row(session, tree, actor, bulletin_id)
            return _elsewhere(tree, row, _running(session, row, now))

    def share(self, actor: Actor, bulletin_id: str, *, row_version: int) -> None:
        """Let every place find, hear and schedule it. WrongStateError unless it is approved.

        SoundGoneError when there is nothing to hear any more.
        """
        at = self._now()
        with self._database.write() as session:
            row = own_row(session, self._places.tree(), actor, bulletin_id)
            (view,) = views(session, [row])
            if view.sound_gone_at is not None:
                raise SoundGoneError(bulletin_id, gone_at=view.sound_gone_at)
            following = rules.after(BulletinState(row.state), BulletinDeed.SHARE)
            move(session, row, row_version, following, {"shared_at": at}, at)
            write_down(session, actor, "share", row, at)

    def end(self, actor: Actor, bulletin_id: str, *, row_version: int) -> tuple[Elsewhere, ...]:
        """Share it no longer: schedules that stood on the sharing end now; whose they were."""
        at, tree = self._now(), self._places.tree()
        with self._database.write() as session:
            take_turn(session)
            row = own_row(session, tree, actor, bulletin_id)
            following = rules.after(BulletinState(row.state), BulletinDeed.UNSHARE)
            if row.shared_at is None:
                raise WrongStateError(f"{bulletin_id} is not shared", state=row.state)
            borrowed = [
                stored
                for stored in _running(session, row, at)
                if not is_near(tree, stored.place_id, row.place_id)
            ]
            losing = _elsewhere(tree, row, borrowed)
            move(session, row, row_version, following, {"shared_at": None}, at)
            write_down(
                session,
                actor,
                "unshare",
                row,
                at,
                {"place_ids": [one.place.place_id for one in losing]},
            )
            for stored in borrowed:
                end_schedule(self._orders, Pen(session, actor, at), stored, UNSHARED)
        self._wake("outbox")
        self._wake("plan_refresh")
        return losing


def _running(session: Session, row: BulletinRow, now: datetime) -> list[StoredSchedule]:
    return [
        stored
        for stored in schedules_of(session, row.bulletin_id)
        if coming(session, stored, now) != 0
    ]


def _elsewhere(
    tree: PlaceTree, row: BulletinRow, schedules: Sequence[StoredSchedule]
) -> tuple[Elsewhere, ...]:
    numbers = Counter(
        stored.place_id for stored in schedules if not tree.is_within(stored.place_id, row.place_id)
    )
    return tuple(
        Elsewhere(place, numbers[key], by_sharing=not is_near(tree, key, row.place_id))
        for key, place in tree.places.items()
        if key in numbers
    )
