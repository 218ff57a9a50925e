"""A small centre worth copying: plans, slots with their sound, evidence, keys, settings."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text, update

from audio_library.store import ORIGINAL_SUFFIX, FolderStore
from controller.services.backups import Backups, Centre, Made
from controller.services.keys import load_or_create
from controller.services.numbers import epoch
from controller.services.restoring import Target
from controller.storage import migrate
from controller.storage.database import Database
from controller.storage.models import BulletinVersionRow
from tests.support import wire
from tests.support.fleet import Province
from tests.support.schedule_desk import a_wish


class Copied:
    """The province with a data folder of its own, and where its backups go."""

    def __init__(self, here: Province, folder: Path) -> None:
        self.here, self.folder, self.backups = here, folder / "data", folder / "backups"
        self.folder.mkdir(mode=0o700)
        here.signer = load_or_create(self.folder / "keys").actual
        here.orders._signer = here.signer
        here.plans = here._plans()
        (self.folder / "web.key").write_text("ab" * 32)
        (self.folder / "web.key").chmod(0o600)
        (self.folder / "broker").mkdir()
        (self.folder / "broker/port").write_text("18830\n")
        self.config = folder / "controller.toml"
        self.config.write_text('log_level = "INFO"\n')
        self.sounds = FolderStore(self.folder / "sound")
        self.originals = FolderStore(self.folder / "originals", ORIGINAL_SUFFIX)
        with here.database.write() as session:
            epoch(session, here.clock())
        _stamp(here.database)

    def air(self, sound: bytes, **changes: object) -> str:
        """Schedule a bulletin of this sound every day, sign the plans; the sound's hash."""
        sha256 = hashlib.sha256(sound).hexdigest()
        source = self.folder / "made.opus"
        source.write_bytes(sound)
        self.sounds.put(source)
        source.unlink()
        bulletin = self.here.desk.bulletin()
        with self.here.database.write() as session:
            session.execute(
                update(BulletinVersionRow)
                .where(BulletinVersionRow.bulletin_id == bulletin)
                .values(sha256=sha256)
            )
        wish = a_wish(bulletin, **changes)
        self.here.desk.schedules.save(self.here.desk.actor(), wish)
        self.here.plans.refresh()
        return sha256

    def say_aired(self) -> None:
        """Evidence that the first slot aired at one station."""
        slot = self.here.slots()[0]
        self.here.go_to(slot, minutes=11)
        self.here.journal(wire.entry(self.here.ran(slot), no=1))
        self.here.as_run.reconcile()

    def centre(self) -> Centre:
        return Centre(
            self.here.database,
            self.folder,
            self.sounds,
            self.originals,
            {"controller.toml": self.config},
        )

    def back_up(self, keep: int = 30, *, after: timedelta = timedelta(minutes=1)) -> Made:
        """A backup a minute later."""
        self.here.clock.at += after
        backups = Backups(self.centre(), self.backups, self.here.clock)
        return backups.make(version="test", keep=keep)


def target(folder: Path, url: str = "") -> Target:
    """An empty place for a centre."""
    return Target(
        folder,
        url or f"sqlite:///{folder / 'vang.db'}",
        lambda: FolderStore(folder / "sound"),
        lambda: FolderStore(folder / "originals", ORIGINAL_SUFFIX),
    )


def modes(folder: Path) -> set[str]:
    """The modes of all files and folders."""
    found = [folder, *(Path(path) / name for path, _, names in os.walk(folder) for name in names)]
    return {oct(item.stat().st_mode & 0o777) for item in found}


def _stamp(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(
            text("INSERT INTO alembic_version VALUES (:at)"), {"at": migrate.newest_revision()}
        )
