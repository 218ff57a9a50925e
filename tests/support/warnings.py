"""An emergency desk: people who compose and confirm, words made at once, stations that answer."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from audio_library.store import FolderStore
from controller.domain.accounts import Actor, Role
from controller.domain.emergencies import Part, phrase
from controller.services.emergencies import DrillDesk, EmergencyDesk
from controller.services.emergency_wish import EmergencyWish
from controller.services.stations import prepare_states
from controller.storage.models import (
    BulletinVersionRow,
    EmergencyOrderRow,
    JournalEntryRow,
    OrderReplyRow,
    PieceRow,
    SignedOrderRow,
    StationRow,
    StationStateRow,
)
from station_protocol.messages import Order
from station_protocol.signing import SIGNATURE_BYTES
from tests.support.schedule_desk import Desk, desk
from tests.support.web import DISTRICT, PROVINCE

WORDS = {
    Part.WARNING: "Thông báo khẩn. Hồ Sông Cái sẽ xả lũ lúc 23 giờ.",
    Part.CORRECTION: "Thông báo khẩn vừa phát là nhầm.",
    Part.ALL_CLEAR: "Hồ Sông Cái đã ngừng xả lũ.",
}


def wish(**changes: Any) -> EmergencyWish:
    """A flood release told to Bác Ái, once, for an hour."""
    values: dict[str, Any] = {
        "hazard": "flood_release",
        "level": 3,
        "title": "Xả lũ hồ Sông Cái",
        "source": "công điện 16:40 ngày 25/11/2026",
        "texts": WORDS,
        "voice": "robot:vi",
        "target_ids": (DISTRICT,),
        "repeat_every_min": 0,
        "lasts_min": 60,
    }
    return EmergencyWish(**{**values, **changes})


@dataclass
class Watch:
    """The desks of both kinds over one centre."""

    desk: Desk
    folder: Path

    def __post_init__(self) -> None:
        self.centre = self.desk.centre
        self.store = FolderStore(self.centre.folder / "sounds")
        self.centre.add(sounds=self.store)
        self.live: EmergencyDesk = self.centre.services.emergencies
        self.drills: DrillDesk = self.centre.services.drills

    @property
    def composer(self) -> Actor:
        return self.centre.actor(Role.OPERATOR, DISTRICT)

    @property
    def second(self) -> Actor:
        return self.centre.actor(Role.APPROVER, DISTRICT)

    @property
    def province(self) -> Actor:
        return self.centre.actor(Role.APPROVER, PROVINCE)

    def speak(self, size_bytes: int = 60_000) -> None:
        """Every piece that is wanted is there, with sound of that size."""
        with self.centre.database.write() as session:
            for row in session.scalars(select(PieceRow).where(PieceRow.state == "wanted")):
                path = self.folder / "said.opus"
                path.write_bytes(os.urandom(size_bytes))
                row.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
                self.store.put(path)
                row.state, row.size_bytes, row.duration_ms = "ready", size_bytes, 14_000

    def record(self, size_bytes: int = 60_000) -> None:
        """Every recording that came in is finished, with sound of that size."""
        with self.centre.database.write() as session:
            coming = select(BulletinVersionRow).where(BulletinVersionRow.state == "processing")
            for row in session.scalars(coming):
                path = self.folder / "recorded.opus"
                path.write_bytes(os.urandom(size_bytes))
                row.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
                self.store.put(path)
                row.state, row.size_bytes, row.duration_ms = "ready", size_bytes, 9_000

    def prefers(self, station_id: str, *order: str) -> None:
        """A station of a place where another language is spoken."""
        with self.centre.database.write() as session:
            session.get_one(StationRow, station_id).language_order = list(order)
        self.centre.places.reload()

    def proposed(self, **changes: Any) -> str:
        found = self.live.propose(self.composer, wish(**changes))
        self.speak()
        return found

    def sent(self, **changes: Any) -> str:
        found = self.proposed(**changes)
        stations = self.live.get(self.composer, found).stations
        self.live.confirm(self.second, found, phrase(self.live.kind, stations))
        return found

    def orders(self, emergency_id: str, part: Part = Part.WARNING) -> list[Order]:
        """What was signed and sent of it, as a station reads it."""
        query = (
            select(SignedOrderRow.envelope)
            .join(EmergencyOrderRow, EmergencyOrderRow.order_id == SignedOrderRow.order_id)
            .where(
                EmergencyOrderRow.emergency_id == emergency_id,
                EmergencyOrderRow.part == part.value,
            )
            .order_by(SignedOrderRow.sequence)
        )
        with self.centre.database.read() as session:
            return [read_order(envelope) for envelope in session.scalars(query)]

    def deeds(self) -> list[tuple[str, str, str]]:
        """Every order of the centre: audience, deed, kind of the key."""
        with self.centre.database.read() as session:
            rows = session.scalars(select(SignedOrderRow).order_by(SignedOrderRow.sequence))
            return [(row.audience, row.deed["deed"], _kind(row.envelope)) for row in rows]

    def up(self, *station_ids: str) -> None:
        with self.centre.database.write() as session:
            prepare_states(session)
            session.execute(
                update(StationStateRow)
                .where(StationStateRow.station_id.in_(station_ids))
                .values(shown_state="ready")
            )

    def replies(self, order_id: str, station_id: str, why: str | None = None) -> None:
        with self.centre.database.write() as session:
            session.add(
                OrderReplyRow(
                    order_id=order_id,
                    station_id=station_id,
                    accepted=why is None,
                    why=why,
                    at=self.centre.clock(),
                )
            )

    def sounds(
        self,
        order_id: str,
        station_id: str,
        after_s: float,
        outcome: str = "",
        slot: str = "s1",
        *,
        why: str | None = None,
        told_s: float | None = None,
    ) -> None:
        """The station's journal: it began, and (with an outcome) ended.

        The centre was told at once, or `told_s` seconds after now.
        """
        at = self.centre.clock() + timedelta(seconds=after_s)
        with self.centre.database.write() as session:
            known = session.scalars(
                select(JournalEntryRow.entry_no).where(JournalEntryRow.station_id == station_id)
            ).all()
            evidence = {"slot_id": slot, "order_id": order_id, "started_at": at.isoformat()}
            told = at if told_s is None else self.centre.clock() + timedelta(seconds=told_s)
            session.add(_line(station_id, len(known) + 1, "start", evidence, at, told))
            if outcome:
                ended = {**evidence, "outcome": outcome, "reason": why}
                session.add(_line(station_id, len(known) + 2, "as_run", ended, at, told))


def _line(
    station_id: str,
    number: int,
    kind: str,
    evidence: dict[str, Any],
    at: datetime,
    told: datetime,
) -> JournalEntryRow:
    return JournalEntryRow(
        station_id=station_id,
        journal_id="j",
        entry_no=number,
        at=at,
        clock="network",
        kind=kind,
        evidence=evidence,
        received_at=told,
    )


def _body(envelope: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(envelope[SIGNATURE_BYTES:])
    return found


def read_order(envelope: bytes) -> Order:
    """An order as it was signed."""
    return Order.model_validate(_body(envelope)["message"])


def _kind(envelope: bytes) -> str:
    return str(_body(envelope)["kind"])


@contextmanager
def watch(folder: Path) -> Iterator[Watch]:
    """The desks, closed at the end."""
    with desk(folder) as built:
        yield Watch(built, folder)
