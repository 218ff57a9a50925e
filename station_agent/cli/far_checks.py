"""What the doctor looks at over the network: the broker, and where sound comes from."""

from __future__ import annotations

import os
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from station_agent.cli.checks import Case, Finding, bad, both, warn
from station_agent.cli.words import Words
from station_agent.settings import AgentSettings, is_loopback
from station_agent.wiring.build import broker_address

TIMEOUT_S = 5.0
CERTIFICATE_WARNING = timedelta(days=30)
_CONNECT, _CONNACK = 0x10, 0x20
_CLEAN_WITH_USER_AND_PASSWORD = 0xC2
_KEEPALIVE_S = 30


def broker(case: Case) -> Finding:
    """The broker: reached, its certificate, and whether it lets this station in."""
    settings = case.settings.broker
    ca = _ca(case.settings, settings.tls_ca)
    where = f"{settings.host}:{settings.port}"
    try:
        with _connected(settings.host, settings.port, settings.tls_ca != "", ca) as line:
            ends_at = _certificate_ends(line)
            if case.running is None and not _lets_in(line, case.settings):
                return bad("broker", "broker_refused", both(where))
    except ssl.SSLError as error:
        return bad("broker", "broker_tls_bad", both(f"{where}: {error}"))
    except OSError as error:
        return bad("broker", "broker_unreachable", both(f"{where}: {error}"))
    return _reached("broker", where, settings.host, ends_at)


def sound(case: Case) -> Finding:
    """The centre's sound door: reached, its certificate, and whether it knows the token."""
    settings = case.settings.sound
    if settings.over == "mqtt":
        return Finding("sound", Words("đi qua máy chủ nhắn tin", "comes over the broker"))
    address = urlsplit(settings.url)
    host, is_tls = address.hostname or "", address.scheme == "https"
    ca = _ca(case.settings, settings.tls_ca)
    try:
        with _connected(host, address.port or (443 if is_tls else 80), is_tls, ca) as line:
            ends_at = _certificate_ends(line)
        status = _asked(case.settings, ca)
    except ssl.SSLError as error:
        return bad("sound", "sound_tls_bad", both(f"{address.netloc}: {error}"))
    except (OSError, HTTPError) as error:
        return bad("sound", "sound_unreachable", both(f"{address.netloc}: {error}"))
    if status in (401, 403):
        return bad("sound", "sound_refused", both(f"{address.netloc} ({status})"))
    return _reached("sound", settings.url, host, ends_at)


def _reached(check: str, where: str, host: str, ends_at: datetime | None) -> Finding:
    if ends_at is None:
        if not is_loopback(host):
            return warn(check, "link_in_the_open", both(where))
        return Finding(check, Words(f"{where} trả lời", f"{where} answers"))
    until = f"{ends_at:%d/%m/%Y}"
    detail = Words(f"{where}, chứng chỉ đến {until}", f"{where}, certificate until {until}")
    if ends_at < datetime.now(UTC) + CERTIFICATE_WARNING:
        return warn(check, "certificate_ends", detail)
    return Finding(check, detail)


@contextmanager
def _connected(host: str, port: int, is_tls: bool, ca: str | None) -> Iterator[socket.socket]:
    with socket.create_connection((host, port), TIMEOUT_S) as plain:
        if not is_tls:
            yield plain
            return
        context = ssl.create_default_context(cafile=ca)
        with context.wrap_socket(plain, server_hostname=host) as secured:
            yield secured


def _certificate_ends(line: socket.socket) -> datetime | None:
    """When the certificate of the other side ends; None without TLS."""
    if not isinstance(line, ssl.SSLSocket):
        return None
    shown = (line.getpeercert() or {}).get("notAfter", "")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown)), UTC)


def _lets_in(line: socket.socket, settings: AgentSettings) -> bool:
    """Whether the broker takes our name and password (MQTT 3.1.1, sections 3.1 and 3.2).

    Only while no agent runs: a second session under one client id would end the first.
    """
    who = broker_address(settings)
    body = _text("MQTT") + bytes((4, _CLEAN_WITH_USER_AND_PASSWORD))
    body += struct.pack(">H", _KEEPALIVE_S)
    body += _text(who.client_id) + _text(who.user) + _text(who.password)
    line.sendall(bytes((_CONNECT,)) + _length(len(body)) + body)
    answer = line.recv(4)
    return len(answer) == 4 and answer[0] == _CONNACK and answer[3] == 0


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def _length(number: int) -> bytes:
    """Seven bits at a time, least first (MQTT 3.1.1, section 2.2.3)."""
    low, rest = number % 128, number // 128
    return bytes((low | 0x80,)) + _length(rest) if rest else bytes((low,))


def _asked(settings: AgentSettings, ca: str | None) -> int:
    """The HTTP status of asking for a sound that cannot exist."""
    where = f"{settings.sound.url.rstrip('/')}/sound/{'0' * 64}"
    pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT_S, ca_certs=ca)
    try:
        headers = {"Authorization": f"Bearer {settings.sound.token}"}
        return int(pool.request("GET", where, headers=headers, redirect=False).status)
    finally:
        pool.clear()


def _ca(settings: AgentSettings, text: str) -> str | None:
    return os.fspath(settings.path(text)) if text else None
