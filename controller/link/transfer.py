"""What may take its time: sound in pieces for stations without HTTP, retained plans after a break.

Only a few such messages are under way at once, in turn for each station, so that an order published
meanwhile never waits behind more than half a megabyte.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from audio_library.errors import AudioError
from audio_library.store import AssetStore
from controller.link.outbox import Publish
from controller.metrics.internals import Internals
from controller.services.plans import Plans
from controller.services.sealing import Seal
from controller.services.stations import Stations
from station_protocol import topics, transfer
from station_protocol.codec import CHUNK_BYTES
from station_protocol.messages import Want
from station_protocol.signing import Signer
from station_protocol.topics import DOWN_DELIVERY, Down

logger = logging.getLogger(__name__)

UNDER_WAY_AT_MOST = 8
PATIENCE_S = 10.0
"""Nothing acknowledged for so long: the connection is gone, what was under way with it."""

REPUBLISH_AFTER_S = 5.0
"""After a connect the stations' hellos go first."""

EVERYONE = ""
"""The line of parcels that belong to no station's request."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message that is not urgent."""

    station_id: str
    kind: Down
    payload: bytes


@dataclass(frozen=True, slots=True)
class Library:
    """Where sound lies, who may have it, and who signs the pieces."""

    sounds: AssetStore
    stations: Stations
    signer: Signer
    epoch: Callable[[], int]
    now: Callable[[], datetime]

    def pieces(self, want: Want) -> Iterator[Parcel]:
        """The pieces asked for; none for a sound the station's plans do not name."""
        if not self.stations.may_fetch(want.station_id, want.sha256):
            logger.warning("sound refused station=%s sha256=%s", want.station_id, want.sha256)
            return
        path = self.sounds.path(want.sha256)
        total = path.stat().st_size
        seal = Seal(self.signer, self.epoch())
        with path.open("rb") as file:
            file.seek(want.from_index * CHUNK_BYTES)
            last = min(want.from_index + want.count, transfer.chunk_count(total))
            for index in range(want.from_index, last):
                header = transfer.chunk_header(want.sha256, index, total)
                data = file.read(CHUNK_BYTES)
                sealed = seal.chunk(want.station_id, header, data, self.now())
                yield Parcel(want.station_id, Down.CHUNK, sealed)


class BulkSender:
    """A thread that sends parcels, one of each line in turn."""

    def __init__(
        self, library: Library, plans: Plans, publish: Publish, internals: Internals
    ) -> None:
        self._library = library
        self._plans = plans
        self._publish = publish
        self._internals = internals
        self._lines: OrderedDict[str, Iterator[Parcel]] = OrderedDict()
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._room = threading.Semaphore(UNDER_WAY_AT_MOST)
        self._republish: threading.Timer | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link-bulk", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """End; stations ask again for what they miss."""
        self._stopping.set()
        self._changed.set()
        self._room.release()
        with self._lock:
            if self._republish is not None:
                self._republish.cancel()
        if self._thread.is_alive():
            self._thread.join()

    def push(self, want: Want) -> None:
        """Send pieces of a sound; a newer request of the same station replaces an older one."""
        self._add(want.station_id, self._library.pieces(want))

    def reconnected(self) -> None:
        """Soon give a broker that may have forgotten everything every plan and limits again.

        What was under way on the connection before takes no room on this one.
        """
        former, self._room = self._room, threading.Semaphore(UNDER_WAY_AT_MOST)
        former.release()  # who waits there waits for nothing
        with self._lock:
            if self._republish is not None:
                self._republish.cancel()
            self._republish = threading.Timer(
                REPUBLISH_AFTER_S, lambda: self._add(EVERYONE, self._retained())
            )
            self._republish.daemon = True
            if not self._stopping.is_set():
                self._republish.start()

    def _retained(self) -> Iterator[Parcel]:
        for station_id, sealed in self._plans.sealed():
            if sealed.limits:
                yield Parcel(station_id, Down.LIMITS, sealed.limits)
            if sealed.plan:
                yield Parcel(station_id, Down.PLAN, sealed.plan)

    def _add(self, line: str, parcels: Iterator[Parcel]) -> None:
        with self._lock:
            self._lines[line] = parcels
        self._changed.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self.send_next():
                self._changed.wait()
                self._changed.clear()

    def send_next(self) -> bool:
        """Send one parcel; False when no line has any. Never raises: this is a border."""
        with self._lock:
            if not self._lines:
                return False
            line, parcels = self._lines.popitem(last=False)
        try:
            parcel = next(parcels, None)
        except AudioError as error:
            logger.warning("sound not sent station=%s: %s", line, error)
            return True
        except Exception:
            logger.exception("parcel not made line=%s", line)
            self._internals.count_border_error("mqtt")
            return True
        if parcel is not None and self._send(parcel):
            with self._lock:
                self._lines.setdefault(line, parcels)
        return True

    def _send(self, parcel: Parcel) -> bool:
        """Whether the line goes on; what is lost with the connection is asked for again."""
        room = self._room
        held = room.acquire(timeout=PATIENCE_S)
        if self._stopping.is_set():
            return False
        topic = topics.down(parcel.station_id, parcel.kind)

        def acknowledged() -> None:
            if held:
                room.release()
            self._internals.count_published(parcel.kind)

        if self._publish(topic, parcel.payload, DOWN_DELIVERY[parcel.kind], acknowledged):
            return True
        if held:
            room.release()
        return False
