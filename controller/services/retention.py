"""How long evidence is kept, and how it goes: by whole months, counted, and written down.

Months whose figures are not closed do not go. Figures by day, closed months, listening checks,
bulletins with their texts, slots and the audit trail itself never do; the sound of bulletins has a
rule of its own (`sound_keeping`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from controller.domain.schedule import instant, local_date
from controller.domain.station_state import OFF, ShownState
from controller.services import audit
from controller.services.audit import Deed
from controller.services.named_sounds import hashes_in
from controller.settings import KeepingSettings
from controller.storage.database import Database
from controller.storage.models import (
    AuditRow,
    Base,
    BulletinVersionRow,
    DayFigureRow,
    EmergencyPartRow,
    HoldingRow,
    JournalEntryRow,
    MetaRow,
    MonthCloseRow,
    PieceRow,
    SignedOrderRow,
    SlotResultChangeRow,
    SlotResultRow,
    SlotRow,
    StaleDayRow,
    StationFlipRow,
    StationPlanRow,
)
from station_protocol.vocabulary import ClockLevel

logger = logging.getLogger(__name__)

EVIDENCE_SINCE = "evidence_since"
"""Key in `meta`."""

PIECES_KEPT = timedelta(days=90)
HOLDINGS_KEPT = timedelta(days=90)
PLANNED_LATELY = timedelta(days=40)
"""A piece named by a slot since then may still be asked for, or asked about."""

_SOUNDS = (ShownState.READY.value, ShownState.ON_AIR.value)


class Kind(StrEnum):
    """Kinds of what is kept or went."""

    JOURNALS = "journals"
    RESULTS = "results"
    STATES = "states"
    MADE_SOUND = "made_sound"
    VERSIONS = "versions"
    SLOTS = "slots"
    DAY_FIGURES = "day_figures"
    CLOSED_MONTHS = "closed_months"
    AUDIT = "audit"
    EVIDENCE = "evidence"
    """Journals, results and states of a month together, as they go."""
    BULLETIN_SOUND = "bulletin_sound"
    DRAFTS = "drafts"


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of record: how much there is and what becomes of it."""

    kind: Kind
    rows: int
    oldest_at: datetime | None
    months: int
    """How long it stays, of made sound behind its last slot; 0: for ever."""
    setting: str
    """The name of that number in the settings file; empty: there is none."""
    goes_on: date | None
    """When the oldest goes; None: never, or nothing is there."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What the rule took last of one kind."""

    kind: Kind
    at: datetime
    rows: int
    """Rows of evidence, else bulletins."""
    size_bytes: int | None = None
    """None: nobody counted them."""
    month: date | None = None
    """Of evidence: the first day of its month."""


def months_before(day: date, months: int) -> date:
    """The first day of the month so many months before that of `day`."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


def evidence_since(session: Session) -> date | None:
    """The first local date from which evidence is whole; None: none ever went."""
    row = session.get(MetaRow, EVIDENCE_SINCE)
    return date.fromisoformat(row.value) if row is not None else None


class Retention:
    """Lets go of what its rule no longer keeps."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], settings: KeepingSettings
    ) -> None:
        self._database = database
        self._now = now
        self._settings = settings

    def keep_to_it(self) -> int:
        """Once a day; how many rows went."""
        return self._thin_flips() + self._evidence() + self._pieces() + self._holdings()

    # --- evidence ---------------------------------------------------------------------------------

    def _evidence(self) -> int:
        months = self._settings.evidence_months
        if not months:
            return 0
        gone, keep_from = 0, months_before(local_date(self._now()), months)
        for first in self._months_before(keep_from):
            with self._database.write() as session:
                if not _is_settled(session, first):
                    logger.warning("evidence of %s stays: its figures are not closed", first)
                    return gone
                gone += self._month(session, first)
        return gone

    def _months_before(self, keep_from: date) -> list[date]:
        """The months that are to go, oldest first."""
        with self._database.read() as session:
            first = evidence_since(session)
            oldest = [
                session.scalar(select(func.min(column)))
                for column in (SlotResultRow.planned_at, JournalEntryRow.received_at)
            ]
        if first is None:
            days = [local_date(at) for at in oldest if at is not None]
            first = months_before(min(days, default=keep_from), 0)
        found = []
        while first < keep_from:
            found.append(first)
            first = months_before(first, -1)
        return found

    def _month(self, session: Session, first: date) -> int:
        """Delete what is older than the end of this month, and write down how much it was."""
        until = months_before(first, -1)
        ends = instant(until, time(0))
        counts = {
            "journal_entry": _journal(session, ends),
            "slot_result": _run(session, SlotResultRow, SlotResultRow.planned_at < ends),
            "slot_result_change": _run(session, SlotResultChangeRow, SlotResultChangeRow.at < ends),
            "station_flip": _flips(session, ends),
        }
        session.merge(MetaRow(key=EVIDENCE_SINCE, value=until.isoformat()))
        if any(counts.values()):
            facts: dict[str, Any] = {
                "starts_on": first.isoformat(),
                "ends_on": (until - timedelta(days=1)).isoformat(),
                **counts,
            }
            deed = Deed("evidence.prune", "evidence", f"{first:%Y-%m}", None, facts)
            audit.record(session, None, deed, at=self._now())
            logger.info("evidence deleted month=%s %s", f"{first:%Y-%m}", counts)
        return sum(counts.values())

    # --- states -----------------------------------------------------------------------------------

    def _thin_flips(self) -> int:
        """Drop changes between ready and on air: to every figure both are ready."""
        before = self._now() - timedelta(days=self._settings.flips_days)
        row = StationFlipRow
        last = func.lag(row.state).over(
            partition_by=row.station_id, order_by=(row.at, row.station_flip_id)
        )
        listed = select(row.station_flip_id, row.state, last.label("last")).where(row.at < before)
        found = listed.subquery()
        idle = select(found.c.station_flip_id).where(
            found.c.state.in_(_SOUNDS), found.c.last.in_(_SOUNDS)
        )
        with self._database.write() as session:
            return _run(session, row, row.station_flip_id.in_(idle))

    # --- sound ------------------------------------------------------------------------------------

    def _pieces(self) -> int:
        """Drop pieces nothing plans any more; asked for again, they are made again."""
        now = self._now()
        with self._database.write() as session:
            old = session.scalars(
                select(PieceRow).where(
                    PieceRow.state.in_(("ready", "failed")),
                    PieceRow.wanted_at < now - PIECES_KEPT,
                    or_(PieceRow.made_at.is_(None), PieceRow.made_at < now - PIECES_KEPT),
                    ~exists().where(EmergencyPartRow.piece_id == PieceRow.piece_id),
                )
            ).all()
            named = _named(session, now - PLANNED_LATELY) if old else set()
            gone = [row.piece_id for row in old if row.sha256 not in named]
            for piece_id in gone:
                session.execute(delete(PieceRow).where(PieceRow.piece_id == piece_id))
        if gone:
            logger.info("pieces deleted count=%s", len(gone))
        return len(gone)

    def _holdings(self) -> int:
        """Forget that stations once had sound they said they have no more."""
        row, before = HoldingRow, self._now() - HOLDINGS_KEPT
        with self._database.write() as session:
            return _run(session, row, row.held.is_(False), row.at < before)

    # --- what is kept -----------------------------------------------------------------------------

    def kept(self) -> list[Kept]:
        """What there is of each kind, how long it stays, and when the oldest goes."""
        months, sound = self._settings.evidence_months, self._settings.aired_sound_months
        evidence, made = (months, "keeping.evidence_months"), (sound, "keeping.aired_sound_months")
        for_ever = (0, "")
        with self._database.read() as session:
            return [
                _kept(session, kind, column, rule)
                for kind, column, rule in (
                    (Kind.JOURNALS, JournalEntryRow.received_at, evidence),
                    (Kind.RESULTS, SlotResultRow.planned_at, evidence),
                    (Kind.STATES, StationFlipRow.at, evidence),
                    (Kind.MADE_SOUND, PieceRow.made_at, made),
                    (Kind.VERSIONS, BulletinVersionRow.created_at, for_ever),
                    (Kind.SLOTS, SlotRow.starts_at, for_ever),
                    (Kind.DAY_FIGURES, DayFigureRow.day, for_ever),
                    (Kind.CLOSED_MONTHS, MonthCloseRow.closed_at, for_ever),
                    (Kind.AUDIT, AuditRow.at, for_ever),
                )
            ]

    def removed(self) -> list[Removed]:
        """What went last of each kind that goes, the latest first."""
        with self._database.read() as session:
            found = (_last_evidence(session), _last_drafts(session), _last_sound(session))
        return sorted((one for one in found if one), key=lambda one: one.at, reverse=True)


def _kept(session: Session, kind: Kind, column: Any, rule: tuple[int, str]) -> Kept:
    rows, oldest = session.execute(select(func.count(), func.min(column))).one()
    if oldest is not None and not isinstance(oldest, datetime):
        oldest = instant(oldest, time(0))
    months, setting = rule
    goes = bool(months) and kind is not Kind.MADE_SOUND  # that goes by its slots, not by its age
    goes_on = months_before(local_date(oldest), -months - 1) if goes and oldest else None
    return Kept(kind, rows, oldest, months, setting, goes_on)


def _last_evidence(session: Session) -> Removed | None:
    query = select(AuditRow).where(AuditRow.action == "evidence.prune")
    row = session.scalars(query.order_by(AuditRow.audit_id.desc()).limit(1)).first()
    if row is None:
        return None
    counted = sum(value for value in row.detail.values() if isinstance(value, int))
    month = date.fromisoformat(row.detail["starts_on"])
    return Removed(Kind.EVIDENCE, row.at, counted, month=month)


def _last_drafts(session: Session) -> Removed | None:
    gone = AuditRow.action == "bulletin.prune"
    at = session.scalar(select(func.max(AuditRow.at)).where(gone))
    if at is None:
        return None
    rows = session.scalar(select(func.count()).select_from(AuditRow).where(gone, AuditRow.at == at))
    return Removed(Kind.DRAFTS, at, rows or 0)


def _last_sound(session: Session) -> Removed | None:
    """All that went in one run carry the same instant."""
    gone = AuditRow.action == "bulletin.sound_gone"
    at = session.scalar(select(func.max(AuditRow.at)).where(gone))
    if at is None:
        return None
    details = session.scalars(select(AuditRow.detail).where(gone, AuditRow.at == at)).all()
    sizes = sum(int(detail.get("size_bytes", 0)) for detail in details)
    return Removed(Kind.BULLETIN_SOUND, at, len(details), sizes)


def _is_settled(session: Session, first: date) -> bool:
    """Whether the figures of a calendar month stand: closed, no day of it to be counted anew."""
    until = months_before(first, -1)
    closed = session.scalar(
        select(MonthCloseRow.month_close_id)
        .where(MonthCloseRow.basis == "calendar", MonthCloseRow.first_on == first)
        .limit(1)
    )
    stale = session.scalar(select(StaleDayRow.day).where(StaleDayRow.day < until).limit(1))
    return closed is not None and stale is None


def _journal(session: Session, ends: datetime) -> int:
    """Lines from before `ends`, but the state each journal was in then.

    A line by a clock that was wrong is as old as its arrival.
    """
    row = JournalEntryRow
    is_old = (row.at < ends, row.received_at < ends)
    gone = _run(session, row, row.kind != "flip", *is_old)
    is_sure = or_(row.clock != ClockLevel.NONE.value, row.evidence["health"].as_string() == OFF)
    last = (
        select(row.station_id, row.journal_id, func.max(row.entry_no))
        .where(row.kind == "flip", is_sure, *is_old)
        .group_by(row.station_id, row.journal_id)
    )
    for station_id, journal_id, entry_no in session.execute(last).all():
        gone += _run(
            session,
            row,
            row.station_id == station_id,
            row.journal_id == journal_id,
            row.kind == "flip",
            row.entry_no < entry_no,
        )
    return gone


def _flips(session: Session, ends: datetime) -> int:
    """Changes of states from before `ends`, but the one each station was in then."""
    row, gone = StationFlipRow, 0
    for station_id in session.scalars(select(row.station_id).distinct()).all():
        is_old = (row.station_id == station_id, row.at < ends)
        last = session.scalar(
            select(row.station_flip_id)
            .where(*is_old)
            .order_by(row.at.desc(), row.station_flip_id.desc())
            .limit(1)
        )
        if last is not None:
            gone += _run(session, row, *is_old, row.station_flip_id != last)
    return gone


def _named(session: Session, since: datetime) -> set[str]:
    """The sounds of slots since then, of every plan and order that is kept, and in other pieces."""
    queries: tuple[Select[Any], ...] = (
        select(SlotRow.items).where(SlotRow.starts_at >= since),
        select(SlotRow.other_items).where(SlotRow.starts_at >= since),
        select(StationPlanRow.required_assets),
        select(SignedOrderRow.deed),
        select(PieceRow.recipe),
    )
    return set(_hashes(session, queries))


def _hashes(session: Session, queries: tuple[Select[Any], ...]) -> Iterator[str]:
    for query in queries:
        for value in session.scalars(query).yield_per(1000):
            yield from hashes_in(value)


def _run(session: Session, table: type[Base], *where: ColumnElement[bool]) -> int:
    statement = delete(table).where(*where).execution_options(synchronize_session=False)
    return int(getattr(session.execute(statement), "rowcount", 0))
