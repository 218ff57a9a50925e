"""Sound work in a process of its own, so that neither its sums nor its crash reach a page.

The centre's pages, planner and link are threads of one interpreter. An hour of sound measured in
one more thread holds all of them up, again and again, for as long as it keeps the interpreter's
lock; and what a hostile file does to the process that reads its samples, it does to all of them.

The two processes talk over a socket pair. Each report of progress is answered with whether to go
on; when the other end is gone, so is the work. Both ends are this program, so messages are pickled:
the programs that decode hostile bytes sit in a sandbox behind the worker and reach no end of it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NoReturn, Protocol, TypeVar

from audio_library.errors import AudioError, ToolFailedError

NICE = 10
"""Below pages and link; see setpriority(2)."""

_END_S = 5.0

Progress = Callable[[float], None]

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Work(Protocol[T_co]):
    """What can be done elsewhere: picklable, and willing to be stopped by its `progress`."""

    def __call__(self, *, progress: Progress) -> T_co:
        """Do it; an exception raised by `progress` ends it."""
        ...


class Call(Protocol):
    """Where work is done: `WorkerProcess.call`, or `here`."""

    def __call__(self, work: Work[T], progress: Progress) -> T:
        """Do the work; raise what it, or `progress`, raises."""
        ...


def here(work: Work[T], progress: Progress) -> T:
    """Do the work in the calling thread."""
    return work(progress=progress)


class WorkerProcess:
    """The process of one thread: started by the first call after `close`, kept between calls."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None

    def call(self, work: Work[T], progress: Progress) -> T:
        """Do the work there, and hear of its progress here.

        Raises what the work raised, what `progress` raised, or ToolFailedError when the process
        ended in the middle; the next call starts another one.
        """
        line = self._line or self._start()
        try:
            line.send(work)
            end, value = _followed(line, progress)
        except (EOFError, ConnectionError) as error:
            status = self.close()
            raise ToolFailedError("the worker process ended", exit_code=status) from error
        if end == "failed":
            raise value
        result: T = value
        return result

    def close(self) -> int | None:
        """End the process if there is one; its exit status."""
        if self._process is None or self._line is None:
            return None
        self._line.close()
        try:
            status = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._process = self._line = None
        return status

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        level = logging.getLogger().getEffectiveLevel()
        serve = f"from {__name__} import serve; serve({theirs.fileno()}, {level})"
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - ourselves
                    [sys.executable, "-c", serve],
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                )
            except OSError:
                ours.close()
                raise
        self._line = Connection(ours.detach())
        return self._line


def _followed(line: Connection, progress: Progress) -> tuple[str, Any]:
    """How the work ended, "done" with its result or "failed" with its error."""
    stopped: Exception | None = None
    while True:
        kind, value = line.recv()
        if kind == "log":
            logging.getLogger(value.name).handle(value)
        elif kind == "progress":
            try:
                progress(value)
            except Exception as error:  # noqa: BLE001 - raised once the worker has tidied up
                stopped = error
            line.send(stopped is None)
        elif stopped is not None:
            return "failed", stopped
        else:
            return kind, value


class _StoppedError(Exception):
    """The other end does not want it any more."""


class _Speaker:
    """The worker's end: threads of the sandbox may log while the work reports."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._lock = threading.Lock()

    def say(self, kind: str, value: object) -> None:
        with self._lock:
            self._line.send((kind, value))

    def progress(self, fraction: float) -> None:
        self.say("progress", fraction)
        if not self._line.recv():
            raise _StoppedError


class _LogLine(logging.Handler):
    """Log records go to the log of the other end, as they are written there."""

    def __init__(self, speaker: _Speaker) -> None:
        super().__init__()
        self._speaker = speaker

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args = record.getMessage(), None
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        with contextlib.suppress(OSError):
            self._speaker.say("log", record)


def serve(descriptor: int, log_level: int) -> NoReturn:
    """Do what comes over the socket until its other end is closed."""
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    line = Connection(descriptor)
    speaker = _Speaker(line)
    logging.basicConfig(level=log_level, handlers=[_LogLine(speaker)])
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            speaker.say(*_done(line.recv(), speaker))
    sys.exit(0)


def _done(work: Work[object], speaker: _Speaker) -> tuple[str, object]:
    try:
        return "done", work(progress=speaker.progress)
    except (EOFError, ConnectionError):
        raise
    except AudioError as error:
        return "failed", error
    except _StoppedError:
        return "failed", None
    except Exception as error:  # noqa: BLE001 - told at the other end, with where it happened
        return "failed", _told(error)


def _told(error: Exception) -> Exception:
    """The error as it can travel: most are made anew from their arguments, some cannot be."""
    where = "".join(traceback.format_exception(error))
    if isinstance(error, OSError):
        told: Exception = OSError(error.errno, error.strerror or str(error))
    else:
        told = ToolFailedError(f"{type(error).__name__} in the worker process", stderr=str(error))
    told.add_note(where)
    return told
