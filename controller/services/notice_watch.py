"""Tells people what there is to be told, each thing once, in as few lines as possible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from controller.domain.alarms import PAIRED, Event, Patience, above
from controller.domain.notices import GATHERED_FOR, GOOD_FOR, HELD_FOR, NoticeKind, Way
from controller.services import absences, alarm_finds, order_finds
from controller.services import notice_finds as finds
from controller.services.alarm_finds import CentreSigns, Lasting
from controller.services.identifiers import new_id
from controller.services.notice_finds import Find
from controller.services.notice_people import People, people_of
from controller.services.places import Places
from controller.storage.database import Database
from controller.storage.models import (
    NoticeDeliveryRow,
    NoticeItemRow,
    NoticeReaderRow,
    NoticeRow,
)

READINESS_EVERY = timedelta(minutes=1)
_EACH_MINUTE = frozenset({NoticeKind.NOT_READY, NoticeKind.CENTRE})
_ASKED_AT_ONCE = 500

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _News:
    """What is new, and what no longer holds."""

    fresh: Sequence[Find]
    gone: Sequence[Key]
    out_of_service: frozenset[Key]
    """Of what is gone, what ended only because its station is not in service any more."""


class NoticeWatch:
    """Looks at everything again and again; what it wrote down before it does not tell again."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        wake: Callable[[str], None],
        *,
        ways: frozenset[Way],
        station_down_after: timedelta,
        patience: Patience = Patience(),  # noqa: B008 - a frozen value
        centre: CentreSigns = dict,
    ) -> None:
        """`ways`: those this centre can send on; `centre` says what is wrong with itself."""
        self._database = database
        self._now = now
        self._places = places
        self._wake = wake
        self._ways = ways
        self._grace = station_down_after
        self._since: datetime | None = None
        self._patience = patience
        self._centre = centre
        self._lasting = Lasting()
        self._readiness_at: datetime | None = None

    def look(self) -> int:
        """Tell what is new and close what is over; how many new things there were."""
        now = self._now()
        with self._database.read() as session:
            people = people_of(session, self._places.tree())
            found, kinds = self._found(session, people, now)
            away = absences.lasting(session).keys()
            news = _news(session, [one for one in found if one.station_id not in away], kinds, away)
            waited = _waited(session, self._patience, now)
        if not news.fresh and not news.gone and not waited:
            return 0
        with self._database.write() as session:
            for group in _gathered(news.fresh):
                self._tell(session, people, group, now)
            _close(session, news, now)
            for notice_id in waited:
                self._escalate(session, people, notice_id, now)
        self._wake("deliveries")
        return len(news.fresh)

    def _found(
        self, session: Session, people: People, now: datetime
    ) -> tuple[list[Find], frozenset[NoticeKind]]:
        """What holds now, and of which kinds that is all there is."""
        since = self._since = self._since or now
        found: Iterator[Find] | list[Find] = [
            *finds.to_approve(session, people),
            *finds.returned(session, people),
            *finds.to_confirm(session, people, now),
            *finds.to_review(session, people),
            *finds.comments(session, people, now),
            *order_finds.to_order(session, people, now),
            *finds.failed_slots(session, people, now),
            *finds.public_faults(session, people),
            *alarm_finds.stations_down(session, people, now, since=since, grace=self._grace),
            *alarm_finds.unheard_emergencies(session, people, now),
            *alarm_finds.forged_messages(session, people, now),
            *alarm_finds.station_faults(session, people, now, self._lasting),
        ]
        kinds = set(NoticeKind) - _EACH_MINUTE
        if now - since < self._grace:
            kinds.discard(NoticeKind.STATION_DOWN)  # not judged yet: neither new nor over
        if self._readiness_at is None or now - self._readiness_at >= READINESS_EVERY:
            self._readiness_at = now
            kinds |= _EACH_MINUTE
            signs = self._centre()
            found = [
                *found,
                *finds.not_ready(session, people, now),
                *alarm_finds.centre_troubles(session, people, now, self._lasting, signs),
            ]
        return list(found), frozenset(kinds)

    def _tell(self, session: Session, people: People, group: Sequence[Find], now: datetime) -> None:
        kind = group[0].kind
        notice = _open_notice(session, group[0], now)
        is_new = notice is None
        if notice is None:
            notice = NoticeRow(
                notice_id=new_id(now),
                kind=kind.value,
                group_key=group[0].group_key,
                place_id=group[0].place_id,
                opened_at=now,
                changed_at=now,
            )
            session.add(notice)
        notice.changed_at = now
        session.flush()
        for find in group:
            session.add(
                NoticeItemRow(
                    kind=find.kind.value,
                    group_key=find.group_key,
                    item_key=find.item_key,
                    notice_id=notice.notice_id,
                    facts=dict(find.facts),
                    began_at=now,
                )
            )
        readers = frozenset[str]().union(*(find.readers for find in group))
        _show(session, people, notice, readers, now)
        if is_new:
            self._send(session, people, notice, readers, now)

    def _send(
        self,
        session: Session,
        people: People,
        notice: NoticeRow,
        readers: frozenset[str],
        now: datetime,
    ) -> None:
        """One letter for each who wants it so, and one call for all who want to be called."""
        kind = NoticeKind(notice.kind)
        wanted: dict[str, tuple[Way, str]] = {}
        for account_id in sorted(readers):
            choices = people.by_id[account_id].choices
            for way in sorted(self._ways):
                if choices.wants(kind, way):
                    key = _delivery_id(way, notice.notice_id, account_id, Event.OPENED)
                    wanted.setdefault(key, (way, account_id))
        for delivery_id, (way, account_id) in wanted.items():
            session.add(
                NoticeDeliveryRow(
                    delivery_id=delivery_id,
                    notice_id=notice.notice_id,
                    way=way.value,
                    account_id=account_id,
                    created_at=now,
                    next_at=now + HELD_FOR[kind],
                    not_after_at=now + GOOD_FOR[kind],
                )
            )

    def _escalate(self, session: Session, people: People, notice_id: str, now: datetime) -> None:
        """Tell everybody of the place above, whatever they chose, that nobody took it on."""
        changed = session.execute(
            update(NoticeRow)
            .where(
                NoticeRow.notice_id == notice_id,
                NoticeRow.acknowledged_at.is_(None),
                NoticeRow.escalated_at.is_(None),
                NoticeRow.closed_at.is_(None),
            )
            .values(escalated_at=now, changed_at=now)
            .execution_options(synchronize_session=False)
        )
        if not getattr(changed, "rowcount", 0):
            return
        notice = session.get_one(NoticeRow, notice_id, populate_existing=True)
        kind = NoticeKind(notice.kind)
        told = people.at(above(people.tree, notice.group_key), kind)
        account_ids = sorted(one.actor.account_id for one in told)
        for account_id in account_ids:
            session.merge(_unread(notice_id, account_id, now))
        ways = {
            _delivery_id(way, notice_id, account_id, Event.ESCALATED): (way, account_id)
            for way in sorted(self._ways)
            for account_id in account_ids
            if way is not Way.EMAIL or people.by_id[account_id].choices.email
        }
        for delivery_id, (way, account_id) in ways.items():
            session.add(
                NoticeDeliveryRow(
                    delivery_id=delivery_id,
                    notice_id=notice_id,
                    way=way.value,
                    what=Event.ESCALATED.value,
                    account_id=account_id,
                    created_at=now,
                    next_at=now,
                    not_after_at=now + GOOD_FOR[kind],
                )
            )


def _delivery_id(way: Way, notice_id: str, account_id: str, event: Event) -> str:
    """One for each letter, one for all who are called; the same however often it is made."""
    parts = [way.value, notice_id]
    if not way.is_called:
        parts.append(account_id)
    if event is not Event.OPENED:
        parts.append(event.value)
    return ":".join(parts)


def _waited(session: Session, patience: Patience, now: datetime) -> Sequence[str]:
    """Alarms nobody took on in time, and of which the place above knows nothing yet."""
    found: list[str] = []
    for kind, before in patience.due(now).items():
        query = select(NoticeRow.notice_id).where(
            NoticeRow.kind == kind.value,
            NoticeRow.opened_at <= before,
            NoticeRow.opened_at > now - GOOD_FOR[kind],
            NoticeRow.closed_at.is_(None),
            NoticeRow.acknowledged_at.is_(None),
            NoticeRow.escalated_at.is_(None),
        )
        found += session.scalars(query.order_by(NoticeRow.notice_id))
    return found


def _unread(notice_id: str, account_id: str, now: datetime) -> NoticeReaderRow:
    return NoticeReaderRow(notice_id=notice_id, account_id=account_id, told_at=now, read_at=None)


def _gathered(fresh: Iterable[Find]) -> Iterable[Sequence[Find]]:
    groups: defaultdict[tuple[NoticeKind, str], list[Find]] = defaultdict(list)
    for find in fresh:
        groups[find.kind, find.group_key].append(find)
    return groups.values()


def _news(
    session: Session, found: Sequence[Find], kinds: frozenset[NoticeKind], away: Collection[str]
) -> _News:
    """What is new and what is gone; `away`: stations that are not in service."""
    item = NoticeItemRow
    query = select(item.kind, item.group_key, item.item_key, item.facts).where(
        item.ended_at.is_(None), item.kind.in_([kind.value for kind in kinds])
    )
    told: set[Key] = set()
    out_of_service: set[Key] = set()
    for kind, group, key, facts in session.execute(query):
        told.add((kind, group, key))
        if facts.get("station_id") in away:
            out_of_service.add((kind, group, key))
    by_key: Mapping[Key, Find] = {find.key: find for find in found}
    unknown = sorted(by_key.keys() - told)
    before: set[Key] = set()
    for first in range(0, len(unknown), _ASKED_AT_ONCE):
        some = unknown[first : first + _ASKED_AT_ONCE]
        asked = select(item.kind, item.group_key, item.item_key).where(
            item.item_key.in_({key for _kind, _group, key in some})
        )
        before |= {(kind, group, key) for kind, group, key in session.execute(asked)}
    return _News(
        [by_key[key] for key in unknown if key not in before],
        sorted(told - by_key.keys()),
        frozenset(out_of_service),
    )


def _open_notice(session: Session, find: Find, now: datetime) -> NoticeRow | None:
    """The line that still takes in more of this; None: it begins a new one."""
    return session.scalars(
        select(NoticeRow)
        .where(
            NoticeRow.kind == find.kind.value,
            NoticeRow.group_key == find.group_key,
            NoticeRow.opened_at > now - GATHERED_FOR,
            NoticeRow.closed_at.is_(None),
            NoticeRow.acknowledged_at.is_(None),  # nobody takes on what they have not seen
        )
        .order_by(NoticeRow.opened_at.desc())
        .limit(1)
    ).first()


def _show(
    session: Session, people: People, notice: NoticeRow, readers: frozenset[str], now: datetime
) -> None:
    """Put it, as unread, on the page of each who wants it there."""
    kind = NoticeKind(notice.kind)
    for account_id in sorted(readers):
        if people.by_id[account_id].choices.wants(kind, Way.PAGE):
            session.merge(_unread(notice.notice_id, account_id, now))


def _close(session: Session, news: _News, now: datetime) -> None:
    """Note what no longer holds; a line of which nothing holds is closed and no longer sent.

    Who was written to is written to once more, unless all of it ended with its stations' service.
    """
    touched: set[str] = set()
    mended: set[str] = set()
    for key in news.gone:
        row = session.get_one(NoticeItemRow, key)
        row.ended_at = now
        touched.add(row.notice_id)
        if key not in news.out_of_service:
            mended.add(row.notice_id)
    session.flush()
    holds = exists().where(
        NoticeItemRow.notice_id == NoticeRow.notice_id, NoticeItemRow.ended_at.is_(None)
    )
    over = session.scalars(
        select(NoticeRow.notice_id).where(
            NoticeRow.notice_id.in_(touched), NoticeRow.closed_at.is_(None), ~holds
        )
    ).all()
    session.execute(
        update(NoticeRow)
        .where(NoticeRow.notice_id.in_(over))
        .values(closed_at=now)
        .execution_options(synchronize_session=False)
    )
    _tell_over(session, [notice_id for notice_id in over if notice_id in mended], now)
    session.execute(
        update(NoticeDeliveryRow)
        .where(
            NoticeDeliveryRow.notice_id.in_(over),
            NoticeDeliveryRow.state == "waiting",
            NoticeDeliveryRow.what != Event.OVER.value,
        )
        .values(state="void", done_at=now)
        .execution_options(synchronize_session=False)
    )


def _tell_over(session: Session, notice_ids: Sequence[str], now: datetime) -> None:
    """Word that it is over, for each who may have got word that it began."""
    query = (
        select(NoticeDeliveryRow, NoticeRow.kind)
        .join(NoticeRow, NoticeRow.notice_id == NoticeDeliveryRow.notice_id)
        .where(
            NoticeDeliveryRow.notice_id.in_(notice_ids),
            NoticeRow.kind.in_([kind.value for kind in PAIRED]),
            NoticeDeliveryRow.what != Event.OVER.value,
        )
        .order_by(NoticeDeliveryRow.created_at)
    )
    made: set[str] = set()
    for row, kind in session.execute(query).all():
        way, notice_id = Way(row.way), row.notice_id or ""
        delivery_id = _delivery_id(way, notice_id, row.account_id, Event.OVER)
        is_under_way = row.state == "waiting" and row.attempts > 0
        if delivery_id in made or not (row.state == "sent" or is_under_way):
            continue
        made.add(delivery_id)
        session.add(
            NoticeDeliveryRow(
                delivery_id=delivery_id,
                notice_id=notice_id,
                way=row.way,
                what=Event.OVER.value,
                account_id=row.account_id,
                created_at=now,
                # what is being sent at this moment is judged once it has ended
                next_at=max(now, row.next_at) if is_under_way else now,
                not_after_at=now + GOOD_FOR[NoticeKind(kind)],
            )
        )
