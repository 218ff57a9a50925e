"""Whom to phone about a station."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.storage.models import StationRow


@dataclass(frozen=True, slots=True)
class Phone:
    """Whom to call about a station."""

    name: str
    number: str
    is_invented: bool


def phones_of(session: Session, station_ids: Iterable[str]) -> dict[str, Phone]:
    """Whom to call, by station; a station without a number is left out."""
    query = select(
        StationRow.station_id,
        StationRow.phone_name,
        StationRow.phone_number,
        StationRow.phone_is_invented,
    ).where(StationRow.station_id.in_(sorted(station_ids)), StationRow.phone_number.is_not(None))
    return {
        row.station_id: Phone(row.phone_name or "", row.phone_number, row.phone_is_invented)
        for row in session.execute(query)
    }
