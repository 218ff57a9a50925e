"""A controller's sound door, as small as it can be, with the faults of a bad link."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass
class SoundServer:
    """Serves `sounds` by hash on 127.0.0.1; each answer in `faults` is used up once, in order.

    A fault is a status code to answer with, or `("cut", n)`: break the connection after n bytes.
    """

    sounds: dict[str, bytes]
    token: str = "secret"  # noqa: S105 - of a test
    faults: list[int | tuple[str, int]] = field(default_factory=list)
    retry_after: str = ""
    ranges: list[str | None] = field(default_factory=list)
    ignores_range: bool = False
    range_error: int = 0
    """How far beside the asked offset it answers."""

    def __enter__(self) -> SoundServer:
        owner = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def answer(self, door: BaseHTTPRequestHandler) -> None:
        self.ranges.append(door.headers.get("Range"))
        fault = self.faults.pop(0) if self.faults else None
        if door.headers.get("Authorization") != f"Bearer {self.token}":
            fault = 401
        sound = self.sounds.get(door.path.removeprefix("/sound/"))
        if isinstance(fault, int) or sound is None:
            self._refuse(door, fault if isinstance(fault, int) else 404)
            return
        offset = self._offset(door)
        body = sound[offset:]
        door.send_response(206 if offset else 200)
        if offset:
            door.send_header("Content-Range", f"bytes {offset}-{len(sound) - 1}/{len(sound)}")
        door.send_header("Content-Length", str(len(body)))
        door.end_headers()
        if fault is None:
            door.wfile.write(body)
            return
        door.wfile.write(body[: fault[1]])
        door.close_connection = True

    def _offset(self, door: BaseHTTPRequestHandler) -> int:
        asked = door.headers.get("Range")
        if asked is None or self.ignores_range:
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-")) + self.range_error

    def _refuse(self, door: BaseHTTPRequestHandler, status: int) -> None:
        door.send_response(status)
        if self.retry_after:
            door.send_header("Retry-After", self.retry_after)
        door.send_header("Content-Length", "0")
        door.end_headers()
