"""Uploads on their way in: written once to disk under our own name, sized and looked at."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import shutil
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from audio_library.errors import NotSoundError as ForeignContentError
from audio_library.errors import RefusedSoundError
from audio_library.errors import TooLargeError as FileTooLargeError
from audio_library.ingest import SCRATCH_PREFIX
from audio_library.probe import probe
from audio_library.store import link_or_copy
from controller.errors import NotSoundError, StorageFullError, UploadTooLargeError
from controller.services.room import Room

logger = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file somebody sends: its name is only text, its bytes are hostile.

    Either the bytes come now, or they came before in pieces under a token (`parts.py`).
    """

    name: str
    stream: IO[bytes] | None = None
    token: str | None = None


class Spool:
    """A folder of uploads waiting to be made into sound."""

    def __init__(self, folder: Path, *, limit_bytes: int, room: Room) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._room = room
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        """Where the work is done: the same disk as the uploads."""
        return self._folder

    def path(self, spool_name: str) -> Path:
        """The file of this name."""
        return self._folder / spool_name

    def ensure_room(self, size_bytes: int) -> None:
        """StorageFullError if a file of that size cannot be taken."""
        self._room.ensure(size_bytes)

    def take(self, stream: IO[bytes], spool_name: str) -> Path:
        """Write the upload to disk durably. UploadTooLargeError, StorageFullError, NotSoundError.

        What is plainly not sound is refused here, while its sender still waits.
        """
        path = self.path(spool_name)
        with self._no_leftover(path):
            with path.open("ab") as file:
                self._copy(stream, file)
            self._look_at(path)
        return path

    def link(self, kept: Path, spool_name: str) -> int:
        """Put in a file that is kept elsewhere and stays; return its size. StorageFullError."""
        path = self.path(spool_name)
        with self._no_leftover(path):
            link_or_copy(kept, path)
            return path.stat().st_size

    def adopt(self, part_name: str, spool_name: str) -> Path:
        """Take over a file that came in pieces, under its new name. Errors as `take`."""
        path = self.path(part_name).rename(self.path(spool_name))
        with self._no_leftover(path):
            self._look_at(path)
        return path

    def append(self, part_name: str, offset: int, stream: IO[bytes]) -> int:
        """Write on at `offset` if the file ends just there; return how much there is now.

        What came before a break of the line is kept, also when the disk fills.
        UploadTooLargeError, StorageFullError.
        """
        path = self.path(part_name)
        try:
            with path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # the sender may have asked again meanwhile
                if file.seek(0, os.SEEK_END) == offset:
                    self._copy(stream, file, offset)
                return file.tell()
        except UploadTooLargeError:
            path.unlink()
            raise
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFullError("no room for the upload") from error
            raise

    def drop(self, spool_name: str) -> None:
        """Forget an upload that has been dealt with."""
        self.path(spool_name).unlink(missing_ok=True)

    def sweep(self, keep: Container[str], *, before: datetime) -> int:
        """Remove what interrupted requests left behind; how many files."""
        swept = 0
        for path in self._folder.iterdir():
            is_old = path.stat().st_mtime < before.timestamp()
            if path.is_file() and path.name not in keep and is_old:
                path.unlink()
                swept += 1
        return swept

    def clear_scratch(self) -> None:
        """Remove what a killed run left; call it only while nothing is being worked on."""
        for scratch in self._folder.glob(f"{SCRATCH_PREFIX}*"):
            shutil.rmtree(scratch)

    def _copy(self, stream: IO[bytes], file: IO[bytes], size_bytes: int = 0) -> None:
        while data := stream.read(_CHUNK_BYTES):
            size_bytes += len(data)
            if size_bytes > self._limit_bytes:
                raise UploadTooLargeError("upload too large", limit_bytes=self._limit_bytes)
            self._room.ensure(len(data))
            file.write(data)
        file.flush()
        os.fsync(file.fileno())

    def _look_at(self, path: Path) -> None:
        try:
            probe(path, limit_bytes=self._limit_bytes)
        except ForeignContentError as error:
            raise NotSoundError(str(error), reason=str(error.reason)) from error
        except FileTooLargeError as error:
            raise UploadTooLargeError(
                str(error), size_bytes=error.size_bytes, limit_bytes=error.limit_bytes
            ) from error
        except RefusedSoundError as error:
            logger.info("upload looks damaged, left to the ingest name=%s: %s", path.name, error)

    @contextmanager
    def _no_leftover(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            path.unlink(missing_ok=True)
            if error.errno in _FULL:
                raise StorageFullError("no room for the upload") from error
            raise
        except BaseException:
            path.unlink(missing_ok=True)
            raise
