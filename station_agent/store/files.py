"""Writing files so that a power cut leaves the old or the new one, never half of one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from station_agent.errors import StorageFullError, StorageReadOnlyError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def storage_errors(what: object) -> Iterator[None]:
    """Turn a failed write into StorageFullError or StorageReadOnlyError."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFullError(f"{what}: {error.strerror}") from error
        raise StorageReadOnlyError(f"{what}: {error.strerror or error}") from error


def sync_folder(folder: Path) -> None:
    """Make renames inside this folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_durably(path: Path, raw: bytes) -> None:
    """Put `raw` in place of `path`: beside it, fsync, rename, fsync of the folder. OSError."""
    beside = path.with_name(path.name + ".tmp")
    try:
        with beside.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):  # half a file on a full disk would take the room of evidence
            beside.unlink(missing_ok=True)
        raise
    beside.replace(path)
    sync_folder(path.parent)
