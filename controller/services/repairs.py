"""Repairs: who goes where, what was found and replaced, how long it took, what to mend first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.domain.equipment import EquipmentKind
from controller.domain.figures import outages_of
from controller.domain.places import Place, PlaceTree
from controller.domain.repairs import (
    LOOKED_BACK_DAYS,
    Candidate,
    Losses,
    RepairTimes,
    repair_first,
    repair_times_of,
)
from controller.domain.schedule import local_date
from controller.errors import DecidedAlreadyError, InvalidInputError, NotFoundError
from controller.services.audit import Deed, changed, record
from controller.services.equipment import MOST_VND, clusters_of
from controller.services.places import Places
from controller.services.scope import ensure_within
from controller.storage.database import Database
from controller.storage.models import (
    AccountRow,
    DayFigureRow,
    EquipmentItemRow,
    FaultReportRow,
    RepairPartRow,
)

LONGEST_NAME = 80
LONGEST_NOTE = 500
TIMED_DAYS = 90
"""Repairs that ended in so many days make up the repair times."""

MOST_PAST = 30
MOST_CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class PartView:
    """A thing of the inventory in a repair."""

    equipment_item_id: str
    kind: EquipmentKind
    model: str
    was_removed: bool
    """Whether the repair took it away; False: it put it in."""


@dataclass(frozen=True, slots=True)
class TicketView:
    """One repair as screens show it."""

    fault_report_id: str
    station_id: str
    place: Place
    district: Place | None
    cluster_number: int | None
    cluster_name: str | None
    source: str
    """"staff", "public" or "health"."""
    text: str
    cause: str | None
    """Of an outage: `state:cause`."""
    public_reports: int
    reported_by: str
    """Full name; empty: a passer-by, or the centre itself."""
    reported_at: datetime
    began_at: datetime
    """When the outage began, else when it was reported."""
    promised_on: date | None
    is_overdue: bool
    assigned_to: str | None
    assigned_at: datetime | None
    mended_at: datetime | None
    mended_by: str
    """Full name; empty: it was ready again by itself, or it is not mended."""
    repair_cost_vnd: int | None
    repair_note: str | None
    parts: tuple[PartView, ...]

    @property
    def took(self) -> timedelta | None:
        """From when it began until it was mended."""
        return None if self.mended_at is None else self.mended_at - self.began_at


@dataclass(frozen=True, slots=True)
class First:
    """One line of what to repair first."""

    candidate: Candidate
    place: Place
    fault_report_id: str | None
    """The open ticket of that outage."""


@dataclass(frozen=True, slots=True)
class RepairPage:
    """The repairs of a place."""

    place: Place
    districts: tuple[Place, ...]
    """To choose from; the actor's own."""
    open: tuple[TicketView, ...]
    """The oldest first."""
    past: tuple[TicketView, ...]
    """The latest of those that ended in the days looked at."""
    tickets: RepairTimes
    outages: RepairTimes
    """Of outages, whether or not anybody wrote a word about them."""
    first: tuple[First, ...]
    cost_vnd: int
    """What the repairs of these days cost, as far as somebody entered it."""


@dataclass(frozen=True, slots=True)
class MendWish:
    """How a repair ended."""

    note: str = ""
    cost_vnd: int | None = None
    removed: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()


class Repairs:
    """Repairs at the stations of the actor's place and below."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def page(self, actor: Actor, place_id: str) -> RepairPage:
        """The repairs of a place. NotFoundError outside the actor's place."""
        tree, now = self._places.tree(), self._now()
        ensure_within(tree, actor, place_id if place_id in tree.places else None)
        ids = [one.station_id for one in tree.stations_in([place_id])]
        since = now - timedelta(days=TIMED_DAYS)
        with self._database.read() as session:
            unmended = _views(session, tree, [FaultReportRow.station_id.in_(ids),
                                              FaultReportRow.mended_at.is_(None)], now)  # fmt: skip
            ended = _views(session, tree, [FaultReportRow.station_id.in_(ids),
                                           FaultReportRow.mended_at >= since], now)  # fmt: skip
            losses, spans = _lost(session, ids, now, unmended)
        at_outage = {(one.station_id, one.cause): one.fault_report_id for one in unmended}
        return RepairPage(
            place=tree.places[place_id],
            districts=tuple(tree.walk(actor.place_id)),
            open=tuple(unmended),
            past=tuple(sorted(ended, key=_mended_at, reverse=True)[:MOST_PAST]),
            tickets=repair_times_of((one.began_at, _mended_at(one)) for one in ended),
            outages=repair_times_of(spans),
            first=tuple(
                First(
                    one,
                    tree.places[tree.stations[one.station_id].place_id],
                    at_outage.get((one.station_id, one.cause)) if one.is_open else None,
                )
                for one in repair_first(losses)[:MOST_CANDIDATES]
            ),
            cost_vnd=sum(one.repair_cost_vnd or 0 for one in ended),
        )

    def history(self, actor: Actor, station_id: str) -> tuple[TicketView, ...]:
        """What was mended at a station, the latest first. NotFoundError outside the place."""
        tree = self._places.tree()
        station = tree.station(station_id)
        ensure_within(tree, actor, station.place_id if station else None)
        with self._database.read() as session:
            found = _views(session, tree, [FaultReportRow.station_id == station_id,
                                           FaultReportRow.mended_at.is_not(None)],
                           self._now())  # fmt: skip
        return tuple(sorted(found, key=_mended_at, reverse=True)[:MOST_PAST])

    def ticket(self, actor: Actor, fault_report_id: str) -> TicketView:
        """One repair. NotFoundError outside the actor's place."""
        tree = self._places.tree()
        with self._database.read() as session:
            self._row(session, actor, fault_report_id)
            (found,) = _views(session, tree, [FaultReportRow.fault_report_id == fault_report_id],
                              self._now())  # fmt: skip
        return found

    def assign(self, actor: Actor, fault_report_id: str, who: str, day: date | None) -> None:
        """Say who goes there and, if that is known, by which local day it is mended."""
        with self._database.write() as session:
            row = self._open(session, actor, fault_report_id)
            name = " ".join(clean_text(who, longest=LONGEST_NAME, field="assigned_to").split())
            if not name:
                raise InvalidInputError("nobody", field="assigned_to", problem="missing")
            if day is not None and day < local_date(self._now()):
                raise InvalidInputError("in the past", field="promised_on", problem="day_over")
            was = _errand(row)
            row.assigned_to, row.assigned_at = name, self._now()
            row.promised_on = day or row.promised_on
            detail = changed(was, _errand(row))
            self._write_down(session, actor, "fault.assign", row, detail)

    def mend(self, actor: Actor, fault_report_id: str, wish: MendWish) -> str:
        """Say how it was mended; the id of the station.

        What was taken away is retired in the inventory. DecidedAlreadyError when somebody, or the
        station itself, was first: cost and parts can be added to that all the same by `complete`.
        """
        with self._database.write() as session:
            row = self._open(session, actor, fault_report_id)
            row.mended_at, row.mended_by = self._now(), actor.account_id
            detail = self._fill_in(session, row, wish)
            self._write_down(session, actor, "fault.mend", row, {"text": row.text, **detail})
            return row.station_id

    def complete(self, actor: Actor, fault_report_id: str, wish: MendWish) -> str:
        """Add what was found, the cost and the parts to a repair that is over."""
        with self._database.write() as session:
            row = self._row(session, actor, fault_report_id)
            if row.mended_at is None:
                raise DecidedAlreadyError("not mended yet")
            detail = self._fill_in(session, row, wish)
            self._write_down(session, actor, "fault.complete", row, detail)
            return row.station_id

    def _fill_in(self, session: Session, row: FaultReportRow, wish: MendWish) -> dict[str, Any]:
        if wish.cost_vnd is not None and not 0 <= wish.cost_vnd <= MOST_VND:
            raise InvalidInputError("no cost", field="repair_cost_vnd", problem="bad_vnd")
        said = clean_text(wish.note, longest=LONGEST_NOTE, field="repair_note")
        row.repair_note = said or row.repair_note
        if wish.cost_vnd is not None:
            row.repair_cost_vnd = wish.cost_vnd
        if set(wish.removed) & set(wish.installed):
            raise InvalidInputError("both", field="parts", problem="removed_and_installed")
        for deed, ids in (("removed", wish.removed), ("installed", wish.installed)):
            for item_id in dict.fromkeys(ids):
                self._take_part(session, row, item_id, deed)
        return {
            "note": said,
            "cost_vnd": wish.cost_vnd,
            "removed": list(wish.removed),
            "installed": list(wish.installed),
        }

    def _take_part(
        self, session: Session, row: FaultReportRow, equipment_item_id: str, deed: str
    ) -> None:
        item = session.get(EquipmentItemRow, equipment_item_id)
        if item is None or item.station_id != row.station_id:
            raise InvalidInputError("not of here", field="parts", problem="unknown_item")
        session.merge(
            RepairPartRow(
                fault_report_id=row.fault_report_id, equipment_item_id=equipment_item_id, deed=deed
            )
        )
        if deed == "removed" and item.retired_on is None:
            item.retired_on = local_date(self._now())
            item.retired_why = row.repair_note or row.text or (row.cause or "")
            item.row_version += 1

    def _row(self, session: Session, actor: Actor, fault_report_id: str) -> FaultReportRow:
        row, tree = session.get(FaultReportRow, fault_report_id), self._places.tree()
        station = tree.station(row.station_id) if row is not None else None
        if row is None or station is None or not tree.is_within(station.place_id, actor.place_id):
            raise NotFoundError(f"fault report {fault_report_id}")
        return row

    def _open(self, session: Session, actor: Actor, fault_report_id: str) -> FaultReportRow:
        row = self._row(session, actor, fault_report_id)
        if row.mended_at is not None:
            name = session.get(AccountRow, row.mended_by) if row.mended_by else None
            raise DecidedAlreadyError(
                "mended already",
                who=name.full_name if name else "vang",
                decided_at=row.mended_at,
                deed="fault.mend",
            )
        return row

    def _write_down(
        self,
        session: Session,
        actor: Actor,
        action: str,
        row: FaultReportRow,
        detail: Mapping[str, Any],
    ) -> None:
        station = self._places.tree().station(row.station_id)
        place_id = station.place_id if station else None
        deed = Deed(action, "fault_report", row.fault_report_id, place_id, dict(detail))
        record(session, actor, deed, at=self._now())


def _mended_at(one: TicketView) -> datetime:
    return one.mended_at or one.began_at


def _views(
    session: Session, tree: PlaceTree, conditions: Sequence[ColumnElement[bool]], now: datetime
) -> list[TicketView]:
    """The tickets that fit, the oldest first."""
    mender = aliased(AccountRow)
    rows = session.execute(
        select(FaultReportRow, AccountRow.full_name, mender.full_name)
        .join(AccountRow, AccountRow.account_id == FaultReportRow.reported_by, isouter=True)
        .join(mender, mender.account_id == FaultReportRow.mended_by, isouter=True)
        .where(*conditions)
        .order_by(FaultReportRow.reported_at, FaultReportRow.fault_report_id)
    ).all()
    parts: dict[str, list[PartView]] = {}
    query = (
        select(RepairPartRow, EquipmentItemRow)
        .join(EquipmentItemRow,
              EquipmentItemRow.equipment_item_id == RepairPartRow.equipment_item_id)
        .where(RepairPartRow.fault_report_id.in_([row.fault_report_id for row, _a, _b in rows]))
        .order_by(RepairPartRow.deed.desc(), EquipmentItemRow.equipment_item_id)
    )  # fmt: skip
    for part, item in session.execute(query):
        view = PartView(item.equipment_item_id, EquipmentKind(item.kind), item.model,
                        part.deed == "removed")  # fmt: skip
        parts.setdefault(part.fault_report_id, []).append(view)
    clusters = clusters_of(session, sorted({row.station_id for row, _a, _b in rows}))
    today = local_date(now)
    return [
        _view(tree, row, told or "", mended or "", clusters[row.station_id],
              parts.get(row.fault_report_id, []), today)
        for row, told, mended in rows
    ]  # fmt: skip


def _view(
    tree: PlaceTree,
    row: FaultReportRow,
    told_by: str,
    mended_by: str,
    clusters: Mapping[int, str | None],
    parts: Sequence[PartView],
    today: date,
) -> TicketView:
    station = tree.station(row.station_id)
    assert station is not None  # noqa: S101 - stations are never deleted
    is_late = row.promised_on is not None and row.promised_on < today and row.mended_at is None
    return TicketView(
        fault_report_id=row.fault_report_id,
        station_id=row.station_id,
        place=tree.places[station.place_id],
        district=tree.district_of(station.place_id),
        cluster_number=row.cluster_number,
        cluster_name=clusters.get(row.cluster_number or 0),
        source=row.source,
        text=row.text,
        cause=row.cause,
        public_reports=row.public_reports,
        reported_by=told_by,
        reported_at=row.reported_at,
        began_at=row.outage_from_at or row.reported_at,
        promised_on=row.promised_on,
        is_overdue=is_late,
        assigned_to=row.assigned_to,
        assigned_at=row.assigned_at,
        mended_at=row.mended_at,
        mended_by=mended_by,
        repair_cost_vnd=row.repair_cost_vnd,
        repair_note=row.repair_note,
        parts=tuple(parts),
    )


def _lost(
    session: Session, station_ids: Sequence[str], now: datetime, unmended: Sequence[TicketView]
) -> tuple[list[Losses], list[tuple[datetime, datetime]]]:
    """What the last days cost each station, and the outages of them that are over."""
    last = local_date(now) - timedelta(days=1)
    row = DayFigureRow
    rows = session.execute(
        select(row.station_id, row.causes, row.outages, row.settled_ready_s, row.settled_degraded_s,
               row.settled_down_s, row.settled_unknown_s)
        .where(row.station_id.in_(station_ids), row.day <= last,
               row.day > last - timedelta(days=LOOKED_BACK_DAYS))
        .order_by(row.station_id, row.day)
    ).all()  # fmt: skip
    causes: dict[str, Counter[str]] = {}
    counted: Counter[str] = Counter()
    days: Counter[str] = Counter()
    outages: dict[str, list[Any]] = {}
    for station_id, lost, out, *seconds in rows:
        causes.setdefault(station_id, Counter()).update(lost)
        outages.setdefault(station_id, []).extend(out)
        counted[station_id] += sum(seconds)
        days[station_id] += 1
    lasting = {one.station_id: one.cause for one in unmended if one.source == "health"}
    usual = sum(counted.values()) // days.total() if days else 0
    losses = [
        Losses(
            key,
            causes.get(key, {}),
            *((counted[key], days[key]) if days[key] else (usual, 1)),
            lasting.get(key),
        )
        for key in {**causes, **lasting}  # one that broke on its first day has no row yet
    ]
    ended = [
        (one.from_at, one.until_at)
        for key, kept in outages.items()
        for one in outages_of(kept)
        if key not in lasting or one.until_at < now - timedelta(days=1)
    ]
    return losses, ended


def _errand(row: FaultReportRow) -> dict[str, Any]:
    promised_on = row.promised_on.isoformat() if row.promised_on else None
    return {"assigned_to": row.assigned_to, "promised_on": promised_on}
