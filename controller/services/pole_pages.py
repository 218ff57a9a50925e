"""What a passer-by sees behind the code of a pole, and how they say that it is silent.

Nothing of anybody is asked, kept or shown: not who reports, not from where, not who made what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from audio_library.errors import AssetMissingError
from audio_library.store import AssetStore
from controller.domain.bulletins import BulletinState, clean_text
from controller.domain.emergencies import Kind, Part, State
from controller.domain.places import Place, PlaceTree, Station
from controller.errors import NotFoundError
from controller.services.audit import Deed, record
from controller.services.emergency_views import traces, views_of
from controller.services.equipment import clusters_of
from controller.services.fault_reports import LONGEST_TEXT
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.slot_sounds import items_at
from controller.storage.database import Database
from controller.storage.models import (
    BulletinRow,
    BulletinVersionRow,
    EmergencyRow,
    FaultReportRow,
    PoleCodeRow,
    SlotResultRow,
    SlotRow,
)
from station_protocol.vocabulary import Outcome

HEARD_AGAIN = timedelta(days=7)
MOST_BULLETINS = 12
MOST_EMERGENCIES = 3
MOST_AIRINGS = 400
LONGEST_WORDS = 200
LONGEST_WARNING = 700
"""So many letters of a warning are shown: the page must come over a poor line."""

_HEARD = (Outcome.AIRED.value, Outcome.LATE.value)


class PoleState(StrEnum):
    """What a code opens."""

    OPEN = "open"
    RENEWED = "renewed"
    """Another hangs there now."""
    OFF = "off"
    STATION_RETIRED = "station_retired"


@dataclass(frozen=True, slots=True)
class Aired:
    """A bulletin that sounded here, to hear again."""

    title: str
    aired_at: datetime
    """The last time."""
    times: int
    sha256: str
    size_bytes: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Warned:
    """An emergency that sounded here, in words."""

    title: str
    text: str
    sounded_at: datetime
    is_over: bool


@dataclass(frozen=True, slots=True)
class PolePage:
    """Everything a page shows."""

    code: str
    state: PoleState
    place: Place
    district: Place | None
    cluster_number: int | None
    cluster_name: str | None
    aired: tuple[Aired, ...] = ()
    warnings: tuple[Warned, ...] = ()
    known_since: datetime | None = None
    """Since when somebody knows that this loudspeaker is broken; None: nobody said so."""
    promised: bool = False


class PolePages:
    """Reads pages by code, and takes what passers-by report."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], places: Places, sounds: AssetStore
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._sounds = sounds

    def page(self, code: str) -> PolePage:
        """What a code opens. NotFoundError for one that never was."""
        tree, now = self._places.tree(), self._now()
        with self._database.read() as session:
            pole, station, state = self._pole(session, tree, code)
            names = clusters_of(session, [station.station_id])[station.station_id]
            fault = _open_fault(session, pole) if state is PoleState.OPEN else None
            is_open = state is PoleState.OPEN
            return PolePage(
                code=code,
                state=state,
                place=tree.places[station.place_id],
                district=tree.district_of(station.place_id),
                cluster_number=pole.cluster_number,
                cluster_name=names.get(pole.cluster_number or 0),
                aired=_aired(session, station, now) if is_open else (),
                warnings=_warnings(session, tree, station, now) if is_open else (),
                known_since=fault.reported_at if fault else None,
                promised=fault is not None and fault.promised_on is not None,
            )

    def sound(self, code: str, sha256: str) -> Path:
        """The file of a bulletin that sounded here. NotFoundError for any other sound."""
        tree = self._places.tree()
        with self._database.read() as session:
            _pole, station, state = self._pole(session, tree, code)
            known = _aired(session, station, self._now()) if state is PoleState.OPEN else ()
        if all(one.sha256 != sha256 for one in known):
            raise NotFoundError(f"sound {sha256} at a pole")
        try:
            return self._sounds.path(sha256)
        except AssetMissingError as error:
            raise NotFoundError(f"sound {sha256}") from error

    def report(self, code: str, words: str) -> None:
        """Say that this loudspeaker is broken; `words` may be empty.

        While a report of these horns is open it is counted there. NotFoundError for a code that
        opens nothing, InvalidInputError for words that cannot be shown.
        """
        said = " ".join(clean_text(words, longest=LONGEST_WORDS, field="words").split())
        tree, now = self._places.tree(), self._now()
        with self._database.write() as session:
            pole, station, state = self._pole(session, tree, code)
            if state is not PoleState.OPEN:
                raise NotFoundError("this code opens nothing")
            row = _open_fault(session, pole)
            if row is None:
                row = FaultReportRow(
                    fault_report_id=new_id(now), station_id=pole.station_id,
                    cluster_number=pole.cluster_number, text=said, reported_by=None,
                    reported_at=now, source="public", public_reports=0,
                )  # fmt: skip
                session.add(row)
            elif row.source == "public" and said and said not in row.text:
                row.text = f"{row.text} / {said}".removeprefix(" / ")[:LONGEST_TEXT]
            row.public_reports += 1
            row.last_public_at = now
            detail = {"cluster": pole.cluster_number, "text": said, "count": row.public_reports}
            deed = Deed("fault.public", "fault_report", row.fault_report_id, station.place_id,
                        detail)  # fmt: skip
            record(session, None, deed, at=now)

    @staticmethod
    def _pole(
        session: Session, tree: PlaceTree, code: str
    ) -> tuple[PoleCodeRow, Station, PoleState]:
        row = session.get(PoleCodeRow, code)
        station = tree.station(row.station_id) if row is not None else None
        if row is None or station is None:
            raise NotFoundError("no such code")
        if station.station_id not in tree.stations:
            return row, station, PoleState.STATION_RETIRED
        if row.ended_at is None:
            return row, station, PoleState.OPEN
        later = session.scalars(
            select(PoleCodeRow.code).where(_same_pole(row), PoleCodeRow.ended_at.is_(None))
        ).first()
        return row, station, PoleState.RENEWED if later else PoleState.OFF


def _same_pole(row: PoleCodeRow) -> ColumnElement[bool]:
    cluster = PoleCodeRow.cluster_number
    here = cluster.is_(None) if row.cluster_number is None else cluster == row.cluster_number
    return (PoleCodeRow.station_id == row.station_id) & here


def _open_fault(session: Session, pole: PoleCodeRow) -> FaultReportRow | None:
    """What somebody reported of these horns and nobody mended."""
    cluster = FaultReportRow.cluster_number
    return session.scalars(
        select(FaultReportRow)
        .where(
            FaultReportRow.station_id == pole.station_id,
            cluster.is_(None) if pole.cluster_number is None else cluster == pole.cluster_number,
            FaultReportRow.mended_at.is_(None),
            FaultReportRow.source != "health",
        )
        .order_by(FaultReportRow.reported_at)
    ).first()


def _aired(session: Session, station: Station, now: datetime) -> tuple[Aired, ...]:
    """Approved bulletins that sounded at the station, the latest first, each once."""
    rows = session.execute(
        select(SlotResultRow.started_at, SlotResultRow.planned_at, SlotRow)
        .join(SlotRow, SlotRow.slot_id == SlotResultRow.slot_id)
        .where(
            SlotResultRow.station_id == station.station_id,
            SlotResultRow.outcome.in_(_HEARD),
            SlotResultRow.planned_at > now - HEARD_AGAIN,
        )
        .order_by(SlotResultRow.planned_at.desc())
        .limit(MOST_AIRINGS)
    ).all()
    at: dict[str, list[datetime]] = {}
    for started_at, planned_at, slot in rows:
        for item in items_at(slot, station, {}):
            at.setdefault(str(item["sha256"]), []).append(started_at or planned_at)
    found: dict[str, Aired] = {}
    for version, title in _approved(session, at):
        sha256 = version.sha256 or ""
        found[sha256] = Aired(
            title, at[sha256][0], len(at[sha256]), sha256, version.size_bytes or 0,
            version.duration_ms or 0,
        )  # fmt: skip
    newest = sorted(found.values(), key=lambda one: one.aired_at, reverse=True)
    return tuple(newest[:MOST_BULLETINS])


def _approved(session: Session, sounds: Iterable[str]) -> Iterable[tuple[BulletinVersionRow, str]]:
    """Of these sounds those that are an approved version of a bulletin nobody took back."""
    query = (
        select(BulletinVersionRow, BulletinRow.title)
        .join(BulletinRow, BulletinRow.bulletin_id == BulletinVersionRow.bulletin_id)
        .where(
            BulletinVersionRow.sha256.in_(sorted(sounds)),
            BulletinVersionRow.approved_at.is_not(None),
            BulletinVersionRow.sound_gone_at.is_(None),
            BulletinRow.state == BulletinState.APPROVED.value,
        )
    )
    return [(version, title) for version, title in session.execute(query)]


def _warnings(
    session: Session, tree: PlaceTree, station: Station, now: datetime
) -> tuple[Warned, ...]:
    """Emergencies, no drills, that the station said it sounded; the latest first."""
    rows = session.scalars(
        select(EmergencyRow)
        .where(
            EmergencyRow.kind == Kind.LIVE.value,
            EmergencyRow.state == State.SENT.value,
            EmergencyRow.sent_at > now - HEARD_AGAIN,
        )
        .order_by(EmergencyRow.sent_at.desc())
    ).all()
    found: list[Warned] = []
    for row, view in zip(rows, views_of(session, rows), strict=True):
        if not any(tree.is_within(station.place_id, key) for key in view.target_ids
                   if key in tree.places):  # fmt: skip
            continue
        mine = [one for one in traces(session, tree, row, now)
                if one.station_id == station.station_id and one.first_sound_at]  # fmt: skip
        text = view.parts[Part.WARNING].text if Part.WARNING in view.parts else ""
        for one in mine:
            assert one.first_sound_at is not None  # noqa: S101 - asked for above
            found.append(
                Warned(view.title, text[:LONGEST_WARNING], one.first_sound_at,
                        is_over=not view.is_running(now))
            )  # fmt: skip
        if len(found) >= MOST_EMERGENCIES:
            break
    return tuple(found)
