"""The other ends of what is sent away: a real mail server, and an address that is called."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.certificates import Certificates

USER, PASSWORD = "vang", "thu di"


@dataclass
class MailBox:
    """What a mail server was given; `answers` are given instead of taking a letter, one by one."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(cast(EmailMessage, message_from_bytes(content, policy=policy.default)))
        self.secured.append(session.ssl is not None)
        return "250 Taken"


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def _known(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> AuthResult:
    fits = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=fits)


@contextmanager
def mail_server(files: Certificates | None = None) -> Iterator[MailBox]:
    """A server on this machine; with certificates it takes letters only after STARTTLS and a
    password."""
    box = MailBox(free_port())
    options: dict[str, Any] = {}
    if files is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.cert, files.key)
        options = {
            "tls_context": context,
            "require_starttls": True,
            "authenticator": _known,
            "auth_required": True,
        }
    server = Controller(box, hostname="127.0.0.1", port=box.port, **options)
    server.start()
    try:
        yield box
    finally:
        server.stop()


@dataclass
class Calls:
    """What was called, and what is answered: the first of `answers`, or 204."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    says: bytes = b""
    """The body of each answer that is no 204."""


@contextmanager
def called_address() -> Iterator[Calls]:
    calls = Calls()

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            calls.bodies.append(self.rfile.read(length))
            calls.headers.append(dict(self.headers.items()))
            status = calls.answers.pop(0) if calls.answers else 204
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{calls.url}/elsewhere")
            said = b"" if status == 204 else calls.says
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_line: object) -> None:
            """Requests are no news to a test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    calls.url = f"http://127.0.0.1:{server.server_port}/vang?x=1"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield calls
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        server.server_close()
