"""Sound kept under the SHA-256 of its bytes, and nowhere else by name."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Container
from pathlib import Path
from typing import BinaryIO, Protocol

from audio_library.errors import AssetCorruptError, AssetMissingError

logger = logging.getLogger(__name__)

SUFFIX = ".opus"
ORIGINAL_SUFFIX = ".original"
"""Of uploads as they came: hostile bytes under a name that no program takes for sound."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming-"
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)
"""Another disk, or a file system without hard links."""


def is_sha256(text: str) -> bool:
    """Whether it is the name of a sound."""
    return _SHA256.fullmatch(text) is not None


class AssetStore(Protocol):
    """Where finished sound lies. Names are 64 hexadecimal digits; anything else is not there."""

    def put(self, source: Path) -> str:
        """Copy the file in durably and return its SHA-256; the same bytes again change nothing."""

    def has(self, sha256: str) -> bool: ...

    def path(self, sha256: str) -> Path:
        """Return a local file with these bytes; raise AssetMissingError."""

    def open(self, sha256: str) -> BinaryIO:
        """Open the bytes for reading; raise AssetMissingError."""

    def verify(self, sha256: str) -> None:
        """Read all bytes again; raise AssetMissingError or AssetCorruptError."""

    def sweep_orphans(self, keep: Container[str], *, older_than_epoch_s: float) -> tuple[str, ...]:
        """Delete sound not in `keep` and stored before that time; return what went."""


class FolderStore:
    """An AssetStore in a folder: `root/ab/ab12….opus`, or with another suffix."""

    def __init__(self, root: Path, suffix: str = SUFFIX) -> None:
        self._root = root
        self._suffix = suffix
        root.mkdir(parents=True, exist_ok=True)

    def put(self, source: Path) -> str:
        return self._put(source, None)

    def put_if(self, source: Path, sha256: str) -> str:
        """Copy the file in only if its bytes have this hash; the hash they have."""
        return self._put(source, sha256)

    def _put(self, source: Path, wanted: str | None) -> str:
        with tempfile.NamedTemporaryFile(
            dir=self._root, prefix=_INCOMING, delete=False
        ) as incoming:
            try:
                sha256 = _copy_hashing(source, incoming)
                if wanted not in {None, sha256}:
                    Path(incoming.name).unlink()
                    return sha256
                incoming.flush()
                os.fsync(incoming.fileno())
                self._settle(Path(incoming.name), sha256)
            except BaseException:
                Path(incoming.name).unlink(missing_ok=True)
                raise
        return sha256

    def adopt(self, source: Path) -> str:
        """As `put`, but on the same disk without a second copy of the bytes.

        `source` stays where it is; nobody may write into it afterwards.
        """
        with source.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        incoming = self._root / f"{_INCOMING}{uuid.uuid4().hex}"
        try:
            link_or_copy(source, incoming)
            os.utime(incoming)  # its age as an orphan counts from now
            self._settle(incoming, sha256)
        finally:
            incoming.unlink(missing_ok=True)  # still there when it is what the store had already
        return sha256

    def has(self, sha256: str) -> bool:
        return is_sha256(sha256) and self._place(sha256).is_file()

    def path(self, sha256: str) -> Path:
        if not self.has(sha256):
            raise AssetMissingError(sha256)
        return self._place(sha256)

    def open(self, sha256: str) -> BinaryIO:
        return self.path(sha256).open("rb")

    def verify(self, sha256: str) -> None:
        with self.path(sha256).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise AssetCorruptError(sha256, found)

    def sweep_orphans(self, keep: Container[str], *, older_than_epoch_s: float) -> tuple[str, ...]:
        swept = []
        for path in sorted(self._root.glob(f"??/*{self._suffix}")):
            if path.stem not in keep and path.stat().st_mtime < older_than_epoch_s:
                path.unlink()
                swept.append(path.stem)
        for leftover in self._root.glob(f"{_INCOMING}*"):
            if leftover.stat().st_mtime < older_than_epoch_s:
                leftover.unlink()
        logger.info("orphans swept count=%s", len(swept))
        return tuple(swept)

    def _place(self, sha256: str) -> Path:
        return self._root / sha256[:2] / f"{sha256}{self._suffix}"

    def _settle(self, incoming: Path, sha256: str) -> None:
        """Give the finished file its name. Replacing heals a copy that rotted on disk."""
        place = self._place(sha256)
        place.parent.mkdir(exist_ok=True)
        incoming.chmod(0o644)
        incoming.replace(place)
        _sync_folder(place.parent)
        _sync_folder(self._root)


def link_or_copy(source: Path, target: Path) -> None:
    """Give the file a second name, or on another disk a durable copy; `target` must not exist."""
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        with target.open("xb") as out, source.open("rb") as file:
            shutil.copyfileobj(file, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())


def _copy_hashing(source: Path, target: tempfile._TemporaryFileWrapper[bytes]) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as file:
        while data := file.read(1 << 20):
            digest.update(data)
            target.write(data)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
