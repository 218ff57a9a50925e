"""What was about to sound when the power went: emergencies only, in a small file of their own.

The journal's database may be busy or slow when an emergency comes; this file is made beforehand,
holds one intent a page, and each write overwrites the oldest page and syncs it. A page carries a
counter and a checksum, so one that a power cut tore is simply not there.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from station_agent.core.records import Intent
from station_agent.store import pages
from station_agent.store.files import storage_errors, sync_folder

PAGE_BYTES = 4096
PAGES = 64
_MAGIC = b"VINT"


def unpack(page: bytes) -> tuple[int, Intent] | None:
    """Counter and intent of a page; None if it was never written or torn."""
    found = pages.unpack(_MAGIC, page)
    if found is None:
        return None
    try:
        return found[0], Intent.model_validate_json(found[1])
    except ValidationError:
        return None


class IntentFile:
    """The last 64 emergencies that were let go, oldest overwritten first."""

    def __init__(self, path: Path) -> None:
        """Make the file, at its full size, if there is none. StorageFull-, StorageReadOnlyError."""
        self._path = path
        with storage_errors(path.name):
            if not path.exists():
                self._make()
        self._number = max((number for number, _ in self._pages()), default=0)

    def write(self, intent: Intent) -> None:
        """Durable on return (fdatasync); StorageFullError, StorageReadOnlyError."""
        with storage_errors(self._path.name):
            descriptor = os.open(self._path, os.O_RDWR)
            try:
                number = self._number + 1
                body = intent.model_dump_json(exclude_none=True).encode()
                page = pages.pack(_MAGIC, number, body, PAGE_BYTES)
                os.pwrite(descriptor, page, number % PAGES * PAGE_BYTES)
                os.fdatasync(descriptor)
                self._number = number
            finally:
                os.close(descriptor)

    def read(self) -> tuple[Intent, ...]:
        """Every intent that is whole, oldest first."""
        return tuple(intent for _, intent in sorted(self._pages(), key=lambda page: page[0]))

    def _make(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, bytes(PAGES * PAGE_BYTES), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(self._path.parent)

    def _pages(self) -> list[tuple[int, Intent]]:
        try:
            raw = self._path.read_bytes()
        except OSError:
            return []
        found = (unpack(raw[at : at + PAGE_BYTES]) for at in range(0, len(raw), PAGE_BYTES))
        return [page for page in found if page is not None]
