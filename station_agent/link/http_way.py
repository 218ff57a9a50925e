"""Sound by HTTP: one GET with Range from the end of what is already here."""

from __future__ import annotations

import socket
from contextlib import suppress

import urllib3
from urllib3.exceptions import HTTPError, NameResolutionError
from urllib3.util import parse_url

from station_agent.core.events import FetchProblem
from station_agent.link.addresses import LastAddresses
from station_agent.link.downloader import FetchError, Job, PartFile

_BLOCK_BYTES = 64 * 1024
_TIMEOUT = urllib3.Timeout(connect=10, read=30)


class HttpWay:
    """GET {url}/sound/<sha256> with this station's bearer token."""

    def __init__(
        self, url: str, token: str, tls_ca: str = "", addresses: LastAddresses | None = None
    ) -> None:
        self._url = parse_url(url.rstrip("/"))
        self._token = token
        self._addresses = addresses or LastAddresses()
        if tls_ca:
            self._pool = urllib3.PoolManager(
                1, retries=False, timeout=_TIMEOUT, ca_certs=tls_ca, cert_reqs="CERT_REQUIRED"
            )
        else:
            self._pool = urllib3.PoolManager(1, retries=False, timeout=_TIMEOUT)

    def close(self) -> None:
        """Give back the connection."""
        self._pool.clear()

    def bring(self, job: Job, part: PartFile) -> None:
        """See Way."""
        if part.size == job.size_bytes:
            return
        headers = {"Authorization": f"Bearer {self._token}"}
        if part.size:
            headers["Range"] = f"bytes={part.size}-"
        try:
            answer = self._ask(f"{self._url.path or ''}/sound/{job.sha256}", headers)
            try:
                self._read(answer, job, part)
            finally:
                # A connection with unread bytes cannot be used again.
                answer.close()
        except HTTPError as error:
            raise FetchError(FetchProblem.NETWORK, f"{type(error).__name__}: {error}") from error

    def _ask(self, path: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        """By name; where nobody knows the name, at the address that was good last."""
        host = self._url.host or ""
        try:
            answer = self._request(host, path, headers)
        except NameResolutionError:
            last = self._addresses.of(host)
            if last is None:
                raise
            return self._request(last, path, headers)
        self._remember_address(host, answer)
        return answer

    def _request(self, at: str, path: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        url, options = self._url, {}
        if at != url.host and url.scheme == "https":
            options = {"server_hostname": url.host, "assert_hostname": url.host}
        pool = self._pool.connection_from_host(at, url.port, url.scheme, options)
        headers = {**headers, "Host": url.netloc or ""}
        return pool.urlopen("GET", path, headers=headers, preload_content=False, redirect=False)

    def _remember_address(self, host: str, answer: urllib3.BaseHTTPResponse) -> None:
        connection = getattr(answer, "connection", None)
        wire = getattr(connection, "sock", None)
        if isinstance(wire, socket.socket):
            with suppress(OSError):
                self._addresses.reached(host, wire.getpeername()[0])

    def _read(self, answer: urllib3.BaseHTTPResponse, job: Job, part: PartFile) -> None:
        _check_status(answer)
        if answer.status == 200:
            part.cut_to(0)
        elif not _begins_at(answer, part.size):
            part.cut_to(0)
            raise FetchError(FetchProblem.NETWORK, "another range than asked for")
        for block in answer.stream(_BLOCK_BYTES, decode_content=False):
            job.check()
            part.append(block)


def _check_status(answer: urllib3.BaseHTTPResponse) -> None:
    """FetchError unless bytes follow."""
    if answer.status in (200, 206):
        return
    problem = {
        401: FetchProblem.REFUSED,
        403: FetchProblem.REFUSED,
        404: FetchProblem.NOT_FOUND,
        416: FetchProblem.CORRUPT,
    }.get(answer.status, FetchProblem.NETWORK)
    raise FetchError(problem, f"status {answer.status}", _retry_after_s(answer))


def _retry_after_s(answer: urllib3.BaseHTTPResponse) -> float | None:
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isdigit() else None


def _begins_at(answer: urllib3.BaseHTTPResponse, offset: int) -> bool:
    return answer.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
