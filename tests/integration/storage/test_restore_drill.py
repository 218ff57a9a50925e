"""A backup is made while the centre works, is looked at, and makes the same centre again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from audio_library.store import FolderStore
from controller import wiring
from controller.cli import main
from controller.errors import BackupError
from controller.services import backups as making
from controller.services.backups import Backups
from controller.services.photos import FOLDER as PHOTOS
from controller.services.photos import SUFFIX as JPEG
from controller.services.restoring import UNFINISHED, examine, refuse_unfinished, restore
from controller.settings import Settings
from controller.storage.database import Database
from controller.storage.models import (
    AuditRow,
    Base,
    BulletinVersionRow,
    EquipmentItemRow,
    OutboxRow,
    SlotBulletinRow,
    SlotResultRow,
    SlotRow,
    StationPlanRow,
)
from tests.support.copied import Copied, modes, target
from tests.support.fleet import province
from tests.support.postgres import fresh_database

SOUND, OTHER_SOUND = b"Nghe thay." * 500, b"Nghe ro." * 700
CHANGED = {"meta", "outbox", "session", "audit"}
"""What a restore itself changes."""


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copied]:
    """A centre on SQLite with a plan, its sound and evidence."""
    with province(tmp_path) as here:
        made = Copied(here, tmp_path)
        made.air(SOUND)
        made.say_aired()
        yield made


def rows_of(database: Database) -> dict[str, list[Any]]:
    with database.engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in Base.metadata.sorted_tables
            if table.name not in CHANGED
        }


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_pictures_of_equipment_come_back(copied: Copied, tmp_path: Path) -> None:
    picture = tmp_path / "picture"
    picture.write_bytes(b"a picture of an amplifier")
    sha256 = FolderStore(copied.folder / PHOTOS, JPEG).put(picture)
    with copied.here.database.write() as session:
        session.add(
            EquipmentItemRow(
                equipment_item_id="item",
                station_id="bac-ai-phuoc-binh",
                kind="amplifier",
                model="",
                serial="",
                note="",
                photo_sha256=sha256,
                added_by="Trần Văn Lộc",
                added_at=copied.here.clock(),
            )
        )
    copied.back_up()
    restore(copied.backups, target(tmp_path / "anew"), copied.here.clock())
    back = tmp_path / "anew" / PHOTOS / sha256[:2] / f"{sha256}{JPEG}"
    assert back.read_bytes() == b"a picture of an amplifier"


@pytest.mark.real
@pytest.mark.parametrize(
    ("engine", "onto"),
    [("sqlite", "sqlite"), ("postgresql", "postgresql"), ("sqlite", "postgresql")],
)
def test_the_drill_a_copy_is_made_found_whole_and_becomes_the_same_centre(
    engine: str, onto: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database()) if engine == "postgresql" else ""
        here = stack.enter_context(province(tmp_path, url))
        copied = Copied(here, tmp_path)
        sha256 = copied.air(SOUND)
        copied.say_aired()
        made = copied.back_up()
        assert made.manifest.missing_sounds == ()
        before = rows_of(here.database)
        examined = examine(copied.backups)
        assert (examined.problems, examined.remarks) == ((), ())

        folder = tmp_path / "anew"
        new_url = stack.enter_context(fresh_database()) if onto == "postgresql" else ""
        place = target(folder, new_url)
        done = restore(copied.backups, place, here.clock() + timedelta(days=1))
        database = Database(place.database_url)
        stack.callback(database.close)
        database.check()
        assert rows_of(database) == before
        assert (folder / "sound" / sha256[:2] / f"{sha256}.opus").read_bytes() == SOUND
        for name in ("keys/actual.key", "keys/exercise.key", "web.key", "broker/port"):
            assert (folder / name).read_bytes() == (copied.folder / name).read_bytes()
            assert (folder / name).stat().st_mode & 0o777 == 0o600
        assert done.epoch > done.old_epoch
        with database.write() as session:
            assert session.scalars(select(OutboxRow)).all() == []
            deed = session.scalars(select(AuditRow).order_by(AuditRow.audit_id.desc())).first()
            assert deed is not None
            assert (deed.action, deed.detail["epoch"]) == ("centre.restore", str(done.epoch))
            session.add(OutboxRow(topic="t", payload=b"", qos=1, retain=False, created_at=deed.at))


def test_one_changed_byte_anywhere_is_found_and_named_and_nothing_is_put_back(
    copied: Copied, tmp_path: Path
) -> None:
    made = copied.back_up()
    everything = [path for path in copied.backups.rglob("*") if path.is_file()]
    checked = [path for path in everything if path.name not in {".lock", "SECRET.txt"}]
    assert len(checked) >= 7
    for path in checked:
        whole = path.read_bytes()
        spoilt = bytearray(whole)
        spoilt[len(spoilt) // 2] ^= 1
        path.write_bytes(spoilt)
        said = examine(copied.backups).problems
        named = made.snapshot / "manifest.json" if "manifest" in path.name else path
        assert any(str(named) in words for words in said), (path, said)
        with pytest.raises(BackupError, match=named.name):
            restore(copied.backups, target(tmp_path / "anew"), copied.here.clock())
        assert not (tmp_path / "anew").exists()
        path.write_bytes(whole)
    (copied.backups / "store").rename(tmp_path / "gone")
    assert any("No such file" in words for words in examine(copied.backups).problems)


def test_a_look_changes_nothing(copied: Copied) -> None:
    copied.back_up()
    before = files_of(copied.backups)
    assert examine(copied.backups).problems == ()
    assert files_of(copied.backups) == before


def test_the_next_backup_copies_only_new_sound_and_pruning_keeps_what_is_used(
    copied: Copied,
) -> None:
    first = copied.back_up()
    assert (first.copied_files, first.copied_bytes) == (1, len(SOUND))
    second = copied.back_up()
    assert second.copied_files == 0
    sha256 = copied.air(OTHER_SOUND, airs_at=time(6, 30))
    third = copied.back_up(keep=2)
    assert (third.copied_files, third.pruned) == (1, (first.snapshot.name,))
    assert examine(copied.backups).problems == ()
    assert examine(copied.backups, second.snapshot.name).problems == ()
    shutil.rmtree(third.snapshot)
    copied.here.clock.at += timedelta(days=1)
    with copied.here.database.write() as session:
        for table in (SlotBulletinRow, SlotResultRow, SlotRow, StationPlanRow):
            session.execute(delete(table))
        named = BulletinVersionRow.sha256 == sha256
        session.execute(update(BulletinVersionRow).where(named).values(sha256=None))
    copied.back_up(keep=1)
    store = {path.name for path in (copied.backups / "store").rglob("*") if path.is_file()}
    assert len(store) == 1
    assert sha256 not in store


def test_only_the_owner_reads_a_backup_and_it_says_that_it_is_secret(copied: Copied) -> None:
    copied.back_up()
    assert modes(copied.backups) == {"0o700", "0o600"}
    assert "SECRET" in (copied.backups / "SECRET.txt").read_text()


def test_a_cut_leaves_the_last_good_backup_and_the_next_one_clears_up(
    copied: Copied, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = copied.back_up()

    class CutError(BaseException):
        """The power went: nothing is tidied."""

    def cut(*_: Any) -> None:
        raise CutError

    with monkeypatch.context() as patch:
        patch.setattr(making, "_facts", cut)
        patch.setattr(making.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(CutError):
            copied.back_up(keep=1)
    assert len(list((copied.backups / "snapshots").iterdir())) == 2
    examined = examine(copied.backups)
    assert (examined.snapshot, examined.problems) == (first.snapshot, ())
    copied.back_up()
    assert all(not path.name.startswith(".new") for path in copied.backups.rglob("*"))


def test_sound_the_centre_lacks_is_said_and_stands_in_the_way_while_it_is_to_be_aired(
    copied: Copied,
) -> None:
    sha256 = copied.air(OTHER_SOUND, airs_at=time(6, 30))
    (copied.folder / "sound" / sha256[:2] / f"{sha256}.opus").write_bytes(b"rotten")
    made = copied.back_up()
    assert made.manifest.missing_sounds == (sha256,)
    assert any(sha256 in words for words in examine(copied.backups).problems)


def test_a_backup_beside_the_data_is_refused_and_so_is_a_restore_over_something(
    copied: Copied, tmp_path: Path
) -> None:
    inside = Backups(copied.centre(), copied.folder / "backups", copied.here.clock)
    with pytest.raises(BackupError, match="another disk"):
        inside.make(version="test", keep=3)
    copied.back_up()
    (tmp_path / "anew").mkdir()
    (tmp_path / "anew" / "something").touch()
    with pytest.raises(BackupError, match="not empty"):
        restore(copied.backups, target(tmp_path / "anew"), copied.here.clock())


def test_no_centre_starts_over_half_a_restore_and_it_may_be_run_again(
    copied: Copied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied.back_up()
    folder = tmp_path / "anew"

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("controller.services.restoring._begin_anew", full)
        with pytest.raises(BackupError, match="No space"):
            restore(copied.backups, target(folder), copied.here.clock())
    assert not (folder / "vang.db").exists()
    with pytest.raises(BackupError, match="run it again"):
        refuse_unfinished(folder)
    with pytest.raises(BackupError, match="run it again"):
        wiring.open_database(Settings(data_folder=str(folder)))
    restore(copied.backups, target(folder), copied.here.clock())
    assert not (folder / UNFINISHED).exists()
    refuse_unfinished(folder)


def test_the_commands_copy_look_and_put_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANG_METRICS_TOKEN", "khong ai biet")
    config = tmp_path / "controller.toml"
    config.write_text(f'data_folder = "{tmp_path / "data"}"\n')
    centre = wiring.build(Settings(data_folder=str(tmp_path / "data")))
    metrics = centre.app.test_client()
    series = "\nvang_backup_last_success_timestamp_seconds "
    assert series not in metrics.get("/metrics").text
    backups = str(tmp_path / "backups")
    assert main(["backup", backups, "--config", str(config)]) == 0
    said = capsys.readouterr().out
    assert "SECRET" in said
    assert "metrics.token is given by the environment" in said
    assert series in metrics.get("/metrics").text
    centre.stop()
    assert main(["restore", "--check", backups, "--config", str(config)]) == 0
    assert main(["restore", backups, "--config", str(config)]) == 1
    assert "not empty" in capsys.readouterr().err
    config.write_text(f'data_folder = "{tmp_path / "anew"}"\n')
    assert main(["restore", backups, "--config", str(config)]) == 0
    told = capsys.readouterr()
    assert "epoch" in told.out
    (snapshot,) = (tmp_path / "backups/snapshots").iterdir()
    made_at = datetime.strptime(snapshot.name, "%Y%m%dT%H%M%S%z")
    assert f"after {made_at:%Y-%m-%dT%H:%M:%SZ}" in told.out
    assert "is lost: bulletins, schedules" in told.out
    assert "set broker.port" in told.err, "the broker of this centre never started"
    (manifest,) = (tmp_path / "backups").glob("snapshots/*/manifest.json")
    assert json.loads(manifest.read_text())["engine"] == "sqlite"
    manifest.write_text(manifest.read_text().replace("sqlite", "sqlitf"))
    assert main(["restore", "--check", backups]) == 1
    assert "manifest.json: not as it was written" in capsys.readouterr().err
