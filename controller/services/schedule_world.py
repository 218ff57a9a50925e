"""Reads what a schedule is judged against, in the caller's transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from controller.domain.emergencies import Kind, State
from controller.domain.places import PlaceTree
from controller.domain.policy import HoursBook
from controller.domain.schedule import local_date
from controller.services.phones import phones_of
from controller.services.schedule_findings import StationReach, Warned, World
from controller.services.schedule_rows import SlotKey, StoredSchedule, load, patterns
from controller.storage.models import (
    EmergencyRow,
    ScheduleRow,
    SlotRow,
    StationRow,
    StationStateRow,
)

FRESH = timedelta(seconds=90)
"""A station whose last beat is older has no link."""


def read_world(
    session: Session,
    tree: PlaceTree,
    hours: HoursBook,
    now: datetime,
    *,
    replacing: tuple[str, date] | None = None,
    leaving_out: SlotKey | None = None,
) -> World:
    """Every rule still airing, the hours, and which stations have a link.

    A rule also still airs by a slot that was moved past its last day.

    `replacing`: a schedule judged as if it ended before the date. `leaving_out`: one occurrence
    judged as if it were not there.
    """
    since = local_date(now) - timedelta(days=1)
    moved = select(SlotRow.schedule_id).where(
        SlotRow.moved_at.is_not(None),
        SlotRow.cancelled_at.is_(None),
        SlotRow.starts_at > now - timedelta(days=1),
    )
    airing = or_(
        ScheduleRow.ends_on.is_(None),
        ScheduleRow.ends_on >= since,
        ScheduleRow.schedule_id.in_(moved),
    )
    stored = load(session, airing)
    if replacing is not None:
        stored = [_shortened(one, *replacing) for one in stored]
    others = patterns(session, stored, now - timedelta(days=1), leaving_out)
    return World(
        tree, hours, tuple(others), _reach(session, tree, now), now, _warned(session, tree, now)
    )


def _warned(session: Session, tree: PlaceTree, now: datetime) -> tuple[Warned, ...]:
    """The real emergencies in force, the latest first."""
    row = EmergencyRow
    query = (
        select(row)
        .where(
            row.kind == Kind.LIVE.value,
            row.state == State.SENT.value,
            row.until_at > now,
            row.ended_at.is_(None),
        )
        .order_by(row.sent_at.desc())
    )
    return tuple(
        Warned(
            one.title,
            one.until_at,
            frozenset(station.station_id for station in tree.stations_in(one.target_ids)),
        )
        for one in session.scalars(query)
    )


def _shortened(stored: StoredSchedule, schedule_id: str, before: date) -> StoredSchedule:
    rule = stored.rule
    if rule.schedule_id != schedule_id:
        return stored
    last = before - timedelta(days=1)
    return replace(stored, rule=replace(rule, ends_on=min(rule.ends_on or last, last)))


def _reach(session: Session, tree: PlaceTree, now: datetime) -> dict[str, StationReach]:
    query = select(
        StationRow.station_id,
        StationRow.name,
        StationStateRow.last_heartbeat_at,
        StationStateRow.shown_state,
        StationStateRow.shown_since_at,
    ).outerjoin(StationStateRow, StationStateRow.station_id == StationRow.station_id)
    phones = phones_of(session, tree.stations)
    return {
        row.station_id: StationReach(
            station_id=row.station_id,
            name=row.name,
            is_linked=is_fresh(row.last_heartbeat_at, now),
            last_seen_at=row.last_heartbeat_at,
            phone=phones.get(row.station_id),
            shown_state=row.shown_state or "never",
            shown_since_at=row.shown_since_at,
        )
        for row in session.execute(query)
        if row.station_id in tree.stations
    }


def is_fresh(last_heartbeat_at: datetime | None, now: datetime) -> bool:
    """Whether a station has a link: its last beat came within 90 s."""
    return last_heartbeat_at is not None and now - last_heartbeat_at <= FRESH
