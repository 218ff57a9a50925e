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
    """A thread that empties the outbox while there is a connection.

    What the broker has acknowledged is forgotten in a second one: that waits for the database, and
    an order that was just committed shall not wait behind it.
    """

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
        self._forgotten: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._woken = threading.Event()
        self._has_answer = threading.Event()
        self._stopping = threading.Event()
        self._threads = (
            threading.Thread(target=self._run, name="link-outbox", daemon=True),
            threading.Thread(target=self._run_forgetting, name="link-forgets", daemon=True),
        )

    def start(self) -> None:
        """Begin to publish."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what was not acknowledged is published again at the next start."""
        self._stopping.set()
        self._woken.set()
        self._has_answer.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

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
            self._safely(self._publish_all)

    def _run_forgetting(self) -> None:
        while not self._stopping.is_set():
            self._has_answer.wait()
            self._has_answer.clear()
            self._safely(self._forget)

    def _safely(self, deed: Callable[[], None]) -> None:
        """A border: nothing that goes wrong here may end the thread."""
        try:
            deed()
        except Exception:
            logger.exception("outbox not emptied")
            self._internals.count_border_error("mqtt")

    def _publish_all(self) -> None:
        while self._send() and not self._stopping.is_set():
            pass

    def _send(self) -> bool:
        """Publish the next rows; whether there may be more to publish at once."""
        if not self._is_connected():
            return False
        connection = self._connection
        while not self._forgotten.empty():
            self._in_flight.pop(self._forgotten.get(), None)
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
            self._has_answer.set()

        return acknowledged

    def _forget(self) -> None:
        done: list[Waiting] = []
        while not self._acknowledged.empty():
            done.append(self._acknowledged.get())
        if not done:
            return
        self._outbox.published([row.outbox_id for row in done])
        for row in done:
            self._forgotten.put(row.outbox_id)
            self._internals.count_published(parse_down(row.topic)[1])
        self._woken.set()  # there is room for more
