"""An upload that finds no room on the centre's disk is refused in words and leaves nothing."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from controller.errors import StorageFullError
from controller.services.room import Room
from controller.services.spool import Spool
from controller.settings import SoundSettings
from tests.support.own_disk import NEEDS_ROOT, may_mount, own_disk

pytestmark = pytest.mark.skipif(not may_mount(), reason=NEEDS_ROOT)


def test_an_upload_beyond_the_room_there_is_leaves_the_disk_as_it_was(tmp_path: Path) -> None:
    with own_disk(tmp_path / "disk", 16) as disk:
        spool = Spool(
            disk.folder / "spool",
            limit_bytes=1 << 30,
            room=Room(disk.folder, SoundSettings(disk_reserve_mb=0)),
        )
        free = os.statvfs(disk.folder).f_bavail
        with pytest.raises(StorageFullError) as refused:
            spool.take(io.BytesIO(bytes(32 << 20)), "upload-1")
        assert refused.value.status == 507
        assert list(spool.folder.iterdir()) == []
        assert os.statvfs(disk.folder).f_bavail == free


def test_an_upload_stops_midway_at_the_reserve_and_the_rest_of_the_disk_stays_free(
    tmp_path: Path,
) -> None:
    with own_disk(tmp_path / "disk", 64) as disk:
        room = Room(disk.folder, SoundSettings(disk_reserve_mb=20))
        spool = Spool(disk.folder / "spool", limit_bytes=1 << 30, room=room)
        part = spool.path("somebody.part")
        part.touch()
        with pytest.raises(StorageFullError) as refused:
            spool.append(part.name, 0, io.BytesIO(bytes(64 << 20)))
        assert refused.value.facts["reserve_bytes"] == 20_000_000
        assert room.free_bytes() >= 20_000_000
        assert part.stat().st_size > 10 << 20  # what came before is kept, to go on later
        with pytest.raises(StorageFullError):
            spool.take(io.BytesIO(bytes(64 << 20)), "upload-2")
        assert [path.name for path in spool.folder.iterdir()] == [part.name]
