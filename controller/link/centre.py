"""The centre's side of the wire, put together: connection, inbox, outbox, bulk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from audio_library.store import AssetStore
from controller.link.broker_access import BrokerAccess
from controller.link.client import Link
from controller.link.handlers import Handlers, Way
from controller.link.inbox import Inbox
from controller.link.outbox import OutboxSender
from controller.link.transfer import BulkSender, Library
from controller.metrics.internals import Internals
from controller.services.as_run import AsRun
from controller.services.orders import Orders
from controller.services.outbox import Outbox
from controller.services.plans import Plans
from controller.services.stations import Stations
from station_protocol.signing import Signer


@dataclass(frozen=True, slots=True)
class Deeds:
    """The services the link works for."""

    as_run: AsRun
    orders: Orders
    outbox: Outbox
    plans: Plans
    stations: Stations
    sounds: AssetStore
    signer: Signer


class CentreLink:
    """Start and stop of everything that talks to the broker."""

    def __init__(
        self,
        access: Callable[[], BrokerAccess],
        deeds: Deeds,
        internals: Internals,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        wake: Callable[[str], None],
    ) -> None:
        self._link = Link(access, self._received, self._connected, internals)
        library = Library(deeds.sounds, deeds.stations, deeds.signer, deeds.plans.epoch, now)
        self._bulk = BulkSender(library, deeds.plans, self._link.publish, internals)
        self._outbox = OutboxSender(
            deeds.outbox, self._link.publish, lambda: self._link.is_connected, internals
        )
        way = Way(self._link.publish, self._bulk.push, wake)
        handlers = Handlers(deeds.as_run, deeds.orders, deeds.signer, way, internals, now)
        self._inbox = Inbox(handlers, internals, monotonic)

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us and the connection holds."""
        return self._link.is_connected

    def start(self) -> None:
        """Start the threads; returns at once, connected or not."""
        self._inbox.start()
        self._outbox.start()
        self._bulk.start()
        self._link.start()

    def stop(self) -> None:
        """Disconnect, store what came, end the threads."""
        self._link.stop()
        self._bulk.stop()
        self._outbox.stop()
        self._inbox.stop()

    def wake_outbox(self) -> None:
        """Rows were committed to the outbox. Safe from any thread."""
        self._outbox.wake()

    def _received(self, topic: str, payload: bytes) -> None:
        self._inbox.receive(topic, payload)

    def _connected(self) -> None:
        self._outbox.reconnected()
        self._bulk.reconnected()
