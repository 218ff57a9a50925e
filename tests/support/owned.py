"""A centre whose stations are somebody's: with hours, schedules, plans and configurations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from controller.services.board import Board
from controller.services.enrolment import Enrolment, Reach
from controller.services.keys import SigningKeys
from controller.services.place_rules import PlaceRules
from controller.services.plans import Plans
from controller.services.station_page import StationPages
from controller.services.stations import Stations
from controller.settings import Settings, SettingsError
from controller.storage.models import AuditRow
from station_protocol.signing import KeyRing, PinnedKey, Signer
from station_protocol.vocabulary import DeedKind
from tests.support.schedule_desk import Desk
from tests.support.web import Centre


@dataclass
class Owned:
    """The centre, its schedules, and whether it knows where stations find it."""

    centre: Centre
    desk: Desk
    plans: Plans
    key_ring: KeyRing
    """What a station pins."""
    is_reachable: bool = True

    def reach(self, station_id: str) -> Reach:
        if not self.is_reachable:
            raise SettingsError("the broker's port is not chosen yet")
        return Reach("vang.example.vn", 8883, f"{station_id}-x", "https://vang.example.vn")

    def newest_deed(self) -> AuditRow:
        with self.centre.database.read() as session:
            query = select(AuditRow).order_by(AuditRow.audit_id.desc()).limit(1)
            row = session.scalars(query).one()
            session.expunge_all()
            return row


@contextmanager
def owned_centre(folder: Path, settings: Settings | None = None) -> Iterator[Owned]:
    """A centre with every service the pages of stations use; closed at the end."""
    centre = Centre(folder, settings or Settings())
    desk = Desk(centre)
    parts = (centre.database, centre.clock, centre.places)
    keys = SigningKeys(Signer.generate(), Signer.generate(DeedKind.EXERCISE))
    stations = Stations(*parts, centre.wake)
    plans = Plans(*parts, desk.schedules, desk.hours, keys.actual, centre.settings.plan)
    pinned = PinnedKey.from_hex(keys.actual.public_hex(), DeedKind.ACTUAL)
    made = Owned(centre, desk, plans, KeyRing.of(pinned))
    centre.add(
        board=Board(*parts),
        station_pages=StationPages(*parts),
        stations=stations,
        place_rules=PlaceRules(*parts, desk.hours, centre.wake),
        enrolment=Enrolment(centre.settings, keys, stations, desk.hours, made.reach),
    )
    yield made
    centre.close()
