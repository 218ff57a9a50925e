"""A program on this machine that is run for each message: no shell, the text on its input only.

Off unless the settings name one. What people typed never becomes an argument or a variable; the
program gets no argument at all, and an environment of a fixed set of names.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from controller.services.sending import NotNowError
from controller.services.webhook import Call
from controller.settings import CommandSettings

PLAIN_ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
}
TOLD = ("id", "kind", "event", "severity", "at", "url")
"""Fields that are made here and hold no word of anybody: `VANG_ID` and so on."""

LONGEST_TIMEOUT_S = 120
"""A claim lasts three minutes; a program that ran longer would be started twice."""

LONGEST_COMPLAINT_BYTES = 300


def obstacle(path: Path) -> str | None:
    """Why this program is not run; None: it is.

    Whoever can write the file, or put another in its place, could do whatever the centre can.
    """
    if not path.is_absolute():
        return "is no absolute path"
    try:
        found = path.stat()
        folders = [folder.stat() for folder in path.resolve().parents]
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    if not stat.S_ISREG(found.st_mode):
        return "is no file"
    if not os.access(path, os.X_OK):
        return "cannot be run"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "can be written by others"
    if found.st_uid not in {0, os.geteuid()}:
        return "belongs to somebody else"
    is_open = (stat.S_IWOTH, stat.S_IWOTH | stat.S_ISVTX)
    if any(folder.st_mode & is_open[1] == is_open[0] for folder in folders):
        return "lies in a folder others can write"
    return None


class Command:
    """One program, as the settings name it."""

    def __init__(self, settings: CommandSettings) -> None:
        self._path = Path(settings.path)
        self._timeout_s = settings.timeout_s

    def send(self, call: Call) -> None:
        """Run it once. NotNowError unless it ends with 0 in time."""
        problem = obstacle(self._path)
        if problem is not None:
            raise NotNowError(f"{self._path} {problem}")
        environment = {f"VANG_{name.upper()}": call.fields.get(name, "") for name in TOLD}
        with tempfile.TemporaryFile() as complaints:
            status = self._run(call.fields.get("text", ""), environment, complaints.fileno())
            if status == 0:
                return
            complaints.seek(0)
            said = complaints.read(LONGEST_COMPLAINT_BYTES).decode("utf-8", "replace")
        raise NotNowError(f"exit {status} {' '.join(said.split())}".rstrip())

    def _run(self, text: str, environment: Mapping[str, str], complaints: int) -> int:
        try:
            process = subprocess.Popen(  # noqa: S603 - the path is the admin's, there is no argument
                [str(self._path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                cwd="/",
                env={**PLAIN_ENVIRONMENT, **environment},
                start_new_session=True,
            )
        except OSError as error:
            raise NotNowError(f"{self._path}: {error.strerror}") from error
        with process:
            try:
                process.communicate(text.encode(), timeout=self._timeout_s)
            except subprocess.TimeoutExpired as error:
                os.killpg(process.pid, signal.SIGKILL)  # with all it started
                raise NotNowError(f"not done after {self._timeout_s} s") from error
        return process.returncode
