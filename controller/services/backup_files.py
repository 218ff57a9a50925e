"""How backups lie in their folder: dated snapshots, and beside them what snapshots share.

    SECRET.txt                        what this folder is
    snapshots/20261126T190000Z/       vang.db, keys/, settings/, manifest.json
    store/ab/ab12…                    sound and uploads under their SHA-256, each once

A snapshot gets its name when everything in it and in the store is durable; until then it is not
there, and nothing that was there before is touched.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from controller.errors import BackupError

logger = logging.getLogger(__name__)

FORMAT = 1
MANIFEST = "manifest.json"
MANIFEST_SUM = "manifest.sha256"
DATABASE = "vang.db"
WORD = "SECRET.txt"
_UNFINISHED = ".new-"
_NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
_WORDS = """\
BÍ MẬT - SECRET

Thư mục này là bản sao của trung tâm Vang, có cả khóa ký và mật khẩu. Ai có nó thì phát được tiếng
ra mọi cụm loa. Giữ như giữ chìa khóa két: không gửi qua thư, không để ở ổ chung.

This folder is a copy of a Vang centre, signing keys and passwords included. Whoever has it can make
every loudspeaker sound. Keep it as the key of a safe: no mail, no shared drive.

    vang-controller restore --check FOLDER      is it whole? changes nothing
    vang-controller restore FOLDER              puts it into an empty data folder
"""


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts:
        raise ValueError("a path out of the folder")
    return path


class KeptFile(BaseModel):
    """One file of the data folder as it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, AfterValidator(_inside)]
    """Where it belongs, from the data folder."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    size_bytes: int
    in_store: bool = False
    """In the store under its hash; else in the snapshot under `path`."""


class Manifest(BaseModel):
    """What a snapshot holds, and of what it is a copy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    made_at: datetime
    version: str
    """Of the program that made it."""
    engine: str
    """"sqlite" or "postgresql"; the copy is SQLite in either case."""
    schema_revision: str
    epoch: int
    rows: dict[str, int]
    """Rows of each table."""
    files: tuple[KeptFile, ...]
    missing_sounds: tuple[str, ...] = ()
    """SHA-256 the database names and the centre itself had no more."""
    secrets_elsewhere: tuple[str, ...] = ()
    """Settings that came from the environment and are not in the copy."""


class BackupFolder:
    """One folder of snapshots with their store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._snapshots = root / "snapshots"
        self._store = root / "store"

    # --- reading ----------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The snapshots, oldest first."""
        if not self._snapshots.is_dir():
            return []
        return sorted(item.name for item in self._snapshots.iterdir() if _NAME.fullmatch(item.name))

    def snapshot(self, name: str | None = None) -> Path:
        """The folder of one, by default of the newest. BackupError if there is none."""
        names = self.names()
        if not names:
            raise BackupError(f"{self.root} holds no backup", path=str(self.root))
        if name is not None and name not in names:
            raise BackupError(
                f"{self.root} holds no backup {name}; the last ones are {', '.join(names[-5:])}",
                path=str(self.root),
            )
        return self._snapshots / (name or names[-1])

    def manifest(self, snapshot: Path) -> Manifest:
        """What it says it holds. BackupError if that was changed or cannot be read."""
        path = snapshot / MANIFEST
        try:
            raw = path.read_bytes()
            noted = (snapshot / MANIFEST_SUM).read_text(encoding="ascii").split()[0]
        except (OSError, UnicodeDecodeError, IndexError) as error:
            raise BackupError(f"{path}: {error}", path=str(path)) from error
        if hashlib.sha256(raw).hexdigest() != noted:
            raise BackupError(f"{path}: not as it was written", path=str(path))
        try:
            manifest = Manifest.model_validate_json(raw)
        except ValidationError as error:
            raise BackupError(f"{path}: no list this version can read", path=str(path)) from error
        if manifest.format != FORMAT:
            raise BackupError(f"{path}: made by a newer version", path=str(path))
        return manifest

    def place(self, snapshot: Path, file: KeptFile) -> Path:
        """Where the bytes of a file are."""
        return self._place(file.sha256) if file.in_store else snapshot / file.path

    def flaw(self, snapshot: Path, file: KeptFile) -> str | None:
        """What is wrong with its bytes; None: nothing."""
        try:
            with self.place(snapshot, file).open("rb") as stored:
                found = hashlib.file_digest(stored, "sha256").hexdigest()
        except OSError as error:
            return error.strerror or str(error)
        return None if found == file.sha256 else "not the bytes that were copied"

    # --- writing ----------------------------------------------------------------------------------

    @contextmanager
    def held(self) -> Iterator[None]:
        """One at a time; what an earlier one left unfinished is cleared away. BackupError."""
        for folder in (self.root, self._snapshots, self._store):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BackupError(f"{self.root}: another backup is being made there") from error
            self._clear()
            _write(self.root / WORD, _WORDS.encode())
            yield
        finally:
            os.close(lock)

    def _clear(self) -> None:
        for leftover in (*self._snapshots.glob(f"{_UNFINISHED}*"),):
            shutil.rmtree(leftover)
        for leftover in (*self._store.glob(f"??/{_UNFINISHED}*"),):
            leftover.unlink()

    def begin(self, at: datetime) -> Path:
        """An unfinished snapshot."""
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        taken, name, number = set(self.names()), stamp, 1
        while name in taken:
            number += 1
            name = f"{stamp}-{number}"
        folder = self._snapshots / f"{_UNFINISHED}{name}"
        folder.mkdir(mode=0o700)
        return folder

    def copy(self, source: IO[bytes], snapshot: Path, path: str) -> KeptFile:
        """Copy a file into an unfinished snapshot."""
        target = snapshot / _inside(path)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sha256, size = _copied(source, target)
        return KeptFile(path=path, sha256=sha256, size_bytes=size)

    def noted(self, snapshot: Path, path: str) -> KeptFile:
        """A file that was written into an unfinished snapshot by others."""
        target = snapshot / path
        with target.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return KeptFile(path=path, sha256=sha256, size_bytes=target.stat().st_size)

    def holds(self, sha256: str, path: str) -> KeptFile | None:
        """The file if its bytes are in the store already."""
        place = self._place(sha256)
        if not place.is_file():
            return None
        return KeptFile(path=path, sha256=sha256, size_bytes=place.stat().st_size, in_store=True)

    def store(self, source: IO[bytes], sha256: str, path: str) -> KeptFile | None:
        """Copy bytes into the store; None when they are not those of this hash."""
        place = self._place(sha256)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = place.with_name(f"{_UNFINISHED}{sha256}")
        found, size = _copied(source, fresh)
        if found != sha256:
            fresh.unlink()
            return None
        fresh.rename(place)
        return KeptFile(path=path, sha256=sha256, size_bytes=size, in_store=True)

    def finish(self, snapshot: Path, manifest: Manifest) -> Path:
        """Make everything durable, then give the snapshot its name."""
        raw = manifest.model_dump_json(indent=1).encode()
        _write(snapshot / MANIFEST, raw)
        digest = hashlib.sha256(raw).hexdigest()
        _write(snapshot / MANIFEST_SUM, f"{digest}  {MANIFEST}\n".encode())
        for folder in (self._store, snapshot):
            for path, _folders, _files in os.walk(folder):
                sync_folder(Path(path))
        done = self._snapshots / snapshot.name.removeprefix(_UNFINISHED)
        snapshot.rename(done)
        sync_folder(self._snapshots)
        sync_folder(self.root)
        return done

    def prune(self, keep: int, made: Path) -> tuple[str, ...]:
        """Delete the oldest snapshots but `keep`, never the one just made, and what only they used.

        Nothing leaves the store while the list of any snapshot cannot be read.
        """
        old = [name for name in self.names()[:-keep] if name != made.name]
        for name in old:
            aside = self._snapshots / f"{_UNFINISHED}{name}"
            (self._snapshots / name).rename(aside)
            shutil.rmtree(aside)
        sync_folder(self._snapshots)
        if old:
            self._sweep()
        return tuple(old)

    def _sweep(self) -> None:
        used: set[str] = set()
        for name in self.names():
            try:
                files = self.manifest(self._snapshots / name).files
            except BackupError as error:
                logger.warning("nothing is deleted from the store: %s", error)
                return
            used.update(file.sha256 for file in files if file.in_store)
        for stored in self._store.glob("??/*"):
            if stored.name not in used:
                stored.unlink()

    def _place(self, sha256: str) -> Path:
        return self._store / sha256[:2] / sha256


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_file(source: Path, target: Path) -> str:
    """Copy a file durably with mode 0600; the SHA-256 of what was copied."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with source.open("rb") as file:
        return _copied(file, target)[0]


def _copied(source: IO[bytes], target: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with _new(target) as out:
        while data := source.read(1 << 20):
            digest.update(data)
            out.write(data)
            size += len(data)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def _write(path: Path, raw: bytes) -> None:
    with _new(path) as out:
        out.write(raw)
        out.flush()
        os.fsync(out.fileno())


def _new(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
