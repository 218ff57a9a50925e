"""Which listeners others can reach, and whether they can overhear them."""

from __future__ import annotations

import logging

from controller.link.broker import check_listener
from controller.link.processes import is_loopback
from controller.settings import Settings

logger = logging.getLogger(__name__)


def listeners(settings: Settings) -> tuple[tuple[str, str, bool], ...]:
    """What listens or is connected to, under which host, and whether it speaks TLS."""
    broker = settings.broker
    bundled = broker.mode == "bundled"
    return (
        ("the web server", settings.web.host, bool(settings.web.tls_cert)),
        (
            "the broker" if bundled else "the outside broker",
            broker.host,
            bool(broker.tls_cert if bundled else broker.tls_ca),
        ),
    )


def plaintext_listeners(settings: Settings) -> tuple[str, ...]:
    """Sentences about what others could overhear."""
    return tuple(
        f"{what} speaks without TLS on {host}: passwords and secrets can be overheard"
        for what, host, has_tls in listeners(settings)
        if not has_tls and not is_loopback(host)
    )


def check_exposure(settings: Settings) -> None:
    """SettingsError for plaintext off loopback, unless allowed; then it is said each time."""
    for what, host, has_tls in listeners(settings):
        check_listener(what, host, has_tls=has_tls, allow_plaintext=settings.allow_plaintext)
    for sentence in plaintext_listeners(settings):
        logger.warning("allow_plaintext is set: %s", sentence)
