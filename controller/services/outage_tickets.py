"""Tickets the centre opens by itself for outages that last, and closes when they are over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.domain.availability import ShownFlip
from controller.domain.repairs import ended_at, lasting
from controller.domain.station_state import ShownState
from controller.services.audit import Deed, record
from controller.services.identifiers import new_id
from controller.services.places import Places, out_of_service
from controller.storage.database import Database
from controller.storage.models import FaultReportRow, StationFlipRow, StationStateRow

_BROKEN = (ShownState.DEGRADED.value, ShownState.UNKNOWN.value, ShownState.DOWN.value)


class OutageTickets:
    """Looks at every station's changes of state; one outage makes one ticket."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], places: Places, *, after: timedelta
    ) -> None:
        """`after`: how long a station must have been out."""
        self._database = database
        self._now = now
        self._places = places
        self._after = after

    def look(self) -> tuple[int, int]:
        """Open and close what is due; how many of each."""
        now = self._now()
        with self._database.read() as session:
            due = self._due(session, now)
            over = self._over(session)
        if not due and not over:
            return 0, 0
        with self._database.write() as session:
            closed = sum(self._close(session, key, at) for key, at in over.items())
            for row in due:
                session.add(row)
                self._write_down(session, row, "fault.outage", now)
            return len(due), closed

    def _due(self, session: Session, now: datetime) -> list[FaultReportRow]:
        open_at = select(FaultReportRow.station_id).where(
            FaultReportRow.source == "health", FaultReportRow.mended_at.is_(None)
        )
        ids = session.scalars(
            select(StationStateRow.station_id).where(
                StationStateRow.shown_state.in_(_BROKEN),
                StationStateRow.station_id.not_in(open_at),
                StationStateRow.station_id.not_in(out_of_service()),
            )
        ).all()
        found = []
        for station_id, flips in _since_well(session, ids).items():
            begun = lasting(flips)
            if begun is None or now - begun.from_at < self._after:
                continue
            found.append(
                FaultReportRow(
                    fault_report_id=new_id(now), station_id=station_id, cluster_number=None,
                    text="", reported_by=None, reported_at=now, source="health",
                    outage_from_at=begun.from_at, cause=begun.cause, public_reports=0,
                )
            )  # fmt: skip
        return found

    def _over(self, session: Session) -> dict[str, datetime]:
        """The open tickets whose station was ready again, and when."""
        rows = session.execute(
            select(FaultReportRow.fault_report_id, FaultReportRow.station_id,
                   FaultReportRow.outage_from_at)
            .where(FaultReportRow.source == "health", FaultReportRow.mended_at.is_(None))
        ).all()  # fmt: skip
        found = {}
        for key, station_id, from_at in rows:
            if from_at is None:
                continue
            later = session.scalars(
                select(StationFlipRow)
                .where(StationFlipRow.station_id == station_id, StationFlipRow.at > from_at)
                .order_by(StationFlipRow.at, StationFlipRow.station_flip_id)
            )
            at = ended_at(_flips(later), from_at)
            if at is not None:
                found[key] = at
        return found

    def _close(self, session: Session, key: str, at: datetime) -> int:
        row = session.get_one(FaultReportRow, key)
        if row.mended_at is not None:
            return 0
        row.mended_at = at
        self._write_down(session, row, "fault.outage_over", self._now())
        return 1

    def _write_down(self, session: Session, row: FaultReportRow, action: str, at: datetime) -> None:
        station = self._places.tree().station(row.station_id)
        detail = {"station": row.station_id, "cause": row.cause}
        place_id = station.place_id if station else None
        record(session, None, Deed(action, "fault_report", row.fault_report_id, place_id, detail),
               at=at)  # fmt: skip


def _since_well(session: Session, station_ids: Iterable[str]) -> dict[str, list[ShownFlip]]:
    """By station the changes behind the last one that was no outage."""
    ids = sorted(station_ids)
    flip = StationFlipRow
    newest = session.execute(
        select(flip.station_id, func.max(flip.station_flip_id))
        .where(flip.station_id.in_(ids), flip.state.not_in(_BROKEN))
        .group_by(flip.station_id)
    )
    last = {station_id: flip_id for station_id, flip_id in newest}  # noqa: C416 - typed rows
    rows: defaultdict[str, list[StationFlipRow]] = defaultdict(list)
    for row in session.scalars(
        select(flip)
        .where(flip.station_id.in_(ids), flip.state.in_(_BROKEN))
        .order_by(flip.at, flip.station_flip_id)
    ):
        if row.station_flip_id > last.get(row.station_id, 0):
            rows[row.station_id].append(row)
    return {station_id: _flips(found) for station_id, found in rows.items()}


def _flips(rows: Iterable[StationFlipRow]) -> list[ShownFlip]:
    return [
        ShownFlip(row.at, ShownState(row.state), tuple(str(reason) for reason in row.reasons))
        for row in rows
    ]
