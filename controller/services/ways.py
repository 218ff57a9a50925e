"""Which ways notices can be sent on, as the settings have it; what cannot be is said at once."""

from __future__ import annotations

import re
from pathlib import Path

from controller.domain.exposure import is_loopback, is_safe_url
from controller.domain.notices import Way, clean_email
from controller.errors import InvalidInputError
from controller.services.call_templates import template_of
from controller.services.command import LONGEST_TIMEOUT_S, obstacle
from controller.settings import (
    CommandSettings,
    MailSettings,
    Settings,
    SettingsError,
    WebhookSettings,
)

_HEADER = re.compile(r"[A-Za-z0-9_-]+: [\x21-\x7e]+(?: [\x21-\x7e]+)*")
SECURITY = ("starttls", "tls", "none")


def ways_of(settings: Settings) -> frozenset[Way]:
    """Those that are set up. SettingsError for what is set up by half, or could be overheard."""
    found = set()
    if settings.mail.host:
        _check_mail(settings.mail)
        found.add(Way.EMAIL)
    if settings.webhook.url:
        _check_webhook(settings.webhook)
        found.add(Way.WEBHOOK)
    if settings.command.path:
        _check_command(settings.command)
        found.add(Way.COMMAND)
    return frozenset(found)


def _check_mail(mail: MailSettings) -> None:
    if mail.security not in SECURITY:
        raise SettingsError(f"mail.security is starttls, tls or none, not {mail.security!r}")
    if mail.security == "none" and not is_loopback(mail.host):
        raise SettingsError(
            f"mail.security is none and {mail.host} is not this machine: letters and password "
            "could be overheard; use starttls or tls"
        )
    if bool(mail.user) != bool(mail.password):
        raise SettingsError("mail.user and mail.password go together")
    if not (mail.user + mail.password).isascii():
        raise SettingsError("mail.user and mail.password: SMTP carries plain ASCII letters only")
    try:
        sender = clean_email(mail.sender)
    except InvalidInputError as error:
        raise SettingsError(f"mail.sender is no address: {mail.sender!r}") from error
    if sender is None:
        raise SettingsError("mail.sender is missing, and mail.host is set")


def _check_command(command: CommandSettings) -> None:
    problem = obstacle(Path(command.path))
    if problem is not None:
        raise SettingsError(f"command.path {command.path!r} {problem}")
    if not 1 <= command.timeout_s <= LONGEST_TIMEOUT_S:
        raise SettingsError(f"command.timeout_s is 1 to {LONGEST_TIMEOUT_S}")


def _check_webhook(webhook: WebhookSettings) -> None:
    if not is_safe_url(webhook.url):
        raise SettingsError("webhook.url must be https, or http on this machine")
    if template_of(webhook) is None and not webhook.secret:
        raise SettingsError("webhook.secret is missing, and webhook.url is set")
    if webhook.header and not _HEADER.fullmatch(webhook.header):
        raise SettingsError("webhook.header is no 'Name: value' of plain ASCII letters")
