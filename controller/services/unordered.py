"""Priority items that meet at a station and wait for the commune's word on who goes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from controller.domain.priority_order import SETTLED_BEFORE, Cause, settled_at
from controller.storage.models import ScheduleRow, SlotPlacingRow, SlotRow


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two items, as planned."""

    slot_id: str
    schedule_id: str
    title: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Unordered:
    """Two priority items that meet at a station, in the order that holds while nobody speaks."""

    station_id: str
    first: Side
    second: Side
    is_series: bool
    """Whether both belong to weekly rules, so that they may meet again."""

    @property
    def subject(self) -> str:
        """What meets, the same in either order: two slots, or of two series their schedules."""
        sides = (self.first, self.second)
        pair = sorted(side.schedule_id if self.is_series else side.slot_id for side in sides)
        return " ".join([self.station_id, *pair])

    @property
    def meets_at(self) -> datetime:
        """When the later of the two was to start."""
        return max(self.first.starts_at, self.second.starts_at)

    @property
    def settled_at(self) -> datetime:
        """Until when they may be ordered."""
        return settled_at(self.first.starts_at, self.second.starts_at)


@dataclass(frozen=True, slots=True)
class Clash:
    """What waits for one word: two slots that meet, or two series each time they do."""

    soonest: Unordered
    times: int


def clashes(found: Iterable[Unordered]) -> tuple[Clash, ...]:
    """Meetings of the same two series as one, in the order in which each first comes."""
    by_subject: dict[str, list[Unordered]] = {}
    for one in found:
        by_subject.setdefault(one.subject, []).append(one)
    return tuple(Clash(meetings[0], len(meetings)) for meetings in by_subject.values())


def unordered(
    session: Session, now: datetime, station_id: str | None = None
) -> tuple[Unordered, ...]:
    """Those nobody has ordered and somebody still may, soonest first; at one station, or at all.

    Where the hours leave no other order, or one of the two only waits behind a third, there is
    nothing to say.
    """
    placing, first, second = SlotPlacingRow, aliased(SlotRow), aliased(SlotRow)
    first_rule, second_rule = aliased(ScheduleRow), aliased(ScheduleRow)
    is_as_planned = and_(second.slot_id == placing.slot_id, second.starts_at == placing.planned_at)
    query = (
        select(placing.station_id, first, second, first_rule.recurrence, second_rule.recurrence)
        .join(second, is_as_planned)
        .join(first, first.slot_id == placing.other_slot_id)
        .join(first_rule, first_rule.schedule_id == first.schedule_id)
        .join(second_rule, second_rule.schedule_id == second.schedule_id)
        .where(
            placing.cause == Cause.ABOVE_FIRST.value,
            placing.is_first.is_(False),
            placing.planned_at > now + SETTLED_BEFORE,
            first.starts_at > now + SETTLED_BEFORE,
            first.cancelled_at.is_(None),
            second.cancelled_at.is_(None),
        )
        .order_by(placing.planned_at, placing.station_id)
    )
    if station_id is not None:
        query = query.where(placing.station_id == station_id)
    found = (_pair(row) for row in session.execute(query))
    return tuple(
        one
        for one in found
        if one.first.starts_at < one.second.ends_at and one.second.starts_at < one.first.ends_at
    )


def _pair(row: Any) -> Unordered:
    station_id, first, second, *rules = row
    return Unordered(station_id, _side(first), _side(second), set(rules) == {"weekly"})


def _side(row: SlotRow) -> Side:
    ends_at = row.starts_at + timedelta(milliseconds=row.duration_ms)
    return Side(row.slot_id, row.schedule_id, row.title, row.starts_at, ends_at)
