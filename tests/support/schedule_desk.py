"""An operators' desk: the centre with schedules, hours and orders, and bulletins ready to air."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor, Role
from controller.domain.schedule import STATION_ZONE, Recurrence
from controller.services.calendar import Calendar, Occurrence
from controller.services.holidays import Holidays
from controller.services.hours import Hours
from controller.services.identifiers import new_id
from controller.services.orders import Orders
from controller.services.schedule_findings import Wish
from controller.services.schedule_templates import ScheduleTemplates
from controller.services.schedules import Schedules
from controller.settings import Settings
from controller.storage.models import (
    AuditRow,
    BulletinRow,
    BulletinVersionRow,
    ScheduleRow,
    SignedOrderRow,
    SlotResultRow,
    SlotRow,
    StationStateRow,
)
from station_protocol.signing import Signer
from tests.support.web import DISTRICT, Centre

Row = TypeVar("Row")
TOMORROW = date(2026, 11, 26)
"""The day after NOW, a Thursday."""
MORNING = time(5, 30)


def a_wish(bulletin_id: str, **changes: Any) -> Wish:
    """Weekdays at 05:30 in the whole of Bác Ái, from tomorrow on for two weeks."""
    values: dict[str, Any] = {
        "recurrence": Recurrence.WEEKLY,
        "airs_at": MORNING,
        "starts_on": TOMORROW,
        "ends_on": TOMORROW + timedelta(days=13),
        "weekdays": 0b11111,
        "target_ids": (DISTRICT,),
    }
    return Wish(bulletin_id, **(values | changes))


def sound_of(bulletin_id: str, language: str = "vi") -> str:
    """The hash of a made-up version."""
    own = bulletin_id.replace("-", "") * 2
    return own if language == "vi" else hashlib.sha256(f"{own}{language}".encode()).hexdigest()


@dataclass
class Desk:
    """The services of a schedule maker, over one centre."""

    centre: Centre

    def __post_init__(self) -> None:
        centre = self.centre
        self.hours = Hours(
            centre.database, centre.clock, centre.places, centre.settings.plan, centre.wake
        )
        self.orders = Orders(centre.database, centre.clock, centre.places, Signer.generate())
        self.schedules = Schedules(
            centre.database,
            centre.clock,
            centre.places,
            self.hours,
            centre.settings.plan,
            centre.wake,
            orders=self.orders,
        )
        self.calendar = Calendar(
            centre.database,
            centre.clock,
            centre.places,
            self.hours,
            self.schedules,
            centre.wake,
            orders=self.orders,
        )
        self.holidays = Holidays(
            centre.database, centre.clock, centre.places, self.hours, centre.wake
        )
        self.templates = ScheduleTemplates(centre.database, centre.clock, centre.places)
        centre.add(
            schedule_templates=self.templates,
            hours=self.hours,
            holidays=self.holidays,
            orders=self.orders,
            schedules=self.schedules,
            calendar=self.calendar,
        )

    def actor(self, role: Role = Role.OPERATOR, place_id: str = DISTRICT) -> Actor:
        return self.centre.actor(role, place_id)

    def bulletin(
        self,
        title: str = "Tiết kiệm nước mùa khô",
        *,
        place_id: str = DISTRICT,
        minutes: float = 10,
        is_approved: bool = True,
        languages: Iterable[str] = ("vi",),
    ) -> str:
        """A bulletin of one spoken version in each language."""
        author = self.centre.actor(Role.OPERATOR, "ninh-thuan", "tac-gia")
        at = self.centre.clock()
        bulletin_id = new_id(at)
        with self.centre.database.write() as session:
            session.add(
                BulletinRow(
                    bulletin_id=bulletin_id,
                    title=title,
                    place_id=place_id,
                    author_id=author.account_id,
                    state="approved" if is_approved else "submitted",
                    created_at=at,
                    updated_at=at,
                )
            )
            session.flush()
            for language in languages:
                self.add_version(session, bulletin_id, language, minutes, is_approved=is_approved)
        return bulletin_id

    def add_version(
        self,
        session: Session,
        bulletin_id: str,
        language: str,
        minutes: float,
        *,
        is_approved: bool = True,
    ) -> None:
        """The sound of a bulletin in a language; its hash is `sound_of(bulletin_id, language)`."""
        at = self.centre.clock()
        author_id = self.centre.actor(Role.OPERATOR, "ninh-thuan", "tac-gia").account_id
        session.add(
            BulletinVersionRow(
                bulletin_version_id=new_id(at),
                bulletin_id=bulletin_id,
                language=language,
                number=1,
                state="ready",
                source="upload",
                original_name="tin.mp3",
                sha256=sound_of(bulletin_id, language),
                size_bytes=2_400_000,
                duration_ms=int(minutes * 60_000),
                created_by=author_id,
                created_at=at,
                approved_by=author_id if is_approved else None,
                approved_by_name="Trần Văn Lộc" if is_approved else None,
                approved_at=at if is_approved else None,
            )
        )

    def withdraw_approval(self, bulletin_id: str) -> None:
        with self.centre.database.write() as session:
            row = session.get(BulletinRow, bulletin_id)
            assert row is not None
            row.state = "draft"

    def slots(self, schedule_id: str | None = None) -> list[SlotRow]:
        """The slot rows, by start."""
        query = select(SlotRow).order_by(SlotRow.starts_at)
        if schedule_id is not None:
            query = query.where(SlotRow.schedule_id == schedule_id)
        with self.centre.database.read() as session:
            return _kept(session, session.scalars(query))

    def move(self, slot: SlotRow, to: datetime, actor: Actor | None = None) -> None:
        """Give this slot another time, as somebody who saw it as it is here."""
        seen = Occurrence(slot.schedule_id, slot.airs_on, slot.starts_at)
        self.calendar.move(actor or self.actor(), seen, to)

    def row(self, schedule_id: str) -> ScheduleRow:
        with self.centre.database.read() as session:
            (row,) = _kept(session, [session.get_one(ScheduleRow, schedule_id)])
            return row

    def materialise(self, days: int = 14) -> None:
        now = self.centre.clock()
        with self.centre.database.write() as session:
            self.schedules.materialise(
                session, now - timedelta(hours=1), now + timedelta(days=days), now
            )

    def everyone_is_linked(self) -> None:
        with self.centre.database.write() as session:
            for state in session.scalars(select(StationStateRow)):
                state.last_heartbeat_at = self.centre.clock()

    def ended(
        self, slot: SlotRow, station_id: str, outcome: str, reason: str | None = None
    ) -> None:
        """A station's own word on how a slot ended."""
        with self.centre.database.write() as session:
            session.add(
                SlotResultRow(
                    station_id=station_id,
                    slot_id=slot.slot_id,
                    outcome=outcome,
                    reason=reason,
                    title=slot.title,
                    planned_at=slot.starts_at,
                    planned_ms=slot.duration_ms,
                    started_at=slot.starts_at if outcome != "missed" else None,
                    played_ms=slot.duration_ms if outcome == "aired" else 0,
                    source="journal",
                )
            )

    def audited(self, action: str) -> list[AuditRow]:
        with self.centre.database.read() as session:
            query = select(AuditRow).where(AuditRow.action == action)
            return _kept(session, session.scalars(query))

    def ordered(self) -> list[SignedOrderRow]:
        """The signed orders, oldest first."""
        with self.centre.database.read() as session:
            query = select(SignedOrderRow).order_by(SignedOrderRow.sequence)
            return _kept(session, session.scalars(query))

    def local(self, at: datetime) -> str:
        """Wall time at the stations."""
        return at.astimezone(STATION_ZONE).strftime("%d/%m %H:%M")


def _kept(session: Session, rows: Iterable[Row]) -> list[Row]:
    """Rows that can still be read after their session."""
    found = list(rows)
    session.expunge_all()
    return found


@contextmanager
def desk(folder: Path, settings: Settings | None = None, *, url: str = "") -> Iterator[Desk]:
    """A desk that is closed at the end."""
    built = Centre(folder, settings or Settings(), url=url)
    try:
        yield Desk(built)
    finally:
        built.close()
