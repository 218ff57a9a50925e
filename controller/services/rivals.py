"""Who stood behind what took the air from a slot: the maker of a slot, of an alert, of a stop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.storage.models import (
    AccountRow,
    EmergencyOrderRow,
    EmergencyRow,
    PlaceRow,
    ScheduleRow,
    SignedOrderRow,
    SlotRow,
    StationRow,
)


@dataclass(frozen=True, slots=True)
class Rival:
    """A slot or an alert, who answers for it and from where."""

    title: str
    priority: str
    authority: str
    who: str
    place: str


@dataclass(frozen=True, slots=True)
class Stop:
    """An order to stop what sounds."""

    at: datetime
    who: str
    slot_id: str | None
    """None: whatever sounded."""


def rivals(session: Session, ids: Iterable[str]) -> dict[str, Rival]:
    """Who is behind these slots and orders of alerts; what the centre does not know is left out."""
    wanted = list(ids)
    if not wanted:
        return {}
    slots = session.execute(
        select(SlotRow, AccountRow.full_name, PlaceRow.kind_word, PlaceRow.name)
        .join(ScheduleRow, ScheduleRow.schedule_id == SlotRow.schedule_id)
        .join(AccountRow, AccountRow.account_id == ScheduleRow.created_by)
        .join(PlaceRow, PlaceRow.place_id == ScheduleRow.place_id)
        .where(SlotRow.slot_id.in_(wanted))
    )
    found = {
        slot.slot_id: Rival(slot.title, slot.priority, slot.authority, who, f"{kind} {name}")
        for slot, who, kind, name in slots
    }
    alerts = session.execute(
        select(EmergencyOrderRow.order_id, EmergencyRow, PlaceRow.kind_word, PlaceRow.name)
        .join(EmergencyRow, EmergencyRow.emergency_id == EmergencyOrderRow.emergency_id)
        .join(PlaceRow, PlaceRow.place_id == EmergencyRow.place_id)
        .where(EmergencyOrderRow.order_id.in_(wanted))
    )
    for order_id, row, kind, name in alerts:
        who = ", ".join(dict.fromkeys(filter(None, (row.composed_by_name, row.confirmed_by_name))))
        found[order_id] = Rival(row.title, "emergency", "", who, f"{kind} {name}")
    return found


def stops(session: Session, station_id: str, since: datetime, until: datetime) -> tuple[Stop, ...]:
    """The orders to stop that reached this station, or its commune, district or province."""
    rows = session.execute(
        select(SignedOrderRow, AccountRow.full_name)
        .join(AccountRow, AccountRow.account_id == SignedOrderRow.issued_by)
        .where(
            SignedOrderRow.audience.in_(_audiences(session, station_id)),
            SignedOrderRow.issued_at >= since,
            SignedOrderRow.issued_at < until,
        )
        .order_by(SignedOrderRow.issued_at)
    )
    return tuple(
        Stop(row.issued_at, who, row.deed.get("slot_id"))
        for row, who in rows
        if row.deed.get("deed") == "stop" and not row.deed.get("order_id")
    )


def _audiences(session: Session, station_id: str) -> list[str]:
    found = [station_id]
    station = session.get(StationRow, station_id)
    place_id = station.place_id if station is not None else None
    while place_id is not None:
        found.append(place_id)
        place = session.get(PlaceRow, place_id)
        place_id = place.parent_id if place is not None else None
    return found


def stop_of(
    stopped: Iterable[Stop], slot_id: str, starts_at: datetime, lasts: timedelta
) -> Stop | None:
    """The order that stopped this slot: the last one while it could sound."""
    meant = [
        one
        for one in stopped
        if one.slot_id in {None, slot_id}
        and starts_at - timedelta(minutes=1) <= one.at <= starts_at + lasts
    ]
    return meant[-1] if meant else None
