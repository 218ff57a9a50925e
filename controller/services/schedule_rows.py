"""Stored schedules as the rules want them: with programme, sound, targets and exceptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from controller.domain import programmes
from controller.domain.programmes import ProgrammeItem, Sound
from controller.domain.schedule import STATION_ZONE, Recurrence, Schedule, count
from controller.domain.validity import ALWAYS, Validity, common
from controller.services.audit import SYSTEM
from controller.services.slot_sounds import DEFAULT_ORDER, order_key
from controller.storage.models import (
    AccountRow,
    BulletinRow,
    BulletinVersionRow,
    ProgrammeItemRow,
    ProgrammeRow,
    ScheduleExclusionRow,
    ScheduleRow,
    ScheduleTargetRow,
    SlotRow,
    StationRow,
)
from station_protocol.messages import PlannedItem
from station_protocol.vocabulary import Authority, Priority

NOT_VALID = "bulletin_not_valid"
"""Reason of a slot on a date outside the validity of its bulletin; it still has its place."""

SlotKey = tuple[str, date]
"""Schedule id and original local date of an occurrence."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a programme sounds like now. `items` is empty as long as not all of it is approved."""

    programme_id: str
    title: str
    bulletin_ids: tuple[str, ...]
    duration_ms: int
    """The longest of what its stations get."""
    items: tuple[PlannedItem, ...]
    others: Mapping[str, tuple[PlannedItem, ...]] = field(default_factory=dict)
    """What stations with another order of languages get instead, by that order."""
    languages: frozenset[str] = frozenset()
    """Those in which every bulletin of it has sound."""
    validity: Validity = ALWAYS
    """The dates on which every bulletin of it may air."""

    @property
    def is_approved(self) -> bool:
        """Whether it may air."""
        return bool(self.items)


@dataclass(frozen=True, slots=True)
class StoredSchedule:
    """A schedule of the database: its rule, and what people ask about it."""

    rule: Schedule
    content: Content
    place_id: str
    target_ids: tuple[str, ...]
    lateness_s: int
    made_by: str
    made_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    replaces_schedule_id: str | None
    changed_by: str | None
    changed_at: datetime | None
    row_version: int

    @property
    def schedule_id(self) -> str:
        """The id of the schedule."""
        return self.rule.schedule_id


def in_window(first: date, last: date) -> ColumnElement[bool]:
    """Schedules that may have an occurrence on these dates."""
    return and_(
        ScheduleRow.starts_on <= last,
        or_(ScheduleRow.ends_on.is_(None), ScheduleRow.ends_on >= first),
    )


def load(session: Session, *conditions: ColumnElement[bool]) -> list[StoredSchedule]:
    """The schedules that fulfil every condition, in the order of their making."""
    query = (
        select(ScheduleRow, AccountRow.full_name)
        .join(AccountRow, AccountRow.account_id == ScheduleRow.created_by)
        .where(*conditions)
        .order_by(ScheduleRow.created_at, ScheduleRow.schedule_id)
    )
    rows = session.execute(query).all()
    ids = [row.schedule_id for row, _name in rows]
    targets = _targets(session, ids)
    excluded = _exclusions(session, ids)
    contents = load_contents(session, {row.programme_id for row, _name in rows})
    return [
        _stored(row, name, targets[row.schedule_id], excluded[row.schedule_id], contents)
        for row, name in rows
    ]


def _stored(
    row: ScheduleRow,
    made_by: str,
    target_ids: Sequence[str],
    excluded: frozenset[date],
    contents: Mapping[str, Content],
) -> StoredSchedule:
    content = contents[row.programme_id]
    rule = Schedule(
        schedule_id=row.schedule_id,
        airs_at=row.airs_at,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        recurrence=Recurrence(row.recurrence),
        weekdays=row.weekdays,
        excluded=excluded,
        duration_ms=content.duration_ms,
        priority=Priority(row.priority),
        authority=Authority(row.authority),
        made_at=row.created_at,
    )
    return StoredSchedule(
        rule=rule,
        content=content,
        place_id=row.place_id,
        target_ids=tuple(target_ids),
        lateness_s=row.lateness_s,
        made_by=made_by,
        made_at=row.created_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        replaces_schedule_id=row.replaces_schedule_id,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        row_version=row.row_version,
    )


def _targets(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    query = select(ScheduleTargetRow).order_by(ScheduleTargetRow.place_id)
    for target in session.scalars(query.where(ScheduleTargetRow.schedule_id.in_(ids))):
        found[target.schedule_id].append(target.place_id)
    return found


def _exclusions(session: Session, ids: Sequence[str]) -> dict[str, frozenset[date]]:
    found: defaultdict[str, frozenset[date]] = defaultdict(frozenset)
    query = select(ScheduleExclusionRow).where(ScheduleExclusionRow.schedule_id.in_(ids))
    for row in session.scalars(query):
        found[row.schedule_id] |= {row.airs_on}
    return found


def load_contents(session: Session, programme_ids: Iterable[str]) -> dict[str, Content]:
    """What each programme sounds like now."""
    wanted = list(programme_ids)
    items: defaultdict[str, list[ProgrammeItem]] = defaultdict(list)
    query = select(ProgrammeItemRow).where(ProgrammeItemRow.programme_id.in_(wanted))
    for row in session.scalars(query.order_by(ProgrammeItemRow.position)):
        items[row.programme_id].append(ProgrammeItem(row.position, row.kind, row.bulletin_id))
    bulletin_ids = {item.bulletin_id for own in items.values() for item in own if item.bulletin_id}
    bulletins = bulletins_with_sound(session, bulletin_ids)
    orders = _orders(session)
    rows = session.scalars(select(ProgrammeRow).where(ProgrammeRow.programme_id.in_(wanted)))
    return {
        row.programme_id: _content(
            row.programme_id, row.title, items[row.programme_id], bulletins, orders
        )
        for row in rows
    }


def _orders(session: Session) -> frozenset[tuple[str, ...]]:
    """Every order of languages that a station has."""
    query = select(StationRow.language_order).where(StationRow.retired_at.is_(None))
    return frozenset(tuple(order) for order in session.scalars(query))


@dataclass(frozen=True, slots=True)
class BulletinSound:
    """A bulletin's name and its newest ready version in each language."""

    bulletin_id: str
    title: str
    place_id: str
    sounds: tuple[Sound, ...]
    validity: Validity
    is_shared: bool
    """Whether other places may use it too."""


def bulletins_with_sound(session: Session, bulletin_ids: Iterable[str]) -> dict[str, BulletinSound]:
    """The newest ready version of each language, as approved only while the bulletin is."""
    wanted = list(bulletin_ids)
    newest = (
        select(
            BulletinVersionRow.bulletin_id,
            BulletinVersionRow.language,
            func.max(BulletinVersionRow.number).label("number"),
        )
        .where(BulletinVersionRow.bulletin_id.in_(wanted), BulletinVersionRow.state == "ready")
        .group_by(BulletinVersionRow.bulletin_id, BulletinVersionRow.language)
        .subquery()
    )
    versions = session.scalars(
        select(BulletinVersionRow)
        .join(
            newest,
            and_(
                newest.c.bulletin_id == BulletinVersionRow.bulletin_id,
                newest.c.language == BulletinVersionRow.language,
                newest.c.number == BulletinVersionRow.number,
            ),
        )
        .order_by(BulletinVersionRow.language)
    ).all()
    bulletins = session.scalars(select(BulletinRow).where(BulletinRow.bulletin_id.in_(wanted)))
    return {
        row.bulletin_id: BulletinSound(
            row.bulletin_id,
            row.title,
            row.place_id,
            tuple(
                _sound(version, is_approved=row.state == "approved")
                for version in versions
                if version.bulletin_id == row.bulletin_id
            ),
            Validity(row.valid_from, row.valid_until),
            row.shared_at is not None,
        )
        for row in bulletins
    }


def _sound(row: BulletinVersionRow, *, is_approved: bool) -> Sound:
    return Sound(
        bulletin_version_id=row.bulletin_version_id,
        language=row.language,
        sha256=row.sha256 or "",
        size_bytes=row.size_bytes or 0,
        duration_ms=row.duration_ms or 0,
        approved_by=row.approved_by_name if is_approved else None,
        approved_at=row.approved_at if is_approved else None,
    )


def _content(
    programme_id: str,
    title: str,
    items: Sequence[ProgrammeItem],
    bulletins: Mapping[str, BulletinSound],
    orders: Iterable[Sequence[str]] = (),
) -> Content:
    ids = tuple(item.bulletin_id for item in items if item.bulletin_id)
    if len(ids) == 1 and ids[0] in bulletins:
        title = bulletins[ids[0]].title
    found = {key: bulletin.sounds for key, bulletin in bulletins.items()}
    by_order = {
        order_key(order): programmes.sounds_of(items, found, order)
        for order in [*orders, DEFAULT_ORDER]
    }
    usual = by_order.pop(order_key(DEFAULT_ORDER))
    others = {key: planned_items(sounds) for key, sounds in by_order.items() if sounds != usual}
    return Content(
        programme_id=programme_id,
        title=title,
        bulletin_ids=ids,
        duration_ms=max(programmes.length_ms(sounds) for sounds in [usual, *by_order.values()]),
        items=planned_items(usual),
        others=others,
        languages=programmes.languages_of(items, found),
        validity=common(bulletins[key].validity for key in ids if key in bulletins),
    )


def content_of(session: Session, bulletin: BulletinSound) -> Content:
    """A programme of one bulletin, before it is stored."""
    item = ProgrammeItem(1, "bulletin", bulletin.bulletin_id)
    known = {bulletin.bulletin_id: bulletin}
    return _content("", bulletin.title, [item], known, _orders(session))


def planned_items(sounds: Sequence[Sound | None]) -> tuple[PlannedItem, ...]:
    """The items of the wire; none at all unless every one is approved."""
    if not programmes.may_air(sounds):
        return ()
    return tuple(_planned(sound) for sound in sounds if sound is not None)


def _planned(sound: Sound) -> PlannedItem:
    return PlannedItem.model_validate(
        {
            "sha256": sound.sha256,
            "size_bytes": sound.size_bytes,
            "duration_ms": sound.duration_ms,
            "bulletin_version_id": sound.bulletin_version_id,
            "approved_by": sound.approved_by,
            "approved_at": sound.approved_at,
        }
    )


def as_json(items: Iterable[PlannedItem]) -> list[Any]:
    """Items as the slot table keeps them."""
    return [item.model_dump(mode="json") for item in items]


def others_as_json(content: Content) -> dict[str, Any]:
    """The items of other orders of languages, as the slot table keeps them."""
    return {order: as_json(items) for order, items in content.others.items()}


def patterns(
    session: Session,
    schedules: Sequence[StoredSchedule],
    after: datetime,
    leaving_out: SlotKey | None = None,
) -> list[tuple[StoredSchedule, Schedule]]:
    """The rules as they will really air: without cancelled days, moved occurrences on their own.

    A moved occurrence is a rule of its own that airs once, under the same schedule id.
    `leaving_out` names one occurrence that is about to get another time.
    """
    by_id = {stored.schedule_id: stored for stored in schedules}
    cancelled = and_(
        SlotRow.cancelled_at.is_not(None),
        func.coalesce(SlotRow.cancel_reason, "") != NOT_VALID,
    )
    changed = session.scalars(
        select(SlotRow).where(
            SlotRow.schedule_id.in_(by_id),
            or_(cancelled, SlotRow.moved_at.is_not(None)),
            SlotRow.starts_at > after,
        )
    ).all()
    taken: defaultdict[str, set[date]] = defaultdict(set)
    if leaving_out is not None:
        taken[leaving_out[0]].add(leaving_out[1])
    moved: list[tuple[StoredSchedule, Schedule]] = []
    for row in changed:
        stored = by_id[row.schedule_id]
        taken[row.schedule_id].add(row.airs_on)
        is_cancelled = row.cancelled_at is not None and row.cancel_reason != NOT_VALID
        is_gone = is_cancelled or not stored.rule.airs_on(row.airs_on)
        if not is_gone and (row.schedule_id, row.airs_on) != leaving_out:
            moved.append((stored, moved_rule(stored.rule, row.starts_at)))
    return [
        (stored, replace(stored.rule, excluded=stored.rule.excluded | taken[stored.schedule_id]))
        for stored in schedules
    ] + moved


def coming(session: Session, stored: StoredSchedule, now: datetime) -> int | None:
    """How many slots are still to start, moved ones where they are now; None: without end."""
    if stored.rule.ends_on is None:
        return None
    airing = patterns(session, [stored], stored.made_at)
    return sum(count(rule, now) or 0 for _stored, rule in airing)


def valid_part(stored: StoredSchedule) -> StoredSchedule:
    """The schedule on the dates on which its bulletin may air."""
    return replace(stored, rule=stored.content.validity.narrowed(stored.rule))


def cancelled_by_hand(session: Session, schedule_id: str, first: date) -> frozenset[date]:
    """The days from `first` on whose slot somebody cancelled singly, which takes a reason."""
    return frozenset(
        session.scalars(
            select(SlotRow.airs_on).where(
                SlotRow.schedule_id == schedule_id,
                SlotRow.airs_on >= first,
                SlotRow.cancelled_at.is_not(None),
                SlotRow.cancelled_by != SYSTEM,
                SlotRow.cancel_reason != "",
            )
        )
    )


def moved_rule(rule: Schedule, starts_at: datetime) -> Schedule:
    """One occurrence of a rule at another time."""
    local = starts_at.astimezone(STATION_ZONE)
    return replace(
        rule,
        recurrence=Recurrence.ONCE,
        airs_at=local.time(),
        starts_on=local.date(),
        ends_on=local.date(),
        excluded=frozenset(),
    )
