"""One sealed message kept as it came: the last good plan, the last limits."""

from __future__ import annotations

from pathlib import Path

from station_agent.store.files import replace_durably, storage_errors


class PlanFile:
    """Its bytes are verified again by whoever reads them; a file is no proof of anything."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, raw: bytes) -> None:
        """Durable on return; StorageFullError, StorageReadOnlyError."""
        with storage_errors(self._path.name):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_durably(self._path, raw)

    def read(self) -> bytes | None:
        """The bytes last written; None if there are none or the card does not give them."""
        try:
            return self._path.read_bytes()
        except OSError:
            return None
