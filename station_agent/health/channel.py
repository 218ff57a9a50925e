"""How people at the station reach the running agent: a Unix socket, one word in, one line out.

No port is open to any network. Who may use it is decided by the mode of the socket, 0660.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from station_agent.errors import AgentNotRunningError, AgentSilentError

logger = logging.getLogger(__name__)

MODE = 0o660
PATIENCE_S = 10.0
_WORD_BYTES = 64
_HELLO_S = 2.0
"""How long a caller may take to say its word: the next one waits meanwhile."""


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """The same place under a name that fits the 108 bytes of a socket's address."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class LocalChannel:
    """Answers words said on the socket, one caller after the other, in its own thread."""

    def __init__(self, path: Path, answer: Callable[[str], str]) -> None:
        self._path = path
        self._answer = answer
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="local", daemon=True)

    def start(self) -> None:
        """Begin to listen. A station that cannot be asked still plays: it is only logged."""
        try:
            self._listener = self._bound()
        except OSError as error:
            logger.warning("cannot be asked at %s: %s", self._path, error)
            return
        self._thread.start()

    def _bound(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.unlink(missing_ok=True)
            with _short(self._path) as place:
                listener.bind(place)
            self._path.chmod(MODE)
            listener.listen(4)
        except OSError:
            listener.close()
            raise
        return listener

    def close(self) -> None:
        """Listen no longer, and leave nothing behind."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=1)
        listener.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        listener = self._listener
        while listener is not None:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            with caller, contextlib.suppress(OSError):
                self._serve(caller)
            listener = self._listener

    def _serve(self, caller: socket.socket) -> None:
        caller.settimeout(_HELLO_S)
        word = caller.recv(_WORD_BYTES).decode("ascii", errors="replace").strip()
        caller.sendall(self._answer(word).encode() + b"\n")


def ask(path: Path, word: str) -> str:
    """What the running agent answers; AgentNotRunningError, AgentSilentError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(PATIENCE_S)
        try:
            with _short(path) as place:
                caller.connect(place)
        except PermissionError as error:
            raise AgentNotRunningError(f"{path}: not permitted for this user") from error
        except OSError as error:
            raise AgentNotRunningError(f"nobody answers at {path}") from error
        answer = _said(caller, word)
    if not answer:
        raise AgentSilentError("the agent runs but gives no answer")
    return answer


def _said(caller: socket.socket, word: str) -> str:
    pieces = []
    try:
        caller.sendall(word.encode("ascii") + b"\n")
        while piece := caller.recv(65_536):
            pieces.append(piece)
    except OSError:
        return ""
    return b"".join(pieces).decode().strip()
