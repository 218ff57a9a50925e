"""Child programs that never outlive the process that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to send SIGTERM to this process when the thread that started it is gone.

    A parent that died before this call is noticed too. Only Linux knows this; elsewhere a
    supervisor that is killed hard leaves its children.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:
        os._exit(1)


def start_child(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    output: IO[bytes] | int | None = None,
    ready: Callable[[], None] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that gets SIGTERM when we end, however we end.

    To be called from the main thread: the kernel watches the thread, not the process. The child
    has a session of its own, so that Ctrl-C reaches only us and we stop our children in order.
    `output` receives standard output and error; None inherits them.
    """
    parent_pid = os.getpid()

    def in_child() -> None:
        die_with_parent(parent_pid)
        if ready is not None:
            ready()

    return subprocess.Popen(  # noqa: S603 - our own programs, never a shell
        [str(part) for part in command],
        env=None if environment is None else dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        preexec_fn=in_child,
        start_new_session=True,
    )


def end_child(child: subprocess.Popen[bytes], *, grace_s: float) -> int:
    """Stop a child: SIGTERM, then SIGKILL after `grace_s`. Returns its exit status."""
    if child.poll() is None:
        child.terminate()
    try:
        return child.wait(timeout=grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def is_running(pid: int, mark: str) -> bool:
    """Whether a live process of this id has `mark` in its command line (ids are used again)."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return mark.encode() in command and state != "Z"


def is_port_free(host: str, port: int) -> bool:
    """Whether a listener could be opened here now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str) -> int:
    """A TCP port nobody listens on at the moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port
