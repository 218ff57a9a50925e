"""Calls to an address of the admin's choice: signed, over HTTPS or here, no redirects."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from controller.services.call_templates import refusal_in, template_of
from controller.services.sending import NeverError, NotNowError
from controller.settings import WebhookSettings

VERSION = 1
LONGEST_ANSWER_BYTES = 64_000
TRY_AGAIN = frozenset({408, 425, 429})
"""Answers of the 4xx kind that mean: later."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is told. `call_id` is the same however often it is made."""

    call_id: str
    body: Mapping[str, Any]
    fields: Mapping[str, str] = field(default_factory=dict)
    """What a template can put into its own body."""


def signature(secret: str, at_s: int, body: bytes) -> str:
    """HMAC-SHA256 over the second and the exact bytes: `t=1764065200,v1=<64 hex digits>`."""
    signed = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256)
    return f"t={at_s},v1={signed.hexdigest()}"


class Webhook:
    """One address, as the settings name it."""

    def __init__(self, settings: WebhookSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._template = template_of(settings)

    def send(self, call: Call) -> None:
        """Make the call. NotNowError to try again, NeverError when that is no use."""
        body, content_type = self._body(call)
        headers = {
            "Content-Type": content_type,
            "User-Agent": "vang",
            "Vang-Delivery": call.call_id,
            "Idempotency-Key": call.call_id,  # so gateways that know it take a repetition once
            **self._credentials(body),
        }
        connection = self._connection()
        try:
            connection.request("POST", self._path(), body, headers)
            answer = connection.getresponse()
            status, said = answer.status, answer.read(LONGEST_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise NotNowError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if 200 <= status < 300:
            refusal = refusal_in(said) if self._template is not None else None
            if refusal is not None:  # a token that ran out is put right by people: it still goes
                raise NotNowError(refusal)
            return
        if 300 <= status < 500 and status not in TRY_AGAIN:
            raise NeverError(f"HTTP {status}")
        raise NotNowError(f"HTTP {status}")

    def _body(self, call: Call) -> tuple[bytes, str]:
        if self._template is not None:
            fields = {**call.fields, "chat": self._settings.chat}
            return self._template.fill(fields), self._template.content_type
        body = json.dumps({"version": VERSION, **call.body}, ensure_ascii=False).encode()
        return body, "application/json; charset=utf-8"

    def _credentials(self, body: bytes) -> Mapping[str, str]:
        chosen, found = self._settings, {}
        if chosen.secret:
            at_s = int(self._now().timestamp())
            found["Vang-Signature"] = signature(chosen.secret, at_s, body)
        if chosen.header:
            name, _, value = chosen.header.partition(": ")
            found[name] = value
        return found

    def _connection(self) -> http.client.HTTPConnection:
        parts, timeout = urlsplit(self._settings.url), self._settings.timeout_s
        host = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=timeout)
        context = ssl.create_default_context(cafile=self._settings.tls_ca or None)
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)

    def _path(self) -> str:
        parts = urlsplit(self._settings.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
