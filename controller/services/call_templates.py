"""Bodies of calls as other programs want them: JSON with named fields in its texts, nothing run.

A template is a JSON document. `{title}` and the other fields are put into its strings after it was
read as JSON, so that no title can change its shape; other braces stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from controller.settings import SettingsError, WebhookSettings

FIELDS = frozenset(
    {"text", "title", "details", "place", "url", "id", "kind", "event", "severity", "at", "chat"}
)
"""What a template can name."""

PRESETS: Mapping[str, Mapping[str, str]] = {
    "telegram": {"chat_id": "{chat}", "text": "{text}"},
    "zalo": {"chat_id": "{chat}", "text": "{text}"},
}
"""`sendMessage` of core.telegram.org/bots/api and of bot.zaloplatforms.com/docs."""

LONGEST_TEXT = {"telegram": 4096, "zalo": 2000}
"""Characters either takes in one message."""

LONGEST_FILE_BYTES = 64_000
_FIELD = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A body to be filled."""

    body: Any
    is_form: bool = False
    longest_text: int = 4096

    @property
    def content_type(self) -> str:
        """Of what `fill` gives."""
        kind = "application/x-www-form-urlencoded" if self.is_form else "application/json"
        return f"{kind}; charset=utf-8"

    def fill(self, fields: Mapping[str, str]) -> bytes:
        """The exact bytes to be sent; a field that is not given is empty."""
        text = fields.get("text", "")
        if len(text) > self.longest_text:
            fields = {**fields, "text": f"{text[: self.longest_text - 1]}…"}
        filled = _filled(self.body, fields)
        if self.is_form:
            return urlencode(filled).encode("ascii")
        return json.dumps(filled, ensure_ascii=False).encode()


def template_of(settings: WebhookSettings) -> Template | None:
    """The template the settings name; None: the centre's own body.

    SettingsError for a file that cannot be read or is no JSON, and for a field nobody knows.
    """
    name = settings.template
    if not name:
        return None
    body = PRESETS[name] if name in PRESETS else _read(Path(name))
    unknown = sorted(_named(body) - FIELDS)
    if unknown:
        known = ", ".join(sorted(FIELDS))
        raise SettingsError(f"webhook.template: no field {unknown[0]!r}; there are {known}")
    if "chat" in _named(body) and not settings.chat:
        raise SettingsError("webhook.chat is missing, and webhook.template names {chat}")
    if settings.form and not _is_flat(body):
        raise SettingsError("webhook.form needs a template that is one object of texts")
    return Template(body, settings.form, LONGEST_TEXT.get(name, 4096))


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            said = file.read(LONGEST_FILE_BYTES + 1)
        if len(said) > LONGEST_FILE_BYTES:
            raise SettingsError(
                f"webhook.template {path} is larger than {LONGEST_FILE_BYTES} bytes"
            )
        body = json.loads(said)
    except (OSError, ValueError) as error:
        names = " or ".join(PRESETS)
        raise SettingsError(
            f"webhook.template is {names} or a JSON file, not {str(path)!r}: {error}"
        ) from error
    if not isinstance(body, dict | list):
        raise SettingsError(f"webhook.template {path} is no object and no list")
    return body


def _named(body: Any) -> set[str]:
    """Every field a template names."""
    if isinstance(body, str):
        return set(_FIELD.findall(body))
    if isinstance(body, Mapping):
        return set().union(*(_named(one) for one in body.values()))
    if isinstance(body, list):
        return set().union(*(_named(one) for one in body))
    return set()


def _filled(body: Any, fields: Mapping[str, str]) -> Any:
    if isinstance(body, str):
        return _FIELD.sub(lambda found: fields.get(found.group(1), ""), body)
    if isinstance(body, Mapping):
        return {key: _filled(one, fields) for key, one in body.items()}
    if isinstance(body, list):
        return [_filled(one, fields) for one in body]
    return body


def _is_flat(body: Any) -> bool:
    return isinstance(body, Mapping) and all(isinstance(one, str) for one in body.values())


def refusal_in(answer: bytes) -> str | None:
    """What a chat's gateway said was wrong although it answered with 2xx; None: nothing.

    Telegram and Zalo bots say `"ok": false`, the Zalo OA API `"error"` other than 0.
    """
    try:
        said = json.loads(answer)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    code = said.get("error_code", said.get("error"))
    if said.get("ok") is False or str(code) not in {"None", "0", "False", ""}:
        words = said.get("description") or said.get("message") or ""
        return f"{code} {words}".strip()
    return None
