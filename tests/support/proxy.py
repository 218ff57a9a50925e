"""A TCP proxy on loopback that a test can cut and mend: the bad link of a station."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from types import TracebackType


class LinkProxy:
    """Forwards 127.0.0.1:port to a target until it is cut; `mend()` lets new connections in again.

    `cut()` resets what is open and refuses what is new.
    """

    def __init__(self, target_port: int, target_host: str = "127.0.0.1") -> None:
        self._target = (target_host, target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open = True
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._closing = False
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> LinkProxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._open = False
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            _reset(pair)

    def mend(self) -> None:
        """Let connections in again."""
        self._open = True

    def close(self) -> None:
        """End the proxy and its threads."""
        self._closing = True
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._open:
                _reset((client, client))
                continue
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                _reset((client, client))
                continue
            thread = threading.Thread(target=self._pump, args=(client, server), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        pair = (client, server)
        with self._lock:
            self._pairs.add(pair)
        try:
            self._forward(client, server)
        except OSError:
            pass
        finally:
            with self._lock:
                self._pairs.discard(pair)
            _reset(pair)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while self._open:
                for key, _ in ready.select(timeout=0.5):
                    source, other = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    data = source.recv(65_536)
                    if not data:
                        return
                    other.sendall(data)


def _reset(pair: tuple[socket.socket, socket.socket]) -> None:
    for one in set(pair):
        with contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
