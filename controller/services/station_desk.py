"""The stations as things somebody owns: added, named, commissioned, retired and brought back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from controller.domain import gazetteer
from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_language, clean_text
from controller.domain.places import Place, PlaceKind, PlaceTree, fold
from controller.domain.reconcile import Source
from controller.errors import InvalidInputError
from controller.services import absences, maintenance, station_states
from controller.services.absences import AbsenceKind
from controller.services.audit import changed
from controller.services.near_slots import slots_near
from controller.services.places import Places
from controller.services.scope import ensure_targets
from controller.services.shut_slots import LOOKED_AHEAD, Shut, shut_by
from controller.services.station_rows import ensure_version, station_row, write_down
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import SlotResultRow, StationRow, StationStateRow
from station_protocol.vocabulary import Outcome

RETIRED = "station_retired"
"""Reason of slots that no longer come because their station was retired."""

LONGEST_NAME = 120
LONGEST_WHY = 200
LONGEST_ID = 40
LONGEST_CAP_MIN = 240


@dataclass(frozen=True, slots=True)
class StationWish:
    """What somebody typed of a station that is there."""

    name: str
    identifier_code: str
    longest_min: int
    volume_ceiling_percent: int


@dataclass(frozen=True, slots=True)
class NewStation:
    """What it takes to add one; its cap follows from the kind of its commune."""

    place_id: str
    name: str
    languages: Sequence[str]
    identifier_code: str = ""
    receiver_note: str = ""


class StationDesk:
    """Deeds on stations of the actor's place and below."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        settings: PlanSettings,
        wake: Callable[[str], None] = lambda _job: None,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._settings = settings
        self._wake = wake

    def add(self, actor: Actor, new: NewStation) -> str:
        """Add a station on trial: nothing is scheduled there until it is commissioned; its id.

        InvalidInputError names the field; OutOfScopeError for a commune outside the actor's place.
        """
        tree, now = self._places.tree(), self._now()
        place = tree.places.get(new.place_id)
        if place is None or place.kind is not PlaceKind.COMMUNE:
            raise InvalidInputError(new.place_id, field="place_id", problem="not_a_commune")
        ensure_targets(tree, actor, [place.place_id])
        languages = [clean_language(one).value for one in dict.fromkeys(new.languages) if one]
        if not languages:
            raise InvalidInputError("no language", field="languages", problem="missing")
        note = clean_text(new.receiver_note, field="receiver_note")
        with self._database.write() as session:
            row = StationRow(
                station_id=_free_id(session, place),
                place_id=place.place_id,
                name=_free_name(session, place, new.name),
                identifier_code=_free_code(session, new.identifier_code),
                language_order=languages,
                receiver_note=note or None,
                max_length_ms=gazetteer.longest_ms(
                    place,
                    commune_min=self._settings.commune_cap_min,
                    ward_min=self._settings.ward_cap_min,
                ),
                registered_at=now,
            )
            session.add(row)
            session.flush()
            session.add(StationStateRow(station_id=row.station_id))
            absences.begin(
                session,
                row.station_id,
                AbsenceKind.TRIAL,
                at=absences.EVER,
                why="",
                who=actor.full_name,
            )
            write_down(session, actor, "station.add", row, {"title": row.name}, at=now)
            station_id = row.station_id
        self._changed()
        return station_id

    def change(
        self,
        actor: Actor,
        station_id: str,
        wish: StationWish,
        row_version: int,
        *,
        anyway: bool = False,
    ) -> None:
        """Give it another name, code or caps. InvalidInputError names the field; StaleEditError.

        InvalidInputError `slots_shut` (facts: shut) when slots to come are longer than the new cap
        and the caller does not want it anyway: the station would refuse them.
        """
        if not 1 <= wish.longest_min <= LONGEST_CAP_MIN:
            raise InvalidInputError("cap", field="longest_min", problem="bad_minutes")
        if not 0 <= wish.volume_ceiling_percent <= 100:
            raise InvalidInputError("volume", field="volume", problem="bad_percent")
        tree = self._places.tree()
        with self._database.write() as session:
            row = station_row(session, tree, actor, station_id)
            ensure_version(session, row, row_version)
            place = tree.places[row.place_id]
            name = _free_name(session, place, wish.name, but=station_id)
            code = _free_code(session, wish.identifier_code, but=station_id)
            longest_ms, percent = wish.longest_min * 60_000, wish.volume_ceiling_percent
            wanted = (name, code, longest_ms, percent)
            if wanted == _stands(row):
                return
            shut = None if anyway else self._shut(session, row, longest_ms)
            if shut is not None:
                raise InvalidInputError(
                    "slots shut", field="anyway", problem="slots_shut", shut=shut
                )
            was = _told(row)
            row.name, row.identifier_code = name, code
            row.max_length_ms, row.volume_ceiling_percent = longest_ms, percent
            row.row_version += 1
            detail = changed(was, _told(row))
            write_down(session, actor, "station.change", row, detail, at=self._now())
            station_states.touch(session, [station_id])
        self._changed()

    def _shut(self, session: Session, row: StationRow, longest_ms: int) -> Shut | None:
        """The slots to come that fit the cap as it is and not as it becomes."""
        tree, now = self._places.tree(), self._now()
        near = slots_near(session, tree, row.place_id, after=now, before=now + LOOKED_AHEAD)
        here = [
            slot for slot in near if row.station_id in {one.station_id for one in slot.stations}
        ]
        return shut_by(
            here,
            lambda _station, slot: slot.row.duration_ms <= row.max_length_ms,
            lambda _station, slot: slot.row.duration_ms <= longest_ms,
        )

    def commission(self, actor: Actor, station_id: str) -> None:
        """Put it into service: from now on schedules air there and it is counted."""
        now = self._now()
        with self._database.write() as session:
            row = station_row(session, self._places.tree(), actor, station_id)
            if absences.open_row(session, station_id) is None:
                return
            absences.end(session, station_id, at=now, who=actor.full_name)
            _let_come_again(session, station_id, now)
            row.row_version += 1
            write_down(session, actor, "station.commission", row, at=now)
            station_states.touch(session, [station_id])
        self._changed()

    def retire(self, actor: Actor, station_id: str, why: str, typed: str) -> None:
        """Take it out of service for good; its slots to come end with that reason, here and now.

        What was counted before stays. The machine is let in until it holds the plan that is empty.
        InvalidInputError names the field when no reason is given or the sentence was not typed.
        """
        said = clean_text(why, field="why", longest=LONGEST_WHY)
        if not said:
            raise InvalidInputError("no reason", field="why", problem="missing")
        tree, now = self._places.tree(), self._now()
        with self._database.write() as session:
            row = station_row(session, tree, actor, station_id)
            if fold(typed) != fold(phrase(row.name)):
                raise InvalidInputError("not typed", field="typed", problem="not_typed")
            _end_slots(session, tree, row, now, self._settings.days)
            maintenance.close_all(session, station_id, actor.full_name, now)
            row.retired_at = now
            row.row_version += 1
            absences.begin(
                session, station_id, AbsenceKind.RETIRED, at=now, why=said, who=actor.full_name
            )
            write_down(session, actor, "station.retire", row, {"why": said}, at=now)
            station_states.touch(session, [station_id])
        self._changed()

    def restore(self, actor: Actor, station_id: str) -> None:
        """Bring a retired station back, on trial: it is commissioned when its machine works."""
        now = self._now()
        with self._database.write() as session:
            row = station_row(session, self._places.tree(), actor, station_id, is_retired=True)
            row.retired_at = None
            row.row_version += 1
            absences.begin(
                session, station_id, AbsenceKind.TRIAL, at=now, why="", who=actor.full_name
            )
            write_down(session, actor, "station.restore", row, at=now)
            station_states.touch(session, [station_id])
        self._changed()

    def _changed(self) -> None:
        self._places.reload()
        for job in ("plan_refresh", "broker_users"):
            self._wake(job)


def phrase(name: str) -> str:
    """What has to be typed before a station of this name is retired."""
    return f"ngừng hẳn {name.removeprefix(gazetteer.STATION_WORDS).strip()}"


def _stands(row: StationRow) -> tuple[str, str | None, int, int]:
    return row.name, row.identifier_code, row.max_length_ms, row.volume_ceiling_percent


def _told(row: StationRow) -> dict[str, Any]:
    return {
        "title": row.name,
        "code_of_station": row.identifier_code,
        "longest_min": row.max_length_ms // 60_000,
        "percent": row.volume_ceiling_percent,
    }


def _free_id(session: Session, place: Place) -> str:
    """The id of the commune, with a number when it has a station already; never used again."""
    taken = set(
        session.scalars(
            select(StationRow.station_id).where(StationRow.station_id.startswith(place.place_id))
        )
    )
    stem = place.place_id[: LONGEST_ID - 4]
    numbered = (f"{stem}-{number}" for number in range(2, 1_000))
    names = [place.place_id, *numbered]
    return next(name for name in names if name not in taken)


def _free_name(session: Session, place: Place, typed: str, *, but: str = "") -> str:
    name = " ".join(clean_text(typed, field="name", longest=LONGEST_NAME).split())
    if not name:
        raise InvalidInputError("no name", field="name", problem="missing")
    query = select(StationRow.name).where(
        StationRow.place_id == place.place_id,
        StationRow.station_id != but,
        StationRow.retired_at.is_(None),
    )
    if any(fold(other) == fold(name) for other in session.scalars(query)):
        raise InvalidInputError(name, field="name", problem="station_name_taken")
    return name


def _free_code(session: Session, typed: str, *, but: str = "") -> str | None:
    code = " ".join(clean_text(typed, field="identifier_code", longest=60).split())
    if not code:
        return None
    query = select(StationRow.station_id).where(
        StationRow.identifier_code == code, StationRow.station_id != but
    )
    if session.scalar(query) is not None:
        raise InvalidInputError(code, field="identifier_code", problem="code_taken")
    return code


def _end_slots(
    session: Session, tree: PlaceTree, row: StationRow, now: datetime, days: int
) -> None:
    near = slots_near(session, tree, row.place_id, after=now, before=now + timedelta(days=days + 2))
    for slot in near:
        if all(one.station_id != row.station_id for one in slot.stations):
            continue
        session.merge(
            SlotResultRow(
                station_id=row.station_id,
                slot_id=slot.row.slot_id,
                outcome=Outcome.CANCELLED.value,
                reason=RETIRED,
                title=slot.row.title,
                planned_at=slot.starts_at,
                planned_ms=slot.row.duration_ms,
                played_ms=0,
                decided_at=now,
                source=Source.CENTRE.value,
            )
        )
    session.flush()


def _let_come_again(session: Session, station_id: str, now: datetime) -> None:
    """Forget that slots still to come had ended: nothing of them has happened."""
    session.execute(
        delete(SlotResultRow).where(
            SlotResultRow.station_id == station_id,
            SlotResultRow.reason == RETIRED,
            SlotResultRow.planned_at > now,
        )
    )
