"""Rows to publish become messages the broker has acknowledged, at least once, urgent ones first."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from controller.link.client import Done
from controller.metrics.internals import Internals
from controller.services.outbox import Outbox, Waiting
from station_protocol.topics import Delivery, parse_down

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
IN_FLIGHT_AT_MOST = 100
AT_ONCE = 50

Publish = Callable[[str, bytes, Delivery, Done], bool]


class OutboxSender:
    """A thread that empties the outbox while there is a connection."""

    def __init__(
        self,
        outbox: Outbox,
        publish: Publish,
        is_connected: Callable[[], bool],
        internals: Internals,
    ) -> None:
        self._outbox = outbox
        self._publish = publish
        self._is_connected = is_connected
        self._internals = internals
        self._in_flight: dict[int, int] = {}
        self._connection = 0
        self._acknowledged: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link-outbox", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was not acknowledged is published again at the next start."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Rows were committed: publish them now. Safe from any thread."""
        self._woken.set()

    def reconnected(self) -> None:
        """What was under way in the former connection is published again."""
        self._connection += 1
        self._woken.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(LOOK_EVERY_S)
            self._woken.clear()
            self.work_once()

    def work_once(self) -> None:
        """Publish what waits, forget what was acknowledged; never raises: this is a border."""
        try:
            while self._send() and not self._stopping.is_set():
                pass
            self._forget()
        except Exception:
            logger.exception("outbox not emptied")
            self._internals.count_border_error("mqtt")

    def _send(self) -> bool:
        """Publish the next rows; whether there may be more to publish at once."""
        if not self._is_connected():
            return False
        connection = self._connection
        for outbox_id in [key for key, used in self._in_flight.items() if used != connection]:
            self._in_flight.pop(outbox_id, None)
        room = IN_FLIGHT_AT_MOST - len(self._in_flight)
        rows = self._outbox.waiting(without=tuple(self._in_flight), limit=min(room, AT_ONCE))
        for row in rows:
            self._in_flight[row.outbox_id] = connection
            if not self._publish(row.topic, row.payload, row.delivery, self._done(row)):
                self._in_flight.pop(row.outbox_id, None)
                return False
        return bool(rows)

    def _done(self, row: Waiting) -> Done:
        def acknowledged() -> None:
            self._acknowledged.put(row)
            self._woken.set()

        return acknowledged

    def _forget(self) -> None:
        done: list[Waiting] = []
        while not self._acknowledged.empty():
            done.append(self._acknowledged.get())
        if not done:
            return
        self._outbox.published([row.outbox_id for row in done])
        for row in done:
            self._in_flight.pop(row.outbox_id, None)
            self._internals.count_published(parse_down(row.topic)[1])
