"""Alarms: what went wrong in the own place, and who sees to it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from controller.domain.accounts import Permission
from controller.domain.alarms import SEVERITY, Severity
from controller.domain.notices import Item, NoticeKind
from controller.domain.tokens import Scope
from controller.services.alarms import AlarmFilter, Standing, standing
from controller.services.notices import NoticeView
from controller.web.api_v1.operations import Operations
from controller.web.api_v1.shapes import Answer, Id, PageQuery, PlaceName, cut, place_name
from controller.web.policy import current_actor, services

operations = Operations("alarms", "What went wrong in the own place, and who sees to it.")


class AlarmKind(StrEnum):
    """What an alarm is about."""

    EMERGENCY_UNHEARD = "emergency_unheard"
    PRIORITY_FAILED = "priority_failed"
    STATION_DOWN = "station_down"
    FORGED = "forged"
    SLOT_FAILED = "slot_failed"
    NOT_READY = "not_ready"
    STATION_FAULT = "station_fault"
    PUBLIC_FAULT = "public_fault"
    CENTRE = "centre"


class AlarmQuery(PageQuery):
    """Which alarms."""

    state: Annotated[
        Standing | None,
        Field(description="Only those nobody took on, somebody did, or that are over."),
    ] = None
    kind: Annotated[AlarmKind | None, Field(description="Only of this kind.")] = None
    place_id: Annotated[
        Id | None, Field(description="Only what concerns this place or one below it.")
    ] = None


class AlarmItem(Answer):
    """An alarm as a list shows it: things of one kind that began together, as one."""

    alarm_id: str
    kind: AlarmKind
    severity: Severity
    state: Standing
    place: PlaceName = Field(description="Under which it was gathered and told.")
    station_ids: tuple[str, ...] = Field(
        description="Where it still holds; of what is over, where it did. The centre's own: none."
    )
    began_at: datetime = Field(
        description="Of the first of it: a station fell silent, a slot was due."
    )
    told_at: datetime = Field(description="When people were first told.")
    ended_at: datetime | None = Field(description="null: it is not over.")
    acknowledged_by: str | None = Field(description="The name of who sees to it; null: nobody.")
    acknowledged_at: datetime | None
    escalated_at: datetime | None = Field(
        description="When the place above was told that nobody had taken it on."
    )


class AlarmList(Answer):
    """A part of the alarms, the last told first."""

    items: tuple[AlarmItem, ...]
    next_cursor: str | None


class AlarmFact(Answer):
    """One thing an alarm tells of."""

    station_id: str | None
    holds: bool
    facts: dict[str, JsonValue] = Field(
        description="By stable names and codes, as webhooks are sent them: `at`, and what its kind"
        " has, such as `slot_id`, `outcome`, `reason`, `gaps`, `emergency_id`, `what`, `why`."
    )


class AlarmAnswer(Answer):
    """One alarm and all it tells of."""

    alarm: AlarmItem
    things: tuple[AlarmFact, ...]


@operations.read("/alarms", Scope.ALARMS_READ, refusals=frozenset({404}))
def alarms(query: AlarmQuery) -> AlarmList:
    """Alarms of the own place: those that are open, and those that ended in the last 30 days."""
    wish = AlarmFilter(query.place_id, _kind(query.kind), query.state)
    found = services().alarms.walk(
        current_actor(), wish, before_id=query.cursor, limit=query.limit + 1
    )
    shown, following = cut(list(found), query.limit, lambda view: view.notice_id)
    return AlarmList(items=tuple(_item(view) for view in shown), next_cursor=following)


@operations.read("/alarms/<alarm_id>", Scope.ALARMS_READ)
def alarm(alarm_id: str) -> AlarmAnswer:
    """One alarm, and each thing it tells of."""
    return _answer(services().alarms.get(current_actor(), alarm_id))


@operations.deed(
    "POST", "/alarms/<alarm_id>/acknowledgement", Scope.ALARMS_WRITE, Permission.TAKE_ALARMS
)
def acknowledge_alarm(alarm_id: str) -> AlarmAnswer:
    """Say that one sees to it, for all to see.

    The first counts: of one that somebody took on before the answer has their name, and one that
    is over stays as it is.
    """
    return _answer(services().alarms.take(current_actor(), alarm_id))


def _kind(asked: AlarmKind | None) -> NoticeKind | None:
    return None if asked is None else NoticeKind(asked.value)


def _item(view: NoticeView) -> AlarmItem:
    stations = (item.facts.get("station_id") for item in view.holding)
    return AlarmItem(
        alarm_id=view.notice_id,
        kind=AlarmKind(view.kind.value),
        severity=SEVERITY[view.kind],
        state=standing(view),
        place=place_name(view.group_id),
        station_ids=tuple(dict.fromkeys(one for one in stations if one)),
        began_at=view.began_at,
        told_at=view.opened_at,
        ended_at=view.closed_at,
        acknowledged_by=view.acknowledged_by,
        acknowledged_at=view.acknowledged_at,
        escalated_at=view.escalated_at,
    )


def _answer(view: NoticeView) -> AlarmAnswer:
    return AlarmAnswer(alarm=_item(view), things=tuple(_fact(item) for item in view.items))


def _fact(item: Item) -> AlarmFact:
    return AlarmFact(
        station_id=item.facts.get("station_id"), holds=item.holds, facts=dict(item.facts)
    )
