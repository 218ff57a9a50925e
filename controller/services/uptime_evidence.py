"""What the centre holds about one station over some days, as the rules of availability take it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from controller.domain.availability import (
    History,
    OwnFlip,
    ShownFlip,
    Span,
    day_span,
    own,
)
from controller.domain.delivery import Airing
from controller.domain.station_state import OFF, ShownState
from controller.services.absences import absences
from controller.services.lost_slots import AUTHORITY as LOST
from controller.services.lost_slots import lost_slots
from controller.services.maintenance import spans
from controller.services.slot_sounds import DEFAULT_ORDER, MARK, order_key
from controller.storage.models import (
    BulletinRow,
    BulletinVersionRow,
    JournalEntryRow,
    JournalToldRow,
    ListeningCheckRow,
    SlotBulletinRow,
    SlotResultRow,
    SlotRow,
    StationFlipRow,
    StationLimitsRow,
    StationRow,
    StationStateRow,
)
from station_protocol.signing import SIGNATURE_BYTES
from station_protocol.vocabulary import ClockLevel

Hours = tuple[tuple[int, int], ...]
"""Spans of minutes after local midnight, end exclusive."""

Items = Sequence[Mapping[str, Any]]
"""The frozen items of a slot."""


@dataclass(frozen=True, slots=True)
class LimitsInForce:
    """Hours a station was told at an instant."""

    made_at: datetime
    hours: Hours


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything about one station from which its days are added up."""

    history: History
    limits: Sequence[LimitsInForce]
    airings: Sequence[Airing]
    heard_at: Sequence[datetime]
    """Instants at which somebody heard its loudspeakers."""


def evidence_of(session: Session, station_id: str, first: date, last: date) -> Evidence:
    """The evidence for the local days `first` to `last`, both included."""
    start, end = day_span(first)[0], day_span(last)[1]
    flips = _shown_flips(session, station_id, start, end)
    journals = _journals(session, station_id)
    return Evidence(
        history=History(
            shown=flips,
            told=own(
                _own_flips(session, station_id, journals, start, end),
                _told_until(session, station_id, journals),
            ),
            maintenance=[
                (window.from_at, window.until_at)
                for window in spans(session, [station_id], start, end).get(station_id, ())
            ],
            away=_away(session, station_id, start, end),
        ),
        limits=_limits(session, station_id),
        airings=airings_of(session, station_id, start, end),
        heard_at=list(
            session.scalars(
                select(ListeningCheckRow.listened_at)
                .where(
                    ListeningCheckRow.station_id == station_id,
                    ListeningCheckRow.heard != "not_heard",
                    ListeningCheckRow.listened_at >= start,
                    ListeningCheckRow.listened_at < end,
                )
                .order_by(ListeningCheckRow.listened_at)
            )
        ),
    )


def _shown_flips(
    session: Session, station_id: str, start: datetime, end: datetime
) -> list[ShownFlip]:
    """Those of the span, the last before it and the first behind it."""
    row = StationFlipRow  # columns, not objects: a year of one station has ten thousand
    mine = select(row.at, row.state, row.reasons).where(row.station_id == station_id)
    order = (row.at, row.station_flip_id)
    before = session.execute(
        mine.where(row.at < start).order_by(*(key.desc() for key in order)).limit(1)
    ).all()
    within = session.execute(mine.where(row.at >= start, row.at < end).order_by(*order)).all()
    behind = session.execute(mine.where(row.at >= end).order_by(*order).limit(1)).all()
    return [
        ShownFlip(at, ShownState(state), tuple(str(reason) for reason in reasons))
        for at, state, reasons in (*before, *within, *behind)
    ]


def _journals(session: Session, station_id: str) -> list[str]:
    """The journals in which the station ever told of its state."""
    row = JournalEntryRow
    return sorted(
        session.scalars(
            select(row.journal_id)
            .where(row.station_id == station_id, row.kind == "flip")
            .distinct()
        )
    )


def _own_flips(
    session: Session, station_id: str, journals: Sequence[str], start: datetime, end: datetime
) -> list[OwnFlip]:
    """The lines of each journal from the one in force at `start` to the first behind `end`.

    Lines by an untrusted clock stand at any time; they are found by their numbers.
    """
    row = JournalEntryRow
    is_flip = (row.station_id == station_id, row.kind == "flip")
    is_sure = (row.clock != ClockLevel.NONE.value) | (
        row.evidence["health"].as_string() == OFF  # dated by the last sign of life
    )
    found: list[OwnFlip] = []
    for journal_id in journals:
        of_this = (*is_flip, row.journal_id == journal_id)
        first = session.scalar(
            select(func.max(row.entry_no)).where(*of_this, is_sure, row.at <= start)
        )
        last = session.scalar(
            select(func.min(row.entry_no)).where(
                *of_this, is_sure, row.at >= end, row.entry_no > (first or 0)
            )
        )
        lines = select(row).where(*of_this, row.entry_no >= (first or 0))
        if last is not None:
            lines = lines.where(row.entry_no <= last)
        found += [_own_flip(line) for line in session.scalars(lines.order_by(row.entry_no))]
    return found


def _own_flip(line: JournalEntryRow) -> OwnFlip:
    health = str(line.evidence.get("health", ""))
    return OwnFlip(
        line.journal_id,
        line.entry_no,
        line.at,
        health,
        tuple(str(reason) for reason in line.evidence.get("reasons", ())),
        is_sure=line.clock != ClockLevel.NONE.value or health == OFF,
    )


def _told_until(session: Session, station_id: str, journals: Sequence[str]) -> dict[str, datetime]:
    """How far each journal is known: until its last line, or until the last sign of life at which
    all of it had come. What was known once stays known, whatever is written later."""
    told = {
        journal_id: at
        for journal_id in journals
        if (at := _last_line(session, station_id, journal_id)) is not None
    }
    whole = {
        row.journal_id: row.told_at
        for row in session.scalars(
            select(JournalToldRow).where(JournalToldRow.station_id == station_id)
        )
    }
    state = session.get(StationStateRow, station_id)
    if state is not None and state.journal_id is not None and state.journal_told_at is not None:
        whole[state.journal_id] = state.journal_told_at
    for journal_id, at in whole.items():
        told[journal_id] = max(told.get(journal_id, at), at)
    return told


def _last_line(session: Session, station_id: str, journal_id: str) -> datetime | None:
    """The newest instant in a journal; read from the end of the index, not by going through it."""
    row = JournalEntryRow
    return session.scalar(
        select(row.at)
        .where(
            row.station_id == station_id,
            row.journal_id == journal_id,
            row.clock != ClockLevel.NONE.value,
        )
        .order_by(row.at.desc())
        .limit(1)
    )


def _away(session: Session, station_id: str, start: datetime, end: datetime) -> list[Span]:
    """When it was not in service: before it was registered, on trial, retired."""
    found: list[Span] = []
    station = session.get(StationRow, station_id)
    if station is not None and station.registered_at > start:
        found.append((start, min(station.registered_at, end)))
    for absence in absences(session, [station_id], start, end).get(station_id, ()):
        until = absence.until_at or end
        begins = max(absence.from_at, found[-1][1] if found else start)
        if begins < until:
            found.append((begins, until))
    return found


def _limits(session: Session, station_id: str) -> list[LimitsInForce]:
    rows = session.execute(
        select(StationLimitsRow.made_at, StationLimitsRow.envelope)
        .where(StationLimitsRow.station_id == station_id)
        .order_by(StationLimitsRow.version)
    )
    return [LimitsInForce(made_at, _hours(envelope)) for made_at, envelope in rows if envelope]


def _hours(envelope: bytes) -> Hours:
    said = json.loads(envelope[SIGNATURE_BYTES:])["message"]["hours"]
    return tuple((int(span["opens_min"]), int(span["closes_min"])) for span in said)


def hours_on(limits: Sequence[LimitsInForce], day: date, default: Hours) -> Hours:
    """The service hours of a day: those told before it began, else the first ones told."""
    begins = day_span(day)[0]
    told = [one for one in limits if one.made_at <= begins]
    if told:
        return told[-1].hours
    return limits[0].hours if limits else default


def airings_of(session: Session, station_id: str, start: datetime, end: datetime) -> list[Airing]:
    """The planned slots of a span at one station and how they ended; no emergency, no drill.

    Also those whose plan the centre lost: their results come from the station's journal alone.
    """
    result, slot = SlotResultRow, SlotRow
    here = (
        result.station_id == station_id,
        result.planned_at >= start,
        result.planned_at < end,
    )
    rows = session.execute(
        select(
            result.station_id,
            result.slot_id,
            result.planned_at,
            result.planned_ms,
            result.outcome,
            result.reason,
            result.started_at,
            result.played_ms,
            result.journal_id,
            result.entry_no,
            slot.authority,
            slot.items,
            slot.other_items,
        )
        .outerjoin(slot, slot.slot_id == result.slot_id)
        .where(*here)
        .order_by(result.planned_at, result.slot_id)
    ).all()
    filed = _filed(session, here)
    lost = lost_slots(session, [row for row in rows if row.authority is None])
    station = session.get(StationRow, station_id)
    spoken = _Spoken(session, station.language_order if station else DEFAULT_ORDER)
    return [
        _airing(row, filed.get(row.slot_id, ()), spoken.language(row.items, row.other_items))
        if row.authority is not None
        else _airing(row, (), None)
        for row in rows
        if row.authority is not None or (station_id, row.slot_id) in lost
    ]


class _Spoken:
    """Which language a station with this order gets; asked of the database once a version."""

    def __init__(self, session: Session, order: Sequence[str]) -> None:
        self._session = session
        self._key = order_key(order)
        self._known: dict[str, str | None] = {}

    def language(self, items: Items, other_items: Mapping[str, Items]) -> str | None:
        """The one language of a slot's bulletins there; None: several, or none."""
        mine = other_items.get(self._key, items)
        versions = {str(item.get("bulletin_version_id", "")) for item in mine if MARK not in item}
        found = {one for version in versions if (one := self._of(version)) is not None}
        return found.pop() if len(found) == 1 else None

    def _of(self, version_id: str) -> str | None:
        if version_id not in self._known:
            row = self._session.get(BulletinVersionRow, version_id)
            self._known[version_id] = row.language if row else None
        return self._known[version_id]


@dataclass(frozen=True, slots=True)
class _Filed:
    """A bulletin of a slot, and what it is about."""

    bulletin_id: str
    category: str | None


def _filed(session: Session, here: Sequence[ColumnElement[bool]]) -> dict[str, tuple[_Filed, ...]]:
    """What the slots of these results air, by slot."""
    found: dict[str, list[_Filed]] = {}
    query = (
        select(SlotBulletinRow.slot_id, BulletinRow.bulletin_id, BulletinRow.category)
        .join(BulletinRow, BulletinRow.bulletin_id == SlotBulletinRow.bulletin_id)
        .join(SlotResultRow, SlotResultRow.slot_id == SlotBulletinRow.slot_id)
        .where(*here)
        .order_by(SlotBulletinRow.slot_id, BulletinRow.bulletin_id)
    )
    for slot_id, bulletin_id, category in session.execute(query):
        found.setdefault(slot_id, []).append(_Filed(bulletin_id, category))
    return {slot_id: tuple(bulletins) for slot_id, bulletins in found.items()}


def _airing(row: Row[*tuple[Any, ...]], filed: tuple[_Filed, ...], language: str | None) -> Airing:
    categories = {one.category for one in filed}
    return Airing(
        slot_id=row.slot_id,
        planned_at=row.planned_at,
        planned_ms=row.planned_ms,
        outcome=row.outcome,
        reason=row.reason,
        started_at=row.started_at,
        played_ms=row.played_ms,
        authority=row.authority or LOST,
        category=categories.pop() if len(categories) == 1 else None,
        language=language,
        bulletin_ids=tuple(one.bulletin_id for one in filed),
    )
