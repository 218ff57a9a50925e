"""Programs that read hostile bytes: own process group, rlimits, no network, bounded messages.

The limits are set by /bin/sh before it is replaced by the program: a `preexec_fn` may deadlock in a
threaded server. Where bubblewrap is installed and allowed, the program also sees no file but its
own, no other process and no network; without it the limits alone hold, and the log says so.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

from audio_library.errors import ToolFailedError

logger = logging.getLogger(__name__)

_KEPT_BYTES = 64 * 1024
_FSIZE_UNIT_BYTES = 512  # POSIX: `ulimit -f` counts blocks of 512 bytes
# A session of its own is a scheduling group of its own, in which `nice` alone counts for nothing.
_WRAPPER = (
    "{{ echo 10 >/proc/self/autogroup; }} 2>/dev/null; "
    "ulimit -c 0 && ulimit -v {memory_kib} && ulimit -t {cpu_s} && ulimit -n 64 "
    '&& ulimit -f {file_blocks} && exec nice -n 10 "$0" "$@"'
)
_SYSTEM = ("/lib", "/lib32", "/lib64", "/bin")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What one process may use; the kernel enforces all but the wall clock."""

    memory_bytes: int = 1 << 30
    cpu_s: int = 900
    file_bytes: int = 64 << 20
    wall_s: float = 1800.0


DEFAULT_LIMITS = ProcessLimits()


@dataclass(frozen=True, slots=True)
class Program:
    """What is run: a file, and the folders it may see besides the system's libraries.

    `writes` is the one folder in which it may make files.
    """

    file: Path
    reads: tuple[Path, ...] = ()
    writes: Path | None = None


class BoundedText:
    """The head and the tail of a stream of messages: a hostile file can make millions of them."""

    def __init__(self, kept_bytes: int = _KEPT_BYTES) -> None:
        self._kept = kept_bytes
        self._head = b""
        self._tail = b""

    def add(self, data: bytes) -> None:
        room = self._kept - len(self._head)
        self._head += data[:room]
        self._tail = (self._tail + data[room:])[-self._kept :]

    @property
    def text(self) -> str:
        return (self._head + self._tail).decode("utf-8", errors="replace")


class ToolRun:
    """One running program. Leaving `start` kills the whole group, so nothing outlives its use."""

    def __init__(self, process: subprocess.Popen[bytes], wall_s: float) -> None:
        self._process = process
        self._messages = BoundedText()
        self._overdue = threading.Event()
        self._drain = threading.Thread(target=self._drain_stderr, name="tool-messages")
        self._watch = threading.Timer(wall_s, self._give_up)
        self._watch.daemon = True
        self._drain.start()
        self._watch.start()

    @property
    def stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101 - start() always makes the pipe
        return self._process.stdout

    @property
    def stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - asked for by the caller of start()
        return self._process.stdin

    @property
    def group_id(self) -> int:
        return self._process.pid

    def finish(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and what the program said."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        exit_code = self._process.wait()
        self._drain.join()
        if self._overdue.is_set():
            raise ToolFailedError("program ran too long", exit_code=exit_code, stderr=self.messages)
        return exit_code, self.messages

    @property
    def messages(self) -> str:
        return self._messages.text

    def close(self) -> None:
        """Kill what still runs and free every pipe; harmless after `finish`."""
        self._watch.cancel()
        if self._process.poll() is None:
            self._kill_group()
        self._process.wait()
        self._drain.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _drain_stderr(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - start() always makes the pipe
        descriptor = self._process.stderr.fileno()
        while data := os.read(descriptor, 8192):
            self._messages.add(data)

    def _give_up(self) -> None:
        logger.warning("program overdue pid=%s", self._process.pid)
        self._overdue.set()
        self._kill_group()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


@lru_cache(maxsize=1)
def confinement() -> Path | None:
    """bubblewrap, if it is here and the kernel lets it make namespaces; asked once, and logged."""
    found = shutil.which("bwrap", path="/usr/local/bin:/usr/bin:/bin")
    if found is None:
        logger.warning("hostile sound is decoded with limits only: bubblewrap is not installed")
        return None
    tried = subprocess.run(  # noqa: S603 - a fixed program
        [found, *_namespaces(), *_system(), "/usr/bin/true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if tried.returncode != 0:
        said = tried.stderr.decode(errors="replace").strip()
        logger.warning("hostile sound is decoded with limits only: bubblewrap says %s", said)
        return None
    logger.info("hostile sound is decoded in a sandbox program=%s", found)
    return Path(found)


def _namespaces() -> list[str]:
    # Not --new-session: `start` has made one, without a terminal, and that one is nice.
    own = [f"--unshare-{kind}" for kind in ("user", "ipc", "pid", "net")]
    return [*own, "--die-with-parent", "--cap-drop", "ALL"]


def _system() -> list[str]:
    """The system's programs and libraries, read-only; nothing of /etc, /home or /var."""
    arguments = ["--ro-bind", "/usr", "/usr", "--dev", "/dev"]
    for name in _SYSTEM:
        folder = Path(name)
        if folder.is_symlink():
            arguments += ["--symlink", str(folder.readlink()), name]
        else:
            arguments += ["--ro-bind-try", name, name]
    return [*arguments, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]


def _confined(program: Program) -> list[str]:
    """The words before the program: those of bubblewrap, if it can be used.

    Relative paths mean the same inside as outside.
    """
    box = confinement()
    if box is None:
        return []
    here = os.fspath(Path.cwd())
    shown = [("--ro-bind", path) for path in (program.file, *program.reads)]
    shown += [("--bind", program.writes)] if program.writes else []
    # Not resolve(): a link in the path is not there inside, its target under this name is.
    full = [(how, os.path.abspath(path)) for how, path in shown]  # noqa: PTH100
    bound = [word for how, path in full for word in (how, path, path)]
    return [str(box), *_namespaces(), *_system(), "--dir", here, *bound, "--chdir", here, "--"]


def _command(program: Program, arguments: Sequence[str], limits: ProcessLimits) -> list[str]:
    script = _WRAPPER.format(
        memory_kib=limits.memory_bytes // 1024,
        cpu_s=limits.cpu_s,
        file_blocks=limits.file_bytes // _FSIZE_UNIT_BYTES,
    )
    return ["/bin/sh", "-c", script, *_confined(program), str(program.file), *arguments]


@contextlib.contextmanager
def start(
    program: Program,
    arguments: Sequence[str],
    *,
    limits: ProcessLimits = DEFAULT_LIMITS,
    feeds_stdin: bool = False,
    pass_fds: Sequence[int] = (),
) -> Iterator[ToolRun]:
    """Run it with these arguments for the length of the `with` block."""
    process = subprocess.Popen(  # noqa: S603 - a fixed program; hostile names never reach it
        _command(program, arguments, limits),
        stdin=subprocess.PIPE if feeds_stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
        start_new_session=True,
        env=_ENVIRONMENT,
    )
    run = ToolRun(process, limits.wall_s)
    try:
        yield run
    finally:
        run.close()


def run(
    program: Program,
    arguments: Sequence[str],
    *,
    limits: ProcessLimits = DEFAULT_LIMITS,
    pass_fds: Sequence[int] = (),
) -> tuple[int, str]:
    """Run it to its end; return the exit code and its messages. For runs without PCM pipes."""
    with start(program, arguments, limits=limits, pass_fds=pass_fds) as process:
        return process.finish()
