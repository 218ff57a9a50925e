"""Looks whether a backup is whole, and makes a centre of it on an empty machine.

A restored centre begins a new epoch: stations take what it sends for newer than whatever they hold,
and hand it every line of their journals that the copy does not have.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from audio_library.errors import AudioError
from audio_library.store import AssetStore, FolderStore
from controller.errors import BackupError
from controller.services import audit, numbers
from controller.services.audit import Deed
from controller.services.backup_files import (
    DATABASE,
    BackupFolder,
    KeptFile,
    Manifest,
    copy_file,
    sync_folder,
)
from controller.services.backups import airing_sounds, slot_sounds, write_note
from controller.services.keys import load_or_create
from controller.settings import SettingsError
from controller.storage import copying, migrate
from controller.storage.database import Database
from controller.storage.models import (
    OutboxRow,
    SessionRow,
    StationPlanRow,
    StationStateRow,
)
from station_protocol.errors import ProtocolError
from station_protocol.signing import KeyRing, PinnedKey
from station_protocol.vocabulary import DeedKind

UNFINISHED = "restore-unfinished"
"""In a data folder that is being filled: no centre starts over half a copy."""

STILL_TO_AIR = timedelta(days=1)
"""Slots begun so long before a backup may still be aired or asked about."""

KEYS = ("keys/actual.key", "keys/exercise.key", "web.key")


@dataclass(frozen=True, slots=True)
class Examined:
    """What a look at a snapshot found."""

    snapshot: Path
    manifest: Manifest | None
    """None: it cannot be read, and `problems` says why."""
    problems: tuple[str, ...]
    """Why it must not be put back, each with the file or the thing it is about."""
    remarks: tuple[str, ...] = ()
    """What lacks without being wrong."""


def examine(root: Path, name: str | None = None) -> Examined:
    """Read every byte of a snapshot and open its database in a place of its own; changes nothing.

    BackupError when there is no such snapshot.
    """
    folder = BackupFolder(root)
    snapshot = folder.snapshot(name)
    try:
        manifest = folder.manifest(snapshot)
    except BackupError as error:
        return Examined(snapshot, None, (str(error),))
    problems = [
        f"{folder.place(snapshot, file)}: {flaw}"
        for file in manifest.files
        if (flaw := folder.flaw(snapshot, file)) is not None
    ]
    paths = {file.path for file in manifest.files}
    problems += [f"{name}: not in the copy" for name in (DATABASE, *KEYS) if name not in paths]
    if not problems:
        problems = list(_database_problems(snapshot, manifest))
    return Examined(snapshot, manifest, tuple(problems), tuple(_remarks(manifest)))


def _database_problems(snapshot: Path, manifest: Manifest) -> Iterator[str]:
    path = snapshot / DATABASE
    flaws = copying.flaws(path)
    if flaws:
        yield from (f"{path}: {flaw}" for flaw in flaws)
        return
    with tempfile.TemporaryDirectory(prefix="vang-check-") as scratch:
        copy = Path(scratch) / DATABASE
        copy_file(path, copy)
        with copying.opened(copy) as database:
            found = migrate.revision_of(database)
            if found != manifest.schema_revision or not migrate.is_known(found):
                made_by = f"it was made by version {manifest.version}"
                yield f"{path}: schema {found} is not one this version knows; {made_by}"
                return
            migrate.upgrade(database)
            with database.read() as session:
                yield from (f"{path}: {words}" for words in _row_problems(session, manifest))
                yield from _sound_problems(session, manifest)
                yield from _key_problems(session, snapshot)


def _row_problems(session: Session, manifest: Manifest) -> Iterator[str]:
    if numbers.known_epoch(session) != manifest.epoch:
        yield f"epoch {numbers.known_epoch(session)} instead of {manifest.epoch}"
    for table, count in copying.row_counts(session.connection()).items():
        if table in manifest.rows and count != manifest.rows[table]:
            yield f"{table} has {count} rows instead of {manifest.rows[table]}"


def _sound_problems(session: Session, manifest: Manifest) -> Iterator[str]:
    """Sound that is still to be aired must be there; older sound that lacks is only remarked."""
    held = {file.path.rpartition("/")[2].partition(".")[0] for file in manifest.files}
    needed = slot_sounds(session, manifest.made_at - STILL_TO_AIR) | airing_sounds(session)
    for sha256 in sorted(needed - held):
        yield f"sound {sha256} is still to be aired and is not in the copy"


def _key_problems(session: Session, snapshot: Path) -> Iterator[str]:
    try:
        actual = load_or_create(snapshot / "keys").actual
    except SettingsError as error:
        yield str(error)
        return
    envelope = session.scalar(
        select(StationPlanRow.envelope)
        .where(func.length(StationPlanRow.envelope) > 0)
        .order_by(StationPlanRow.made_at.desc())
        .limit(1)
    )
    if envelope is None:
        return
    try:
        KeyRing.of(PinnedKey.from_hex(actual.public_hex(), DeedKind.ACTUAL)).open(envelope)
    except ProtocolError:
        yield f"{snapshot / 'keys/actual.key'}: not the key that signed the plans in the copy"


def _remarks(manifest: Manifest) -> Iterator[str]:
    if manifest.missing_sounds:
        yield (
            f"{len(manifest.missing_sounds)} sounds were missing at the centre already: "
            + ", ".join(sha256[:12] for sha256 in manifest.missing_sounds[:5])
        )
    if manifest.secrets_elsewhere:
        yield (
            "given by the environment and not in the copy: " + ", ".join(manifest.secrets_elsewhere)
        )


# --- putting back ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """An empty place for a centre."""

    folder: Path
    database_url: str
    sounds: Callable[[], AssetStore]
    originals: Callable[[], FolderStore]


@dataclass(frozen=True, slots=True)
class Restored:
    """A centre that may be started."""

    examined: Examined
    old_epoch: int
    epoch: int


def restore(root: Path, target: Target, now: datetime, name: str | None = None) -> Restored:
    """Make a centre of a snapshot that is whole. BackupError if it is not, or if something is where
    it should go; a restore that was cut may be begun again over what it left."""
    examined = examine(root, name)
    if examined.problems or examined.manifest is None:
        raise BackupError("; ".join(examined.problems[:5]), path=str(examined.snapshot))
    _begin(target)
    try:
        files = BackupFolder(root), examined.snapshot
        _put_files(*files, examined.manifest, target)
        epoch = _put_database(examined, target, now)
        write_note(target.folder, examined.manifest.made_at, examined.snapshot)
    except (OSError, AudioError) as error:
        raise BackupError(f"{target.folder}: {error}", path=str(target.folder)) from error
    (target.folder / UNFINISHED).unlink()
    sync_folder(target.folder)
    return Restored(examined, examined.manifest.epoch, epoch)


def refuse_unfinished(folder: Path) -> None:
    """BackupError while a restore into this data folder did not come to its end."""
    if (folder / UNFINISHED).exists():
        raise BackupError(f"{folder}: a restore was cut here; run it again", path=str(folder))


def _begin(target: Target) -> None:
    """Refuse what is not empty, before anything is written; clear what a cut restore left."""
    target.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_begun = (target.folder / UNFINISHED).exists()
    if any(target.folder.iterdir()) and not is_begun:
        raise BackupError(
            f"{target.folder} is not empty: nothing is put over what is there",
            path=str(target.folder),
        )
    file = _file_of(target.database_url)
    if file is not None and is_begun and file.is_relative_to(target.folder.absolute()):
        file.unlink(missing_ok=True)
    if file is not None and file.exists():
        raise BackupError(f"{file}: nothing is put over what is there", path=str(file))
    (target.folder / UNFINISHED).touch(mode=0o600)
    sync_folder(target.folder)


def _put_files(folder: BackupFolder, snapshot: Path, manifest: Manifest, target: Target) -> None:
    stores = {"sound": target.sounds(), "originals": target.originals()}
    for file in manifest.files:
        source = folder.place(snapshot, file)
        head = file.path.partition("/")[0]
        if head in stores:
            if not stores[head].has(file.sha256):
                _same(file, stores[head].put(source))
        elif head != "settings" and file.path != DATABASE:
            _same(file, copy_file(source, target.folder / file.path))


def _same(file: KeptFile, sha256: str) -> None:
    if sha256 != file.sha256:
        raise BackupError(f"{file.path}: changed while it was read", path=file.path)


def _put_database(examined: Examined, target: Target, now: datetime) -> int:
    """The database comes last and gets its name when it is ready to be started."""
    file, fresh = _file_of(target.database_url), target.folder / f"{DATABASE}.new"
    for leftover in target.folder.glob(f"{fresh.name}*"):
        leftover.unlink()
    copy_file(examined.snapshot / DATABASE, fresh)
    with copying.opened(fresh) as database:
        migrate.upgrade(database)
        epoch = _begin_anew(database, examined, now)
        if file is None:
            _fill(database, target.database_url)
    copying.settle(fresh)
    if file is None:
        fresh.unlink()
    else:
        fresh.rename(file)
        sync_folder(file.parent)
    return epoch


def _fill(source: Database, url: str) -> None:
    database = Database(url)
    try:
        copying.copy_into_empty(source, database)
    finally:
        database.close()


def _file_of(url: str) -> Path | None:
    database = Database(url)
    try:
        return database.path
    finally:
        database.close()


def _begin_anew(database: Database, examined: Examined, now: datetime) -> int:
    """A new epoch above every one known; nothing of the old life is sent or signed in any more."""
    with database.write() as session:
        held = session.scalar(select(func.max(StationStateRow.plan_epoch_held))) or 0
        epoch = numbers.begin_epoch(session, held, now)
        for table in (OutboxRow, SessionRow):
            session.execute(delete(table))
        facts = {
            "snapshot": examined.snapshot.name,
            "made_at": examined.manifest.made_at.isoformat() if examined.manifest else "",
            "epoch": str(epoch),
        }
        audit.record(session, None, Deed("centre.restore", "centre", "", None, facts), at=now)
    return epoch
