"""The groups of horns of a station: added, named, placed, retired and brought back.

A number is given once and never to other horns: poles, checks and repairs name horns by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.domain.places import Station, fold
from controller.errors import InvalidInputError, NotFoundError, StaleEditError
from controller.services.audit import Deed, changed, last_deed, record
from controller.services.places import Places
from controller.services.pole_codes import end_codes, has_codes, make_code
from controller.services.scope import ensure_within
from controller.services.station_rows import station_row
from controller.storage.database import Database
from controller.storage.models import SpeakerClusterRow, StationRow

LONGEST_NAME = 80
LONGEST_PLACE = 200
LONGEST_WHY = 200
MOST_CLUSTERS = 200
"""So many a station can have, retired ones among them."""


@dataclass(frozen=True, slots=True)
class ClusterWish:
    """What somebody typed of a group of horns; an empty name: it is called by its number."""

    name: str = ""
    place_note: str = ""


@dataclass(frozen=True, slots=True)
class ClusterView:
    """A group of horns."""

    number: int
    name: str | None
    place_note: str | None
    """The neighbourhood and the poles it hangs on."""
    is_invented: bool
    retired_at: datetime | None
    retired_why: str | None
    row_version: int


@dataclass(frozen=True, slots=True)
class ClusterSheet:
    """All groups of horns of a station, by number."""

    station: Station
    in_use: tuple[ClusterView, ...]
    retired: tuple[ClusterView, ...]


class SpeakerClusters:
    """Keeps them, at stations of the actor's place and below."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def sheet(self, actor: Actor, station_id: str) -> ClusterSheet:
        """Those of a station, also of a retired one. NotFoundError outside the actor's place."""
        tree = self._places.tree()
        station = tree.station(station_id)
        ensure_within(tree, actor, station.place_id if station else None)
        assert station is not None  # noqa: S101 - ensure_within refused None
        with self._database.read() as session:
            found = [_view(row) for row in _rows(session, station_id)]
        return ClusterSheet(
            station,
            tuple(one for one in found if one.retired_at is None),
            tuple(one for one in found if one.retired_at is not None),
        )

    def add(self, actor: Actor, station_id: str, wish: ClusterWish) -> int:
        """Enter horns under the next number; that number.

        Where the other poles have codes the new one gets its own. InvalidInputError names the
        field.
        """
        now = self._now()
        with self._database.write() as session:
            station = self._station(session, actor, station_id)
            rows = _rows(session, station_id)
            if len(rows) >= MOST_CLUSTERS:
                raise InvalidInputError("too many", field="name", problem="too_many_clusters")
            number = max((row.number for row in rows), default=0) + 1
            name, place_note = _clean(rows, wish, number)
            session.add(
                SpeakerClusterRow(
                    station_id=station_id, number=number, name=name, place_note=place_note
                )
            )
            if has_codes(session, station_id):
                make_code(session, actor, station_id, number, now)
            self._write_down(
                session,
                actor,
                "cluster.add",
                station,
                number,
                {"name": name, "place_note": place_note},
            )
        return number

    def change(
        self, actor: Actor, station_id: str, number: int, wish: ClusterWish, row_version: int
    ) -> None:
        """Give it another name or place. InvalidInputError names the field; StaleEditError."""
        with self._database.write() as session:
            station = self._station(session, actor, station_id)
            row = _row(session, station_id, number, is_retired=False)
            self._ensure_version(session, row, row_version)
            name, place_note = _clean(_rows(session, station_id), wish, number)
            if (name, place_note, False) == (row.name, row.place_note, row.is_invented):
                return
            detail = changed(
                {"name": row.name, "place_note": row.place_note},
                {"name": name, "place_note": place_note},
            )
            row.name, row.place_note, row.is_invented = name, place_note, False
            row.row_version += 1
            self._write_down(session, actor, "cluster.change", station, number, detail)

    def retire(
        self, actor: Actor, station_id: str, number: int, why: str, row_version: int
    ) -> None:
        """Take the horns out of use: nobody chooses them any more, and their code opens nothing.

        What was written about them stays, with their number and name. InvalidInputError without a
        reason; StaleEditError.
        """
        said = " ".join(clean_text(why, field="why", longest=LONGEST_WHY).split())
        if not said:
            raise InvalidInputError("no reason", field="why", problem="missing")
        now = self._now()
        with self._database.write() as session:
            station = self._station(session, actor, station_id)
            row = _row(session, station_id, number, is_retired=False)
            self._ensure_version(session, row, row_version)
            row.retired_at, row.retired_why = now, said
            row.row_version += 1
            end_codes(session, station_id, number, now)
            self._write_down(session, actor, "cluster.retire", station, number, {"why": said})

    def restore(self, actor: Actor, station_id: str, number: int) -> None:
        """Put retired horns back into use; their pole needs a new code."""
        with self._database.write() as session:
            station = self._station(session, actor, station_id)
            row = _row(session, station_id, number, is_retired=True)
            _clean(_rows(session, station_id), ClusterWish(row.name or ""), number)
            row.retired_at = row.retired_why = None
            row.row_version += 1
            self._write_down(session, actor, "cluster.restore", station, number, {})

    # --- inside -----------------------------------------------------------------------------------

    def _station(self, session: Session, actor: Actor, station_id: str) -> StationRow:
        return station_row(session, self._places.tree(), actor, station_id)

    @staticmethod
    def _ensure_version(session: Session, row: SpeakerClusterRow, row_version: int) -> None:
        if row.row_version != row_version:
            deeds = ("cluster.change", "cluster.retire", "cluster.restore")
            raise StaleEditError(
                "changed meanwhile", **last_deed(session, "station", row.station_id, deeds)
            )

    def _write_down(
        self,
        session: Session,
        actor: Actor,
        action: str,
        station: StationRow,
        number: int,
        detail: dict[str, Any],
    ) -> None:
        told = {"cluster": number, **{key: value for key, value in detail.items() if value}}
        deed = Deed(action, "station", station.station_id, station.place_id, told)
        record(session, actor, deed, at=self._now())


def _rows(session: Session, station_id: str) -> list[SpeakerClusterRow]:
    query = select(SpeakerClusterRow).where(SpeakerClusterRow.station_id == station_id)
    return list(session.scalars(query.order_by(SpeakerClusterRow.number)))


def _row(session: Session, station_id: str, number: int, *, is_retired: bool) -> SpeakerClusterRow:
    for row in _rows(session, station_id):
        if row.number == number and (row.retired_at is not None) is is_retired:
            return row
    raise NotFoundError(f"horns {number} of {station_id}")


def _clean(
    rows: list[SpeakerClusterRow], wish: ClusterWish, number: int
) -> tuple[str | None, str | None]:
    """Name and place in one line each; no other horns in use there have the same name."""
    name = _line(wish.name, "name", LONGEST_NAME)
    taken = {fold(row.name) for row in rows if row.name and row.retired_at is None
             and row.number != number}  # fmt: skip
    if name and fold(name) in taken:
        raise InvalidInputError(name, field="name", problem="cluster_name_taken")
    return name or None, _line(wish.place_note, "place_note", LONGEST_PLACE) or None


def _line(text: str, field: str, longest: int) -> str:
    return " ".join(clean_text(text, longest=longest, field=field).split())


def _view(row: SpeakerClusterRow) -> ClusterView:
    return ClusterView(
        row.number,
        row.name,
        row.place_note,
        row.is_invented,
        row.retired_at,
        row.retired_why,
        row.row_version,
    )
