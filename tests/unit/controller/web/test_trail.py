"""The words of the audit trail."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from flask import Flask
from flask_babel import Babel
from flask_babel import gettext as _

from controller.services.audit import changed
from controller.services.named_sounds import NAMING
from controller.web.audit_search import GROUPS
from controller.web.deeds import DEEDS, OBJECTS, deed_word, is_refusal, object_word
from controller.web.trail import facts_of
from station_protocol import messages

CODE = Path(__file__).parents[4] / "controller"
WRITTEN = re.compile(
    r'"((?:account|alarm|centre|cluster|equipment|evidence|pole|repair|report|token|audit|bulletin|fault|programme|schedule|slot|hours|holiday|station|reading|report)\.[a-z_]+)"'
)
FILES = {"station.toml"}


def _written_down() -> set[str]:
    """The actions spelled in the services; those built of parts are added by hand."""
    spelled = {
        action
        for folder in ("services", "cli")
        for path in (CODE / folder).rglob("*.py")
        for action in WRITTEN.findall(path.read_text(encoding="utf-8"))
    }
    written = (
        "create",
        "edit",
        "file",
        "share",
        "unshare",
        "prune",
        "sound",
        "submit",
        "approve",
        "return",
        "withdraw",
        "cut",
        "whole",
        "sound_gone",
        "sound_hold",
        "sound_unhold",
    )
    bulletins = {f"bulletin.{word}" for word in (*written, "sound_refused", "approval_void")}
    deeds = (part for part in vars(messages).values() if hasattr(part, "model_fields"))
    orders = {
        f"order.{word}"
        for part in deeds
        if "deed" in part.model_fields
        for word in get_args(part.model_fields["deed"].annotation)
        if isinstance(word, str)
    }
    denials = {f"broker.denied_{word}" for word in ("publish", "subscribe", "connect")}
    refusals = {f"refused.{word}" for word in ("not_found", "forbidden", "out_of_scope")}
    warned = (
        "propose",
        "withdraw",
        "send",
        "send_alone",
        "words",
        "all_clear",
        "stop",
        "review",
    )
    warnings = {f"{kind}.{word}" for kind in ("emergency", "drill") for word in warned}
    warnings.add("emergency.correction")
    warnings |= {f"cap.{word}" for word in ("receive", "set_aside", "compose")}
    return (spelled - FILES - NAMING) | bulletins | orders | denials | refusals | warnings


def test_every_deed_that_is_written_down_has_its_words() -> None:
    assert _written_down() - set(DEEDS) == set()


def test_no_words_are_kept_for_deeds_nobody_does() -> None:
    assert set(DEEDS) - _written_down() == set()


def test_reaching_for_what_is_not_ones_own_is_marked() -> None:
    assert is_refusal("refused.not_found")
    assert is_refusal("broker.denied_publish")
    assert not is_refusal("bulletin.return")


def test_the_english_trail_says_what_was_done_and_to_one_thing_not_what_a_button_says() -> None:
    app = Flask(__name__)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(CODE / "web" / "translations")
    Babel(app, default_locale="en")
    with app.test_request_context():
        assert deed_word("account.sign_in") == "Signed in"
        assert deed_word("bulletin.approve") == "Approved a bulletin"
        assert object_word("station") == "Station"
        assert _("Đăng nhập") == "Sign in"
        assert _("Trạm") == "Stations"
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    with app.test_request_context():
        assert deed_word("account.sign_in") == "Đăng nhập"


def test_details_are_told_in_words_and_nested_ones_line_by_line() -> None:
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    detail = {
        "role": "approver",
        "rule": {"recurrence": "weekly", "weekdays": 0b11, "ends_on": None, "priority": "ordinary"},
        "vi": "b" * 64,
        "order_id": "hidden",
        "odd": 7,
        "from": "2026-11-25T21:33:01.429001+00:00",
        "starts_on": "2026-11-26",
    }
    with app.test_request_context():
        assert facts_of(detail) == [
            "vai trò: Người duyệt",
            "kiểu lặp: hằng tuần",
            "các ngày: T2, T3",
            "loại: thông thường",
            "vi: bbbbbbbb…",
            "odd: 7",
            "từ lúc: 04:33 26/11/2026",
            "từ ngày: 26/11/2026",
        ]


def test_parts_poles_and_models_are_told_without_ids_or_lone_units() -> None:
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    detail = {
        "removed": ["01936b1e-0000-7000-8000-0000deadbeef"],
        "poles": [0, 1],
        "model": "TOA TC-631M, 30 W",
    }
    with app.test_request_context():
        assert facts_of(detail) == [
            "đã tháo ra: …deadbeef",
            "cột: tại trạm, 1",
            "kiểu máy: TOA TC-631M, 30\u00a0W",
        ]
        assert facts_of({"cause": "degraded:amplifier_missing"}) == [
            "nguyên nhân: Có trục trặc: không bật tắt được tăng âm"
        ]


def test_a_change_tells_how_it_stood_before() -> None:
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    detail = changed(
        {"title": "Họp thôn", "category": "notice", "valid_until": "2026-11-30", "tags": []},
        {"title": "Họp dân", "category": "notice", "valid_until": None, "tags": ["nước"]},
    )
    long = changed({"order": ["vi"]}, {"order": ["rog", "vi"], "text": "a" * 900})
    with app.test_request_context():
        assert facts_of(detail) == [
            "tên: Họp dân (trước đó: Họp thôn)",
            "chuyên mục: Thông báo",
            "nhãn: nước (trước đó: để trống)",
            "dùng đến hết ngày: để trống (trước đó: 30/11/2026)",
        ]
        order, text = facts_of(long)
    assert order == "thứ tự: Tiếng Raglai, Tiếng Việt (trước đó: Tiếng Việt)"
    assert text == f"nội dung: {'a' * 240}…"


def test_a_refused_file_is_told_by_the_words_of_its_page() -> None:
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    with app.test_request_context():
        assert facts_of({"title": "Họp dân", "code": "silent"}) == [
            "tên: Họp dân",
            "lý do: Tệp này không có tiếng. Kiểm tra micro rồi thu lại.",
        ]
        assert facts_of({"code": "disk_full"}) == ["lý do: thẻ nhớ đầy"]
        assert facts_of({"language": "cjm"}) == ["thứ tiếng: Tiếng Chăm"]


def test_a_row_from_when_a_fact_meant_something_else_is_shown_as_it_stands() -> None:
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    with app.test_request_context():
        assert facts_of({"to": "Katơr Minh", "promised_on": "2026-11-27"}) == [
            "sang lúc: Katơr Minh",
            "hẹn ngày: 27/11/2026",
        ]


def test_what_a_repair_and_a_listening_check_wrote_down_is_told_in_words() -> None:
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    detail = {
        "assigned_to": "Katơr Minh",
        "cost_vnd": 850_000,
        "kind": "amplifier",
        "heard": "not_heard",
        "at": "2026-11-25T10:01:00+00:00",
        "warranty_until": "2028-11-25",
        "all_to_come": False,
        "authority": "district",
        "repeat_every_s": 900,
    }
    with app.test_request_context():
        assert facts_of(detail) == [
            "người đi sửa: Katơr Minh",
            "chi phí: 850.000 đ",
            "loại: Tăng âm",
            "nghe thế nào: Không nghe thấy",
            "lúc: 17:01 25/11/2026",
            "bảo hành đến: 25/11/2028",
            "cả các buổi sau: không",
            "cấp: huyện",
            "nhắc lại sau: 15 phút",
        ]


def test_each_kind_of_thing_something_is_done_to_has_a_word() -> None:
    kinds = {
        kind
        for path in (CODE / "services").rglob("*.py")
        for kind in re.findall(
            r'(?:Deed\(\s*f?"[^"]+",\s*|OBJECT_KIND = |object_kind=)"([a-z_]+)"',
            path.read_text(encoding="utf-8"),
        )
    }
    by_the_action = {"schedule", "slot", "emergency", "drill"}
    assert len(kinds) > 5
    assert kinds | by_the_action <= set(OBJECTS)


def test_every_deed_is_found_under_some_kind_in_the_search() -> None:
    begins = tuple(one for group in GROUPS.values() for one in group.actions)
    assert [action for action in DEEDS if not action.startswith(begins)] == []
    idle = [one for one in begins if not any(action.startswith(one) for action in DEEDS)]
    assert idle == []
