"""What there is to be told at this moment, read from what the rest of the centre wrote down.

Nothing here is written by the deeds themselves: a deed cannot be held up, or fail, by a notice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Permission
from controller.domain.board import Sign
from controller.domain.bulletins import BulletinState
from controller.domain.emergencies import CONFIRMED_WITHIN, State, may_second
from controller.domain.notices import DELIBERATE, NoticeKind
from controller.services.near_slots import slots_near
from controller.services.notice_people import People
from controller.services.readiness import judge_slots
from controller.services.scope import may_see
from controller.services.tiles import tiles_of
from controller.storage.models import (
    AccountRow,
    BulletinCommentRow,
    BulletinRow,
    BulletinVersionRow,
    EmergencyRow,
    FaultReportRow,
    MaintenanceWindowRow,
    SlotResultRow,
    SlotRow,
)

SOON = timedelta(hours=2)
"""So long before a slot somebody can still do something about a station that lacks it."""

LOOKS_BACK = timedelta(hours=48)
"""Failed slots and remarks are told so long; what comes to light later stands in the reports."""

_FAILED = (Sign.MISSED.value, Sign.CUT_SHORT.value)


@dataclass(frozen=True, slots=True)
class Find:
    """One thing that holds now, for one group of people."""

    kind: NoticeKind
    group_key: str
    item_key: str
    place_id: str
    facts: Mapping[str, str]
    readers: frozenset[str]
    """Account ids."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is told once by."""
        return self.kind.value, self.group_key, self.item_key

    @property
    def station_id(self) -> str | None:
        """The station it is about; None: none."""
        return self.facts.get("station_id")


def to_approve(session: Session, people: People) -> Iterator[Find]:
    """Bulletins that wait, for each approver who may decide on them."""
    rows = session.scalars(
        select(BulletinRow).where(BulletinRow.state == BulletinState.SUBMITTED.value)
    ).all()
    makers: defaultdict[str, set[str]] = defaultdict(set)
    query = select(BulletinVersionRow.bulletin_id, BulletinVersionRow.created_by).where(
        BulletinVersionRow.bulletin_id.in_([row.bulletin_id for row in rows])
    )
    for bulletin_id, account_id in session.execute(query):
        makers[bulletin_id].add(account_id)
    for row in rows:
        for person in people.with_permission(Permission.APPROVE_BULLETINS):
            account_id = person.actor.account_id
            is_own = account_id == row.author_id or account_id in makers[row.bulletin_id]
            if not is_own and may_see(people.tree, person.actor, row.place_id):
                yield _of_bulletin(NoticeKind.TO_APPROVE, row, account_id)


def returned(session: Session, people: People) -> Iterator[Find]:
    """Bulletins that went back, for their authors."""
    query = select(BulletinRow).where(BulletinRow.state == BulletinState.RETURNED.value)
    for row in session.scalars(query):
        if row.author_id in people.by_id:
            yield _of_bulletin(NoticeKind.RETURNED, row, row.author_id, why=row.return_reason or "")


def _of_bulletin(kind: NoticeKind, row: BulletinRow, account_id: str, **facts: str) -> Find:
    sent_at = (row.submitted_at or row.created_at).isoformat()
    return Find(
        kind,
        account_id,
        f"{row.bulletin_id} {sent_at}",
        row.place_id,
        {"bulletin_id": row.bulletin_id, "title": row.title, **facts},
        frozenset({account_id}),
    )


def to_confirm(session: Session, people: People, now: datetime) -> Iterator[Find]:
    """Emergencies and drills that wait for a second person."""
    query = select(EmergencyRow).where(
        EmergencyRow.state == State.PROPOSED.value,
        EmergencyRow.composed_at > now - CONFIRMED_WITHIN,
    )
    for row in session.scalars(query):
        facts = {
            "emergency_id": row.emergency_id,
            "kind": row.kind,
            "title": row.title,
            "stations": str(row.stations),
            "who": row.composed_by_name,
            "until": (row.composed_at + CONFIRMED_WITHIN).isoformat(),
        }
        for own in _seconds(people, row):
            yield Find(
                NoticeKind.TO_CONFIRM, own, row.emergency_id, row.place_id, facts, frozenset({own})
            )


def _seconds(people: People, row: EmergencyRow) -> Iterator[str]:
    """The accounts that may be, or could have been, its second person."""
    for person in people.by_id.values():
        if may_second(people.tree, person.actor, row.composed_by, row.place_id):
            yield person.actor.account_id


def to_review(session: Session, people: People) -> Iterator[Find]:
    """What somebody sent alone, without a second person, until one of those has looked at it."""
    query = select(EmergencyRow).where(
        EmergencyRow.state == State.SENT.value,
        EmergencyRow.alone_why.is_not(None),
        EmergencyRow.reviewed_at.is_(None),
    )
    for row in session.scalars(query.order_by(EmergencyRow.sent_at)):
        facts = {
            "emergency_id": row.emergency_id,
            "kind": row.kind,
            "title": row.title,
            "stations": str(row.stations),
            "who": row.composed_by_name,
            "why": row.alone_why or "",
            "at": (row.sent_at or row.composed_at).isoformat(),
        }
        for own in _seconds(people, row):
            key = f"{own} {row.emergency_id}"
            yield Find(
                NoticeKind.TO_REVIEW,
                key,
                row.emergency_id,
                row.place_id,
                facts,
                frozenset({own}),
            )


def comments(session: Session, people: People, now: datetime) -> Iterator[Find]:
    """Remarks about bulletins, for their authors and for who wrote in the same thread before."""
    new = session.execute(
        select(BulletinCommentRow, BulletinRow, AccountRow.full_name)
        .join(BulletinRow, BulletinRow.bulletin_id == BulletinCommentRow.bulletin_id)
        .join(AccountRow, AccountRow.account_id == BulletinCommentRow.said_by)
        .where(
            BulletinCommentRow.said_at > now - LOOKS_BACK,
            BulletinCommentRow.withdrawn_at.is_(None),
        )
    ).all()
    talking: defaultdict[str, set[str]] = defaultdict(set)
    query = select(BulletinCommentRow.thread_id, BulletinCommentRow.said_by).where(
        BulletinCommentRow.thread_id.in_({comment.thread_id for comment, _, _ in new})
    )
    for thread_id, account_id in session.execute(query):
        talking[thread_id].add(account_id)
    for comment, bulletin, name in new:
        told = {bulletin.author_id, *talking[comment.thread_id]} - {comment.said_by}
        facts = {"bulletin_id": bulletin.bulletin_id, "title": bulletin.title, "who": name}
        for account_id in sorted(told & people.by_id.keys()):
            if _still_sees(people, account_id, bulletin):
                yield Find(
                    NoticeKind.COMMENT,
                    account_id,
                    comment.bulletin_comment_id,
                    bulletin.place_id,
                    facts,
                    frozenset({account_id}),
                )


def _still_sees(people: People, account_id: str, bulletin: BulletinRow) -> bool:
    is_lent = bulletin.shared_at is not None and bulletin.state == BulletinState.APPROVED.value
    return is_lent or may_see(people.tree, people.by_id[account_id].actor, bulletin.place_id)


def failed_slots(session: Session, people: People, now: datetime) -> Iterator[Find]:
    """Slots that were not heard, or not to their end, and nobody had decided so.

    What falls into declared maintenance is in the reports, but nobody is called for it.
    """
    query = (
        select(SlotResultRow, SlotRow.priority)
        .join(SlotRow, SlotRow.slot_id == SlotResultRow.slot_id, isouter=True)
        .where(
            SlotResultRow.outcome.in_(_FAILED),
            SlotResultRow.planned_at > now - LOOKS_BACK,
            or_(SlotResultRow.reason.is_(None), SlotResultRow.reason.not_in(DELIBERATE)),
            ~exists().where(
                MaintenanceWindowRow.station_id == SlotResultRow.station_id,
                MaintenanceWindowRow.from_at <= SlotResultRow.planned_at,
                MaintenanceWindowRow.until_at > SlotResultRow.planned_at,
            ),
        )
    )
    for row, priority in session.execute(query):
        kind = NoticeKind.PRIORITY_FAILED if priority == "priority" else NoticeKind.SLOT_FAILED
        facts = {
            "slot_id": row.slot_id,
            "title": row.title,
            "at": row.planned_at.isoformat(),
            "outcome": row.outcome,
            "reason": row.reason or "",
        }
        yield from of_station(people, kind, row.station_id, row.slot_id, facts)


def public_faults(session: Session, people: People) -> Iterator[Find]:
    """Loudspeakers passers-by found broken, while nobody has mended them."""
    query = select(FaultReportRow).where(
        FaultReportRow.mended_at.is_(None), FaultReportRow.public_reports > 0
    )
    for row in session.scalars(query):
        facts = {
            "fault_report_id": row.fault_report_id,
            "at": row.reported_at.isoformat(),
            "text": row.text,
        }
        yield from of_station(
            people, NoticeKind.PUBLIC_FAULT, row.station_id, row.fault_report_id, facts
        )


def not_ready(session: Session, people: People, now: datetime) -> Iterator[Find]:
    """Stations that lack a slot of the next two hours."""
    tree = people.tree
    for root in tree.children(None):
        slots = slots_near(session, tree, root.place_id, after=now, before=now + SOON)
        if not slots:
            continue
        asked = {one.station_id: one for slot in slots for one in slot.stations}
        tiles = tiles_of(session, tree, list(asked.values()), now)
        for slot in judge_slots(session, tree, slots, tiles, now):
            facts = {
                "slot_id": slot.slot_id,
                "title": slot.title,
                "at": slot.starts_at.isoformat(),
            }
            for one in slot.not_ready:
                yield from of_station(
                    people,
                    NoticeKind.NOT_READY,
                    one.station_id,
                    slot.slot_id,
                    {**facts, "gaps": " ".join(gap.value for gap in one.holding.gaps)},
                )


def of_station(
    people: People,
    kind: NoticeKind,
    station_id: str,
    what: str,
    facts: Mapping[str, str],
    *,
    whole: bool = False,
) -> Iterable[Find]:
    """One thing at a station, for each place it is told under; `whole`: the province as one."""
    station = people.tree.stations.get(station_id)
    if station is None:
        return
    for group, readers in people.groups_of(kind, station.place_id, whole=whole).items():
        told = {**facts, "station_id": station_id, "place_id": station.place_id}
        yield Find(kind, group, f"{station_id} {what}", group, told, readers)
