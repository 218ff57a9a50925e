"""Documents of feeds, over HTTPS alone: no redirects, with ceilings of size and of time."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

TIMEOUT_S = 10.0
DEADLINE_S = 30.0
"""For a whole document, however slowly it trickles."""
_CHUNK_BYTES = 16_384


class FeedError(OSError):
    """A document that could not be had."""


def fetcher(most_bytes: int, tls_ca: str = "") -> Callable[[str], bytes]:
    """How a document is fetched; `tls_ca` names the CA of its server, "": those of the system."""
    context = ssl.create_default_context(cafile=tls_ca or None)

    def fetch(address: str) -> bytes:
        host, port, path = _parted(address)
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
        try:
            connection.request("GET", path, headers={"Accept": "application/cap+xml, */*;q=0.5"})
            return _body(connection.getresponse(), most_bytes)
        except (http.client.HTTPException, ValueError) as error:
            raise FeedError(f"no answer that can be read: {error!r}") from error
        finally:
            connection.close()

    return fetch


def _parted(address: str) -> tuple[str, int | None, str]:
    """Host, port and what is asked of it. FeedError for what is no address over HTTPS."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise FeedError(f"no address: {address}") from error
    if parts.scheme != "https" or not host:
        raise FeedError(f"not https: {address}")
    return host, port, f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def _body(answer: http.client.HTTPResponse, most_bytes: int) -> bytes:
    if answer.status != http.client.OK:
        raise FeedError(f"answered {answer.status}")
    deadline, found = time.monotonic() + DEADLINE_S, bytearray()
    while data := answer.read1(_CHUNK_BYTES):
        found += data
        if len(found) > most_bytes:
            raise FeedError(f"more than {most_bytes} bytes")
        if time.monotonic() > deadline:
            raise FeedError(f"not there after {DEADLINE_S:.0f} s")
    return bytes(found)
