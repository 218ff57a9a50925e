"""Which listeners others can reach, and whether they can overhear them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from controller.settings import Settings


class ListenerKind(StrEnum):
    """What listens or is connected to."""

    WEB = "the web server"
    BROKER = "the broker"
    OUTSIDE_BROKER = "the outside broker"


@dataclass(frozen=True, slots=True)
class Listener:
    """One of them, under which host, and whether it speaks TLS."""

    kind: ListenerKind
    host: str
    has_tls: bool


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_safe_url(url: str) -> bool:
    """Whether nobody on the way can read along: HTTPS, or a program on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return is_loopback(parts.hostname or "")
    return parts.scheme == "https" and bool(parts.hostname)


def listeners(settings: Settings) -> tuple[Listener, ...]:
    """What listens or is connected to."""
    broker = settings.broker
    bundled = broker.mode == "bundled"
    return (
        Listener(ListenerKind.WEB, settings.web.host, bool(settings.web.tls_cert)),
        Listener(
            ListenerKind.BROKER if bundled else ListenerKind.OUTSIDE_BROKER,
            broker.host,
            bool(broker.tls_cert if bundled else broker.tls_ca),
        ),
    )


def plaintext_abroad(settings: Settings) -> tuple[Listener, ...]:
    """Those that others can reach and overhear."""
    return tuple(
        listener
        for listener in listeners(settings)
        if not listener.has_tls and not is_loopback(listener.host)
    )
