"""Ends the process when a loop of it stands still; whoever supervises it starts it anew.

The main loop is what the service manager hears of: should even this thread hang, systemd ends it.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable

from station_agent.health.notify import ServiceNotifier

logger = logging.getLogger(__name__)

EXIT_CODE = 70
"""EX_SOFTWARE of sysexits(3)."""


def _abort() -> None:
    faulthandler.dump_traceback(file=sys.stderr)
    os._exit(EXIT_CODE)


class Watchdog:
    """`tick` at least every `limit_s` seconds, or the process ends with every thread's stack.

    So it does when a round of another loop, that it was told to watch, lasts as long.
    """

    def __init__(
        self,
        limit_s: float = 10.0,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        abort: Callable[[], None] = _abort,
        notifier: ServiceNotifier | None = None,
    ) -> None:
        self._limit_s = limit_s
        self._monotonic = monotonic
        self._abort = abort
        self._notifier = notifier or ServiceNotifier(monotonic=monotonic)
        self._ticked_s = monotonic()
        self._looked_s = self._ticked_s
        self._others: dict[str, Callable[[], float | None]] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def watch(self, name: str, busy_since_s: Callable[[], float | None]) -> None:
        """Another loop: when its present round began (monotonic, s); None while it waits."""
        self._others[name] = busy_since_s

    def start(self) -> None:
        """Begin to watch."""
        self._ticked_s = self._looked_s = self._monotonic()
        self._thread.start()
        self._notifier.ready()

    def tick(self) -> None:
        """The loop still turns."""
        self._ticked_s = self._monotonic()
        self._notifier.alive()

    def close(self) -> None:
        """Watch no longer."""
        self._notifier.stopping()
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def check(self) -> None:
        """Abort if the last tick is too long ago while this watch itself did run.

        A process that was stopped as a whole, or a machine that slept, did not hang.
        """
        now = self._monotonic()
        was_running = now - self._looked_s < self._limit_s
        self._looked_s = now
        if not was_running:
            self._ticked_s = now
            return
        busy = {"main": self._ticked_s} | {name: since() for name, since in self._others.items()}
        for name, since_s in busy.items():
            if since_s is not None and now - since_s > self._limit_s:
                logger.critical("loop stands still loop=%s seconds=%.1f", name, now - since_s)
                self._abort()

    def _run(self) -> None:
        while not self._closing.wait(self._limit_s / 4):
            self.check()
