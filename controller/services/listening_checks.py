"""Listening checks: somebody stood below the horns and says what was heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.errors import InvalidInputError
from controller.services import stale_days
from controller.services.audit import Deed, record
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.scope import ensure_within
from controller.storage.database import Database
from controller.storage.models import ListeningCheckRow, SpeakerClusterRow, StationRow

LONGEST_NOTE = 300
LATE_FOR = timedelta(days=3)
"""A check may be written down so long after it."""

AHEAD = timedelta(minutes=5)
"""A phone's clock may run ahead so far."""


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


class ListeningChecks:
    """Writes them down and reads them, at stations of the actor's place and below."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

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
        """Keep one check; its id. `listened_at` None: now.

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


def checks_between(
    session: Session, station_ids: Iterable[str], start: datetime, end: datetime
) -> list[CheckView]:
    """The checks of these stations in a span, in order of time."""
    rows = session.scalars(
        select(ListeningCheckRow)
        .where(
            ListeningCheckRow.station_id.in_(sorted(station_ids)),
            ListeningCheckRow.listened_at >= start,
            ListeningCheckRow.listened_at < end,
        )
        .order_by(ListeningCheckRow.listened_at)
    )
    return [view_of(row) for row in rows]


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
            SpeakerClusterRow.station_id == station_id, SpeakerClusterRow.number == number
        )
    )
    if known is None:
        raise InvalidInputError("no such cluster", field="cluster_number", problem="unknown")
