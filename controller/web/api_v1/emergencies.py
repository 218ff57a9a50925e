"""Emergencies, to be watched: they are composed and confirmed by two people at the screens."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from controller.domain.emergencies import Heard, Part, State, StationTrace, tally
from controller.domain.hazards import Hazard
from controller.domain.tokens import Scope
from controller.services.emergency_views import EmergencyView
from controller.web.api_v1.operations import Operations
from controller.web.api_v1.shapes import Answer, PlaceName, place_name
from controller.web.context import web_now
from controller.web.policy import current_actor, services

operations = Operations("emergencies", "Emergencies and what each station did with them.")


class EmergencyItem(Answer):
    """An emergency as a list shows it."""

    emergency_id: str
    hazard: Hazard
    level: int | None
    title: str
    source: str
    place: PlaceName = Field(description="Where it was composed.")
    target_ids: tuple[str, ...]
    state: State
    is_running: bool = Field(description="Something of it may still sound.")
    composed_by: str
    composed_at: datetime
    confirmed_by: str | None = Field(description="null: not confirmed, or sent by one person.")
    sent_at: datetime | None
    until_at: datetime
    ended_at: datetime | None


class EmergencyList(Answer):
    """The latest 50, the newest first."""

    items: tuple[EmergencyItem, ...]


class PartAnswer(Answer):
    """What is said in one part."""

    part: Part
    text: str
    sent_at: datetime | None


class StationHeard(Answer):
    """What one station did."""

    station_id: str
    heard: Heard
    refusal: str | None = Field(description="Its code for not taking the order.")
    first_sound_at: datetime | None
    airings: int
    outcome: str | None
    reason: str | None


class EmergencyAnswer(Answer):
    """One emergency and its results as far as they are known."""

    emergency: EmergencyItem
    parts: tuple[PartAnswer, ...]
    sounding: int = Field(description="Stations that sound, or have sounded.")
    median_s: float | None = Field(description="From the click to the first sound.")
    slowest_s: float | None
    stations: tuple[StationHeard, ...]


@operations.read("/emergencies", Scope.EMERGENCIES_READ)
def emergencies() -> EmergencyList:
    """The latest emergencies that concern the own place."""
    found = services().emergencies.all(current_actor())
    return EmergencyList(items=tuple(_item(view) for view in found))


@operations.read("/emergencies/<emergency_id>", Scope.EMERGENCIES_READ)
def emergency(emergency_id: str) -> EmergencyAnswer:
    """One emergency, and what every station did with it so far."""
    live = services().emergencies.live(current_actor(), emergency_id)
    view = live.view
    counted = tally(live.traces, view.sent_at or view.composed_at)
    return EmergencyAnswer(
        emergency=_item(view),
        parts=tuple(
            PartAnswer(part=part, text=one.text, sent_at=view.sent_parts.get(part))
            for part, one in sorted(view.parts.items())
        ),
        sounding=counted.sounding,
        median_s=counted.median_s,
        slowest_s=counted.slowest_s,
        stations=tuple(_heard(trace) for trace in live.traces),
    )


def _item(view: EmergencyView) -> EmergencyItem:
    return EmergencyItem(
        emergency_id=view.emergency_id,
        hazard=view.hazard,
        level=view.level,
        title=view.title,
        source=view.source,
        place=place_name(view.place_id),
        target_ids=view.target_ids,
        state=view.state,
        is_running=view.is_running(web_now()),
        composed_by=view.composed_by_name,
        composed_at=view.composed_at,
        confirmed_by=view.confirmed_by_name,
        sent_at=view.sent_at,
        until_at=view.until_at,
        ended_at=view.ended_at,
    )


def _heard(trace: StationTrace) -> StationHeard:
    return StationHeard(
        station_id=trace.station_id,
        heard=trace.heard,
        refusal=trace.refusal or None,
        first_sound_at=trace.first_sound_at,
        airings=trace.airings,
        outcome=trace.outcome or None,
        reason=trace.reason or None,
    )
