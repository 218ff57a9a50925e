"""How much memory a whole ingest takes, its sandboxed children included."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

_SCRIPT = """
import sys
from pathlib import Path
from audio_library.ingest import ingest
ingest(Path(sys.argv[1]), workdir=Path(sys.argv[2]))
"""


def peak_of_tree(source: Path, workdir: Path) -> int:
    """Peak of the resident bytes of a whole ingest: its own process and every child's together."""
    command = [sys.executable, "-c", _SCRIPT, str(source), str(workdir)]
    with subprocess.Popen(command) as process:
        highest = [0]
        watcher = threading.Thread(target=_watch, args=(psutil.Process(process.pid), highest))
        watcher.start()
        assert process.wait() == 0
        watcher.join()
    return highest[0]


def _watch(process: psutil.Process, highest: list[int]) -> None:
    while True:
        try:
            tree = [process, *process.children(recursive=True)]
            sizes = [_resident(member) for member in tree]
        except psutil.NoSuchProcess:
            return
        if not sizes[0]:
            return
        highest[0] = max(highest[0], sum(sizes))
        time.sleep(0.02)


def _resident(process: psutil.Process) -> int:
    try:
        return 0 if process.status() == psutil.STATUS_ZOMBIE else process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
