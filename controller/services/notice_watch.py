"""Tells people what there is to be told, each thing once, in as few lines as possible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from controller.domain.notices import GATHERED_FOR, GOOD_FOR, HELD_FOR, NoticeKind, Way
from controller.services import notice_finds as finds
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
_ASKED_AT_ONCE = 500

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _News:
    """What is new, and what no longer holds."""

    fresh: Sequence[Find]
    gone: Sequence[Key]


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
    ) -> None:
        """`ways`: those this centre can send on."""
        self._database = database
        self._now = now
        self._places = places
        self._wake = wake
        self._ways = ways
        self._grace = station_down_after
        self._since: datetime | None = None
        self._readiness_at: datetime | None = None

    def look(self) -> int:
        """Tell what is new and close what is over; how many new things there were."""
        now = self._now()
        with self._database.read() as session:
            people = people_of(session, self._places.tree())
            found, kinds = self._found(session, people, now)
            news = _news(session, found, kinds)
        if not news.fresh and not news.gone:
            return 0
        with self._database.write() as session:
            for group in _gathered(news.fresh):
                self._tell(session, people, group, now)
            _close(session, news.gone, now)
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
            *finds.comments(session, people, now),
            *finds.failed_slots(session, people, now),
            *finds.public_faults(session, people),
            *finds.stations_down(session, people, now, since=since, grace=self._grace),
        ]
        kinds = set(NoticeKind) - {NoticeKind.NOT_READY}
        if now - since < self._grace:
            kinds.discard(NoticeKind.STATION_DOWN)  # not judged yet: neither new nor over
        if self._readiness_at is None or now - self._readiness_at >= READINESS_EVERY:
            self._readiness_at = now
            kinds.add(NoticeKind.NOT_READY)
            found = [*found, *finds.not_ready(session, people, now)]
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
            if Way.EMAIL in self._ways and choices.wants(kind, Way.EMAIL):
                wanted[f"email:{notice.notice_id}:{account_id}"] = Way.EMAIL, account_id
            if Way.WEBHOOK in self._ways and choices.wants(kind, Way.WEBHOOK):
                wanted.setdefault(f"webhook:{notice.notice_id}", (Way.WEBHOOK, account_id))
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


def _gathered(fresh: Iterable[Find]) -> Iterable[Sequence[Find]]:
    groups: defaultdict[tuple[NoticeKind, str], list[Find]] = defaultdict(list)
    for find in fresh:
        groups[find.kind, find.group_key].append(find)
    return groups.values()


def _news(session: Session, found: Sequence[Find], kinds: frozenset[NoticeKind]) -> _News:
    item = NoticeItemRow
    query = select(item.kind, item.group_key, item.item_key).where(
        item.ended_at.is_(None), item.kind.in_([kind.value for kind in kinds])
    )
    told = {(kind, group, key) for kind, group, key in session.execute(query)}
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
        [by_key[key] for key in unknown if key not in before], sorted(told - by_key.keys())
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
            session.merge(
                NoticeReaderRow(
                    notice_id=notice.notice_id, account_id=account_id, told_at=now, read_at=None
                )
            )


def _close(session: Session, gone: Sequence[Key], now: datetime) -> None:
    """Note what no longer holds; a line of which nothing holds is closed and no longer sent."""
    touched: set[str] = set()
    for key in gone:
        row = session.get_one(NoticeItemRow, key)
        row.ended_at = now
        touched.add(row.notice_id)
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
    session.execute(
        update(NoticeDeliveryRow)
        .where(NoticeDeliveryRow.notice_id.in_(over), NoticeDeliveryRow.state == "waiting")
        .values(state="void", done_at=now)
        .execution_options(synchronize_session=False)
    )
