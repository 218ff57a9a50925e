"""Which ways notices can be sent on, as the settings have it; what cannot be is said at once."""

from __future__ import annotations

from controller.domain.exposure import is_loopback, is_safe_url
from controller.domain.notices import Way, clean_email
from controller.errors import InvalidInputError
from controller.settings import MailSettings, Settings, SettingsError, WebhookSettings

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


def _check_webhook(webhook: WebhookSettings) -> None:
    if not is_safe_url(webhook.url):
        raise SettingsError(f"webhook.url {webhook.url!r} must be https, or http on this machine")
    if not webhook.secret:
        raise SettingsError("webhook.secret is missing, and webhook.url is set")
