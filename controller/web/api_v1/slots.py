"""Slots: a week of them, one of them, and which stations will air the next."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from controller.domain.board import Sign
from controller.domain.readiness import Gap, Urgency
from controller.domain.schedule import local_date
from controller.domain.tokens import Scope
from controller.services.readiness import SlotReadiness, StationReadiness
from controller.services.slot_page import SlotPage, StationLine
from controller.services.today import FailedSlot
from controller.web.api_v1.operations import Operations
from controller.web.api_v1.schedules import SlipAnswer, slip
from controller.web.api_v1.shapes import Answer, Day, Id, PlaceName, Query, place_name
from controller.web.context import web_now
from controller.web.policy import current_actor, services

operations = Operations("slots", "Dated airings, and how they went.")


class WeekQuery(Query):
    """Which week, where."""

    on: Annotated[Day | None, Field(description="A day of it; left out: today.")] = None
    place_id: Annotated[Id | None, Field(description="Left out: the own place.")] = None


class Week(Answer):
    """A week of slots at the stations of a place."""

    place: PlaceName
    monday: date
    station_count: int
    items: tuple[SlipAnswer, ...] = Field(description="By their start.")


class StationOutcome(Answer):
    """How a slot stands at one station."""

    station_id: str
    place: PlaceName
    is_held: bool
    outcome: Sign
    reason: str | None
    started_at: datetime | None
    start_error_ms: float | None
    played_ms: int


class SlotAnswer(Answer):
    """One slot at each of its stations in the own place."""

    slot_id: str
    schedule_id: str
    title: str
    place: PlaceName = Field(description="Whose it is.")
    airs_on: date
    starts_at: datetime
    original_at: datetime
    duration_ms: int
    revision: int = Field(description="Named by whoever moves it.")
    has_sound: bool
    moved_by: str | None
    moved_at: datetime | None
    cancelled_by: str | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    may_cancel: bool
    may_move: bool
    stations: tuple[StationOutcome, ...]


class Unready(Answer):
    """A station that lacks something of a coming slot, or is not heard of."""

    station_id: str
    place: PlaceName
    state: str
    gaps: tuple[Gap, ...] = Field(description="Empty: it holds all, but nobody hears of it.")
    sounds_held: int
    sounds_needed: int
    since_at: datetime | None = Field(description="Since when; null: not known.")


class ComingSlot(Answer):
    """A slot of the next 24 hours."""

    slot_id: str
    title: str
    starts_at: datetime
    duration_ms: int
    urgency: Urgency
    is_at_risk: bool = Field(description="Somebody has to do something now.")
    total: int
    ready: int
    not_ready: tuple[Unready, ...]
    doubtful: tuple[Unready, ...]


class Unheard(Answer):
    """A station at which a slot was not heard to its end, or nobody knows yet."""

    station_id: str
    outcome: Sign
    reason: str | None


class UnheardSlot(Answer):
    """A slot of the last 24 hours that was not heard everywhere."""

    slot_id: str
    title: str
    planned_at: datetime
    stations: tuple[Unheard, ...]


class Readiness(Answer):
    """What will be heard, and what was not."""

    made_at: datetime
    coming: tuple[ComingSlot, ...] = Field(description="The soonest first.")
    failed: tuple[UnheardSlot, ...] = Field(description="The newest first.")


@operations.read("/week", Scope.SCHEDULES_READ, refusals=frozenset({404}))
def week(query: WeekQuery) -> Week:
    """A week of slots, and how many stations aired each."""
    on = query.on or local_date(web_now())
    view = services().schedules.week(current_actor(), on, query.place_id)
    slips = [one for band in view.bands for cell in band.cells for one in cell.slips]
    return Week(
        place=place_name(view.place.place_id),
        monday=view.monday,
        station_count=view.station_count,
        items=tuple(slip(one) for one in sorted(slips, key=lambda one: one.starts_at)),
    )


@operations.read("/slots/<slot_id>", Scope.SCHEDULES_READ)
def slot(slot_id: str) -> SlotAnswer:
    """One slot, and its outcome at each station.

    Why it ended so at a station is told among the slots of that station.
    """
    return told(slot_id)


@operations.read("/readiness", Scope.SCHEDULES_READ)
def readiness() -> Readiness:
    """Which stations will air the slots of the next 24 hours, and which lack what.

    Beside it the slots of the last 24 hours that were not heard everywhere.
    """
    view = services().today.view(current_actor())
    return Readiness(
        made_at=view.made_at,
        coming=tuple(_coming(one) for one in view.coming),
        failed=tuple(_failed(one) for one in view.failed),
    )


def told(slot_id: str) -> SlotAnswer:
    """A slot as it stands now. NotFoundError."""
    page = services().schedules.slot(current_actor(), slot_id)
    return _slot(page)


def _slot(page: SlotPage) -> SlotAnswer:
    return SlotAnswer(
        slot_id=page.slot_id,
        schedule_id=page.schedule.schedule_id,
        title=page.title,
        place=place_name(page.owner.place_id),
        airs_on=page.airs_on,
        starts_at=page.starts_at,
        original_at=page.original_at,
        duration_ms=page.duration_ms,
        revision=page.revision,
        has_sound=page.has_sound,
        moved_by=page.moved_by,
        moved_at=page.moved_at,
        cancelled_by=page.cancelled_by,
        cancelled_at=page.cancelled_at,
        cancel_reason=page.cancel_reason,
        may_cancel=page.may_cancel,
        may_move=page.may_move,
        stations=tuple(_line(line) for line in page.lines),
    )


def _line(line: StationLine) -> StationOutcome:
    return StationOutcome(
        station_id=line.station.station_id,
        place=place_name(line.place.place_id),
        is_held=line.is_held,
        outcome=line.sign,
        reason=line.reason,
        started_at=line.started_at,
        start_error_ms=line.start_error_ms,
        played_ms=line.played_ms,
    )


def _coming(one: SlotReadiness) -> ComingSlot:
    return ComingSlot(
        slot_id=one.slot_id,
        title=one.title,
        starts_at=one.starts_at,
        duration_ms=one.duration_ms,
        urgency=one.urgency,
        is_at_risk=one.is_at_risk,
        total=one.total,
        ready=one.ready,
        not_ready=tuple(_unready(station) for station in one.not_ready),
        doubtful=tuple(_unready(station) for station in one.doubtful),
    )


def _unready(one: StationReadiness) -> Unready:
    return Unready(
        station_id=one.station_id,
        place=place_name(one.place.place_id),
        state=one.holding.state,
        gaps=one.holding.gaps,
        sounds_held=one.holding.sounds_held,
        sounds_needed=one.holding.sounds_needed,
        since_at=one.since_at,
    )


def _failed(one: FailedSlot) -> UnheardSlot:
    return UnheardSlot(
        slot_id=one.slot_id,
        title=one.title,
        planned_at=one.planned_at,
        stations=tuple(
            Unheard(station_id=each.station_id, outcome=Sign(each.outcome), reason=each.reason)
            for each in one.stations
        ),
    )
