"""Slot results in the database: made when a slot is due, changed by evidence and by time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from controller.domain import reconcile
from controller.domain.places import PlaceTree
from controller.domain.reconcile import Change, Holding, Report, Result
from controller.services import stale_days
from controller.services.absences import absences, was_away
from controller.services.declines import declined
from controller.services.placings import placings_of, start_at
from controller.services.targets import stations_by_schedule
from controller.storage.models import (
    MetaRow,
    SlotResultChangeRow,
    SlotResultRow,
    SlotRow,
    StationPlanRow,
    StationStateRow,
)
from station_protocol.messages import AsRunEntry, JournalEntry, StartEntry

RECONCILED_UNTIL = "reconciled_until"
LOOKED_BACK = timedelta(hours=1)
"""How far before the last round due slots are looked for again."""

KEPT_OPEN = timedelta(days=40)
"""Nothing older can still be undecided."""


def _result(row: SlotResultRow) -> Result:
    return Result(
        title=row.title,
        planned_at=row.planned_at,
        planned_ms=row.planned_ms,
        outcome=row.outcome,
        reason=row.reason,
        started_at=row.started_at,
        start_error_ms=row.start_error_ms,
        played_ms=row.played_ms,
        journal_id=row.journal_id,
        entry_no=row.entry_no,
        decided_at=row.decided_at,
        source=row.source,
    )


_FIELDS = tuple(Result.__dataclass_fields__)


def _fill(row: SlotResultRow, result: Result) -> None:
    for name in _FIELDS:
        setattr(row, name, getattr(result, name))


# --- evidence -------------------------------------------------------------------------------------


def take_in(
    session: Session,
    station_id: str,
    journal_id: str,
    entries: Sequence[JournalEntry],
    now: datetime,
) -> bool:
    """Let new journal lines about slots decide; whether any result changed.

    What sounded in a drill stays in the journal: it is no broadcast and counts as none.
    """
    told = [
        entry
        for entry in entries
        if isinstance(entry.evidence, AsRunEntry | StartEntry) and not entry.evidence.exercise
    ]
    if not told:
        return False
    desk = _Desk.of(session, station_id, {_slot_id(entry) for entry in told})
    changed = False
    for entry in told:
        if isinstance(entry.evidence, AsRunEntry):
            changed |= desk.report(_report(journal_id, entry.entry_no, entry.evidence), entry, now)
        elif isinstance(entry.evidence, StartEntry):
            changed |= desk.start(entry.evidence)
    if changed:
        planned = [row.planned_at for row in desk.rows.values()]
        stale_days.mark(session, station_id, planned, now)
    return changed


def _slot_id(entry: JournalEntry) -> str:
    assert isinstance(entry.evidence, AsRunEntry | StartEntry)  # noqa: S101 - for the type checker
    return entry.evidence.slot_id


def plain(text: str) -> str:
    """Text as PostgreSQL takes it: without NUL."""
    return text.replace("\0", "")


def _report(journal_id: str, entry_no: int, ran: AsRunEntry) -> Report:
    return Report(
        journal_id=journal_id,
        entry_no=entry_no,
        outcome=ran.outcome.value,
        reason=ran.reason.value if ran.reason else None,
        title=plain(ran.title),
        planned_at=ran.planned_at,
        planned_ms=ran.planned_ms,
        started_at=ran.started_at,
        start_error_ms=ran.start_error_ms,
        played_ms=ran.played_ms,
    )


@dataclass(slots=True)
class _Desk:
    """The results of one station that a batch speaks of."""

    session: Session
    station_id: str
    rows: dict[str, SlotResultRow]
    slots: Mapping[str, SlotRow]

    @classmethod
    def of(cls, session: Session, station_id: str, slot_ids: Iterable[str]) -> _Desk:
        wanted = list(slot_ids)
        rows = session.scalars(
            select(SlotResultRow).where(
                SlotResultRow.station_id == station_id, SlotResultRow.slot_id.in_(wanted)
            )
        )
        slots = session.scalars(select(SlotRow).where(SlotRow.slot_id.in_(wanted)))
        return cls(
            session,
            station_id,
            {row.slot_id: row for row in rows},
            {row.slot_id: row for row in slots},
        )

    def report(self, report: Report, entry: JournalEntry, now: datetime) -> bool:
        slot_id = _slot_id(entry)
        row = self.rows.get(slot_id)
        known = _result(row) if row else None
        result, change = reconcile.on_report(known, report, now)
        if change is not None:
            _keep_change(self.session, self.station_id, slot_id, change, now)
        return self._save(slot_id, known, result)

    def start(self, start: StartEntry) -> bool:
        row = self.rows.get(start.slot_id)
        known = _result(row) if row else self._expected(start)
        result = reconcile.on_start(known, start.started_at, start.start_error_ms)
        return self._save(start.slot_id, known if row else None, result)

    def _expected(self, start: StartEntry) -> Result:
        slot = self.slots.get(start.slot_id)
        if slot is None:
            return Result("", start.started_at, 0)
        starts_at = start_at(placings_of(self.session, [slot]), slot, self.station_id)
        return Result(slot.title, starts_at, slot.duration_ms)

    def _save(self, slot_id: str, known: Result | None, result: Result) -> bool:
        if known == result:
            return False
        row = self.rows.get(slot_id)
        if row is None:
            row = SlotResultRow(station_id=self.station_id, slot_id=slot_id)
            self.rows[slot_id] = row
            _fill(row, result)
            self.session.add(row)
        else:
            _fill(row, result)
        return True


def _keep_change(
    session: Session, station_id: str, slot_id: str, change: Change, now: datetime
) -> None:
    session.add(
        SlotResultChangeRow(
            station_id=station_id,
            slot_id=slot_id,
            at=now,
            kind=change.kind.value,
            from_outcome=change.from_outcome,
            from_reason=change.from_reason,
            to_outcome=change.to_outcome,
            to_reason=change.to_reason,
            entry_no=change.entry_no,
        )
    )


# --- time -----------------------------------------------------------------------------------------


def open_due(session: Session, tree: PlaceTree, now: datetime) -> set[str]:
    """Give each slot whose time has come a row at each of its stations; the stations."""
    since = _reconciled_until(session)
    query = select(SlotRow).where(SlotRow.starts_at <= now)
    if since is not None:
        query = query.where(SlotRow.starts_at > since - LOOKED_BACK)
    due = session.scalars(query).all()
    if since is None or now - since > LOOKED_BACK / 2:  # not each time: that would be a disk write
        session.merge(MetaRow(key=RECONCILED_UNTIL, value=now.isoformat()))
    if not due:
        return set()
    stations_of = stations_by_schedule(session, tree, {slot.schedule_id for slot in due})
    known = {
        (row.station_id, row.slot_id)
        for row in session.execute(
            select(SlotResultRow.station_id, SlotResultRow.slot_id).where(
                SlotResultRow.slot_id.in_([slot.slot_id for slot in due])
            )
        )
    }
    declines, placings = declined(session, due), placings_of(session, due)
    away = absences(session, None, min(slot.starts_at for slot in due), now)
    fresh = [
        _opened(
            station_id,
            slot,
            start_at(placings, slot, station_id),
            is_declined=station_id in declines.get(slot.slot_id, ()),
        )
        for slot in due
        for station_id in stations_of.get(slot.schedule_id, ())
        if (station_id, slot.slot_id) not in known
        and not was_away(away.get(station_id, ()), slot.starts_at)
    ]
    if fresh:
        session.execute(insert(SlotResultRow), fresh)
        for slot in due:
            for station_id in stations_of.get(slot.schedule_id, ()):
                stale_days.mark(session, station_id, [slot.starts_at], now)
    return {str(row["station_id"]) for row in fresh}


def _reconciled_until(session: Session) -> datetime | None:
    row = session.get(MetaRow, RECONCILED_UNTIL)
    return datetime.fromisoformat(row.value) if row else None


def _opened(
    station_id: str, slot: SlotRow, starts_at: datetime, *, is_declined: bool
) -> dict[str, object]:
    is_cancelled = is_declined or slot.cancelled_at is not None
    return {
        "station_id": station_id,
        "slot_id": slot.slot_id,
        # Whether a cancellation was obeyed is not known before the station says so.
        "outcome": reconcile.UNKNOWN if is_cancelled else reconcile.COMING,
        "title": slot.title,
        "planned_at": starts_at,
        "planned_ms": slot.duration_ms,
        "played_ms": 0,
        "source": reconcile.Source.PLAN.value,
    }


def let_time_pass(
    session: Session, now: datetime, unknown_after: timedelta, station_id: str | None = None
) -> set[str]:
    """Decide what silence or the plans held make sure; the stations whose results changed."""
    query = (
        select(SlotResultRow, SlotRow, StationStateRow)
        .outerjoin(SlotRow, SlotRow.slot_id == SlotResultRow.slot_id)
        .outerjoin(StationStateRow, StationStateRow.station_id == SlotResultRow.station_id)
        .where(
            SlotResultRow.outcome.in_(reconcile.UNDECIDED),
            SlotResultRow.planned_at > now - KEPT_OPEN,
        )
    )
    if station_id is not None:
        query = query.where(SlotResultRow.station_id == station_id)
    found = session.execute(query).all()
    declines = declined(session, [slot for _row, slot, _state in found if slot is not None])
    held = _HeldPlans(session)
    changed: set[str] = set()
    for row, slot, state in found:
        known = _result(row)
        result = known
        is_declined = row.station_id in declines.get(row.slot_id, ())
        if slot is not None and state is not None:
            holding = held.of(row, slot, state, now, is_declined=is_declined)
            result = reconcile.on_holding(known, holding, now)
        is_cancelled = is_declined or (slot is not None and slot.cancelled_at is not None)
        result = reconcile.on_time(result, now, unknown_after, is_cancelled=is_cancelled)
        if result != known:
            _fill(row, result)
            changed.add(row.station_id)
            stale_days.mark(session, row.station_id, [row.planned_at], now)
    return changed


class _HeldPlans:
    """Which slots a station can ever have held; asked of the database once a station."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._named: dict[str, dict[int, frozenset[str]]] = {}

    def of(
        self,
        row: SlotResultRow,
        slot: SlotRow,
        state: StationStateRow,
        now: datetime,
        *,
        is_declined: bool,
    ) -> Holding:
        """What is sure about one slot; cheap while its window is open."""
        lateness = timedelta(seconds=slot.lateness_s)
        has_sound = bool(slot.items) or slot.cancelled_at is not None
        is_open = now <= row.planned_at + lateness + reconcile.ALIVE_MARGIN
        ever_held = True
        if is_declined:
            ever_held = is_open or self._names(row.station_id, state.plan_version_held, row.slot_id)
        elif not (is_open and has_sound):
            highest = state.plan_version_highest if has_sound else None
            ever_held = self._ever(row.station_id, row.slot_id, highest)
        return Holding(
            ever_held, state.last_heartbeat_at, has_sound or is_declined, lateness, is_declined
        )

    def _names(self, station_id: str, version: int | None, slot_id: str) -> bool:
        """Whether this version names the slot; one that is not remembered here may."""
        named = self._versions(station_id).get(version or 0)
        return named is None or slot_id in named

    def _ever(self, station_id: str, slot_id: str, highest: int | None) -> bool:
        """Whether any version up to `highest` (None: any at all) names the slot.

        A version nobody here remembers, as after a backup was restored, may have named anything.
        """
        versions = self._versions(station_id)
        if highest is not None and highest > max(versions, default=0):
            return True
        return any(
            slot_id in named
            for version, named in versions.items()
            if highest is None or version <= highest
        )

    def _versions(self, station_id: str) -> dict[int, frozenset[str]]:
        if station_id not in self._named:
            rows = self._session.execute(
                select(StationPlanRow.version, StationPlanRow.slots).where(
                    StationPlanRow.station_id == station_id
                )
            )
            self._named[station_id] = {version: frozenset(slots) for version, slots in rows}
        return self._named[station_id]
