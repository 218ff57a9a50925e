"""Listening checks: somebody stood below the horns and says what was heard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.domain.delivery import VERIFIED_WITHIN
from controller.domain.periods import Basis, Length, Period, period_of
from controller.domain.places import Place
from controller.domain.reconcile import SOUNDING
from controller.domain.schedule import local_date
from controller.errors import InvalidInputError
from controller.services import stale_days
from controller.services.audit import Deed, record
from controller.services.equipment import clusters_of
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.scope import among, ensure_within
from controller.storage.database import Database
from controller.storage.models import (
    ListeningCheckRow,
    SlotResultRow,
    SpeakerClusterRow,
    StationRow,
)

LONGEST_NOTE = 300
LATE_FOR = timedelta(days=3)
"""A check may be written down so long after it."""

AHEAD = timedelta(minutes=5)
"""A phone's clock may run ahead so far."""

SAME_WITHIN = timedelta(minutes=2)
"""A check told twice within this is one: a form sent again over a bad line is no second check."""

LONGEST_SLOT = timedelta(hours=6)
SHOWN = 20


class Heard(StrEnum):
    """What came out of the horns."""

    HEARD = "heard"
    WEAK = "weak"
    NOT_HEARD = "not_heard"


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check as screens show it."""

    listening_check_id: str
    station_id: str
    cluster_number: int | None
    heard: Heard
    listened_at: datetime
    note: str
    checked_by: str


@dataclass(frozen=True, slots=True)
class Sounded:
    """What a station says it aired at an instant."""

    slot_id: str
    title: str
    planned_at: datetime


@dataclass(frozen=True, slots=True)
class HeardCheck:
    """A check beside what the station says of that instant."""

    check: CheckView
    sounded: Sounded | None

    @property
    def is_contradicted(self) -> bool:
        """Whether nobody heard what the station says it aired: then horns are broken."""
        return self.check.heard is Heard.NOT_HEARD and self.sounded is not None


@dataclass(frozen=True, slots=True)
class CheckPage:
    """What the page of listening checks of one station shows."""

    station_id: str
    place: Place
    clusters: tuple[tuple[int, str | None], ...]
    """The groups of horns in use, by number."""
    cluster_names: Mapping[int, str | None]
    """Of all, also of those that were retired."""
    sounding: Sounded | None
    """What sounds there now."""
    month: Period
    heard: int
    """How often somebody heard it this month."""
    wanted: int
    """How often somebody must, for the station to count as effective."""
    checks: tuple[HeardCheck, ...]
    """The newest first."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """A station nobody has heard often enough this month."""

    station_id: str
    place: Place
    district: Place | None


@dataclass(frozen=True, slots=True)
class UnheardHere:
    """How many stations of a place nobody has heard often enough, and the first of them."""

    total: int
    named: tuple[Unheard, ...]


class ListeningChecks:
    """Writes them down and reads them, at stations of the actor's place and below."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        wanted_a_month: int = 1,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._wanted = wanted_a_month

    def write(
        self,
        actor: Actor,
        station_id: str,
        heard: Heard,
        *,
        cluster_number: int | None = None,
        listened_at: datetime | None = None,
        note: str = "",
    ) -> str:
        """Keep one check; its id. `listened_at` None: now. The same one told again is kept once.

        NotFoundError outside the actor's place; InvalidInputError names the field.
        """
        now = self._now()
        at, said = listened_at or now, clean_text(note, field="note", longest=LONGEST_NOTE)
        if at > now + AHEAD:
            raise InvalidInputError("in the future", field="listened_at", problem="in_future")
        if at < now - LATE_FOR:
            raise InvalidInputError("too long ago", field="listened_at", problem="too_long_ago")
        with self._database.write() as session:
            station = self._station(session, actor, station_id)
            _ensure_cluster(session, station_id, cluster_number)
            told = _told_already(session, actor, station_id, cluster_number, heard, min(at, now))
            if told is not None:
                return told
            row = ListeningCheckRow(
                listening_check_id=new_id(now),
                station_id=station_id,
                cluster_number=cluster_number,
                heard=heard.value,
                listened_at=min(at, now),
                note=said,
                checked_by=actor.account_id,
                checked_by_name=actor.full_name,
                written_at=now,
            )
            session.add(row)
            detail = {"heard": heard.value, "at": at.isoformat(), "cluster": cluster_number}
            deed = Deed("station.listened", "station", station_id, station.place_id, detail)
            record(session, actor, deed, at=now)
            stale_days.mark(session, station_id, [row.listened_at], now)
            return row.listening_check_id

    def page(self, actor: Actor, station_id: str) -> CheckPage:
        """What the page of one station shows. NotFoundError outside the place."""
        now, tree = self._now(), self._places.tree()
        month = period_of(Basis.CALENDAR, Length.MONTH, local_date(now))
        row = ListeningCheckRow
        heard = select(func.count()).where(row.station_id == station_id, *_heard_in(month))
        with self._database.read() as session:
            station = self._station(session, actor, station_id)
            rows = session.scalars(
                select(ListeningCheckRow)
                .where(ListeningCheckRow.station_id == station_id)
                .order_by(ListeningCheckRow.listened_at.desc())
                .limit(SHOWN)
            ).all()
            names = clusters_of(session, [station_id])[station_id]
            in_use = clusters_of(session, [station_id], in_use=True)[station_id]
            return CheckPage(
                station_id=station_id,
                place=tree.places[station.place_id],
                clusters=tuple(in_use.items()),
                cluster_names=names,
                sounding=_sounding(session, station_id, now),
                month=month,
                heard=session.scalar(heard) or 0,
                wanted=self._wanted,
                checks=tuple(
                    HeardCheck(view_of(row), sounded_at(session, station_id, row.listened_at))
                    for row in rows
                ),
            )

    def unheard(self, actor: Actor, most_named: int) -> UnheardHere:
        """Stations in service at the actor's place and below that lack a check this month."""
        tree = self._places.tree()
        stations = tree.stations_of([actor.place_id], actor.place_id)
        here = tree.serving(actor.place_id)
        month = period_of(Basis.CALENDAR, Length.MONTH, local_date(self._now()))
        with self._database.read() as session:
            heard = self._heard_enough(session, here, month) if self._wanted else here
        lacking = (one for one in stations if one.station_id not in heard)
        return UnheardHere(
            len(here - heard),
            tuple(
                Unheard(one.station_id, tree.places[one.place_id], tree.district_of(one.place_id))
                for one in islice(lacking, most_named)
            ),
        )

    def _heard_enough(
        self, session: Session, station_ids: Collection[str], month: Period
    ) -> frozenset[str]:
        """Those of these that were heard as often as they must be, and maybe more."""
        row = ListeningCheckRow
        query = (
            select(row.station_id)
            .where(among(row.station_id, station_ids), *_heard_in(month))
            .group_by(row.station_id)
            .having(func.count() >= self._wanted)
        )
        return frozenset(session.scalars(query))

    def latest(self, actor: Actor, station_id: str, limit: int = 20) -> tuple[CheckView, ...]:
        """The checks of one station, the newest first. NotFoundError outside the place."""
        with self._database.read() as session:
            self._station(session, actor, station_id)
            rows = session.scalars(
                select(ListeningCheckRow)
                .where(ListeningCheckRow.station_id == station_id)
                .order_by(ListeningCheckRow.listened_at.desc())
                .limit(limit)
            )
            return tuple(view_of(row) for row in rows)

    def _station(self, session: Session, actor: Actor, station_id: str) -> StationRow:
        row = session.get(StationRow, station_id)
        ensure_within(self._places.tree(), actor, row.place_id if row else None)
        assert row is not None  # noqa: S101 - ensure_within refuses None
        return row


def view_of(row: ListeningCheckRow) -> CheckView:
    """A row as screens show it."""
    return CheckView(
        row.listening_check_id,
        row.station_id,
        row.cluster_number,
        Heard(row.heard),
        row.listened_at,
        row.note,
        row.checked_by_name,
    )


def _ensure_cluster(session: Session, station_id: str, number: int | None) -> None:
    if number is None:
        return
    known = session.scalar(
        select(SpeakerClusterRow.speaker_cluster_id).where(
            SpeakerClusterRow.station_id == station_id,
            SpeakerClusterRow.number == number,
            SpeakerClusterRow.retired_at.is_(None),
        )
    )
    if known is None:
        raise InvalidInputError(
            "no such cluster", field="cluster_number", problem="unknown_cluster"
        )


def sounded_at(session: Session, station_id: str, at: datetime) -> Sounded | None:
    """What the station says it aired at an instant, give or take what a watch is wrong."""
    rows = session.scalars(
        select(SlotResultRow)
        .where(
            SlotResultRow.station_id == station_id,
            SlotResultRow.planned_at > at - LONGEST_SLOT,
            SlotResultRow.planned_at < at + VERIFIED_WITHIN,
            SlotResultRow.started_at <= at + VERIFIED_WITHIN,
        )
        .order_by(SlotResultRow.started_at.desc())
    )
    for row in rows:
        if _aired_at(row, at):
            return Sounded(row.slot_id, row.title, row.planned_at)
    return None


def _aired_at(row: SlotResultRow, at: datetime) -> bool:
    if row.started_at is None:
        return False
    if row.outcome == SOUNDING:
        return at <= row.started_at + timedelta(milliseconds=row.planned_ms) + VERIFIED_WITHIN
    ends = row.started_at + timedelta(milliseconds=row.played_ms)
    return row.played_ms > 0 and at <= ends + VERIFIED_WITHIN


def _sounding(session: Session, station_id: str, now: datetime) -> Sounded | None:
    row = session.scalars(
        select(SlotResultRow)
        .where(
            SlotResultRow.station_id == station_id,
            SlotResultRow.outcome == SOUNDING,
            SlotResultRow.planned_at > now - LONGEST_SLOT,
        )
        .order_by(SlotResultRow.planned_at.desc())
        .limit(1)
    ).first()
    return Sounded(row.slot_id, row.title, row.planned_at) if row is not None else None


def _heard_in(month: Period) -> tuple[ColumnElement[bool], ...]:
    """The checks of a month at which something was heard."""
    row = ListeningCheckRow
    return (
        row.heard != Heard.NOT_HEARD.value,
        row.listened_at >= month.starts_at,
        row.listened_at < month.ends_at,
    )


def _told_already(
    session: Session,
    actor: Actor,
    station_id: str,
    cluster_number: int | None,
    heard: Heard,
    at: datetime,
) -> str | None:
    row = ListeningCheckRow
    return session.scalar(
        select(row.listening_check_id)
        .where(
            row.station_id == station_id,
            row.checked_by == actor.account_id,
            row.heard == heard.value,
            row.cluster_number.is_(None)
            if cluster_number is None
            else row.cluster_number == cluster_number,
            row.listened_at > at - SAME_WITHIN,
            row.listened_at < at + SAME_WITHIN,
        )
        .limit(1)
    )
