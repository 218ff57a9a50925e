"""Sound in a bucket of objects, read through a folder of this machine.

Objects lie under the same names as files of a FolderStore: `ab/ab12….opus`.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import threading
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from audio_library.errors import AssetCorruptError, AssetMissingError
from audio_library.store import SUFFIX, FolderStore, is_sha256

logger = logging.getLogger(__name__)

_YOUNG_S = 3600.0
"""What was read so lately may be about to be opened: it is not evicted."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object: its name and when the bucket took it, seconds since 1970 by its own clock."""

    key: str
    stored_epoch_s: float


class Bucket(Protocol):
    """What is asked of a bucket. Each may raise AssetUnreachableError."""

    def upload(self, key: str, source: Path, sha256: str) -> None:
        """Store the file's bytes, in the place of any that were there."""

    def download(self, key: str, target: IO[bytes]) -> None:
        """Write the object's bytes; raise AssetMissingError."""

    def has(self, key: str) -> bool: ...

    def objects(self) -> Iterator[StoredObject]:
        """Every object there is."""

    def delete(self, key: str) -> None:
        """Remove it; nothing happens when it is not there."""


class ObjectStore:
    """An AssetStore over a bucket. A copy on this machine is only a copy: it may go any time."""

    def __init__(self, bucket: Bucket, cache_folder: Path, *, cache_bytes: int) -> None:
        self._bucket = bucket
        self._cache = FolderStore(cache_folder)
        self._folder = cache_folder
        self._cache_bytes = cache_bytes
        self._trusted: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def put(self, source: Path) -> str:
        """Store the file and read it back; AssetCorruptError if other bytes came back.

        What is there already is written again, so that no sweep takes it for old.
        """
        sha256 = self._cache.put(source)
        key = _key(sha256)
        self._bucket.upload(key, self._cache.path(sha256), sha256)
        try:
            self.verify(sha256)
        except AssetCorruptError:
            self._bucket.delete(key)
            raise
        self._trust(sha256)
        self._evict(sha256)
        return sha256

    def has(self, sha256: str) -> bool:
        return is_sha256(sha256) and self._bucket.has(_key(sha256))

    def path(self, sha256: str) -> Path:
        if not is_sha256(sha256):
            raise AssetMissingError(sha256)
        if not self._is_sound_here(sha256):
            self._fetch(sha256)
        place = self._cache.path(sha256)
        place.touch()
        self._trust(sha256)
        return place

    def open(self, sha256: str) -> BinaryIO:
        return self.path(sha256).open("rb")

    def verify(self, sha256: str) -> None:
        if not is_sha256(sha256):
            raise AssetMissingError(sha256)
        with tempfile.TemporaryFile(dir=self._folder) as copy:
            self._bucket.download(_key(sha256), copy)
            copy.seek(0)
            found = hashlib.file_digest(copy, "sha256").hexdigest()
        if found != sha256:
            raise AssetCorruptError(sha256, found)

    def sweep_orphans(self, keep: Container[str], *, older_than_epoch_s: float) -> tuple[str, ...]:
        swept = []
        for stored in self._bucket.objects():
            sha256 = _sha256_of(stored.key)
            is_old = stored.stored_epoch_s < older_than_epoch_s
            if sha256 is not None and sha256 not in keep and is_old:
                self._bucket.delete(stored.key)
                swept.append(sha256)
        self._cache.sweep_orphans(keep, older_than_epoch_s=older_than_epoch_s)
        logger.info("orphans swept from bucket count=%s", len(swept))
        return tuple(swept)

    def _is_sound_here(self, sha256: str) -> bool:
        """Whether the copy of this machine is there and whole. Its bytes are read once, and again
        when its file has changed."""
        if not self._cache.has(sha256):
            return False
        if self._trusted.get(sha256) == _look(self._cache.path(sha256)):
            return True
        try:
            self._cache.verify(sha256)
        except AssetCorruptError:
            logger.warning("copy of a sound is corrupt, fetched again sha256=%s", sha256)
            return False
        return True

    def _fetch(self, sha256: str) -> None:
        """Have the bytes here; AssetMissingError unless they are just those."""
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix="incoming-") as file:
            self._bucket.download(_key(sha256), file)
            file.flush()
            found = self._cache.put_if(Path(file.name), sha256)
        if found != sha256:
            logger.error("object is corrupt sha256=%s found=%s", sha256, found)
            raise AssetMissingError(sha256) from AssetCorruptError(sha256, found)
        self._evict(sha256)

    def _trust(self, sha256: str) -> None:
        self._trusted[sha256] = _look(self._cache.path(sha256))

    def _evict(self, just_read: str) -> None:
        """Delete the copies longest unread until the rest fits."""
        with self._lock:
            files = [(path.stat(), path) for path in self._folder.glob(f"??/*{SUFFIX}")]
            total = sum(status.st_size for status, _path in files)
            newest = max((status.st_mtime for status, _path in files), default=0.0)
            for status, path in sorted(files, key=lambda item: item[0].st_mtime):
                if total <= self._cache_bytes or status.st_mtime > newest - _YOUNG_S:
                    return
                if path.stem != just_read:
                    path.unlink(missing_ok=True)
                    self._trusted.pop(path.stem, None)
                    total -= status.st_size


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}{SUFFIX}"


def _sha256_of(key: str) -> str | None:
    """The hash an object is named by; None for an object that is none of ours."""
    sha256 = key.removesuffix(SUFFIX).rpartition("/")[2]
    return sha256 if is_sha256(sha256) and _key(sha256) == key else None


def _look(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size
