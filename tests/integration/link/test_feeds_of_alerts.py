"""Documents of feeds come over HTTPS from whom they should, whole, in time, or not at all."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from controller.link.feeds import FeedError, fetcher
from tests.support.certificates import make_certificates


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/small")
            self.end_headers()
            return
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        self.wfile.write(b"x" * (10 if self.path.startswith("/small") else 5_000))

    def log_message(self, *_line: object) -> None:
        """Requests are no news to a test."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    made = make_certificates(tmp_path_factory.mktemp("tls"))
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert, made.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", made.ca
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_document_is_fetched_from_whom_the_certificate_names(served: tuple[str, Path]) -> None:
    address, ca = served
    assert fetcher(1_000, str(ca))(f"{address}/small?a=b") == b"x" * 10
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        fetcher(1_000)(f"{address}/small")


@pytest.mark.parametrize("path", ["/elsewhere", "/missing", "/large"])
def test_no_redirect_is_followed_and_nothing_large_is_read(
    served: tuple[str, Path], path: str
) -> None:
    address, ca = served
    with pytest.raises(FeedError):
        fetcher(1_000, str(ca))(f"{address}{path}")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/", "file:///etc/passwd", "https:///x", "https://127.0.0.1:99999/"]
)
def test_nothing_but_https_is_asked(address: str) -> None:
    with pytest.raises(FeedError):
        fetcher(1_000)(address)
