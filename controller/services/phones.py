"""Whom to phone about a station: several people in order, the first of them first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.storage.models import StationContactRow


@dataclass(frozen=True, slots=True)
class Phone:
    """Somebody to call about a station."""

    name: str
    number: str
    is_invented: bool
    role: str = ""
    others: tuple[Phone, ...] = ()
    """Whom to call when nobody answers here, in order; only the first of a station has them."""

    @property
    def who(self) -> str:
        """Name and role as one reads them beside the number."""
        return ", ".join(part for part in (self.name, self.role) if part)


def phones_of(session: Session, station_ids: Iterable[str]) -> dict[str, Phone]:
    """Whom to call first, by station; a station without a number is left out."""
    return {
        station_id: Phone(first.name, first.number, first.is_invented, first.role, tuple(others))
        for station_id, (first, *others) in contacts_of(session, station_ids).items()
    }


def contacts_of(session: Session, station_ids: Iterable[str]) -> dict[str, list[Phone]]:
    """Everybody to call, by station and in order; a station without anybody is left out."""
    rows = session.scalars(
        select(StationContactRow)
        .where(StationContactRow.station_id.in_(sorted(station_ids)))
        .order_by(StationContactRow.station_id, StationContactRow.position)
    )
    found: dict[str, list[Phone]] = {}
    for row in rows:
        phone = Phone(row.name, row.number, row.is_invented, row.role)
        found.setdefault(row.station_id, []).append(phone)
    return found
