"""When stations were not in service: before they were commissioned, and after they were retired.

Whoever counts (availability, airings, alarms) leaves these spans out; whatever was counted before
such a span stays as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from controller.services.scope import among
from controller.storage.models import StationAbsenceRow

EVER = datetime(2000, 1, 1, tzinfo=UTC)
"""A station that is added was in service at no time before."""


class AbsenceKind(StrEnum):
    """Why a station is not in service."""

    TRIAL = "trial"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Absence:
    """One span; `until_at` None: it lasts."""

    kind: AbsenceKind
    from_at: datetime
    until_at: datetime | None
    why: str
    begun_by: str

    def holds(self, at: datetime) -> bool:
        """Whether the station was not in service at this instant."""
        return self.from_at <= at and (self.until_at is None or at < self.until_at)


def absences(
    session: Session, station_ids: Collection[str] | None, start: datetime, end: datetime
) -> dict[str, list[Absence]]:
    """The spans of these stations (None: all) that touch `start <= at < end`, in order.

    A station without any is left out.
    """
    query = select(StationAbsenceRow).where(
        StationAbsenceRow.from_at < end,
        or_(StationAbsenceRow.until_at.is_(None), StationAbsenceRow.until_at > start),
    )
    if station_ids is not None:
        query = query.where(among(StationAbsenceRow.station_id, station_ids))
    wanted = None if station_ids is None else frozenset(station_ids)
    found: dict[str, list[Absence]] = {}
    for row in session.scalars(query.order_by(StationAbsenceRow.from_at)):
        if wanted is None or row.station_id in wanted:
            found.setdefault(row.station_id, []).append(_absence(row))
    return found


def was_away(spans: Iterable[Absence], at: datetime) -> bool:
    """Whether one of the spans of a station holds this instant."""
    return any(span.holds(at) for span in spans)


def lasting(session: Session) -> dict[str, Absence]:
    """Every station that is not in service now."""
    rows = session.scalars(select(StationAbsenceRow).where(StationAbsenceRow.until_at.is_(None)))
    return {row.station_id: _absence(row) for row in rows}


def absence_of(session: Session, station_id: str) -> Absence | None:
    """Why a station is not in service now; None: it is."""
    row = open_row(session, station_id)
    return _absence(row) if row else None


def open_row(session: Session, station_id: str) -> StationAbsenceRow | None:
    """The span that lasts."""
    return session.scalar(
        select(StationAbsenceRow).where(
            StationAbsenceRow.station_id == station_id, StationAbsenceRow.until_at.is_(None)
        )
    )


def begin(
    session: Session, station_id: str, kind: AbsenceKind, *, at: datetime, why: str, who: str
) -> None:
    """From now on the station is not in service; a span that lasts gives way to this one."""
    end(session, station_id, at=at, who=who)
    session.add(
        StationAbsenceRow(station_id=station_id, kind=kind.value, from_at=at, why=why, begun_by=who)
    )
    session.flush()


def end(session: Session, station_id: str, *, at: datetime, who: str) -> None:
    """From now on it is in service; nothing happens when it is already."""
    row = open_row(session, station_id)
    if row is not None:
        row.until_at, row.ended_by = at, who
        session.flush()


def _absence(row: StationAbsenceRow) -> Absence:
    return Absence(AbsenceKind(row.kind), row.from_at, row.until_at, row.why, row.begun_by)
