"""A province of the centre's own parts: plans, orders, stations, evidence; on either engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import select

from controller.metrics.internals import Internals
from controller.services.as_run import AsRun
from controller.services.outbox import Outbox
from controller.services.plans import Plans
from controller.services.station_states import Beat
from controller.services.stations import Stations
from controller.settings import Settings
from controller.storage.models import (
    SlotResultChangeRow,
    SlotResultRow,
    SlotRow,
    StationFlipRow,
    StationStateRow,
)
from station_protocol import codec
from station_protocol.codec import Signed
from station_protocol.messages import StationLimits, StationPlan
from station_protocol.signing import KeyRing, PinnedKey, Signer
from station_protocol.vocabulary import DeedKind
from tests.support import wire
from tests.support.schedule_desk import Desk, a_wish
from tests.support.web import Centre, Clock

STATION = wire.STATION
OTHER = "bac-ai-phuoc-thang"
FAR = "ninh-son-ma-noi"
"""A station of another district."""
JOURNAL = "01936b1e-0000-7000-8000-0000000000bb"
NEW_CARD = "01936b1e-0000-7000-8000-0000000000ee"


def internals() -> Internals:
    """Counters of their own registry."""
    return Internals(CollectorRegistry(), "test")


@dataclass
class Province:
    """Everything the link works for, over one centre of 65 stations."""

    centre: Centre

    def __post_init__(self) -> None:
        centre = self.centre
        self.desk = Desk(centre)
        self.signer = Signer.generate()
        self.database, self.clock, self.places = centre.database, centre.clock, centre.places
        self.stations = Stations(self.database, self.clock, self.places, centre.wake)
        self.plans = self._plans()
        self.orders = self.desk.orders
        self.orders._signer = self.signer
        self.outbox = Outbox(self.database, self.clock)
        self.restart()

    def restart(self) -> None:
        """Take evidence in with a fresh memory, as after a restart."""
        settings = self.centre.settings.plan
        self.as_run = AsRun(self.database, self.clock, self.places, settings)

    def _plans(self) -> Plans:
        return Plans(
            self.database,
            self.clock,
            self.places,
            self.desk.schedules,
            self.desk.hours,
            self.signer,
            self.centre.settings.plan,
        )

    @property
    def keys(self) -> KeyRing:
        return KeyRing.of(PinnedKey.from_hex(self.signer.public_hex(), DeedKind.ACTUAL))

    # --- what goes out ----------------------------------------------------------------------------

    def schedule(self, **changes: Any) -> str:
        """Save a schedule of a fresh bulletin; its id."""
        actor = self.desk.actor()
        return self.desk.schedules.save(actor, a_wish(self.desk.bulletin(), **changes)).schedule_id

    def plan_of(self, station_id: str = STATION) -> Signed[StationPlan]:
        return codec.open_plan(self.plans.envelope_of(station_id).plan, self.keys, station_id)

    def limits_of(self, station_id: str = STATION) -> Signed[StationLimits]:
        return codec.open_limits(self.plans.envelope_of(station_id).limits, self.keys, station_id)

    def slots(self) -> list[SlotRow]:
        return self.desk.slots()

    # --- what comes in ----------------------------------------------------------------------------

    def beat(self, station_id: str = STATION, **changes: Any) -> None:
        """One heartbeat, stored; by default of a ready station that holds the newest plan."""
        self.as_run.beats([self.a_beat(station_id, **changes)])

    def a_beat(self, station_id: str = STATION, **changes: Any) -> Beat:
        sealed = self.plans.envelope_of(station_id)
        values: dict[str, Any] = {
            "station_id": station_id,
            "said_at": self.clock(),
            "on_air": None,
            "plan_epoch": sealed.epoch,
            "plan_version": sealed.plan_version,
            "limits_version": sealed.limits_version,
        }
        return Beat(wire.beat(**(values | changes)), self.clock())

    def hello(self, station_id: str = STATION, **changes: Any) -> Any:
        """The answer to a hello; by default the station holds nothing yet."""
        values: dict[str, Any] = {
            "station_id": station_id,
            "plan_epoch": 0,
            "plan_version": 0,
            "limits_version": 0,
        }
        return self.as_run.hello(wire.hello(**(values | changes)))

    def journal(self, *entries: Any, station_id: str = STATION, journal_id: str = JOURNAL) -> Any:
        """The answer to one batch."""
        batch = wire.batch(*entries, station_id=station_id, journal_id=journal_id)
        (answer,) = self.as_run.store_journals([batch])
        return answer

    def ran(self, slot: SlotRow, **changes: Any) -> Any:
        """Evidence that a slot aired."""
        values: dict[str, Any] = {
            "slot_id": slot.slot_id,
            "planned_at": slot.starts_at,
            "planned_ms": slot.duration_ms,
            "started_at": slot.starts_at,
            "played_ms": slot.duration_ms,
            "title": slot.title,
        }
        return wire.as_run(**(values | changes))

    # --- what is known ----------------------------------------------------------------------------

    def result(self, slot: SlotRow, station_id: str = STATION) -> SlotResultRow | None:
        with self.database.read() as session:
            row = session.get(SlotResultRow, (station_id, slot.slot_id))
            session.expunge_all()
            return row

    def verdict(self, slot: SlotRow, station_id: str = STATION) -> tuple[str, str | None]:
        row = self.result(slot, station_id)
        assert row is not None
        return row.outcome, row.reason

    def changes(self) -> list[tuple[str, str, str]]:
        """(kind, from, to) of every later word about a slot."""
        with self.database.read() as session:
            rows = session.scalars(
                select(SlotResultChangeRow).order_by(SlotResultChangeRow.slot_result_change_id)
            )
            return [(row.kind, row.from_outcome, row.to_outcome) for row in rows]

    def state(self, station_id: str = STATION) -> StationStateRow:
        with self.database.read() as session:
            row = session.get_one(StationStateRow, station_id)
            session.expunge_all()
            return row

    def flips(self, station_id: str = STATION) -> list[tuple[str, datetime, str]]:
        with self.database.read() as session:
            rows = session.scalars(
                select(StationFlipRow)
                .where(StationFlipRow.station_id == station_id)
                .order_by(StationFlipRow.station_flip_id)
            )
            return [(row.state, row.at, row.source) for row in rows]

    def go_to(self, slot: SlotRow, **after: float) -> None:
        """Let it be a slot's instant, or some time after it."""
        self.clock.at = slot.starts_at + timedelta(**after)


@contextmanager
def province(folder: Path, url: str = "") -> Iterator[Province]:
    """A province that is closed at the end."""
    centre = Centre(folder, Settings(), Clock(), url=url)
    try:
        yield Province(centre)
    finally:
        centre.close()
