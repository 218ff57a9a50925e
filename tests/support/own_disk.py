"""A small disk of our own for one folder: an ext4 image behind a loop device; needs root."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NEEDS_ROOT = "a disk of its own for a test (mount -o loop) needs root"


@dataclass(frozen=True, slots=True)
class Disk:
    """A mounted ext4 file system of a few hundred megabytes."""

    folder: Path
    device: str

    def written_bytes(self) -> int:
        """What has reached the block device since it was set up, after a sync of this disk."""
        _run("sync", "-f", str(self.folder))
        # https://docs.kernel.org/block/stat.html: field 7, sectors of 512 bytes written.
        fields = Path(f"/sys/class/block/{self.device}/stat").read_text(encoding="ascii").split()
        return int(fields[6]) * 512

    def fill(self) -> Path:
        """Take all the space there is with a file that is nobody's; delete it to free it."""
        filler = self.folder / "somebody-elses"
        with filler.open("wb") as file:
            for size in (1 << 20, 1 << 16, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        at = file.seek(0, os.SEEK_END)
                        os.posix_fallocate(file.fileno(), at, size)
        return filler

    def fail(self) -> None:
        """Let the kernel find an error: it makes a failing card read-only, for good."""
        trigger = Path(f"/sys/fs/ext4/{self.device}/trigger_fs_error")
        trigger.write_text("1", encoding="ascii")


def may_mount() -> bool:
    """Whether this process may mount, and the machine has loop devices and ext4."""
    has_tools = all(shutil.which(one) for one in ("mount", "umount", "mkfs.ext4"))
    return os.geteuid() == 0 and has_tools and Path("/dev/loop-control").exists()


@contextlib.contextmanager
def own_disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Mounted at `folder` while it lasts, without times of access as on the stations."""
    image = folder.with_name(f"{folder.name}.img")
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    # Blocks as large as on a real card; nothing is left to be written in the background.
    now = "lazy_itable_init=0,lazy_journal_init=0"
    _run("mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", "-E", now, str(image))
    folder.mkdir(parents=True)
    _run("mount", "-o", "loop,noatime,errors=remount-ro", str(image), str(folder))
    try:
        listing = _run("findmnt", "-n", "-o", "SOURCE", str(folder))
        yield Disk(folder, listing.strip().rpartition("/")[2])
    finally:
        # Lazily: a thread of an agent in this very process may still close its last file.
        _run("umount", "-l", str(folder))
        image.unlink()


def _run(*words: str) -> str:
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout
