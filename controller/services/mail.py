"""Letters by SMTP: one at a time, over TLS or on this machine, never waiting long."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from controller.domain.bulletins import visible
from controller.domain.direction import unturned
from controller.services.sending import NeverError, NotNowError
from controller.settings import MailSettings

PERMANENT_FROM = 500
"""RFC 5321, section 4.2.1: with 5yz the same letter will be refused again."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody reads. `letter_id` is the same however often it is sent."""

    letter_id: str
    to: str
    subject: str
    text: str


class Mail:
    """One server, as the settings name it."""

    def __init__(self, settings: MailSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now

    def send(self, letter: Letter) -> None:
        """Hand it to the server. NotNowError to try again, NeverError when that is no use."""
        try:
            with self._server() as server:
                server.send_message(self._message(letter))
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(*next(iter(error.recipients.values()))) from error
        except smtplib.SMTPResponseException as error:
            # a refused password or sender is put right by people, and the letter still goes
            is_about_us = isinstance(error, smtplib.SMTPAuthenticationError)
            refused = _refusal(error.smtp_code, error.smtp_error)
            raise (NotNowError(str(refused)) if is_about_us else refused) from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotNowError(f"{type(error).__name__}: {error}") from error

    def _server(self) -> smtplib.SMTP:
        chosen = self._settings
        context = ssl.create_default_context(cafile=chosen.tls_ca or None)
        if chosen.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                chosen.host, chosen.port, timeout=chosen.timeout_s, context=context
            )
        else:
            server = smtplib.SMTP(chosen.host, chosen.port, timeout=chosen.timeout_s)
        try:
            if chosen.security == "starttls":
                server.starttls(context=context)
            if chosen.user:
                server.login(chosen.user, chosen.password)
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, letter: Letter) -> EmailMessage:
        sender = self._settings.sender
        message = EmailMessage()
        message["Subject"] = visible(letter.subject)
        message["From"] = Address("Vang", addr_spec=sender)
        message["To"] = letter.to
        message["Date"] = format_datetime(self._now())
        # the same each time, so that a mailbox keeps a letter once that was sent twice
        name = letter.letter_id.replace(":", ".")
        message["Message-ID"] = f"<{name}@{sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers
        message.set_content(unturned(letter.text))
        return message


def _refusal(code: int, said: bytes | str) -> NeverError | NotNowError:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    kind = NeverError if code >= PERMANENT_FROM else NotNowError
    return kind(f"{code} {' '.join(text.split())}")
