"""Makes a copy of the whole centre while it runs: database, sound, uploads, keys, settings."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from audio_library.errors import AudioError
from audio_library.store import ORIGINAL_SUFFIX, SUFFIX, AssetStore, FolderStore
from controller.errors import BackupError
from controller.services.backup_files import (
    DATABASE,
    FORMAT,
    BackupFolder,
    KeptFile,
    Manifest,
)
from controller.services.named_sounds import (
    hashes_in,
    kept_of_bulletins,
    kept_uploads,
    named_sounds,
)
from controller.services.numbers import known_epoch
from controller.services.photos import FOLDER as PHOTOS
from controller.services.photos import SUFFIX as JPEG
from controller.storage import copying, migrate
from controller.storage.database import Database
from controller.storage.models import (
    EquipmentItemRow,
    IngestJobRow,
    PieceRow,
    SlotRow,
    StationPlanRow,
)

logger = logging.getLogger(__name__)

NOTE = "backup.json"
"""In the data folder: when a backup last was finished, and where."""

BROKER_PORT = "broker/port"
"""Where the bundled broker listens when no setting says so: stations are told it once."""

SMALL_FILES = ("audit-head", "web.key", "keys/actual.key", "keys/exercise.key", BROKER_PORT)
"""Of the data folder, besides database and sound. `audit-head` is read before the database: the
chain in the copy is then never shorter than what was noted."""


@dataclass(frozen=True, slots=True)
class Centre:
    """What there is to copy."""

    database: Database
    folder: Path
    sounds: AssetStore
    originals: FolderStore
    settings_files: Mapping[str, Path]
    """Files the settings are from or name, by the name they get in the copy."""
    secrets_elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup."""

    snapshot: Path
    manifest: Manifest
    copied_files: int
    """Of the sound: what no earlier snapshot had."""
    copied_bytes: int
    pruned: tuple[str, ...]


class Backups:
    """Makes snapshots in one folder."""

    def __init__(self, centre: Centre, root: Path, now: Callable[[], datetime]) -> None:
        self._centre = centre
        self._root = root.absolute()
        self._now = now
        self._to = BackupFolder(self._root)

    def make(self, *, version: str, keep: int) -> Made:
        """Make a snapshot, then let the oldest go until `keep` are there.

        BackupError when it was not made; what was there before is then as it was.
        """
        if self._root.is_relative_to(self._centre.folder.absolute()):
            raise BackupError("a backup inside the data folder is lost with it: name another disk")
        try:
            with self._to.held():
                made = self._make(version, keep)
        except OSError as error:
            raise BackupError(f"{self._root}: {error}", path=str(self._root)) from error
        write_note(self._centre.folder, made.manifest.made_at, made.snapshot)
        return made

    def _make(self, version: str, keep: int) -> Made:
        at = self._now()
        snapshot = self._to.begin(at)
        try:
            files = list(self._small_files(snapshot))
            copying.copy_into_file(self._centre.database, snapshot / DATABASE)
            with copying.opened(snapshot / DATABASE) as copy:
                shared = _Shared(self._to, self._centre, copy)
                files += shared.files
                facts = _facts(copy)
            copying.settle(snapshot / DATABASE)
            files.append(self._to.noted(snapshot, DATABASE))
            manifest = Manifest(
                format=FORMAT,
                made_at=at,
                version=version,
                engine="sqlite" if self._centre.database.is_sqlite else "postgresql",
                schema_revision=migrate.newest_revision(),
                epoch=facts[0],
                rows=facts[1],
                files=tuple(files),
                missing_sounds=tuple(sorted(shared.missing)),
                secrets_elsewhere=self._centre.secrets_elsewhere,
            )
            done = self._to.finish(snapshot, manifest)
        except BaseException:
            shutil.rmtree(snapshot, ignore_errors=True)
            raise
        pruned = self._to.prune(keep, done)
        return Made(done, manifest, shared.copied_files, shared.copied_bytes, pruned)

    def _small_files(self, snapshot: Path) -> Iterator[KeptFile]:
        named = {name: self._centre.folder / name for name in SMALL_FILES}
        named |= {f"settings/{name}": path for name, path in self._centre.settings_files.items()}
        for name, path in named.items():
            if path.is_file():
                with path.open("rb") as file:
                    yield self._to.copy(file, snapshot, name)


class _Shared:
    """Sound, pictures and uploads, also those that wait, put into the store where it lacks them."""

    def __init__(self, to: BackupFolder, centre: Centre, copy: Database) -> None:
        self._to = to
        self.files: list[KeptFile] = []
        self.missing: set[str] = set()
        self.copied_files = self.copied_bytes = 0
        with copy.read() as session:
            sounds, needed = named_sounds(session), needed_sounds(session)
            originals = kept_uploads(session)
            photos = {sha for sha in session.scalars(select(EquipmentItemRow.photo_sha256)) if sha}
            waiting = list(_waiting(session))
        self._take(sounds, centre.sounds.open, "sound", SUFFIX)
        self._take(originals, centre.originals.open, "originals", ORIGINAL_SUFFIX)
        self._take(photos, FolderStore(centre.folder / PHOTOS, JPEG).open, PHOTOS, JPEG)
        self.missing &= needed | originals
        for name in waiting:
            self._take_upload(centre.folder / "spool" / name, f"spool/{name}")

    def _take(
        self, hashes: Iterable[str], opened: Callable[[str], BinaryIO], folder: str, suffix: str
    ) -> None:
        for sha256 in sorted(hashes):
            path = f"{folder}/{sha256[:2]}/{sha256}{suffix}"
            kept = self._to.holds(sha256, path) or self._copy(sha256, opened, path)
            if kept is None:
                self.missing.add(sha256)
            else:
                self.files.append(kept)

    def _copy(self, sha256: str, opened: Callable[[str], BinaryIO], path: str) -> KeptFile | None:
        try:
            with opened(sha256) as source:
                kept = self._to.store(source, sha256, path)
        except AudioError as error:
            logger.debug("sound is not at the centre sha256=%s: %s", sha256, error)
            return None
        if kept is not None:
            self.copied_files += 1
            self.copied_bytes += kept.size_bytes
        return kept

    def _take_upload(self, source: Path, path: str) -> None:
        """An upload that waits to be prepared; one that is done in this moment is not there."""
        try:
            with source.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                file.seek(0)
                kept = self._to.store(file, sha256, path)
        except FileNotFoundError:
            return
        if kept is not None:
            self.files.append(kept)


def needed_sounds(session: Session) -> frozenset[str]:
    """The sounds that bulletins, pieces, the slots to come and the newest plans are made of."""
    found: set[str | None] = {*kept_of_bulletins(session)}
    found |= set(session.scalars(select(PieceRow.sha256).distinct()))
    return frozenset(item for item in found if item) | airing_sounds(session)


def airing_sounds(session: Session) -> frozenset[str]:
    """The sounds without which the newest plan of some station cannot be aired."""
    newest = (
        select(StationPlanRow.station_id, func.max(StationPlanRow.made_at).label("made_at"))
        .group_by(StationPlanRow.station_id)
        .subquery()
    )
    query = select(StationPlanRow.required_assets).join(
        newest,
        (newest.c.station_id == StationPlanRow.station_id)
        & (newest.c.made_at == StationPlanRow.made_at),
    )
    return frozenset(text for value in session.scalars(query) for text in hashes_in(value))


def slot_sounds(session: Session, since: datetime) -> frozenset[str]:
    """The sounds of all slots from an instant on."""
    query = select(SlotRow.items, SlotRow.other_items).where(
        SlotRow.starts_at >= since, SlotRow.cancelled_at.is_(None)
    )
    return frozenset(
        text for row in session.execute(query) for value in row for text in hashes_in(value)
    )


def _waiting(session: Session) -> Iterator[str]:
    query = select(IngestJobRow.spool_name).where(IngestJobRow.state.in_(("queued", "running")))
    yield from session.scalars(query)


def _facts(copy: Database) -> tuple[int, dict[str, int]]:
    with copy.read() as session:
        return known_epoch(session), copying.row_counts(session.connection())


# --- when the last one was made ------------------------------------------------------------------


def write_note(folder: Path, at: datetime, snapshot: Path) -> None:
    """Note in the data folder that a backup was finished."""
    fresh = folder / f"{NOTE}.new"
    fresh.write_text(json.dumps({"made_at": at.isoformat(), "snapshot": str(snapshot)}) + "\n")
    fresh.replace(folder / NOTE)


def last_made_at(folder: Path) -> datetime | None:
    """When a backup last was finished; None: never, or nobody can tell."""
    try:
        return datetime.fromisoformat(json.loads((folder / NOTE).read_text())["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
