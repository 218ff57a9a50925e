"""Plaintext that others could overhear is refused, or said aloud."""

from __future__ import annotations

import logging

from controller.domain.exposure import listeners, plaintext_abroad
from controller.link.broker import check_listener
from controller.settings import Settings

logger = logging.getLogger(__name__)


def plaintext_listeners(settings: Settings) -> tuple[str, ...]:
    """Sentences about what others could overhear."""
    return tuple(
        f"{listener.kind} speaks without TLS on {listener.host}: "
        "passwords and secrets can be overheard"
        for listener in plaintext_abroad(settings)
    )


def check_exposure(settings: Settings) -> None:
    """SettingsError for plaintext off loopback, unless allowed; then it is said each time."""
    for listener in listeners(settings):
        check_listener(
            listener.kind,
            listener.host,
            has_tls=listener.has_tls,
            allow_plaintext=settings.allow_plaintext,
        )
    for sentence in plaintext_listeners(settings):
        logger.warning("allow_plaintext is set: %s", sentence)
