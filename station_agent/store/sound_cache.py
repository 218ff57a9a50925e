"""Verified sound by SHA-256 in one folder, bounded, never dropping what is still to be played.

`<sha256>` is whole and was verified when it got that name; `<sha256>.part` is on its way;
`bad/<sha256>` is what a later check found damaged, kept for whoever looks into it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from station_agent.store.files import sync_folder

logger = logging.getLogger(__name__)

RESERVE_BYTES = 64 * 1024 * 1024
"""Free space the cache never uses up."""

_NAME = re.compile(r"[0-9a-f]{64}")
_READ_BYTES = 1024 * 1024
_KEPT_BAD = 4
"""How many damaged files are kept for whoever looks into them."""

CheckProblem = Literal["file_corrupt", "file_missing"]


def hash_file(path: Path, *, from_card: bool = False) -> str:
    """SHA-256 of a file's bytes, those on the card itself if so wanted; OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        if from_card:
            # What the kernel still has in memory may be right while the card's own bytes are not.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()


class SoundCache:
    """Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        cache_bytes: int,
        *,
        on_dropped: Callable[[str], None] = lambda _: None,
        on_admitted: Callable[[], None] = lambda: None,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        self._folder = folder
        self._cache_bytes = cache_bytes
        self._reserve_bytes = reserve_bytes
        self._on_dropped = on_dropped
        self._on_admitted = on_admitted
        self._protected: frozenset[str] = frozenset()
        self._lock = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True)
        self._held = dict(self._found())

    def held(self) -> Mapping[str, int]:
        """Hash -> bytes of what is here."""
        with self._lock:
            return dict(self._held)

    def path(self, sha256: str) -> Path:
        """Where these bytes lie, or would."""
        if not _NAME.fullmatch(sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self._folder / sha256

    def part_path(self, sha256: str) -> Path:
        """Where they gather while they are fetched."""
        return self.path(sha256).with_name(f"{sha256}.part")

    def check(self, sha256: str) -> CheckProblem | None:
        """Hash the file again; a damaged one is set aside."""
        path = self.path(sha256)
        try:
            actual = hash_file(path, from_card=True)
        except FileNotFoundError:
            self._forget(sha256)
            return "file_missing"
        except OSError as error:
            logger.warning("sound cannot be read sha256=%s: %s", sha256, error)
            actual = ""
        if actual == sha256:
            return None
        self._set_aside(path)
        self._forget(sha256)
        return "file_corrupt"

    def protect(self, sha256s: tuple[str, ...]) -> None:
        """What must not be dropped; replaces the former list."""
        with self._lock:
            self._protected = frozenset(sha256s)

    def admit(self, sha256: str) -> bool:
        """Verify the part and give it its name, durably; a wrong one is deleted. OSError."""
        part = self.part_path(sha256)
        if hash_file(part) != sha256:
            part.unlink()
            return False
        descriptor = os.open(part, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        size = part.stat().st_size
        part.replace(self.path(sha256))
        sync_folder(self._folder)
        with self._lock:
            self._held[sha256] = size
        self._on_admitted()
        return True

    def keep(self, sha256: str, data: bytes) -> bool:
        """Put bytes that are already in memory under their name, durably. OSError."""
        self.part_path(sha256).write_bytes(data)
        return self.admit(sha256)

    def make_room(self, sha256: str, size_bytes: int) -> bool:
        """Drop what is not protected, oldest first, until this sound fits; False if it cannot."""
        while not self._has_room(size_bytes):
            if not self.drop_one(besides=sha256):
                return False
        return True

    def drop_one(self, besides: str = "") -> bool:
        """Give up one file nobody needs: a damaged one, or the oldest; False if there is none."""
        with self._lock:
            files = [*self._files(self._folder / "bad"), *self._droppable(besides)]
            if not files or not _unlinked(files[0]):
                return False
        path = files[0]
        if path.parent == self._folder and self._forget(path.name):
            logger.info("sound dropped to make room sha256=%s", path.name)
            self._on_dropped(path.name)
        return True

    def free_bytes(self) -> int:
        """Free space of the disk; 0 if it does not say."""
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return 0

    def _has_room(self, size_bytes: int) -> bool:
        """Whether so many more bytes fit beside all that lies here."""
        files = [*self._files(self._folder), *self._files(self._folder / "bad")]
        total = sum(_age_and_bytes(path)[1] for path in files)
        fits = total + size_bytes <= self._cache_bytes
        return fits and self.free_bytes() - size_bytes >= self._reserve_bytes

    def _droppable(self, besides: str) -> list[Path]:
        protected = self._protected | {besides}
        return [
            path
            for path in self._files(self._folder)
            if path.name.removesuffix(".part") not in protected
        ]

    @staticmethod
    def _files(folder: Path) -> list[Path]:
        """Oldest first; none if the card does not say."""
        try:
            files = [path for path in folder.iterdir() if path.is_file()]
        except OSError:
            return []
        return sorted(files, key=_age_and_bytes)

    def _forget(self, sha256: str) -> bool:
        with self._lock:
            return self._held.pop(sha256, None) is not None

    def _set_aside(self, path: Path) -> None:
        bad = self._folder / "bad"
        try:
            bad.mkdir(exist_ok=True)
            path.replace(bad / path.name)
            for old in self._files(bad)[:-_KEPT_BAD]:
                old.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("damaged sound could not be moved file=%s: %s", path.name, error)

    def _found(self) -> list[tuple[str, int]]:
        return [
            (path.name, path.stat().st_size)
            for path in self._folder.iterdir()
            if path.is_file() and _NAME.fullmatch(path.name)
        ]


def _age_and_bytes(path: Path) -> tuple[int, int]:
    """When it was last written, and its size; nothing of a file another thread just gave up."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _unlinked(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("file could not be given up file=%s: %s", path.name, error)
        return False
    return True
