"""A TCP proxy on loopback that stands for the bad link of a station.

It can be cut and mended, swallow everything without a word, be slow, and hand on MQTT messages
twice and in another order.
"""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType

Send = Callable[[bytes], None]
_PUBLISH = 3
"""Type of the MQTT packet that carries a message (MQTT 3.1.1, table 2.1)."""


@dataclass
class Late:
    """One direction of a link: what is sent into it comes out so much later, in order."""

    out: Send
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)

    def send(self, data: bytes, delay_s: float) -> None:
        self.waiting.append((time.monotonic() + delay_s, data))
        self.flow()

    def flow(self) -> None:
        """Hand on what has been under way long enough."""
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            self.out(self.waiting.popleft()[1])


@dataclass
class Scrambler:
    """One direction of MQTT: some messages go out twice, some behind their successor."""

    out: Send
    chance: random.Random
    rest: bytes = b""
    held: bytes = b""
    done: dict[str, int] = field(default_factory=lambda: {"doubled": 0, "swapped": 0})

    def send(self, data: bytes) -> None:
        self.rest += data
        for packet in self._packets():
            self._hand_on(packet)

    def flow(self) -> None:
        """Nothing followed what was held back: it goes out after all."""
        if self.held:
            held, self.held = self.held, b""
            self.out(held)

    def _hand_on(self, packet: bytes) -> None:
        if packet[0] >> 4 != _PUBLISH:
            self.out(packet)
            return
        if self.held:
            self.done["swapped"] += 1
            self.out(packet)
            self.flow()
        elif self.chance.random() < 0.4:
            self.held = packet
        else:
            self.out(packet)
            if self.chance.random() < 0.5:
                self.done["doubled"] += 1
                self.out(packet)

    def _packets(self) -> Iterator[bytes]:
        while (size := _packet_size(self.rest)) is not None and size <= len(self.rest):
            packet, self.rest = self.rest[:size], self.rest[size:]
            yield packet


def _packet_size(data: bytes) -> int | None:
    """Bytes of the first MQTT packet, header included; None if its header is not whole."""
    length = 0
    for place, byte in enumerate(data[1:5]):
        length |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return 2 + place + length
    return None


class LinkProxy:
    """Forwards 127.0.0.1:port to a target until it is cut; `mend()` lets new connections in again.

    `cut()` resets what is open and refuses what is new. `swallow()` leaves everything open and lets
    nothing through; what was open then stays dead for ever. `delay_s` is one way. With `scramble`
    new connections double and swap MQTT messages; `scrambled` counts what was done.
    """

    def __init__(self, target_port: int, target_host: str = "127.0.0.1") -> None:
        self._target = (target_host, target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open = True
        self._age = 0
        self._is_swallowing = False
        self.delay_s = 0.0
        self.scramble: random.Random | None = None
        self.scrambled = {"doubled": 0, "swapped": 0}
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

    def swallow(self) -> None:
        """Half open: nobody is told anything, and nothing arrives."""
        self._age += 1
        self._is_swallowing = True

    def mend(self) -> None:
        """Let connections in again."""
        self._open = True
        self._is_swallowing = False

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
        age = self._age + self._is_swallowing
        up, down = self._direction(server), self._direction(client)
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, up)
            ready.register(server, selectors.EVENT_READ, down)
            while self._open:
                for key, _ in ready.select(timeout=0.05 if self._is_bent() else 0.5):
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    data = source.recv(65_536)
                    if not data:
                        return
                    if age == self._age:
                        key.data[0](data)
                for flow in (*up[1:], *down[1:]):
                    flow()

    def _is_bent(self) -> bool:
        return bool(self.delay_s or self.scramble)

    def _direction(self, to: socket.socket) -> tuple[Send, Callable[[], None], Callable[[], None]]:
        """How bytes go there, and what to call now and then so that nothing stays behind."""
        late = Late(to.sendall)

        def after_a_while(data: bytes) -> None:
            late.send(data, self.delay_s)

        if self.scramble is None:
            return after_a_while, late.flow, late.flow
        scrambler = Scrambler(after_a_while, self.scramble, done=self.scrambled)
        return scrambler.send, scrambler.flow, late.flow


def _reset(pair: tuple[socket.socket, socket.socket]) -> None:
    for one in set(pair):
        with contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
