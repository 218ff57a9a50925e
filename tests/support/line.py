"""A province with its link up at a real broker, and stations that speak only the wire."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry

from audio_library.store import FolderStore
from controller.link.broker_access import CONTROLLER, BrokerAccess, new_client_id
from controller.link.centre import CentreLink, Deeds
from controller.metrics.internals import Internals
from controller.services.machine_secrets import BrokerUser
from controller.storage.models import SlotRow, StationPlanRow
from tests.support.brokers import Broker
from tests.support.fleet import FAR, OTHER, STATION, Province
from tests.support.stand_in import StandIn

MakeBroker = Callable[[Path, tuple[BrokerUser, ...]], Broker]


def until(is_so: Callable[[], bool], within_s: float = 15) -> None:
    """Wait for something the link does in its own time."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


@dataclass
class Line:
    """The link over a fresh broker; stand-ins connect when they are asked for. Close it."""

    here: Province
    folder: Path
    make_broker: MakeBroker
    ca: Path | None = None
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    stations: dict[str, StandIn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        here = self.here
        self.configs = {
            station_id: here.stations.issue_config(station_id)
            for station_id in (STATION, OTHER, FAR)
        }
        self.broker = self.make_broker(self.folder / "broker", here.stations.broker_users())
        self.broker.start()
        self.sounds = FolderStore(self.folder / "sound")
        deeds = Deeds(
            here.as_run,
            here.orders,
            here.outbox,
            here.plans,
            here.stations,
            self.sounds,
            here.signer,
        )
        self.woken: list[str] = []
        self.link = CentreLink(
            self._access,
            deeds,
            Internals(self.registry, "test"),
            now=here.clock,
            monotonic=time.monotonic,
            wake=self.woken.append,
        )
        self.link.start()
        until(lambda: self.link.is_connected)

    def _access(self) -> BrokerAccess:
        return BrokerAccess(
            host="127.0.0.1",
            port=self.broker.port,
            user=CONTROLLER,
            password=self.broker.controller_password,
            client_id=new_client_id(CONTROLLER),
            is_tls=self.ca is not None,
            tls_ca=str(self.ca or ""),
        )

    def station(self, station_id: str = STATION) -> StandIn:
        if station_id not in self.stations:
            self.stations[station_id] = StandIn(
                self.configs[station_id], self.here.keys, self.broker.port, self.ca
            )
        return self.stations[station_id]

    def settle(self) -> None:
        """Let everything that waits be published."""
        self.link.wake_outbox()
        until(lambda: not self.here.outbox.waiting(without=(), limit=1))

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    def close(self) -> None:
        for station in self.stations.values():
            station.close()
        self.link.stop()
        self.broker.stop()

    def due(self) -> SlotRow:
        """The first slot of a fresh schedule, in signed plans."""
        self.here.schedule()
        self.here.plans.refresh()
        return self.here.slots()[0]

    def store_sound(self, size_bytes: int) -> str:
        """Put random bytes on the shelf; their name."""
        source = self.folder / "sound.opus"
        source.write_bytes(os.urandom(size_bytes))
        return self.sounds.put(source)

    def allow(self, sha256: str) -> None:
        """Let the station's first plan name a sound."""
        key = (STATION, self.here.plan_of().claims.epoch, 1)
        with self.here.database.write() as session:
            session.get_one(StationPlanRow, key).required_assets = [sha256]
