"""Stations: how they stand, and each slot there with the reasons why it ended so."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from controller.domain.board import DayLine, Sign
from controller.domain.schedule import instant, local_date
from controller.domain.station_state import ShownState
from controller.domain.story import CentreFact, Silence, SlotStory
from controller.domain.tokens import Scope
from controller.services.station_page import Machine, StationView
from controller.services.tiles import Tile
from controller.web.api_v1.operations import Operations
from controller.web.api_v1.shapes import (
    Answer,
    Day,
    PageQuery,
    PlaceName,
    Query,
    cut,
    place_name,
)
from controller.web.context import web_now
from controller.web.policy import current_actor, services
from station_protocol.messages import TraceFact

operations = Operations("stations", "Stations, and each slot at one of them.")


class StationQuery(PageQuery):
    """Which stations."""

    state: Annotated[ShownState | None, Field(description="Only those that stand so now.")] = None


class Warned(StrEnum):
    """Whether something sounds by a warning (live), by a drill, or by neither."""

    NONE = ""
    LIVE = "live"
    DRILL = "drill"


class StationItem(Answer):
    """A station as the board shows it."""

    station_id: str
    name: str
    district_id: str
    state: ShownState
    since_at: datetime | None = Field(description="Since when; null: not known.")
    reasons: tuple[str, ...] = Field(description="Its own codes of what is wrong.")
    last_seen_at: datetime | None
    warning: Warned = Field(description="What kind of warning it sounds now; empty: none.")
    on_air_title: str | None
    on_air_until_at: datetime | None
    plan_held: int = Field(description="Version of the plan it holds; 0: none.")
    plan_newest: int = Field(description="Version of the newest plan for it; 0: none.")
    missed_24h: int = Field(description="Slots missed in the last 24 hours.")


class StationList(Answer):
    """A part of the stations, by their ids."""

    items: tuple[StationItem, ...]
    next_cursor: str | None


class MachineAnswer(Answer):
    """What its machine last said of itself; null: it has never said so."""

    agent_version: str | None
    clock_level: str | None
    clock_offset_ms: float | None
    disk_free_bytes: int | None
    temperature_celsius: float | None
    volume_percent: int | None
    sounds_held: int
    sounds_needed: int
    journal_head: int = Field(description="Number of the newest line of its journal.")
    journal_stored: int = Field(description="Up to which the centre has them all.")


class SoundHeld(Answer):
    """A sound its coming slots need."""

    title: str
    sha256: str
    size_bytes: int
    is_held: bool


class TroubleAnswer(Answer):
    """A fault, a refusal, or a publish the broker denied."""

    at: datetime
    kind: str
    code: str
    subject: str


class StationAnswer(Answer):
    """One station."""

    station: StationItem
    place: PlaceName
    languages: tuple[str, ...] = Field(description="It airs the first that a bulletin has.")
    longest_ms: int = Field(description="Longest slot it may air.")
    machine: MachineAnswer
    sounds: tuple[SoundHeld, ...] = Field(description="Of the next 14 days.")
    troubles: tuple[TroubleAnswer, ...] = Field(description="The newest first.")


class Witness(StrEnum):
    """Who says it."""

    STATION = "station"
    CENTRE = "centre"


class StoryFact(Answer):
    """One thing that was known or decided; which fields it has hangs on its code."""

    told_by: Witness
    code: str = Field(description="See protocol.md; of the centre: `moved`, `link_lost` and so on.")
    at: datetime
    is_sure: bool = Field(default=True, description="False: by a clock nobody trusted then.")
    until_at: datetime | None = None
    other_at: datetime | None = None
    who: str | None = None
    why: str | None = None
    plan_version: int | None = None
    newest_version: int | None = None
    clock_level: str | None = None
    error_ms: float | None = None
    sounds_held: int | None = None
    sounds_needed: int | None = None
    rival_id: str | None = Field(
        default=None, description="The slot or order that had, or took, the air."
    )
    rival_title: str | None = None
    rival_priority: str | None = None
    played_ms: int | None = None
    planned_ms: int | None = None


class StoryAnswer(Answer):
    """Why it stands so, in the order in which it came about."""

    facts: tuple[StoryFact, ...]
    silence: Silence | None = Field(description="Why the station itself says nothing yet.")
    left_out: int = Field(description="Facts the station left out of a long story.")
    journal_entry: int | None = Field(description="The line of its journal that tells it.")


class StationSlot(Answer):
    """A slot at one station: planned, held and sounded side by side."""

    slot_id: str
    title: str
    starts_at: datetime
    duration_ms: int
    is_scheduled: bool = Field(description="False: it sounded by an order.")
    warning: Warned = Field(description="Whether it sounded by a warning, a drill, or neither.")
    is_held: bool
    outcome: Sign
    reason: str | None
    started_at: datetime | None
    start_error_ms: float | None
    played_ms: int
    story: StoryAnswer | None


class StationDay(Answer):
    """The slots of one local day, by their start."""

    station_id: str
    on: date
    items: tuple[StationSlot, ...]


class DayQuery(Query):
    """Which day."""

    on: Annotated[Day | None, Field(description="Left out: today.")] = None


@operations.read("/stations", Scope.STATIONS_READ)
def stations(query: StationQuery) -> StationList:
    """The stations of the own place, with their state."""
    tiles = sorted(services().board.tiles(current_actor()), key=lambda one: one.station_id)
    found = [
        tile
        for tile in tiles
        if (query.state is None or tile.state == query.state)
        and (query.cursor is None or tile.station_id > query.cursor)
    ]
    shown, following = cut(found, query.limit, lambda tile: tile.station_id)
    return StationList(items=tuple(_item(tile) for tile in shown), next_cursor=following)


@operations.read("/stations/<station_id>", Scope.STATIONS_READ)
def station(station_id: str) -> StationAnswer:
    """One station: its machine, the sounds it needs, its troubles."""
    view = _view(station_id, None)
    return StationAnswer(
        station=_item(view.tile),
        place=place_name(view.place.place_id),
        languages=view.station.language_order,
        longest_ms=view.station.max_length_ms,
        machine=_machine(view.machine),
        sounds=tuple(
            SoundHeld(title=title, sha256=sha256, size_bytes=size_bytes, is_held=is_held)
            for title, sha256, size_bytes, is_held in view.holdings
        ),
        troubles=tuple(
            TroubleAnswer(at=one.at, kind=one.kind, code=one.code, subject=one.subject)
            for one in view.troubles
        ),
    )


@operations.read("/stations/<station_id>/slots", Scope.STATIONS_READ)
def station_slots(station_id: str, query: DayQuery) -> StationDay:
    """Each slot of a day at one station, its outcome, and why it ended so.

    The story has the facts of the station's own trace and of the centre, by their codes.
    """
    on = query.on or local_date(web_now())
    view = _view(station_id, on)
    lines = tuple(_slot(line, view.stories.get(line.planned.slot_id)) for line in view.day)
    return StationDay(station_id=station_id, on=on, items=lines)


def _view(station_id: str, on: date | None) -> StationView:
    midnight = instant(on or local_date(web_now()), time())
    return services().station_pages.view(current_actor(), station_id, midnight)


def _item(tile: Tile) -> StationItem:
    return StationItem(
        station_id=tile.station_id,
        name=services().places.tree().stations[tile.station_id].name,
        district_id=tile.district_id,
        state=ShownState(tile.state),
        since_at=tile.since_at,
        reasons=tile.reasons,
        last_seen_at=tile.last_seen_at,
        warning=Warned(tile.warning),
        on_air_title=tile.on_air_title,
        on_air_until_at=tile.on_air_until_at,
        plan_held=tile.plan_held,
        plan_newest=tile.plan_sent,
        missed_24h=tile.missed_24h,
    )


def _machine(machine: Machine) -> MachineAnswer:
    return MachineAnswer(
        agent_version=machine.agent_version,
        clock_level=machine.clock_level,
        clock_offset_ms=machine.clock_offset_ms,
        disk_free_bytes=machine.disk_free_bytes,
        temperature_celsius=machine.temperature_celsius,
        volume_percent=machine.volume_percent,
        sounds_held=machine.held_assets,
        sounds_needed=machine.required_assets,
        journal_head=machine.journal_head,
        journal_stored=machine.journal_stored_up_to,
    )


def _slot(line: DayLine, story: SlotStory | None) -> StationSlot:
    planned, sounded = line.planned, line.sounded
    return StationSlot(
        slot_id=planned.slot_id,
        title=planned.title,
        starts_at=planned.starts_at,
        duration_ms=planned.duration_ms,
        is_scheduled=planned.is_scheduled,
        warning=Warned(planned.warning),
        is_held=line.is_held,
        outcome=line.sign,
        reason=sounded.reason if sounded else None,
        started_at=sounded.started_at if sounded else None,
        start_error_ms=sounded.start_error_ms if sounded else None,
        played_ms=sounded.played_ms if sounded else 0,
        story=_story(story) if story else None,
    )


def _story(story: SlotStory) -> StoryAnswer:
    return StoryAnswer(
        facts=tuple(
            _of_centre(fact) if isinstance(fact, CentreFact) else _of_station(fact)
            for fact in story.facts
        ),
        silence=story.silence,
        left_out=story.left_out,
        journal_entry=story.entry_no,
    )


def _of_centre(fact: CentreFact) -> StoryFact:
    return StoryFact(
        told_by=Witness.CENTRE,
        code=fact.code.value,
        at=fact.at,
        until_at=fact.until_at,
        who=fact.who or None,
        why=fact.why or None,
        plan_version=fact.version or None,
        newest_version=fact.newest or None,
    )


def _of_station(fact: TraceFact) -> StoryFact:
    return StoryFact(
        told_by=Witness.STATION,
        code=str(fact.code),
        at=fact.at,
        is_sure=fact.is_sure,
        other_at=fact.other_at,
        why=fact.why,
        plan_version=fact.version,
        clock_level=fact.level,
        error_ms=fact.error_ms,
        sounds_held=fact.have,
        sounds_needed=fact.need,
        rival_id=fact.by,
        rival_title=fact.title,
        rival_priority=fact.priority,
        played_ms=fact.ms,
        planned_ms=fact.of_ms,
    )
