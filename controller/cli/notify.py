"""What systemd is told: serving, alive, stopping (sd_notify(3)). Silent where nobody asked."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

READY = "READY=1"
ALIVE = "WATCHDOG=1"
STOPPING = "STOPPING=1"


def tell_service_manager(words: str, environment: Mapping[str, str] = os.environ) -> None:
    """Say it to the service manager that started this process, if one did."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line,
    ):
        line.settimeout(0.5)
        line.sendto(words.encode("ascii"), address)
