"""The last sign of life: one preallocated page, overwritten in turn in its two halves.

Each half carries a counter and a checksum, so a write that a power cut tore leaves the one before.
Overwriting in place costs one page; a journal row for each mark would cost the card its life.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from station_agent.core.records import Mark
from station_agent.store import pages
from station_agent.store.files import storage_errors, sync_folder

PAGE_BYTES = 4096
_HALF_BYTES = PAGE_BYTES // 2
_MAGIC = b"VMRK"


def pack(mark: Mark, number: int) -> bytes:
    """One half of the page."""
    body = mark.model_dump_json(exclude_none=True).encode()
    return pages.pack(_MAGIC, number, body, _HALF_BYTES)


def unpack(half: bytes) -> tuple[int, Mark] | None:
    """Counter and mark of a half; None if it was never written or torn."""
    found = pages.unpack(_MAGIC, half)
    if found is None:
        return None
    try:
        return found[0], Mark.model_validate_json(found[1])
    except ValidationError:
        return None


class MarkFile:
    """The page on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = max((number for number, _ in self._halves()), default=0)

    def write(self, mark: Mark) -> None:
        """Durable on return (fdatasync); StorageFullError, StorageReadOnlyError."""
        with storage_errors(self._path.name):
            descriptor = self._opened()
            try:
                number = self._number + 1
                os.pwrite(descriptor, pack(mark, number), number % 2 * _HALF_BYTES)
                os.fdatasync(descriptor)
                self._number = number
            finally:
                os.close(descriptor)

    def read(self) -> Mark | None:
        """The newest mark that is whole; None if there is none."""
        halves = sorted(self._halves(), key=lambda half: half[0])
        return halves[-1][1] if halves else None

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            os.pwrite(descriptor, bytes(PAGE_BYTES), 0)
            os.fsync(descriptor)
            sync_folder(self._path.parent)
            return descriptor

    def _halves(self) -> list[tuple[int, Mark]]:
        try:
            page = self._path.read_bytes()
        except OSError:
            return []
        halves = (unpack(page[at : at + _HALF_BYTES]) for at in (0, _HALF_BYTES))
        return [half for half in halves if half is not None]
