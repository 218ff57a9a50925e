"""What sounded by an emergency or a drill: named by the order it came from, never by its title.

An airing of an order has a slot id that follows from the order's own (`airing_id`). So the first
heartbeat in which a station says that it sounds is enough to know what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain import reconcile
from controller.domain.emergencies import LONGEST, Kind, Part, ending_title
from controller.services.scope import among
from controller.storage.models import EmergencyOrderRow, EmergencyRow, JournalEntryRow
from station_protocol.airings import airing_id

_HELD_FOR = LONGEST + timedelta(hours=1)
"""How long after an order was sent it may still sound."""
_AIRINGS_BESIDE = 16
"""Airings of one order beside those its repetition makes: a power cut begins another."""
_UNHEARD_FOR = timedelta(hours=1)
"""A drill is over by then, whether its end was told or not."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What an airing belongs to."""

    kind: Kind
    part: Part
    title: str
    """As people know it: "Xả lũ hồ Sông Cái", "Hết nguy hiểm: Xả lũ hồ Sông Cái"."""

    @property
    def warning(self) -> str:
        """ "live" for a warning, "drill" for all of a drill, "" for what ends a live one."""
        is_ending = self.kind is Kind.LIVE and self.part is not Part.WARNING
        return "" if is_ending else self.kind.value


@dataclass(frozen=True, slots=True)
class DrillAiring:
    """One time that a drill sounded, or should have, at a station; it is no broadcast."""

    station_id: str
    slot_id: str
    title: str
    planned_at: datetime
    planned_ms: int
    outcome: str
    reason: str | None
    started_at: datetime | None
    start_error_ms: float | None
    played_ms: int


def ordered(session: Session, since: datetime, until: datetime) -> Mapping[str, Ordered]:
    """Every airing, by slot id, that orders can have made between two instants."""
    query = (
        select(EmergencyOrderRow, EmergencyRow)
        .join(EmergencyRow, EmergencyRow.emergency_id == EmergencyOrderRow.emergency_id)
        .where(EmergencyOrderRow.sent_at > since - _HELD_FOR, EmergencyOrderRow.sent_at <= until)
    )
    return {
        slot_id: Ordered(Kind(row.kind), Part(order.part), _title(row, Part(order.part)))
        for order, row in session.execute(query)
        for slot_id in _airings(order.order_id, _most(row, Part(order.part)))
    }


def ordered_now(session: Session, slot_ids: Iterable[str], now: datetime) -> Mapping[str, Ordered]:
    """Those of these slots that sound by an emergency or a drill."""
    wanted = set(slot_ids)
    if not wanted:
        return {}
    found = ordered(session, now, now)
    return {slot_id: found[slot_id] for slot_id in wanted & found.keys()}


def drilled(
    session: Session, station_ids: Sequence[str], start: datetime, end: datetime, now: datetime
) -> tuple[DrillAiring, ...]:
    """What drills made sound at these stations with `start <= planned_at < end`, in order."""
    query = (
        select(EmergencyOrderRow.order_id, EmergencyRow, EmergencyOrderRow.part)
        .join(EmergencyRow, EmergencyRow.emergency_id == EmergencyOrderRow.emergency_id)
        .where(
            EmergencyRow.kind == Kind.DRILL.value,
            EmergencyOrderRow.sent_at > start - _HELD_FOR,
            EmergencyOrderRow.sent_at < end,
        )
    )
    titles = {order_id: _title(row, Part(part)) for order_id, row, part in session.execute(query)}
    if not titles:
        return ()
    said = select(JournalEntryRow).where(
        JournalEntryRow.kind.in_(("start", "as_run")),
        JournalEntryRow.at >= start,
        JournalEntryRow.at < end + _HELD_FOR,
        JournalEntryRow.evidence["order_id"].as_string().in_(titles),
        among(JournalEntryRow.station_id, station_ids),
    )
    here, told = frozenset(station_ids), dict[tuple[str, str], dict[str, dict[str, Any]]]()
    for line in session.scalars(said):
        if line.station_id in here:
            key = (line.station_id, str(line.evidence["slot_id"]))
            told.setdefault(key, {}).setdefault(line.kind, line.evidence)
    found = (_drill(*key, lines, titles, now) for key, lines in told.items())
    inside = (one for one in found if start <= one.planned_at < end)
    return tuple(sorted(inside, key=lambda one: (one.planned_at, one.station_id, one.slot_id)))


def _drill(
    station_id: str,
    slot_id: str,
    lines: Mapping[str, Mapping[str, Any]],
    titles: Mapping[str, str],
    now: datetime,
) -> DrillAiring:
    """By its last line; one that only began is unknown after an hour."""
    ended, begun = lines.get("as_run", {}), lines.get("start", {})
    started_at = _instant(ended.get("started_at") or begun.get("started_at"))
    planned_at = _instant(ended.get("planned_at")) or started_at or now
    is_over = now > planned_at + _UNHEARD_FOR
    return DrillAiring(
        station_id=station_id,
        slot_id=slot_id,
        title=titles[str((ended or begun)["order_id"])],
        planned_at=planned_at,
        planned_ms=int(ended.get("planned_ms") or 0),
        outcome=ended.get("outcome") or (reconcile.UNKNOWN if is_over else reconcile.SOUNDING),
        reason=ended.get("reason"),
        started_at=started_at,
        start_error_ms=ended.get("start_error_ms", begun.get("start_error_ms")),
        played_ms=int(ended.get("played_ms") or 0),
    )


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None


def _title(row: EmergencyRow, part: Part) -> str:
    return row.title if part is Part.WARNING else ending_title(Kind(row.kind), part, row.title)


def _most(row: EmergencyRow, part: Part) -> int:
    repeats = row.lasts_s // row.repeat_every_s if row.repeat_every_s else 0
    return _AIRINGS_BESIDE + (repeats if part is Part.WARNING else 0)


@lru_cache(maxsize=512)
def _airings(order_id: str, most: int) -> tuple[str, ...]:
    return tuple(airing_id(order_id, number) for number in range(1, most + 1))
