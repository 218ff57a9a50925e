"""What waits for an approver: in which order, and for which airing it has to be ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor, Permission
from controller.domain.bulletins import BulletinState
from controller.domain.places import Place, PlaceTree
from controller.domain.schedule import next_after
from controller.errors import ForbiddenError
from controller.services.places import Places
from controller.services.schedule_check import station_ids
from controller.services.schedule_rows import load, patterns, valid_part
from controller.storage.database import Database
from controller.storage.models import (
    AccountRow,
    BulletinRow,
    BulletinVersionRow,
    ProgrammeItemRow,
    ScheduleRow,
)


@dataclass(frozen=True, slots=True)
class NearestAiring:
    """The next airing a schedule has for a bulletin, at the stations the approver may see."""

    schedule_id: str
    title: str
    starts_at: datetime
    stations: int


@dataclass(frozen=True, slots=True)
class WaitingBulletin:
    """A bulletin somebody else sent for approval."""

    bulletin_id: str
    title: str
    place: Place
    author_name: str
    since_at: datetime
    nearest: NearestAiring | None
    """None: no schedule uses it."""


class ApprovalQueue:
    """Reads what waits at the approver's place and below."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def waiting(self, actor: Actor) -> tuple[WaitingBulletin, ...]:
        """What airs soonest in front, then what has waited longest. ForbiddenError for others."""
        if not actor.may(Permission.APPROVE_BULLETINS):
            raise ForbiddenError(str(Permission.APPROVE_BULLETINS))
        tree, now = self._places.tree(), self._now()
        query = (
            select(BulletinRow, AccountRow.full_name)
            .join(AccountRow, AccountRow.account_id == BulletinRow.author_id)
            .where(waits_for(tree, actor))
        )
        with self._database.read() as session:
            rows = session.execute(query).all()
            nearest = nearest_airings(
                session, tree, actor, [row.bulletin_id for row, _ in rows], now
            )
            found = [
                WaitingBulletin(
                    bulletin_id=row.bulletin_id,
                    title=row.title,
                    place=tree.places[row.place_id],
                    author_name=name,
                    since_at=row.submitted_at or row.updated_at,
                    nearest=nearest.get(row.bulletin_id),
                )
                for row, name in rows
            ]
        return tuple(sorted(found, key=_turn))


def _turn(one: WaitingBulletin) -> tuple[bool, datetime, str]:
    first_at = one.nearest.starts_at if one.nearest else one.since_at
    return one.nearest is None, first_at, one.bulletin_id


def waits_for(tree: PlaceTree, actor: Actor) -> ColumnElement[bool]:
    """Bulletins sent for approval that the actor may decide on: nobody approves the own one."""
    here = [place.place_id for place in tree.walk(actor.place_id)]
    own_sound = exists().where(
        BulletinVersionRow.bulletin_id == BulletinRow.bulletin_id,
        BulletinVersionRow.created_by == actor.account_id,
    )
    return and_(
        BulletinRow.state == BulletinState.SUBMITTED.value,
        BulletinRow.place_id.in_(here),
        BulletinRow.author_id != actor.account_id,
        ~own_sound,
    )


def nearest_airings(
    session: Session,
    tree: PlaceTree,
    actor: Actor,
    bulletin_ids: Sequence[str],
    now: datetime,
) -> Mapping[str, NearestAiring]:
    """The next airing of each of these that has one at a station of the actor's place."""
    programmes = select(ProgrammeItemRow.programme_id).where(
        ProgrammeItemRow.bulletin_id.in_(bulletin_ids)
    )
    schedules = [
        valid_part(stored) for stored in load(session, ScheduleRow.programme_id.in_(programmes))
    ]
    here = station_ids(tree, [actor.place_id])
    found: dict[str, NearestAiring] = {}
    for stored, rule in patterns(session, schedules, now):
        at, stations = next_after(rule, now), here & station_ids(tree, stored.target_ids)
        if at is None or not stations:
            continue
        airing = NearestAiring(stored.schedule_id, stored.content.title, at, len(stations))
        for bulletin_id in stored.content.bulletin_ids:
            known = found.get(bulletin_id)
            if known is None or airing.starts_at < known.starts_at:
                found[bulletin_id] = airing
    return {key: airing for key, airing in found.items() if key in set(bulletin_ids)}
