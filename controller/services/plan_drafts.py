"""What would have to be signed now: each station's slots and limits against what it was sent."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import and_, func, not_, select
from sqlalchemy.orm import Session

from controller.domain import plans as rules
from controller.domain.offers import Decline
from controller.domain.places import PlaceTree, Station
from controller.domain.policy import HoursBook
from controller.services.absences import absences, was_away
from controller.services.declines import declined
from controller.services.piece_desk import station_names
from controller.services.placings import Placings, placings_of, start_at
from controller.services.slot_rows import is_undone_by_rule
from controller.services.slot_sounds import Names, has_mark, items_at, order_key, with_name
from controller.services.stations import leaving
from controller.services.targets import stations_by_schedule
from controller.storage.models import (
    ProgrammeRow,
    ScheduleRow,
    SlotRow,
    StationLimitsRow,
    StationPlanRow,
)
from station_protocol.messages import PlannedSlot, StationLimits

logger = logging.getLogger(__name__)

_OURS = ("schedule_id", "airs_on", "cancelled_at")
"""Columns of a slot that stations are not told."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The window of a refresh, the epoch it signs in, and when it is."""

    window: rules.Window
    epoch: int
    now: datetime


def _due(slot: PlannedSlot) -> tuple[datetime, str]:
    return slot.starts_at, slot.slot_id


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan to be signed as `version`; slots and their digests are in order."""

    station_id: str
    version: int
    slots: tuple[PlannedSlot, ...]
    digests: Mapping[str, str]
    changes: rules.PlanDifference


@dataclass(frozen=True, slots=True)
class LimitsDraft:
    """Limits to be signed as `version`."""

    limits: StationLimits
    version: int
    content: str


Draft = PlanDraft | LimitsDraft


def plan_drafts(session: Session, tree: PlaceTree, moment: Moment) -> list[PlanDraft]:
    """The plans whose content changed, or that run out; that of a retired station is empty."""
    book = _airings(session, moment)
    schedule_ids = {airing.schedule_id for airing in book.airings}
    agendas = rules.by_station(book.airings, stations_by_schedule(session, tree, schedule_ids))
    digests = {id(airing.slot): rules.digest(airing.slot) for airing in book.airings}
    digests |= {id(slot): rules.digest(slot) for slot in book.others.values()}
    newest = _newest_plans(session)
    drafts = []
    away = absences(session, None, moment.window.starts_at, moment.now)
    left = session.scalars(leaving(moment.now)).all()
    gone = {key: tree.retired[key] for key in left if key in tree.retired}
    for station_id, station in {**tree.stations, **gone}.items():
        spans = away.get(station_id, ())  # what aired before it was in service is not its matter
        told = (
            book.slot_at(station, slot)
            for slot in agendas.get(station_id, ())
            if not was_away(spans, slot.starts_at)
            and station_id not in book.declines.get(slot.slot_id, ())
        )
        slots = tuple(sorted(told, key=_due)) if book.placings else tuple(told)
        own = {slot.slot_id: digests.get(id(slot)) or rules.digest(slot) for slot in slots}
        held = newest.get(station_id, _NONE)
        if rules.needs_signing(
            held_hash=held.content_hash if held.epoch == moment.epoch else None,
            content=rules.content_hash(own),
            covers_until=held.covers_until_at,
            now=moment.now,
        ):
            changes = rules.difference(held.slots, own)
            drafts.append(PlanDraft(station_id, held.version + 1, slots, own, changes))
    return drafts


@dataclass(frozen=True, slots=True)
class _Marked:
    """A slot with other sounds at each station, as the table has it."""

    values: Mapping[str, object]
    items: Sequence[Any]
    other_items: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Book:
    """Every slot of the window once, and what some stations get instead."""

    airings: Sequence[rules.Airing[PlannedSlot]]
    others: Mapping[tuple[str, str], PlannedSlot]
    """By id and order of languages."""
    marked: Mapping[str, _Marked]
    """Those in which each station is called by its name."""
    names: Names
    declines: Mapping[str, Mapping[str, Decline]]
    """By slot the stations that are not told of it: their commune said no. A slot that was told as
    cancelled is over for a station; one it does not hear of can be told when the no is taken back.
    """

    placings: Placings
    """Where priority items that meet another start later at a station."""

    def slot_at(self, station: Station, slot: PlannedSlot) -> PlannedSlot:
        """The slot as this station is told it: in its words, at its start."""
        told = self._worded(station, slot)
        starts_at = start_at(self.placings, slot, station.station_id)
        if starts_at == slot.starts_at:
            return told
        return told.model_copy(update={"starts_at": starts_at})

    def _worded(self, station: Station, slot: PlannedSlot) -> PlannedSlot:
        marked = self.marked.get(slot.slot_id)
        if marked is None:
            return self.others.get((slot.slot_id, order_key(station.language_order)), slot)
        items = items_at(marked, station, self.names)
        airing = _airing({**marked.values, "items": items})
        return slot if airing is None else airing.slot


def _airings(session: Session, moment: Moment) -> _Book:
    window = moment.window
    may_come_back = and_(is_undone_by_rule(), SlotRow.starts_at >= rules.told_until(moment.now))
    rows = session.execute(
        select(
            SlotRow.slot_id,
            SlotRow.schedule_id,
            SlotRow.airs_on,
            SlotRow.revision,
            SlotRow.starts_at,
            SlotRow.duration_ms,
            SlotRow.lateness_s,
            SlotRow.priority,
            SlotRow.authority,
            SlotRow.title,
            SlotRow.items,
            SlotRow.other_items,
            SlotRow.cancelled_at,
            ProgrammeRow.end_policy,
        )
        .join(ScheduleRow, ScheduleRow.schedule_id == SlotRow.schedule_id)
        .join(ProgrammeRow, ProgrammeRow.programme_id == ScheduleRow.programme_id)
        .where(
            SlotRow.starts_at >= window.starts_at,
            SlotRow.starts_at < window.covers_until,
            not_(may_come_back),
        )
    ).all()
    airings, others, marked = [], {}, {}
    for row in rows:
        values = dict(row._mapping)
        elsewhere: dict[str, list[Any]] = values.pop("other_items")
        items: list[Any] = values["items"]
        airing = _airing({**values, "items": with_name(items, "", {})})
        if airing is None or not rules.is_plannable(airing.slot):
            continue
        airings.append(airing)
        if has_mark(items):
            marked[airing.slot.slot_id] = _Marked(values, items, elsewhere)
            continue
        for order, own in elsewhere.items():
            other = _airing({**values, "items": own})
            if other is not None:
                others[airing.slot.slot_id, order] = other.slot
    every = [item for one in marked.values() for item in one.items]
    names = station_names(session, every)
    return _Book(
        airings, others, marked, names, declined(session, rows), placings_of(session, rows)
    )


def _airing(values: Mapping[str, object]) -> rules.Airing[PlannedSlot] | None:
    """The row as stations are told; None, and said in the log, if it cannot be told."""
    told = {name: value for name, value in values.items() if name not in _OURS}
    told["cancelled"] = values["cancelled_at"] is not None
    try:
        slot = PlannedSlot.model_validate(told)
    except ValidationError:
        logger.exception("slot left out of every plan slot=%s", values["slot_id"])
        return None
    # The row has the length of the longest version of all languages.
    length_ms = sum(item.duration_ms for item in slot.items) or slot.duration_ms
    if length_ms != slot.duration_ms:
        slot = slot.model_copy(update={"duration_ms": length_ms})
    return rules.Airing(str(values["schedule_id"]), slot)


@dataclass(frozen=True, slots=True)
class _Newest:
    """The plan signed last for a station."""

    epoch: int
    version: int
    content_hash: str
    covers_until_at: datetime | None
    slots: Mapping[str, str]


_NONE = _Newest(0, 0, "", None, {})


def _newest_plans(session: Session) -> dict[str, _Newest]:
    last = (
        select(StationPlanRow.station_id, func.max(StationPlanRow.version).label("version"))
        .group_by(StationPlanRow.station_id)
        .subquery()
    )
    query = select(
        StationPlanRow.station_id,
        StationPlanRow.epoch,
        StationPlanRow.version,
        StationPlanRow.content_hash,
        StationPlanRow.covers_until_at,
        StationPlanRow.slots,
    ).join(
        last,
        and_(
            StationPlanRow.station_id == last.c.station_id,
            StationPlanRow.version == last.c.version,
        ),
    )
    return {row[0]: _Newest(*row[1:]) for row in session.execute(query)}


@dataclass(frozen=True, slots=True)
class _NewestLimits:
    """The limits signed last for a station."""

    version: int
    content_hash: str
    made_at: datetime


def limits_drafts(
    session: Session, tree: PlaceTree, book: HoursBook, moment: Moment
) -> list[LimitsDraft]:
    """The limits whose content changed, or that were signed long ago."""
    newest = _newest_limits(session)
    drafts = []
    for station in tree.stations.values():
        limits = _limits(station, tree, book, moment.now)
        content = rules.limits_hash(limits, moment.epoch)
        held = newest.get(station.station_id)
        if held is None:
            drafts.append(LimitsDraft(limits, 1, content))
        elif held.content_hash != content or _is_old(held, moment):
            drafts.append(LimitsDraft(limits, held.version + 1, content))
    return drafts


def _newest_limits(session: Session) -> dict[str, _NewestLimits]:
    query = select(
        StationLimitsRow.station_id,
        StationLimitsRow.version,
        StationLimitsRow.content_hash,
        StationLimitsRow.made_at,
    ).order_by(StationLimitsRow.version)
    return {row[0]: _NewestLimits(*row[1:]) for row in session.execute(query)}


def _is_old(held: _NewestLimits, moment: Moment) -> bool:
    return held.made_at < moment.now - rules.LIMITS_RENEWED_AFTER


def _limits(station: Station, tree: PlaceTree, book: HoursBook, now: datetime) -> StationLimits:
    return rules.limits_of(
        station.station_id,
        book.of_station(tree, station.station_id),
        max_length_ms=station.max_length_ms,
        volume_ceiling_percent=station.volume_ceiling_percent,
        now=now,
    )
