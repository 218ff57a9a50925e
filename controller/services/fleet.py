"""One moment of all stations for Prometheus, read from the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from controller.domain.emergencies import NOT_ANSWERED, Kind, State
from controller.domain.places import PlaceKind, PlaceTree
from controller.domain.station_state import Facts
from controller.metrics.samples import FleetSnapshot, StationSample
from controller.services.emergency_views import owed_endings, traces
from controller.services.places import out_of_service
from controller.storage.database import Database
from controller.storage.models import (
    CentreRunRow,
    EmergencyRow,
    OutboxRow,
    SlotResultChangeRow,
    SlotResultRow,
    StationRow,
    StationStateRow,
)
from station_protocol.vocabulary import ClockLevel

UNDECIDED = frozenset({"unknown", "sounding", "coming"})
SETTLED_AFTER = timedelta(days=40)
"""A journal may arrive within 35 days and correct an outcome; older results no longer change."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tally:
    """Slots by station and (outcome, reason), corrections by station and (from, to)."""

    results: Mapping[str, Counter[Pair]]
    corrections: Mapping[str, Counter[Pair]]


class Fleet:
    """Reads the fleet; what can no longer change is counted once a day, the rest each time."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], tree: Callable[[], PlaceTree]
    ) -> None:
        self._database = database
        self._now = now
        self._tree = tree
        self._settled: tuple[datetime, Tally] | None = None

    def snapshot(self) -> FleetSnapshot:
        """All stations in use, whether they ever spoke or not."""
        tree, now = self._tree(), self._now()
        with self._database.read() as session:
            tallies = self._tallies(session)
            waiting, oldest_at = session.execute(
                select(func.count(OutboxRow.outbox_id), func.min(OutboxRow.created_at))
            ).one()
            first_run_at = session.scalar(select(func.min(CentreRunRow.started_at)))
            unanswered = _unanswered_s(session, tree, now)
            stations = tuple(
                replace(
                    _sample(station, state, tree, tallies, now),
                    emergency_unanswered_s=unanswered.get(station.station_id, 0.0),
                )
                for station, state in _in_use(session)
            )
        return FleetSnapshot(stations, waiting, oldest_at, first_run_at)

    def _tallies(self, session: Session) -> tuple[Tally, Tally]:
        today = self._now().replace(hour=0, minute=0, second=0, microsecond=0)
        bound = today - SETTLED_AFTER
        settled = self._settled
        if settled is None or settled[0] != bound:
            settled = (bound, _tally(session, SlotResultRow.planned_at < bound))
            self._settled = settled
        return settled[1], _tally(session, SlotResultRow.planned_at >= bound)


def _unanswered_s(session: Session, tree: PlaceTree, now: datetime) -> dict[str, float]:
    """For how long a station has owed an answer, by station: to a running emergency, or to what
    corrects or calls off one that it has taken.
    """
    running = session.scalars(
        select(EmergencyRow).where(
            EmergencyRow.kind == Kind.LIVE.value,
            EmergencyRow.state == State.SENT.value,
            EmergencyRow.ended_at.is_(None),
            EmergencyRow.until_at > now,
        )
    )
    owed: dict[str, float] = {}
    for row in running.all():
        age_s = (now - (row.sent_at or now)).total_seconds()
        for trace in traces(session, tree, row, now):
            if trace.heard in NOT_ANSWERED:
                owed[trace.station_id] = max(age_s, owed.get(trace.station_id, 0.0))
    for ending in owed_endings(session, tree, now):
        age_s = (now - ending.sent_at).total_seconds()
        for trace in ending.traces:
            owed[trace.station_id] = max(age_s, owed.get(trace.station_id, 0.0))
    return owed


def _in_use(session: Session) -> list[tuple[StationRow, StationStateRow | None]]:
    rows = session.execute(
        select(StationRow, StationStateRow)
        .outerjoin(StationStateRow, StationStateRow.station_id == StationRow.station_id)
        .where(StationRow.retired_at.is_(None), StationRow.station_id.not_in(out_of_service()))
        .order_by(StationRow.station_id)
    )
    return [(station, state) for station, state in rows]


def _tally(session: Session, when: ColumnElement[bool]) -> Tally:
    """Slots by the outcome they got first, and the corrections after it."""
    results: dict[str, Counter[Pair]] = {}
    corrections: dict[str, Counter[Pair]] = {}
    for station_id, outcome, reason, count in session.execute(
        select(SlotResultRow.station_id, SlotResultRow.outcome, SlotResultRow.reason, func.count())
        .where(when, SlotResultRow.outcome.not_in(UNDECIDED))
        .group_by(SlotResultRow.station_id, SlotResultRow.outcome, SlotResultRow.reason)
    ):
        results.setdefault(station_id, Counter())[outcome, reason or ""] += count
    seen: set[Pair] = set()
    for change, outcome, reason in _corrections(session, when):
        corrections.setdefault(change.station_id, Counter())[
            change.from_outcome, change.to_outcome
        ] += 1
        if (change.station_id, change.slot_id) not in seen:  # its first: counted as it was then
            seen.add((change.station_id, change.slot_id))
            counted = results.setdefault(change.station_id, Counter())
            counted[outcome, reason or ""] -= 1
            counted[change.from_outcome, change.from_reason or ""] += 1
    return Tally(results, corrections)


def _corrections(
    session: Session, when: ColumnElement[bool]
) -> list[tuple[SlotResultChangeRow, str, str | None]]:
    """Corrections in their order, each with the outcome its slot has now."""
    rows = session.execute(
        select(SlotResultChangeRow, SlotResultRow.outcome, SlotResultRow.reason)
        .join(
            SlotResultRow,
            (SlotResultRow.station_id == SlotResultChangeRow.station_id)
            & (SlotResultRow.slot_id == SlotResultChangeRow.slot_id),
        )
        .where(
            when,
            SlotResultChangeRow.kind == "correction",
            SlotResultChangeRow.from_outcome.not_in(UNDECIDED),
            SlotResultRow.outcome.not_in(UNDECIDED),
        )
        .order_by(SlotResultChangeRow.slot_result_change_id)
    )
    return [(change, outcome, reason) for change, outcome, reason in rows]


def _sample(
    station: StationRow,
    state: StationStateRow | None,
    tree: PlaceTree,
    tallies: tuple[Tally, Tally],
    now: datetime,
) -> StationSample:
    names = {place.kind: place.full_name for place in tree.path(station.place_id)}
    who = (
        station.station_id,
        names.get(PlaceKind.COMMUNE, station.name),
        names.get(PlaceKind.DISTRICT, ""),
    )
    results, corrections = _of_station(station.station_id, tallies)
    if state is None:
        return StationSample(*who, results=results, corrections=corrections)
    is_of_this_epoch = state.plan_epoch_held == state.plan_epoch_sent
    offset_ms, level = state.clock_offset_ms, state.clock_level
    behind = max(0, state.journal_head - state.journal_stored_up_to)
    return StationSample(
        *who,
        last_heartbeat_at=state.last_heartbeat_at,
        is_ready=state.health == "ready",
        is_on_air=state.on_air_slot_id is not None,
        is_in_maintenance=Facts(
            maint_from_at=state.maint_from_at, maint_until_at=state.maint_until_at
        ).is_in_maintenance(now),
        plan_version=state.plan_version_sent,
        plan_version_held=state.plan_version_held if is_of_this_epoch else 0,
        required_assets=state.required_assets,
        held_assets=state.held_assets,
        clock_offset_s=None if offset_ms is None else offset_ms / 1000,
        is_clock_trusted=None if level is None else level != ClockLevel.NONE,
        journal_behind=None if state.journal_id is None else behind,
        agent_version=state.agent_version,
        disk_free_bytes=state.disk_free_bytes,
        denied_publishes=state.denied_publishes,
        refused={str(reason): int(count) for reason, count in state.refused.items()},
        results=results,
        corrections=corrections,
    )


def _of_station(
    station_id: str, tallies: tuple[Tally, Tally]
) -> tuple[Counter[Pair], Counter[Pair]]:
    results: Counter[Pair] = Counter()
    corrections: Counter[Pair] = Counter()
    for tally in tallies:
        results.update(tally.results.get(station_id, {}))
        corrections.update(tally.corrections.get(station_id, {}))
    return +results, +corrections
