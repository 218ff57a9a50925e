"""One slot and one schedule, as their own pages show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.board import Sign
from controller.domain.offers import Decline
from controller.domain.places import Place, PlaceTree, Station
from controller.domain.policy import HoursBook
from controller.domain.schedule import Recurrence, local_date, next_after
from controller.errors import NotFoundError
from controller.services.absences import absences
from controller.services.audit import SYSTEM
from controller.services.declines import declined
from controller.services.piece_desk import station_names
from controller.services.placings import Placed, placed
from controller.services.schedule_check import limits, station_ids
from controller.services.schedule_findings import OutsideHours, TooLong, Wish, World
from controller.services.schedule_rows import (
    StoredSchedule,
    coming,
    load,
    patterns,
    valid_part,
)
from controller.services.scope import among, may_see
from controller.services.slot_rows import stays_cancelled
from controller.services.slot_sounds import every_sound, marks_of, sounds_at
from controller.services.week import Slip, read_slips
from controller.services.withdrawals import airs_within
from controller.storage.models import (
    HoldingRow,
    ScheduleRow,
    ScheduleTargetRow,
    SlotResultRow,
    SlotRow,
)
from station_protocol.vocabulary import Reason

AHEAD = timedelta(days=14)
"""How far the page of a schedule lists what is coming."""

BEHIND = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class StationLine:
    """How the slot stands at one station."""

    station: Station
    place: Place
    sign: Sign
    reason: str | None
    started_at: datetime | None
    start_error_ms: float | None
    played_ms: int
    is_held: bool
    """Whether the station said it has verified every sound of the slot."""
    decline: Decline | None
    """What its commune answered, if that was no."""
    starts_at: datetime
    """When it is due here."""
    placing: Placed | None
    """Where it has its place beside another priority item."""


@dataclass(frozen=True, slots=True)
class SlotPage:
    """A slot with its stations. Only stations of the reader's place are listed."""

    slot_id: str
    schedule: StoredSchedule
    owner: Place
    targets: tuple[Place, ...]
    airs_on: date
    starts_at: datetime
    original_at: datetime
    duration_ms: int
    title: str
    revision: int
    has_sound: bool
    moved_by: str | None
    moved_at: datetime | None
    cancelled_by: str | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    lines: tuple[StationLine, ...]
    may_cancel: bool
    may_move: bool
    may_air_again: bool
    """Whether only what stations were told keeps it from airing: see `stays_cancelled`."""

    @property
    def ends_at(self) -> datetime:
        """When it ends by its length."""
        return self.starts_at + timedelta(milliseconds=self.duration_ms)


class SpecialKind(StrEnum):
    """How a day of a series differs from its rule."""

    LEFT_OUT = "left_out"
    MOVED = "moved"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day on which a series does not air as its rule says."""

    on: date
    kind: SpecialKind
    slot_id: str | None = None
    at: datetime | None = None
    """When it airs instead."""
    who: str = ""
    """Who moved or cancelled it."""
    why: str = ""
    may_change: bool = False
    """Whether it is still to come."""


@dataclass(frozen=True, slots=True)
class SchedulePage:
    """A schedule, what it gave lately, what it will give, and what took its place."""

    schedule: StoredSchedule
    owner: Place
    targets: tuple[Place, ...]
    count: int | None
    """How many are still to start by the rule; None: without end."""
    airing: int | None
    """How many of them on dates on which the bulletin may air."""
    slips: tuple[Slip, ...]
    special_days: tuple[SpecialDay, ...]
    current_id: str
    may_change: bool
    unfit: tuple[OutsideHours | TooLong, ...]
    """What no longer fits: its sound has become longer since it was saved, or the hours shorter."""


Choose = Callable[[SlotRow, tuple[Station, ...]], Sequence[Station]]


def read_slot(
    session: Session,
    tree: PlaceTree,
    actor: Actor,
    slot_id: str,
    now: datetime,
    choose: Choose | None = None,
) -> SlotPage:
    """The page of a slot; NotFoundError when it concerns no station of the actor's place.

    `choose` says which of its stations are listed; None: all.
    """
    row = session.get(SlotRow, slot_id)
    if row is None:
        raise NotFoundError(f"no slot {slot_id}")
    stored = visible(session, tree, actor, row.schedule_id)
    is_mine = may_see(tree, actor, stored.place_id)
    ends_at = row.starts_at + timedelta(milliseconds=row.duration_ms, seconds=row.lateness_s)
    is_standing = row.cancelled_at is None
    stations: Sequence[Station] = _concerned(session, tree, actor, row, stored)
    if choose is not None:
        stations = choose(row, tuple(stations))
    return SlotPage(
        slot_id=slot_id,
        schedule=stored,
        owner=tree.places[stored.place_id],
        targets=places_of(tree, stored),
        airs_on=row.airs_on,
        starts_at=row.starts_at,
        original_at=stored.rule.instant_on(row.airs_on),
        duration_ms=row.duration_ms,
        title=row.title,
        revision=row.revision,
        has_sound=bool(row.items),
        moved_by=row.moved_by,
        moved_at=row.moved_at,
        cancelled_by=row.cancelled_by,
        cancelled_at=row.cancelled_at,
        cancel_reason=row.cancel_reason,
        lines=_lines(session, tree, row, stations, now),
        may_cancel=is_mine and is_standing and now < ends_at,
        may_move=is_mine and is_standing and now < row.starts_at,
        may_air_again=is_mine and stays_cancelled(row, stored, now),
    )


def visible(session: Session, tree: PlaceTree, actor: Actor, schedule_id: str) -> StoredSchedule:
    """A schedule of the actor's place or airing in it; NotFoundError for any other."""
    found = load(session, ScheduleRow.schedule_id == schedule_id)
    if not found:
        raise NotFoundError(f"no schedule {schedule_id}")
    stored = found[0]
    if not may_see(tree, actor, stored.place_id) and not airs_within(tree, actor, stored):
        raise NotFoundError(f"schedule {schedule_id}", place_id=stored.place_id)
    return stored


def visible_schedules(
    session: Session, tree: PlaceTree, actor: Actor, *, before_id: str | None, limit: int
) -> list[StoredSchedule]:
    """Schedules of the actor's place and those airing in it, the last made first."""
    here = [place.place_id for place in tree.walk(actor.place_id)]
    above = [place.place_id for place in tree.path(actor.place_id)]
    aimed_here = exists().where(
        ScheduleTargetRow.schedule_id == ScheduleRow.schedule_id,
        ScheduleTargetRow.place_id.in_({*here, *above}),
    )
    query = select(ScheduleRow.schedule_id).where(or_(ScheduleRow.place_id.in_(here), aimed_here))
    if before_id is not None:
        query = query.where(ScheduleRow.schedule_id < before_id)
    ids = session.scalars(query.order_by(ScheduleRow.schedule_id.desc()).limit(limit)).all()
    found = load(session, ScheduleRow.schedule_id.in_(ids))
    return sorted(found, key=lambda stored: stored.schedule_id, reverse=True)


def places_of(tree: PlaceTree, stored: StoredSchedule) -> tuple[Place, ...]:
    """The target places that still are."""
    return tuple(tree.places[key] for key in stored.target_ids if key in tree.places)


def _lines(
    session: Session, tree: PlaceTree, row: SlotRow, stations: Sequence[Station], now: datetime
) -> tuple[StationLine, ...]:
    ids = [one.station_id for one in stations]
    results = {
        result.station_id: result
        for result in session.scalars(
            select(SlotResultRow).where(
                SlotResultRow.slot_id == row.slot_id, among(SlotResultRow.station_id, ids)
            )
        )
    }
    declines = declined(session, [row]).get(row.slot_id, {})
    placings = placed(session, [row]).get(row.slot_id, {})
    names = station_names(session, marks_of([row]))
    wanted = every_sound(row, names)
    held = {
        (station_id, sha256)
        for station_id, sha256 in session.execute(
            select(HoldingRow.station_id, HoldingRow.sha256).where(
                HoldingRow.sha256.in_(wanted),
                HoldingRow.held.is_(True),
                among(HoldingRow.station_id, ids),
            )
        )
    }
    return tuple(
        _line(
            tree,
            station,
            row,
            results.get(station.station_id),
            now,
            decline=declines.get(station.station_id),
            placing=placings.get(station.station_id),
            is_held=bool(wanted)
            and all(
                (station.station_id, sha256) in held for sha256 in sounds_at(row, station, names)
            ),
        )
        for station in stations
    )


def _concerned(
    session: Session, tree: PlaceTree, actor: Actor, row: SlotRow, stored: StoredSchedule
) -> tuple[Station, ...]:
    """The stations it is for in the actor's place: in service then, or with a word about it."""
    stations = tree.stations_of(stored.target_ids, actor.place_id)
    gone = [one for one in tree.retired.values() if tree.is_within(one.place_id, actor.place_id)]
    away = absences(session, None, row.starts_at, row.starts_at + timedelta(seconds=1)).keys()
    doubtful = away | {one.station_id for one in gone}
    if not doubtful:
        return stations
    result = SlotResultRow
    query = select(result.station_id).where(
        result.slot_id == row.slot_id, result.station_id.in_(doubtful)
    )
    told = frozenset(session.scalars(query))
    silent = away - told
    return tuple(
        one
        for one in (*stations, *(one for one in gone if one.station_id in told))
        if one.station_id not in silent
    )


def _line(
    tree: PlaceTree,
    station: Station,
    row: SlotRow,
    result: SlotResultRow | None,
    now: datetime,
    *,
    decline: Decline | None,
    placing: Placed | None,
    is_held: bool,
) -> StationLine:
    starts_at = placing.starts_at if placing is not None else row.starts_at
    told = (result.outcome, result.reason) if result is not None else None
    sign, reason = sign_of(row, told, starts_at, now, is_declined=decline is not None)
    return StationLine(
        station=station,
        place=tree.places[station.place_id],
        sign=sign,
        reason=reason,
        started_at=result.started_at if result is not None else None,
        start_error_ms=result.start_error_ms if result is not None else None,
        played_ms=result.played_ms if result is not None else 0,
        is_held=is_held,
        decline=decline,
        starts_at=starts_at,
        placing=placing,
    )


def sign_of(
    row: SlotRow,
    told: tuple[str, str | None] | None,
    starts_at: datetime,
    now: datetime,
    *,
    is_declined: bool,
) -> tuple[Sign, str | None]:
    """How a slot stands at a station where it is due at `starts_at`, and why.

    `told`: outcome and reason of its result; None: there is none.
    """
    if told is None:
        return _unreported(row, starts_at, now, is_declined=is_declined)
    sign, reason = Sign(told[0]), told[1]
    if sign is Sign.COMING and starts_at <= now:
        sign = Sign.UNKNOWN  # its hour has come and the station has said nothing
    if is_declined and sign is Sign.UNKNOWN:
        sign, reason = Sign.CANCELLED, Reason.DECLINED_BY_COMMUNE
    return sign, reason


def _unreported(
    row: SlotRow, starts_at: datetime, now: datetime, *, is_declined: bool
) -> tuple[Sign, str | None]:
    if row.cancelled_at is not None:
        return Sign.CANCELLED, None
    if is_declined:
        return Sign.CANCELLED, Reason.DECLINED_BY_COMMUNE
    return (Sign.COMING if starts_at > now else Sign.UNKNOWN), None


def read_schedule(
    session: Session,
    tree: PlaceTree,
    actor: Actor,
    schedule_id: str,
    current_id: str,
    now: datetime,
    hours: HoursBook,
) -> SchedulePage:
    """The page of a schedule; NotFoundError when it is none of the actor's business."""
    stored = visible(session, tree, actor, schedule_id)
    here = station_ids(tree, [actor.place_id])
    slips = read_slips(session, tree, actor.place_id, now - BEHIND, now + AHEAD, now)
    return SchedulePage(
        schedule=stored,
        owner=tree.places[stored.place_id],
        targets=places_of(tree, stored),
        count=coming(session, stored, now),
        airing=coming(session, valid_part(stored), now),
        slips=tuple(slip for slip in slips if slip.schedule_id == schedule_id),
        special_days=tuple(_special_days(session, stored, now)),
        current_id=current_id,
        may_change=may_see(tree, actor, stored.place_id),
        unfit=_unfit(session, stored, here, World(tree, hours, (), {}, now)),
    )


def _special_days(session: Session, stored: StoredSchedule, now: datetime) -> list[SpecialDay]:
    """What differs from the rule, from a week ago on, by day."""
    since = local_date(now - BEHIND)
    rule = stored.rule
    found = [
        SpecialDay(day, SpecialKind.LEFT_OUT, may_change=rule.instant_on(day) > now)
        for day in stored.left_out
        if day >= since and rule.mask >> day.weekday() & 1
    ]
    rows = session.scalars(
        select(SlotRow).where(
            SlotRow.schedule_id == stored.schedule_id,
            SlotRow.airs_on >= since,
            or_(SlotRow.moved_at.is_not(None), SlotRow.cancelled_at.is_not(None)),
        )
    )
    for row in rows:
        is_by_hand = row.cancelled_by not in {None, SYSTEM} and row.cancel_reason
        if row.cancelled_at is not None and is_by_hand:
            found.append(_cancelled_day(row))
        elif row.cancelled_at is None and rule.airs_on(row.airs_on):
            found.append(_moved_day(row, now))
    return sorted(found, key=lambda one: one.on)


def _cancelled_day(row: SlotRow) -> SpecialDay:
    return SpecialDay(
        row.airs_on,
        SpecialKind.CANCELLED,
        row.slot_id,
        who=row.cancelled_by or "",
        why=row.cancel_reason or "",
    )


def _moved_day(row: SlotRow, now: datetime) -> SpecialDay:
    return SpecialDay(
        row.airs_on,
        SpecialKind.MOVED,
        row.slot_id,
        at=row.starts_at,
        who=row.moved_by or "",
        may_change=row.starts_at > now,
    )


def _unfit(
    session: Session, stored: StoredSchedule, here: frozenset[str], world: World
) -> tuple[OutsideHours | TooLong, ...]:
    targets = [place.place_id for place in places_of(world.tree, stored)]
    stations = [one for one in world.tree.stations_in(targets) if one.station_id in here]
    found = (
        finding
        for _stored, rule in patterns(session, [stored], stored.made_at)
        if next_after(rule, world.now) is not None
        for finding in limits(rule, stations, world)
    )
    return tuple(dict.fromkeys(found))


def wish_of(stored: StoredSchedule) -> Wish:
    """A stored schedule as somebody would type it."""
    rule, content = stored.rule, stored.content
    once = rule.recurrence is Recurrence.ONCE
    is_one = bool(content.bulletin_ids) and not content.is_kept
    return Wish(
        bulletin_id=content.bulletin_ids[0] if is_one else "",
        programme_id=content.programme_id if content.is_kept else "",
        recurrence=rule.recurrence,
        airs_at=rule.airs_at,
        starts_on=rule.starts_on,
        ends_on=None if once else rule.ends_on,
        weekdays=rule.weekdays,
        target_ids=stored.target_ids,
        priority=rule.priority,
        excluded=stored.left_out,
        holidays=stored.holidays,
        lateness_s=stored.lateness_s,
    )
