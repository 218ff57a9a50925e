"""Dated slots in the database: made from the rules, kept in step with them until they start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from controller.domain.pieces import is_piece
from controller.domain.plans import told_until
from controller.domain.schedule import Slot, expand, local_date
from controller.services.audit import SYSTEM
from controller.services.contents import Content
from controller.services.piece_desk import names_wanted, want
from controller.services.programme_sounds import Pieces, as_json, date_recipes, ready_pieces
from controller.services.schedule_rows import (
    NOT_VALID,
    SlotKey,
    StoredSchedule,
    in_window,
    load,
)
from controller.storage.models import ScheduleRow, SlotBulletinRow, SlotRow

RULE_GONE = "rule_gone"
"""Reason of a slot whose schedule was changed or left this day out."""

LATE_FOR_PIECES = timedelta(hours=2)
TIME_TO_FETCH = timedelta(minutes=15)


def is_undone_by_rule() -> ColumnElement[bool]:
    """Slots cancelled because a rule was changed, leaves the day out or may not air then."""
    return and_(
        SlotRow.cancelled_at.is_not(None),
        func.coalesce(SlotRow.cancel_reason, "").in_(("", RULE_GONE, NOT_VALID)),
    )


def materialise(session: Session, start: datetime, end: datetime, now: datetime) -> None:
    """Bring the slots with `start <= starts_at < end` in step with every schedule.

    Missing ones are made. One that has started is never touched. One still to come follows its
    programme, at a higher revision; when its rule no longer gives it, or its bulletin may not air
    that day, it is cancelled until that changes again, or until stations are told.
    """
    first, last = local_date(start), local_date(end)
    with_rows = select(SlotRow.schedule_id).where(
        SlotRow.starts_at >= start, SlotRow.starts_at < end
    )
    schedules = load(session, or_(in_window(first, last), ScheduleRow.schedule_id.in_(with_rows)))
    fill(session, schedules, start, end, now)


def fill(
    session: Session,
    schedules: Sequence[StoredSchedule],
    start: datetime,
    end: datetime,
    now: datetime,
) -> None:
    """The same for some schedules; slots of others are left alone."""
    rows = _rows(session, schedules, start, end)
    slots = {stored.schedule_id: expand(stored.rule, start, end) for stored in schedules}
    made = _pieces(session, schedules, slots, rows, now)
    owners = {stored.schedule_id: stored for stored in schedules}
    airing: dict[str, Content] = {}
    for stored in schedules:
        for slot in slots[stored.schedule_id]:
            if (slot.schedule_id, slot.airs_on) not in rows:
                session.add(_new_row(stored, slot, made, now))
                airing[slot.slot_id] = stored.content
    for row in rows.values():
        stored = owners[row.schedule_id]
        if row.starts_at > now:
            _follow(row, stored, made, now)
            if row.cancelled_at is None and stored.content.is_kept:
                airing[row.slot_id] = stored.content
    session.flush()
    _write_bulletins(session, {key: content.bulletin_ids for key, content in airing.items()})


def _write_bulletins(session: Session, airing: Mapping[str, Iterable[str]]) -> None:
    """Freeze which bulletins these slots air, by slot; only what differs is written."""
    query = select(SlotBulletinRow.slot_id, SlotBulletinRow.bulletin_id)
    known = {
        (slot_id, bulletin_id)
        for slot_id, bulletin_id in session.execute(
            query.where(SlotBulletinRow.slot_id.in_(airing.keys()))
        )
    }
    wanted = {(slot_id, one) for slot_id, found in airing.items() for one in found}
    for slot_id, bulletin_id in known - wanted:
        session.execute(
            delete(SlotBulletinRow).where(
                SlotBulletinRow.slot_id == slot_id, SlotBulletinRow.bulletin_id == bulletin_id
            )
        )
    session.add_all(
        SlotBulletinRow(slot_id=slot_id, bulletin_id=one) for slot_id, one in sorted(wanted - known)
    )
    session.flush()


def _pieces(
    session: Session,
    schedules: Sequence[StoredSchedule],
    slots: Mapping[str, Sequence[Slot]],
    rows: Mapping[SlotKey, SlotRow],
    now: datetime,
) -> Pieces:
    """Have made what the programmes need; the sentences with a date that are there already."""
    kept = [stored for stored in schedules if stored.content.is_kept]
    days: dict[str, set[date]] = {
        stored.schedule_id: {slot.airs_on for slot in slots[stored.schedule_id]} for stored in kept
    }
    for row in rows.values():
        if row.schedule_id in days:
            days[row.schedule_id].add(local_date(row.starts_at))
    dated = {
        recipe
        for stored in kept
        for recipe in date_recipes(stored.content.every_item, days[stored.schedule_id])
    }
    recipes = dated.union(*(stored.content.recipes for stored in kept if days[stored.schedule_id]))
    want(session, recipes | names_wanted(session, kept), now)
    return ready_pieces(session, dated)


def _rows(
    session: Session, schedules: Sequence[StoredSchedule], start: datetime, end: datetime
) -> dict[SlotKey, SlotRow]:
    """Slots of these schedules in the window, and those moved out of their day in it."""
    days = SlotRow.airs_on.between(local_date(start) - timedelta(days=1), local_date(end))
    instants = and_(SlotRow.starts_at >= start, SlotRow.starts_at < end)
    ids = [stored.schedule_id for stored in schedules]
    query = select(SlotRow).where(SlotRow.schedule_id.in_(ids), or_(days, instants))
    return {(row.schedule_id, row.airs_on): row for row in session.scalars(query)}


def _new_row(stored: StoredSchedule, slot: Slot, made: Pieces, now: datetime) -> SlotRow:
    row = SlotRow(
        slot_id=slot.slot_id,
        schedule_id=slot.schedule_id,
        airs_on=slot.airs_on,
        starts_at=slot.starts_at,
        duration_ms=slot.duration_ms,
        title=stored.content.title,
        priority=stored.rule.priority.value,
        authority=stored.rule.authority.value,
        lateness_s=stored.lateness_s,
        items=as_json(stored.content.items, slot.airs_on, made),
        other_items=_others(stored, slot.airs_on, made),
        revision=1,
    )
    why = _why_not(row, stored)
    if why is not None:
        cancel(row, SYSTEM, why, now)
    return row


def _follow(row: SlotRow, stored: StoredSchedule, made: Pieces, now: datetime) -> None:
    why = _why_not(row, stored)
    if why is not None:
        if row.cancelled_at is None:
            cancel(row, SYSTEM, why, now)
        return
    may_come_back = row.cancelled_by == SYSTEM and row.cancel_reason in {RULE_GONE, NOT_VALID}
    if may_come_back and row.starts_at >= told_until(now):
        revive(row)
    if row.cancelled_at is None:
        _refresh(row, stored, made, now)


def _why_not(row: SlotRow, stored: StoredSchedule) -> str | None:
    """Why this slot does not air, as far as its schedule and bulletin say; None: it does."""
    if not stored.rule.airs_on(row.airs_on):
        return RULE_GONE
    if not stored.content.validity.holds_on(local_date(row.starts_at)):
        return NOT_VALID
    return None


def stays_cancelled(row: SlotRow, stored: StoredSchedule, now: datetime) -> bool:
    """Whether its rule and its bulletin give the slot again, but stations were told it is over.

    A station ends for good what it is told is cancelled: such a slot can only be made anew.
    """
    was_by_rule = row.cancelled_by == SYSTEM and row.cancel_reason in {RULE_GONE, NOT_VALID}
    is_told = now < row.starts_at < told_until(now)
    return was_by_rule and is_told and _why_not(row, stored) is None


def _others(stored: StoredSchedule, day: date, made: Pieces) -> dict[str, Any]:
    """The items of other orders of languages, as the slot table keeps them."""
    others = stored.content.others
    return {order: as_json(items, day, made) for order, items in others.items()}


def _refresh(row: SlotRow, stored: StoredSchedule, made: Pieces, now: datetime) -> None:
    content, day = stored.content, local_date(row.starts_at)
    items = as_json(content.items, day, made)
    fresh = (content.title, content.duration_ms, items, _others(stored, day, made))
    if (row.title, row.duration_ms, row.items, row.other_items) == fresh:
        return
    if _is_held_already(row, stored, now):
        return
    row.title, row.duration_ms, row.items, row.other_items = fresh
    row.revision += 1


def _is_held_already(row: SlotRow, stored: StoredSchedule, now: datetime) -> bool:
    """Whether only pieces differ, the bulletins had time to be fetched, and little is left.

    A piece that is made late must not keep off the air what a station holds; whatever people
    change is obeyed at any time.
    """
    content = stored.content
    told = {key: _versions_in(items) for key, items in row.other_items.items()}
    decided_at = max(stored.made_at, content.changed_at or stored.made_at)
    return (
        content.is_kept
        and content.is_approved
        and _versions_in(row.items) == content.versions
        and told == content.other_versions
        and row.starts_at - now < LATE_FOR_PIECES
        and now - decided_at > TIME_TO_FETCH
    )


def _versions_in(items: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The versions of bulletins that are told one by one."""
    ids = (item.get("bulletin_version_id", "") for item in items)
    return tuple(one for one in ids if one and not is_piece(one))


def cancel(row: SlotRow, who: str, reason: str, now: datetime) -> None:
    """Mark a slot cancelled; it stays in plans so that stations end it so."""
    row.cancelled_at, row.cancelled_by, row.cancel_reason = now, who, reason
    row.revision += 1


def revive(row: SlotRow) -> None:
    """Give a slot back that stations were not told is cancelled."""
    row.cancelled_at = row.cancelled_by = row.cancel_reason = None
    row.revision += 1
