"""What a worker process is asked to do in tests: importable there."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

from audio_library.errors import DamagedSoundError
from audio_library.worker_process import Progress

logger = logging.getLogger(__name__)


def own_pid(*, progress: Progress) -> int:
    """The process it was done in."""
    progress(1.0)
    return os.getpid()


def niceness(*, progress: Progress) -> int:
    """How far it stands back."""
    return os.getpriority(os.PRIO_PROCESS, 0)


def damaged(*, progress: Progress) -> None:
    """A refusal with facts."""
    raise DamagedSoundError(1_000, 2_000)


def full_disk(*, progress: Progress) -> None:
    """What the system says, with its number."""
    raise OSError(28, "No space left on device")


def broken(*, progress: Progress) -> None:
    """A fault of ours."""
    raise KeyError("nothing of this name")


def warn(*, progress: Progress) -> None:
    """Says something to the log."""
    logger.warning("from over there number=%s", 7)


def endless(left_behind: Path, *, progress: Progress) -> None:
    """Goes on until its progress stops it, and tidies up."""
    left_behind.write_text(str(os.getpid()), encoding="ascii")
    try:
        while True:
            progress(0.5)
            time.sleep(0.01)
    finally:
        left_behind.unlink()
