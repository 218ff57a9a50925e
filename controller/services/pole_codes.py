"""The codes printed on poles: made, renewed and switched off by whoever keeps the station."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.places import Station
from controller.errors import NotFoundError
from controller.services.audit import Deed, record
from controller.services.equipment import clusters_of
from controller.services.places import Places
from controller.services.scope import ensure_within
from controller.storage.database import Database
from controller.storage.models import PoleCodeRow

LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without what people take for another: no 0, 1, i, l, o."""

LENGTH = 12
"""31 letters, 12 of them: 59 bits, which nobody guesses through a throttle."""

STATION = 0
"""Stands for the station itself where a group of horns has its number."""


@dataclass(frozen=True, slots=True)
class CodeView:
    """One pole and its code."""

    number: int
    """Of the group of horns; 0: the station itself."""
    name: str | None
    code: str | None
    """None: none was made, or it was switched off."""
    made_at: datetime | None
    was_off: bool
    """Whether there was one before."""


@dataclass(frozen=True, slots=True)
class CodeSheet:
    """The codes of a station."""

    station: Station
    codes: tuple[CodeView, ...]


class PoleCodes:
    """Keeps them, at stations of the actor's place and below."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def sheet(self, actor: Actor, station_id: str) -> CodeSheet:
        """The codes of a station. NotFoundError outside the actor's place."""
        station = self._station(actor, station_id)
        with self._database.read() as session:
            names: dict[int, str | None] = {STATION: None}
            names |= clusters_of(session, [station_id], in_use=True)[station_id]
            rows = session.scalars(
                select(PoleCodeRow)
                .where(PoleCodeRow.station_id == station_id)
                .order_by(PoleCodeRow.made_at)
            ).all()
            known = {row.cluster_number or STATION: row for row in rows}
            codes = [_view(number, name, known.get(number)) for number, name in names.items()]
        return CodeSheet(station, tuple(codes))

    def make_missing(self, actor: Actor, station_id: str) -> int:
        """Make a code for each pole that never had one; how many."""
        missing = [
            one.number
            for one in self.sheet(actor, station_id).codes
            if one.code is None and not one.was_off
        ]
        with self._database.write() as session:
            for number in missing:
                make_code(session, actor, station_id, number, self._now())
            if missing:
                self._write_down(session, actor, station_id, "pole.make", {"poles": missing})
        return len(missing)

    def renew(self, actor: Actor, station_id: str, number: int) -> None:
        """Make another code for a pole; the old one says that it was renewed."""
        self._ensure_pole(actor, station_id, number)
        with self._database.write() as session:
            end_codes(session, station_id, number, self._now())
            make_code(session, actor, station_id, number, self._now())
            self._write_down(session, actor, station_id, "pole.renew", {"pole": number})

    def switch_off(self, actor: Actor, station_id: str, number: int) -> None:
        """Let the code of a pole open nothing any more."""
        self._ensure_pole(actor, station_id, number)
        with self._database.write() as session:
            if end_codes(session, station_id, number, self._now()):
                self._write_down(session, actor, station_id, "pole.off", {"pole": number})

    def _ensure_pole(self, actor: Actor, station_id: str, number: int) -> None:
        if all(one.number != number for one in self.sheet(actor, station_id).codes):
            raise NotFoundError(f"pole {number} of {station_id}")

    def _station(self, actor: Actor, station_id: str) -> Station:
        tree = self._places.tree()
        station = tree.stations.get(station_id)
        ensure_within(tree, actor, station.place_id if station else None)
        assert station is not None  # noqa: S101 - ensure_within refused None
        return station

    def _write_down(
        self, session: Session, actor: Actor, station_id: str, action: str, detail: dict[str, Any]
    ) -> None:
        place_id = self._places.tree().stations[station_id].place_id
        deed = Deed(action, "station", station_id, place_id, detail)
        record(session, actor, deed, at=self._now())


def has_codes(session: Session, station_id: str) -> bool:
    """Whether some pole of the station has a code that opens."""
    query = select(PoleCodeRow.code).where(
        PoleCodeRow.station_id == station_id, PoleCodeRow.ended_at.is_(None)
    )
    return session.scalar(query.limit(1)) is not None


def make_code(session: Session, actor: Actor, station_id: str, number: int, now: datetime) -> None:
    """Make a code for a pole; `number` STATION: for the station itself."""
    session.add(
        PoleCodeRow(
            code="".join(secrets.choice(LETTERS) for _number in range(LENGTH)),
            station_id=station_id,
            cluster_number=number or None,
            made_at=now,
            made_by=actor.full_name,
        )
    )


def end_codes(session: Session, station_id: str, number: int, now: datetime) -> int:
    """Let the codes of a pole open nothing any more; how many did."""
    cluster = PoleCodeRow.cluster_number
    rows = session.scalars(
        select(PoleCodeRow).where(
            PoleCodeRow.station_id == station_id,
            cluster.is_(None) if number == STATION else cluster == number,
            PoleCodeRow.ended_at.is_(None),
        )
    ).all()
    for row in rows:
        row.ended_at = now
    return len(rows)


def _view(number: int, name: str | None, row: PoleCodeRow | None) -> CodeView:
    is_on = row is not None and row.ended_at is None
    return CodeView(
        number,
        name,
        row.code if row is not None and is_on else None,
        row.made_at if row is not None and is_on else None,
        was_off=row is not None and not is_on,
    )
