"""Space kept back for the hour in which the disk is full: evidence must still find room."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

logger = logging.getLogger(__name__)

BALLAST_BYTES = 2 * 1024 * 1024


class Ballast:
    """A file of zeros that is given up when the journal cannot grow."""

    def __init__(self, path: Path, size_bytes: int = BALLAST_BYTES) -> None:
        self._path = path
        self._size = size_bytes

    def restore(self) -> None:
        """Make the file if it is not whole and there is plenty of room; a failure means none."""
        try:
            if self._is_whole() or shutil.disk_usage(self._path.parent).free < 8 * self._size:
                return
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
        except OSError as error:
            logger.warning("no ballast file=%s: %s", self._path, error)

    def _is_whole(self) -> bool:
        try:
            return self._path.stat().st_size >= self._size
        except FileNotFoundError:
            return False

    def release(self) -> bool:
        """Free the space; False if there was none to free."""
        try:
            self._path.unlink()
        except OSError:
            return False
        logger.warning("ballast given up file=%s", self._path)
        return True
