"""The stories of one station's slots: the traces it sent, and what the centre knows beside them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import ValidationError
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from controller.domain.offers import Decline
from controller.domain.reconcile import COMING, UNKNOWN, Source
from controller.domain.story import (
    NOTICED_BEFORE,
    CentreCode,
    CentreFact,
    Silence,
    SlotStory,
    in_order,
    lost_spans,
    silence_of,
)
from controller.services.placings import Placed
from controller.services.rivals import Rival, Stop, rivals, stop_of, stops
from controller.storage.models import (
    AccountRow,
    BulletinRow,
    BulletinVersionRow,
    HoldingRow,
    JournalEntryRow,
    PlaceRow,
    ScheduleRow,
    SlotResultRow,
    SlotRow,
    StationFlipRow,
    StationPlanRow,
    StationStateRow,
)
from station_protocol.messages import TraceEntry
from station_protocol.vocabulary import Priority, Reason

logger = logging.getLogger(__name__)

LONGEST_LATE_S = 3_600
"""How late a slot may have begun that somebody stopped."""

STOPPED_WITHIN = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Airing:
    """A slot at one station: as planned, None for one the centre never planned; as it stands."""

    slot_id: str
    slot: SlotRow | None
    result: SlotResultRow | None
    sounds: frozenset[str] = frozenset()
    """The SHA-256 of what this station needs for it."""
    decline: Decline | None = None
    """What its commune answered, if that was no."""
    placing: Placed | None = None
    """Where it has its place beside another priority item."""

    @property
    def is_cancelled(self) -> bool:
        """Whether it is not meant to sound here, for everybody or for this commune."""
        is_off = self.slot is not None and self.slot.cancelled_at is not None
        return is_off or self.decline is not None

    @property
    def starts_at(self) -> datetime | None:
        """When it was, or is, due."""
        if self.placing is not None:
            return self.placing.starts_at
        if self.slot is not None:
            return self.slot.starts_at
        return self.result.planned_at if self.result else None


def read_stories(
    session: Session, station_id: str, airings: Iterable[Airing], now: datetime
) -> dict[str, SlotStory]:
    """The story of each slot by its id."""
    reader = _Reader(session, station_id, list(airings), now)
    return {airing.slot_id: reader.story(airing) for airing in reader.airings}


class _Reader:
    """What is asked of the database once for all slots of a page."""

    def __init__(
        self, session: Session, station_id: str, airings: list[Airing], now: datetime
    ) -> None:
        self.airings = airings
        self._now = now
        self._traces = _traces(session, station_id, airings)
        self._rivals = rivals(session, _asked_by(self._traces))
        self._stops = _stops(session, station_id, self.airings)
        self._flips = _flips(session, station_id, airings)
        self._held_at = _held_at(session, station_id)
        self._state = session.get(StationStateRow, station_id)
        self._named = _named_by_held_plan(session, self._state)
        self._rules = _rules(session, airings)
        self._approvals = _approvals(session, airings)

    def story(self, airing: Airing) -> SlotStory:
        result = airing.result
        trace, entry_no = self._traces.get(airing.slot_id, (None, None))
        outcome = result.outcome if result else self._outcome_of(airing)
        source = result.source if result else Source.PLAN.value
        silence = silence_of(outcome, source, is_told=trace is not None)
        known = [*self._beginnings(airing), *self._plan_deeds(airing), *self._lost(airing)]
        known += self._taken_by(airing, trace)
        if silence is not None:
            known += self._held(airing, silence)
        return SlotStory(
            facts=in_order(trace.facts if trace else (), known),
            silence=silence,
            left_out=trace.left_out if trace else 0,
            entry_no=entry_no,
        )

    def _outcome_of(self, airing: Airing) -> str:
        is_coming = airing.starts_at is not None and airing.starts_at > self._now
        return COMING if is_coming else UNKNOWN

    def _beginnings(self, airing: Airing) -> Iterable[CentreFact]:
        """Who made the rule that gave the slot, and who approved what sounds in it."""
        slot, starts_at = airing.slot, airing.starts_at
        if slot is None or starts_at is None:
            return
        for code, at, who in self._rules.get(slot.schedule_id, ()):
            if at <= starts_at:
                yield CentreFact(code, at, who=who)
        for approval in sorted(
            {self._approvals[one] for one in airing.sounds & self._approvals.keys()}
        ):
            yield CentreFact(
                CentreCode.APPROVED, approval.at, who=approval.who, other=approval.title
            )

    def _plan_deeds(self, airing: Airing) -> Iterable[CentreFact]:
        """Who moved, cancelled or declined the slot."""
        slot = airing.slot
        if slot is None:
            return
        if slot.moved_at is not None:
            yield CentreFact(CentreCode.MOVED, slot.moved_at, who=slot.moved_by or "")
        if slot.cancelled_at is not None:
            who, why = slot.cancelled_by or "", slot.cancel_reason or ""
            yield CentreFact(CentreCode.CANCELLED, slot.cancelled_at, who=who, why=why)
        if airing.decline is not None:
            no = airing.decline
            yield CentreFact(CentreCode.DECLINED, no.declined_at, who=no.declined_by, why=no.reason)
        if airing.placing is not None:
            yield placed_fact(airing.placing)

    def _taken_by(self, airing: Airing, trace: TraceEntry | None) -> Iterable[CentreFact]:
        """Who was behind what had or took the air, or ordered the stop."""
        named = {fact.by: fact.at for fact in trace.facts if fact.by} if trace else {}
        for by, at in named.items():
            rival = self._rivals.get(by)
            if rival is not None and by != airing.slot_id:
                yield CentreFact(
                    CentreCode.GAVE_WAY,
                    at,
                    who=f"{rival.who}, {rival.place}",
                    why=_why_first(rival, airing.slot),
                    other=rival.title,
                )
        result, starts_at = airing.result, airing.starts_at
        if result is None or starts_at is None or result.reason != Reason.STOPPED_BY_OPERATOR:
            return
        lasts = timedelta(milliseconds=result.planned_ms, seconds=LONGEST_LATE_S)
        stop = stop_of(self._stops, airing.slot_id, starts_at, lasts)
        if stop is not None:
            yield CentreFact(CentreCode.STOPPED, stop.at, who=stop.who)

    def _lost(self, airing: Airing) -> Iterable[CentreFact]:
        """When the link was gone around the slot."""
        starts_at = airing.starts_at
        if starts_at is None:
            return
        lateness_s = airing.slot.lateness_s if airing.slot else 0
        until = min(self._now, starts_at + timedelta(seconds=lateness_s))
        for lost_at, back_at in lost_spans(self._flips, starts_at - NOTICED_BEFORE, until):
            yield CentreFact(CentreCode.LINK_LOST, lost_at, until_at=back_at)

    def _held(self, airing: Airing, silence: Silence) -> Iterable[CentreFact]:
        """What the station last said it holds, where its own story is not known."""
        if airing.sounds and airing.sounds <= self._held_at.keys():
            at = max(self._held_at[sha256] for sha256 in airing.sounds)
            yield CentreFact(CentreCode.SOUND_HELD, at)
        state = self._state
        is_open = silence in (Silence.COMING, Silence.NO_WORD)
        if not is_open or state is None or state.last_heartbeat_at is None:
            return
        yield CentreFact(
            self._plan_code(airing.slot_id),
            state.last_heartbeat_at,
            version=state.plan_version_held,
            newest=state.plan_version_sent,
        )

    def _plan_code(self, slot_id: str) -> CentreCode:
        if self._named is None:
            return CentreCode.NO_PLAN
        return CentreCode.PLAN_HELD if slot_id in self._named else CentreCode.PLAN_LACKS


class _Approval(NamedTuple):
    """Who approved a bulletin, and when."""

    at: datetime
    who: str
    title: str


def _rules(
    session: Session, airings: Iterable[Airing]
) -> Mapping[str, list[tuple[CentreCode, datetime, str]]]:
    """Who made and who last changed the schedule of each slot, by schedule."""
    ids = {airing.slot.schedule_id for airing in airings if airing.slot is not None}
    query = (
        select(ScheduleRow, AccountRow.full_name, PlaceRow.kind_word, PlaceRow.name)
        .join(AccountRow, AccountRow.account_id == ScheduleRow.created_by)
        .join(PlaceRow, PlaceRow.place_id == ScheduleRow.place_id)
        .where(ScheduleRow.schedule_id.in_(ids))
    )
    found = {}
    for row, name, kind_word, place in session.execute(query):
        told = [(CentreCode.SCHEDULED, row.created_at, f"{name}, {kind_word} {place}")]
        if row.changed_at is not None and row.changed_by:
            told.append((CentreCode.RESCHEDULED, row.changed_at, row.changed_by))
        found[row.schedule_id] = told
    return found


def _approvals(session: Session, airings: Iterable[Airing]) -> Mapping[str, _Approval]:
    """Who approved each sound that is a bulletin's own, by its SHA-256."""
    wanted = {sha256 for airing in airings for sha256 in airing.sounds}
    version = BulletinVersionRow
    query = (
        select(version.sha256, version.approved_at, version.approved_by_name, BulletinRow.title)
        .join(BulletinRow, BulletinRow.bulletin_id == version.bulletin_id)
        .where(version.sha256.in_(wanted), version.approved_at.is_not(None))
        .order_by(version.approved_at.desc())
    )
    return {
        sha256: _Approval(at, who or "", title)
        for sha256, at, who, title in session.execute(query)
        if sha256 is not None and at is not None
    }


def _why_first(rival: Rival, slot: SlotRow | None) -> str:
    """Why the rival had the air: an alert, a higher class, or a higher authority."""
    if rival.priority == Priority.EMERGENCY:
        return "emergency"
    if slot is None or slot.priority != rival.priority:
        return "class"
    return "authority" if slot.authority != rival.authority else "earlier"


def _asked_by(traces: Mapping[str, tuple[TraceEntry, int]]) -> set[str]:
    return {fact.by for trace, _no in traces.values() for fact in trace.facts if fact.by}


def _stops(session: Session, station_id: str, airings: Iterable[Airing]) -> tuple[Stop, ...]:
    starts = [
        one.starts_at
        for one in airings
        if one.starts_at is not None
        and one.result is not None
        and one.result.reason == Reason.STOPPED_BY_OPERATOR
    ]
    if not starts:
        return ()
    return stops(session, station_id, min(starts) - NOTICED_BEFORE, max(starts) + STOPPED_WITHIN)


def placed_fact(placing: Placed) -> CentreFact:
    """Who ordered the slot and another one, and what came of it."""
    return CentreFact(
        CentreCode.GOES_FIRST if placing.is_first else CentreCode.GOES_SECOND,
        placing.placed_at,
        who=placing.ordered_by or "",
        why=placing.cause,
        other=placing.other_title,
        from_at=placing.planned_at,
        to_at=placing.starts_at,
    )


def _traces(
    session: Session, station_id: str, airings: Iterable[Airing]
) -> dict[str, tuple[TraceEntry, int]]:
    """The trace behind the journal line that decided each slot, and its number."""
    results = [airing.result for airing in airings if airing.result is not None]
    wanted = {
        (result.journal_id, result.entry_no + 1): result.slot_id
        for result in results
        if result.journal_id is not None and result.entry_no is not None
    }
    rows = session.scalars(
        select(JournalEntryRow).where(
            JournalEntryRow.station_id == station_id,
            JournalEntryRow.kind == "trace",
            tuple_(JournalEntryRow.journal_id, JournalEntryRow.entry_no).in_(list(wanted)),
        )
    )
    found = {}
    for row in rows:
        trace = _trace(row)
        slot_id = wanted[(row.journal_id, row.entry_no)]
        if trace is not None and trace.slot_id == slot_id:
            found[slot_id] = (trace, row.entry_no)
    return found


def _trace(row: JournalEntryRow) -> TraceEntry | None:
    """The stored trace; None for one that this release cannot read."""
    try:
        return TraceEntry.model_validate(row.evidence)
    except ValidationError:
        logger.warning("trace not readable station=%s entry=%s", row.station_id, row.entry_no)
        return None


def _flips(
    session: Session, station_id: str, airings: Iterable[Airing]
) -> list[tuple[datetime, str]]:
    """Changes of the station's state around these slots, with the last one before."""
    starts = [airing.starts_at for airing in airings if airing.starts_at is not None]
    if not starts:
        return []
    since = min(starts) - NOTICED_BEFORE
    before = (
        select(StationFlipRow.at, StationFlipRow.state)
        .where(StationFlipRow.station_id == station_id, StationFlipRow.at < since)
        .order_by(StationFlipRow.at.desc())
        .limit(1)
    )
    during = (
        select(StationFlipRow.at, StationFlipRow.state)
        .where(StationFlipRow.station_id == station_id, StationFlipRow.at >= since)
        .where(StationFlipRow.at < max(starts) + timedelta(days=1))
        .order_by(StationFlipRow.at)
    )
    rows = [*session.execute(before), *session.execute(during)]
    return [(at, state) for at, state in rows]


def _held_at(session: Session, station_id: str) -> Mapping[str, datetime]:
    rows = session.execute(
        select(HoldingRow.sha256, HoldingRow.at).where(
            HoldingRow.station_id == station_id, HoldingRow.held.is_(True)
        )
    )
    return {row.sha256: row.at for row in rows}


def _named_by_held_plan(session: Session, state: StationStateRow | None) -> frozenset[str] | None:
    """The slots of the plan the station says it holds; None when that is not known here."""
    if state is None or not state.plan_version_held:
        return None
    key = (state.station_id, state.plan_epoch_held, state.plan_version_held)
    row = session.get(StationPlanRow, key)
    return frozenset(row.slots) if row is not None else None
