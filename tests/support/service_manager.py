"""What systemd hears of a program it started: the datagrams of sd_notify(3)."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from types import TracebackType


class ServiceManager:
    """Listens at a socket; `environment` is what systemd would start the program with."""

    def __init__(self, *, watchdog_s: float = 0.0) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="vang-")
        self._path = Path(self._folder.name) / "notify"  # short: a socket's path has 107 characters
        self._watchdog_s = watchdog_s
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._heard: list[str] = []

    def __enter__(self) -> ServiceManager:
        self._line.bind(str(self._path))
        self._line.setblocking(False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._line.close()
        self._folder.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        told = {"NOTIFY_SOCKET": str(self._path)}
        if self._watchdog_s:
            told["WATCHDOG_USEC"] = str(round(self._watchdog_s * 1e6))
        return told

    def heard(self) -> list[str]:
        """Everything that was said so far."""
        while True:
            try:
                self._heard.append(self._line.recv(4096).decode())
            except BlockingIOError:
                return list(self._heard)
