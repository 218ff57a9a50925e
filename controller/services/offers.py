"""The answers of communes to what district and province offer them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.offers import Decline, NoOffer, no_offer
from controller.domain.places import PlaceTree, Station
from controller.errors import ForbiddenError, NotFoundError, WrongStateError
from controller.services import audit
from controller.services.audit import Deed
from controller.services.declines import decline_of, declined
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.schedule_refusals import clean_reason
from controller.services.slot_page import visible
from controller.storage.database import Database
from controller.storage.models import DeclineRow, SlotRow


@dataclass(frozen=True, slots=True)
class Offer:
    """What a commune may answer to one slot."""

    station: Station
    no_offer: NoOffer | None
    """Why there is nothing to answer; None: it may decline, or take its no back."""
    decline: Decline | None


class Offers:
    """The answers of a commune to what the district and the province offer it."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        wake: Callable[[str], None],
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._wake = wake

    def offer(self, actor: Actor, slot_id: str) -> Offer | None:
        """What the actor's own commune may answer; None for whoever has no commune of his own."""
        station = own_station(self._places.tree(), actor)
        if station is None:
            return None
        with self._database.read() as session:
            row = self._slot(session, actor, slot_id)
            return self._offer(session, station, row)

    def decline(self, actor: Actor, slot_id: str, reason: str, *, all_to_come: bool) -> None:
        """Say no to one slot, or to its whole schedule from now on.

        WrongStateError when there is nothing to decline: its own, of priority, begun, cancelled.
        """
        reason = clean_reason(reason)
        now = self._now()
        with self._database.write() as session:
            station, row = self._answerable(session, actor, slot_id)
            if declined(session, [row], station.station_id):
                raise WrongStateError(f"slot {slot_id} is declined already", state="declined")
            decline = DeclineRow(
                decline_id=new_id(now),
                schedule_id=row.schedule_id,
                station_id=station.station_id,
                airs_on=None if all_to_come else row.airs_on,
                reason=reason,
                declined_by=actor.full_name,
                declined_at=now,
            )
            session.add(decline)
            detail = {"reason": reason, "all_to_come": all_to_come}
            self._write_down(session, actor, "slot.decline", row, detail)
        self._wake("plan_refresh")

    def accept(self, actor: Actor, slot_id: str) -> None:
        """Take back what was declined: the one slot, or the schedule if that was declined."""
        now = self._now()
        with self._database.write() as session:
            station, row = self._answerable(session, actor, slot_id)
            covering = [
                one
                for one in session.scalars(
                    select(DeclineRow).where(
                        DeclineRow.schedule_id == row.schedule_id,
                        DeclineRow.station_id == station.station_id,
                        DeclineRow.accepted_at.is_(None),
                    )
                )
                if decline_of(one).covers(row.airs_on, row.starts_at)
            ]
            if not covering:
                raise WrongStateError(f"slot {slot_id} is not declined", state="accepted")
            for one in covering:
                one.accepted_by, one.accepted_at = actor.full_name, now
            detail = {"all_to_come": any(one.airs_on is None for one in covering)}
            self._write_down(session, actor, "slot.accept", row, detail)
        self._wake("plan_refresh")

    def _answerable(self, session: Session, actor: Actor, slot_id: str) -> tuple[Station, SlotRow]:
        station = own_station(self._places.tree(), actor)
        if station is None:
            raise ForbiddenError("only a commune answers for its station")
        row = self._slot(session, actor, slot_id)
        problem = self._offer(session, station, row).no_offer
        if problem is not None:
            raise WrongStateError(f"slot {slot_id}: {problem}", state=problem.value)
        return station, row

    def _slot(self, session: Session, actor: Actor, slot_id: str) -> SlotRow:
        row = session.get(SlotRow, slot_id)
        if row is None:
            raise NotFoundError(f"no slot {slot_id}")
        visible(session, self._places.tree(), actor, row.schedule_id)
        return row

    def _offer(self, session: Session, station: Station, row: SlotRow) -> Offer:
        problem = no_offer(
            row.priority,
            row.authority,
            row.starts_at,
            self._now(),
            is_cancelled=row.cancelled_at is not None,
        )
        here = declined(session, [row], station.station_id).get(row.slot_id, {})
        return Offer(station, problem, here.get(station.station_id))

    def _write_down(
        self,
        session: Session,
        actor: Actor,
        action: str,
        row: SlotRow,
        detail: Mapping[str, object],
    ) -> None:
        said = {**detail, "title": row.title, "starts_at": row.starts_at.isoformat()}
        deed = Deed(action, "slot", row.slot_id, actor.place_id, said)
        audit.record(session, actor, deed, at=self._now())


def own_station(tree: PlaceTree, actor: Actor) -> Station | None:
    """The one station of a commune's own people."""
    return next((one for one in tree.stations.values() if one.place_id == actor.place_id), None)
