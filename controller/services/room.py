"""Room on the disk of the data folder: when to warn, and when to take nothing more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.errors import StorageFullError
from controller.settings import SoundSettings


@dataclass(frozen=True, slots=True)
class RoomView:
    """How much is free, and whether somebody should look at it."""

    free_bytes: int
    refused_below_bytes: int
    is_low: bool
    """Below the first threshold: uploads are still taken."""
    is_full: bool
    """Below the second: none is."""


class Room:
    """Looks at the disk each time it is asked."""

    def __init__(
        self,
        folder: Path,
        settings: SoundSettings,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._folder = folder
        self._warned_below = settings.disk_low_mb * 1_000_000
        self._refused_below = settings.disk_reserve_mb * 1_000_000
        self._free_bytes = free_bytes

    def free_bytes(self) -> int:
        """Bytes an ordinary process may still write."""
        return self._free_bytes(self._folder)

    def view(self) -> RoomView:
        """What a page says of it."""
        free = self.free_bytes()
        return RoomView(
            free,
            self._refused_below,
            is_low=free < self._warned_below,
            is_full=free < self._refused_below,
        )

    def ensure(self, size_bytes: int = 0) -> None:
        """StorageFullError if so many bytes more would leave less than the reserve.

        Plans, journals and the database must go on when uploads no longer can.
        """
        free = self.free_bytes()
        if free - size_bytes < self._refused_below:
            raise StorageFullError(
                f"{free} bytes free", free_bytes=free, reserve_bytes=self._refused_below
            )
