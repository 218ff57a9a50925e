"""Bodies of calls: filled as data, never as code, and refused at the start when they are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from controller.services.call_templates import Template, refusal_in, template_of
from controller.services.ways import ways_of
from controller.settings import Settings, SettingsError, WebhookSettings

HOSTILE = 'Họp "thôn"}, {chat} {0.__class__} %(x)s\n\\u0000'


def told(template: Template | None, **fields: str) -> object:
    assert template is not None
    return json.loads(template.fill(fields))


@pytest.mark.parametrize("name", ["telegram", "zalo"])
def test_a_preset_writes_a_text_to_a_chat(name: str) -> None:
    template = template_of(WebhookSettings(template=name, chat="-100123"))
    assert told(template, text="Bác Ái", chat="-100123") == {"chat_id": "-100123", "text": "Bác Ái"}


def test_no_title_changes_the_shape_of_a_body_or_is_worked_out(tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_text('{"recipient": {"user_id": "7"}, "n": 3, "list": ["{title}: {place} {"]}')
    template = template_of(WebhookSettings(template=str(file)))
    assert told(template, title=HOSTILE, place="Xã") == {
        "recipient": {"user_id": "7"}, "n": 3, "list": [f"{HOSTILE}: Xã {{"],
    }  # fmt: skip


def test_a_form_is_encoded_and_a_long_text_cut_to_what_the_gateway_takes() -> None:
    form = Template({"to": "{chat}", "body": "{text}"}, is_form=True, longest_text=10)
    body = form.fill({"chat": "a&b=c", "text": "đ" * 11})
    assert parse_qs(body.decode()) == {"to": ["a&b=c"], "body": ["đ" * 9 + "…"]}
    assert form.content_type.startswith("application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    ("content", "changes", "said"),
    [
        ('{"a": "{titel}"}', {}, "no field 'titel'"),
        ('{"a": "{chat}"}', {}, "webhook.chat is missing"),
        ('{"a": ["{text}"]}', {"form": True}, "one object of texts"),
        ("{", {}, "or a JSON file"),
        ('"x"', {}, "no object"),
        ('{"a": "%s"}' % ("x" * 65_000), {}, "larger than"),
        ("{}", {"header": "Token: x\r\nHost: y"}, "webhook.header"),
        ("{}", {"header": "Token: khóa"}, "webhook.header"),
    ],
)
def test_a_wrong_template_is_refused_at_the_start(
    tmp_path: Path, content: str, changes: dict[str, object], said: str
) -> None:
    file = tmp_path / "body.json"
    file.write_text(content)
    values = {"url": "https://gate.example.vn", "template": str(file), **changes}
    with pytest.raises(SettingsError, match=said):
        ways_of(Settings(webhook=WebhookSettings(**values)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"ok":false,"error_code":401,"description":"Unauthorized"}', "401 Unauthorized"),
        (b'{"error":-216,"message":"Access token is invalid"}', "-216 Access token is invalid"),
        (b'{"ok":true,"result":{}}', None),
        (b'{"error":0,"message":"Success"}', None),
        (b"OK", None),
        (b"[1]", None),
        (b"", None),
    ],
)
def test_a_gateway_that_refuses_politely_has_refused(answer: bytes, said: str | None) -> None:
    assert refusal_in(answer) == said
