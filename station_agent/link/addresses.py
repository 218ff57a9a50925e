"""Where a host was last: for the day when nobody answers for its name.

A commune's router may have a link and no working name server. What a name stood for when the link
last worked is tried then; certificates are still judged by the name.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from threading import Lock

from station_agent.store.files import replace_durably

logger = logging.getLogger(__name__)


class LastAddresses:
    """The last good address of each host, kept in `path`; without one only in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = Lock()
        self._known = _read(path) if path else {}

    def of(self, host: str) -> str | None:
        """Where it was reached last."""
        return self._known.get(host)

    def reached(self, host: str, address: str) -> None:
        """Remember an address that worked. A card that takes no writes costs only the memory."""
        with self._lock:
            if address == host or self._known.get(host) == address:
                return
            self._known[host] = address
            if self._path is None:
                return
            try:
                replace_durably(self._path, json.dumps(self._known).encode())
            except OSError as error:
                logger.warning("address not kept host=%s: %s", host, error)


def _read(path: Path) -> dict[str, str]:
    """What was kept; a file that cannot be read is as good as none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {host: address for host, address in pairs if isinstance(address, str)}
