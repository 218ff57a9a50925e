"""Fetching uv from a package index: the right bytes or none, and words that say what to do."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools import bootstrap
from tools.bootstrap import BootstrapError

WHEEL = f"uv-{bootstrap.UV_VERSION}-py3-none-any.whl"


def wheel_bytes() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"uv-{bootstrap.UV_VERSION}.data/scripts/uv", b"the program")
    return buffer.getvalue()


@dataclass
class FakeIndex:
    """A package index on loopback with one page and one wheel."""

    page: str = f'<a href="../../files/{WHEEL}#sha256=0">{WHEEL}</a>'
    wheel: bytes = field(default_factory=wheel_bytes)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    failures: int = 0
    url: str = ""

    def answer(self, path: str) -> tuple[int, bytes]:
        if self.failures:
            self.failures -= 1
            return 503, b""
        pages = {"/simple/uv/": self.page.encode(), f"/files/{WHEEL}": self.wheel}
        return (200, pages[path]) if path in pages else (404, b"")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeIndex]:
    fake = FakeIndex()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.asked.append((self.path, self.headers.get("Authorization")))
            status, body = fake.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/simple"
    sha256 = hashlib.sha256(fake.wheel).hexdigest()
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "UV_WHEELS", {"x86_64": (WHEEL, sha256)})
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(bootstrap.time, "sleep", lambda _s: None)
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(index: FakeIndex, url: str | None = None) -> Path:
    return bootstrap.ensure_uv({"UV_DEFAULT_INDEX": url or index.url})


def test_the_pinned_wheel_is_fetched_once(index: FakeIndex) -> None:
    uv = fetch(index)
    assert uv.read_bytes() == b"the program"
    asked = len(index.asked)
    assert fetch(index) == uv
    assert len(index.asked) == asked


def test_other_bytes_are_refused_and_nothing_is_kept(index: FakeIndex, tmp_path: Path) -> None:
    index.wheel += b"x"
    with pytest.raises(BootstrapError, match="not the file Vang was tested with"):
        fetch(index)
    assert not list(tmp_path.rglob("uv"))


def test_a_moment_of_failure_is_tried_again(index: FakeIndex) -> None:
    index.failures = 2
    assert fetch(index).is_file()


def test_credentials_of_the_index_are_sent_to_it(index: FakeIndex) -> None:
    fetch(index, index.url.replace("//", "//me:secret@"))
    assert {header for _, header in index.asked} == {"Basic bWU6c2VjcmV0"}


def test_an_index_without_that_uv_is_named(index: FakeIndex) -> None:
    index.page = "<a href='uv-0.1-py3-none-any.whl'>"
    with pytest.raises(BootstrapError, match=r"/simple/uv/ has no uv-"):
        fetch(index)


def test_a_wrong_address_names_the_settings_to_look_at(index: FakeIndex) -> None:
    with pytest.raises(BootstrapError, match=r"answered 404(?s:.*)PIP_INDEX_URL"):
        fetch(index, index.url + "/no")


def test_no_network_says_what_the_first_run_needs(index: FakeIndex) -> None:
    with pytest.raises(BootstrapError, match="needs a package index"):
        fetch(index, "http://127.0.0.1:9/simple")
