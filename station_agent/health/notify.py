"""What systemd is told: ready, alive, stopping (sd_notify(3)). Silent where nobody asked."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping


class ServiceNotifier:
    """Speaks to the service manager that started this process; silent without one."""

    def __init__(
        self, address: str = "", *, every_s: float = 0.0, monotonic: Callable[[], float]
    ) -> None:
        self._address = address.replace("@", "\0", 1) if address.startswith("@") else address
        self._every_s = every_s
        self._monotonic = monotonic
        self._next_s = 0.0

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> ServiceNotifier:
        """As `Type=notify` and `WatchdogSec=` ask for; a sign of life each quarter of the limit."""
        limit_us = environment.get("WATCHDOG_USEC", "")
        is_for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        every_s = int(limit_us) / 4e6 if limit_us.isdecimal() and is_for_us else 0.0
        return cls(environment.get("NOTIFY_SOCKET", ""), every_s=every_s, monotonic=monotonic)

    def ready(self) -> None:
        """The station runs."""
        self._say("READY=1")

    def alive(self) -> None:
        """The main loop turns; said as often as the watchdog needs, however often it is called."""
        now_s = self._monotonic()
        if self._every_s and now_s >= self._next_s:
            self._next_s = now_s + self._every_s
            self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """The station was asked to end."""
        self._say("STOPPING=1")

    def _say(self, words: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line,
        ):
            line.settimeout(0.5)
            line.sendto(words.encode("ascii"), self._address)
