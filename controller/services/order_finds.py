"""Who is told that two priority items wait for the commune's word on their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from controller.domain.accounts import Permission
from controller.domain.notices import NoticeKind
from controller.services.alarm_finds import OpenItem, open_items
from controller.services.notice_finds import Find
from controller.services.notice_people import People, Person
from controller.services.unordered import Unordered, clashes, unordered


def to_order(session: Session, people: People, now: datetime) -> Iterator[Find]:
    """Priority items that meet and that nobody has ordered, for the people of the commune.

    Where none of them has an account it is told to the next place above that has somebody: they
    cannot order, but phone the commune, or move one of the two. Two series that meet each week are
    one thing, which holds as long as one meeting of theirs waits.
    """
    waiting = clashes(unordered(session, now))
    if not waiting:
        return
    told = open_items(session, NoticeKind.TO_ORDER)
    stations = reversed(list(people.tree.stations.values()))  # the first of a commune is its own
    own = {station.place_id: station.station_id for station in stations}
    for one in (clash.soonest for clash in waiting):
        station = people.tree.stations.get(one.station_id)
        if station is None or own[station.place_id] != one.station_id:
            continue
        readers, may_order = _told(people, station.place_id)
        facts = {
            "station_id": one.station_id,
            "place_id": station.place_id,
            "slot_id": one.second.slot_id,
            "first": one.first.title,
            "second": one.second.title,
            "at": one.meets_at.isoformat(),
            "until": one.settled_at.isoformat(),
            "again": "1" if one.is_series else "",
            "above": "" if may_order else "1",
        }
        for person in readers:
            account_id = person.actor.account_id
            yield Find(
                NoticeKind.TO_ORDER,
                account_id,
                _key(one, told),
                station.place_id,
                facts,
                frozenset({account_id}),
            )


def _key(one: Unordered, told: Mapping[str, OpenItem]) -> str:
    """What it is told once by: a moved one is told anew, a further day of a series is not."""
    before = told.get(one.subject) if one.is_series else None
    return before.item_key if before else f"{one.subject} {one.meets_at.isoformat()}"


def _told(people: People, place_id: str) -> tuple[list[Person], bool]:
    """Those of the commune, else of the next place above; and whether they may order."""
    for place in people.tree.path(place_id):
        told = people.at(place.place_id, NoticeKind.TO_ORDER)
        if told:
            return told, all(one.actor.may(Permission.ANSWER_OFFERS) for one in told)
    return [], False
