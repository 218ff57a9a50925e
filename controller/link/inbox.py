"""Between the network's thread and the handlers: bounded, and no station may crowd out others."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from controller.link.handlers import Dropped, Handlers, Inbound
from controller.metrics.internals import Internals
from station_protocol import topics
from station_protocol.codec import CAPS_BYTES
from station_protocol.errors import ProtocolError

logger = logging.getLogger(__name__)

MESSAGES_AT_MOST = 10_000
BYTES_AT_MOST = 64_000_000
TAKEN_AT_ONCE = 200
BURST = 200
PER_S = 50.0
BEATS_WAIT_S = 0.4
"""Heartbeats are stored together so often; people see a change within two seconds."""


@dataclass(slots=True)
class Bucket:
    """How many more messages one station may send just now."""

    left: float = BURST
    filled_mono_s: float = 0.0

    def take(self, mono_s: float) -> bool:
        """Whether one more is allowed."""
        self.left = min(BURST, self.left + (mono_s - self.filled_mono_s) * PER_S)
        self.filled_mono_s = mono_s
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Inbox:
    """Takes messages in at once, lets one worker thread handle them in batches."""

    def __init__(
        self, handlers: Handlers, internals: Internals, monotonic: Callable[[], float]
    ) -> None:
        self._handlers = handlers
        self._internals = internals
        self._monotonic = monotonic
        self._queue: queue.Queue[Inbound] = queue.Queue(MESSAGES_AT_MOST)
        self._bytes = 0
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link-inbox", daemon=True)

    def start(self) -> None:
        """Begin to handle messages."""
        self._thread.start()

    def stop(self) -> None:
        """Handle what has come, then end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def receive(self, topic: str, payload: bytes) -> None:
        """Take one message in; called in the network's thread, returns at once."""
        try:
            station_id, kind = topics.parse_up(topic)
        except ProtocolError as error:
            self._refuse(error.reason, topic)
            return
        self._internals.count_received(kind)
        if len(payload) > CAPS_BYTES[kind]:
            self._refuse("oversized", topic)
        elif not self._buckets.setdefault(station_id, Bucket()).take(self._monotonic()):
            self._refuse(Dropped.RATE_LIMITED, topic)
        else:
            self._put(Inbound(station_id, kind, payload))

    def _put(self, message: Inbound) -> None:
        with self._lock:
            has_room = self._bytes + len(message.payload) <= BYTES_AT_MOST
            if has_room:
                self._bytes += len(message.payload)
        try:
            if has_room:
                self._queue.put_nowait(message)
                return
        except queue.Full:
            self._release(message)
        self._refuse(Dropped.OVERLOADED, topics.up(message.station_id, message.kind))

    def _release(self, message: Inbound) -> None:
        with self._lock:
            self._bytes -= len(message.payload)

    def _refuse(self, reason: str, topic: str) -> None:
        self._internals.count_refused(reason)
        logger.warning("message refused reason=%s topic=%s", reason, topic[:120])

    # --- the worker -------------------------------------------------------------------------------

    def _run(self) -> None:
        stored = self._monotonic()
        while not self._stopping.is_set():
            messages = self._take()
            if messages:
                self._handlers.handle(messages)
            if self._monotonic() - stored >= BEATS_WAIT_S:
                self._handlers.store_beats()
                stored = self._monotonic()
        self._handlers.handle(self._take())
        self._handlers.store_beats()

    def _take(self) -> list[Inbound]:
        """What has come, after waiting a moment for the first."""
        taken: list[Inbound] = []
        try:
            taken.append(self._queue.get(timeout=BEATS_WAIT_S / 2))
            while len(taken) < TAKEN_AT_ONCE:
                taken.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        for message in taken:
            self._release(message)
        return taken
