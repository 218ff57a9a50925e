"""An upload that finds no room on the centre's disk is refused in words and leaves nothing."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from controller.errors import StorageFullError
from controller.services.spool import Spool
from tests.support.own_disk import NEEDS_ROOT, may_mount, own_disk

pytestmark = pytest.mark.skipif(not may_mount(), reason=NEEDS_ROOT)


def test_an_upload_beyond_the_room_there_is_leaves_the_disk_as_it_was(tmp_path: Path) -> None:
    with own_disk(tmp_path / "disk", 16) as disk:
        spool = Spool(disk.folder / "spool", limit_bytes=1 << 30)
        free = os.statvfs(disk.folder).f_bavail
        with pytest.raises(StorageFullError) as refused:
            spool.take(io.BytesIO(bytes(32 << 20)), "upload-1")
        assert refused.value.status == 507
        assert list(spool.folder.iterdir()) == []
        assert os.statvfs(disk.folder).f_bavail == free
