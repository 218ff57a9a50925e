"""Broken horns, as the people who hear that they are silent report them.

A station knows that its card takes the sound; only somebody below the pole knows that nothing is
heard. A report stays open, with the day somebody promised, until it is said to be mended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.domain.places import Place, PlaceTree
from controller.domain.schedule import local_date
from controller.errors import InvalidInputError, NotFoundError
from controller.services import audit
from controller.services.audit import Deed, changed
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.storage.database import Database
from controller.storage.models import AccountRow, FaultReportRow, SpeakerClusterRow

LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class FaultView:
    """One report as screens show it."""

    fault_report_id: str
    station_id: str
    place: Place
    cluster_number: int | None
    cluster_name: str | None
    text: str
    """Empty: a passer-by who said nothing more."""
    reported_by: str
    """Full name; empty: passers-by."""
    public_reports: int
    """How often passers-by told it."""
    reported_at: datetime
    promised_on: date | None
    is_overdue: bool
    """Whether the promised day is over."""


class FaultDesk:
    """Takes reports at the stations of the actor's place and below."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def open_at(self, actor: Actor, station_id: str | None = None) -> tuple[FaultView, ...]:
        """What people found broken at the actor's place and below, or at one station.

        The oldest first; without outages the centre saw itself.
        """
        tree = self._places.tree()
        here = {one.station_id for one in tree.stations_of([actor.place_id], actor.place_id)}
        query = (
            select(FaultReportRow, AccountRow.full_name, SpeakerClusterRow.name)
            .join(AccountRow, AccountRow.account_id == FaultReportRow.reported_by, isouter=True)
            .join(
                SpeakerClusterRow,
                (SpeakerClusterRow.station_id == FaultReportRow.station_id)
                & (SpeakerClusterRow.number == FaultReportRow.cluster_number),
                isouter=True,
            )
            .where(FaultReportRow.mended_at.is_(None), FaultReportRow.source != "health")
            .order_by(FaultReportRow.reported_at)
        )
        if station_id is not None:
            query = query.where(FaultReportRow.station_id == station_id)
        today = local_date(self._now())
        with self._database.read() as session:
            return tuple(
                _view(tree, row, who, cluster, today)
                for row, who, cluster in session.execute(query)
                if row.station_id in here
            )

    def report(self, actor: Actor, station_id: str, cluster_number: int | None, text: str) -> str:
        """Say that horns are broken; the id of the report.

        NotFoundError outside the actor's place; InvalidInputError for no words, an unknown group
        of horns, or one that was reported already.
        """
        said = clean_text(text, longest=LONGEST_TEXT, field="text")
        if not said:
            raise InvalidInputError("no words", field="text", problem="fault_missing")
        self._ensure_here(actor, station_id)
        at = self._now()
        with self._database.write() as session:
            _ensure_new(session, station_id, cluster_number)
            row = FaultReportRow(
                fault_report_id=new_id(at),
                station_id=station_id,
                cluster_number=cluster_number,
                text=said,
                reported_by=actor.account_id,
                reported_at=at,
                source="staff",
            )
            session.add(row)
            detail = {"cluster": cluster_number, "text": said}
            self._write_down(session, actor, "fault.report", row, detail)
            return row.fault_report_id

    def promise(self, actor: Actor, fault_report_id: str, day: date) -> None:
        """Say on which local day it will be mended; not in the past."""
        if day < local_date(self._now()):
            raise InvalidInputError("in the past", field="promised_on", problem="day_over")
        with self._database.write() as session:
            row = self._open(session, actor, fault_report_id)
            stood = row.promised_on and row.promised_on.isoformat()
            detail = changed({"promised_on": stood}, {"promised_on": day.isoformat()})
            row.promised_on = day
            self._write_down(session, actor, "fault.promise", row, detail)

    def mended(self, actor: Actor, fault_report_id: str) -> str:
        """Say that it is heard again; the id of the station."""
        with self._database.write() as session:
            row = self._open(session, actor, fault_report_id)
            row.mended_at, row.mended_by = self._now(), actor.account_id
            self._write_down(session, actor, "fault.mend", row, {"text": row.text})
            return row.station_id

    def _ensure_here(self, actor: Actor, station_id: str) -> None:
        tree = self._places.tree()
        station = tree.stations.get(station_id)
        if station is None or not tree.is_within(station.place_id, actor.place_id):
            raise NotFoundError(f"station {station_id}", kind="station", object_id=station_id)

    def _open(self, session: Session, actor: Actor, fault_report_id: str) -> FaultReportRow:
        row = session.get(FaultReportRow, fault_report_id)
        if row is None or row.mended_at is not None:
            raise NotFoundError(f"fault report {fault_report_id}")
        self._ensure_here(actor, row.station_id)
        return row

    def _write_down(
        self,
        session: Session,
        actor: Actor,
        action: str,
        row: FaultReportRow,
        detail: dict[str, Any],
    ) -> None:
        place_id = self._places.tree().stations[row.station_id].place_id
        deed = Deed(action, "fault_report", row.fault_report_id, place_id, detail)
        audit.record(session, actor, deed, at=self._now())


def _ensure_new(session: Session, station_id: str, cluster_number: int | None) -> None:
    if cluster_number is not None and not _numbers(session, station_id, cluster_number):
        raise InvalidInputError("no such horns", field="cluster", problem="unknown_cluster")
    same = select(FaultReportRow.fault_report_id).where(
        FaultReportRow.station_id == station_id,
        FaultReportRow.cluster_number.is_(None)
        if cluster_number is None
        else FaultReportRow.cluster_number == cluster_number,
        FaultReportRow.mended_at.is_(None),
        FaultReportRow.source == "staff",
    )
    if session.scalars(same).first() is not None:
        raise InvalidInputError("reported already", field="cluster", problem="reported_already")


def _numbers(session: Session, station_id: str, number: int) -> Sequence[int]:
    return session.scalars(
        select(SpeakerClusterRow.number).where(
            SpeakerClusterRow.station_id == station_id,
            SpeakerClusterRow.number == number,
            SpeakerClusterRow.retired_at.is_(None),
        )
    ).all()


def _view(
    tree: PlaceTree, row: FaultReportRow, who: str | None, cluster: str | None, today: date
) -> FaultView:
    return FaultView(
        fault_report_id=row.fault_report_id,
        station_id=row.station_id,
        place=tree.places[tree.stations[row.station_id].place_id],
        cluster_number=row.cluster_number,
        cluster_name=cluster,
        text=row.text,
        reported_by=who or "",
        public_reports=row.public_reports,
        reported_at=row.reported_at,
        promised_on=row.promised_on,
        is_overdue=row.promised_on is not None and row.promised_on < today,
    )
