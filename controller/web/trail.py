"""The details of a deed in the audit trail, as a person would read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext

from controller.domain.accounts import Role
from controller.domain.bulletins import Language
from controller.domain.equipment import EquipmentKind
from controller.domain.schedule import HolidayRule
from controller.services.listening_checks import Heard
from controller.services.sharing import UNSHARED
from controller.web import formats, token_words, words
from controller.web.audit_search import group_word
from controller.web.bulletin_words import CATEGORIES, LANGUAGES, REFUSALS, refusal
from controller.web.context import place_word, role_word, station_word
from controller.web.equipment_words import KINDS, vnd
from controller.web.listening import HEARD_WORDS
from controller.web.report_rows import level_word
from controller.web.report_words import cause_word
from controller.web.schedule_words import HOLIDAYS

HIDDEN = frozenset({"order_id", "deed", "comment_id", "was"})
"""Facts the line already tells in words, and those that stand behind others."""

LONGEST_SHOWN = 240
"""Of a text; the file and the API have all of it."""

NOTHING: tuple[object, ...] = (None, "", [])
_CHANCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z2-7]{26}")
_UNIT = re.compile(r"(?<=\d) (?=[A-Za-z]{1,2}\b)")
"""The space before a unit, as in 30 W and 2 GB."""
_NAMED: dict[str, Callable[[str], str]] = {"station": station_word, "place": place_word}
_HASH = re.compile(r"[0-9a-f]{64}")

NAMES: dict[str, Callable[[], str]] = {
    "username": lambda: _("tên đăng nhập"),
    "role": lambda: _("vai trò"),
    "full_name": lambda: _("họ tên"),
    "former_name": lambda: _("họ tên trước đó"),
    "former_role": lambda: _("vai trò trước đó"),
    "former_place_id": lambda: _("nơi trước đó"),
    "name": lambda: _("tên"),
    "token": lambda: _("bằng mã truy cập"),
    "scopes": lambda: _("được phép"),
    "scope": lambda: _("chưa được phép"),
    "refusal": lambda: _("lý do"),
    "address": lambda: _("địa chỉ"),
    "place_id": lambda: _("nơi"),
    "place_ids": lambda: _("nơi"),
    "targets": lambda: _("nơi phát"),
    "stations": lambda: _("số trạm"),
    "composed_by": lambda: _("người soạn"),
    "sought_actor": lambda: _("chỉ của"),
    "sought_deeds": lambda: _("chỉ việc"),
    "sought_object": lambda: _("chỉ về"),
    "reason": lambda: _("lý do"),
    "why": lambda: _("lý do"),
    "code": lambda: _("lý do"),
    "cause": lambda: _("nguyên nhân"),
    "title": lambda: _("tên"),
    "items": lambda: _("số mục"),
    "category": lambda: _("chuyên mục"),
    "reading": lambda: _("đọc là"),
    "topic": lambda: _("kênh"),
    "recurrence": lambda: _("kiểu lặp"),
    "airs_at": lambda: _("giờ phát"),
    "weekdays": lambda: _("các ngày"),
    "starts_on": lambda: _("từ ngày"),
    "ends_on": lambda: _("đến hết ngày"),
    "day": lambda: _("ngày"),
    "copied_from": lambda: _("chép từ ngày"),
    "copied_to": lambda: _("chép sang ngày"),
    "count": lambda: _("số buổi"),
    "holidays": lambda: _("ngày lễ"),
    "is_holiday": lambda: _("là ngày lễ"),
    "promised_on": lambda: _("hẹn ngày"),
    "place_note": lambda: _("chỗ đặt"),
    "before": lambda: _("trước đó"),
    "cluster": lambda: _("cụm loa"),
    "text": lambda: _("nội dung"),
    "email": lambda: _("địa chỉ thư"),
    "tags": lambda: _("nhãn"),
    "valid_from": lambda: _("dùng từ ngày"),
    "valid_until": lambda: _("dùng đến hết ngày"),
    "changed_at": lambda: _("sửa lần cuối"),
    "priority": lambda: _("loại"),
    "language": lambda: _("thứ tiếng"),
    "number": lambda: _("bản"),
    "cut_start_ms": lambda: _("giữ từ giây"),
    "cut_end_ms": lambda: _("giữ đến giây"),
    "percent": lambda: _("âm lượng"),
    "phones": lambda: _("liên hệ"),
    "note": lambda: _("ghi chú"),
    "order": lambda: _("thứ tự"),
    "code_of_station": lambda: _("mã định danh"),
    "longest_min": lambda: _("phút mỗi buổi, tối đa"),
    "hours": lambda: _("khung giờ"),
    "loudness": lambda: _("âm lượng theo giờ"),
    "seconds": lambda: _("số giây"),
    "from": lambda: _("từ lúc"),
    "until": lambda: _("đến lúc"),
    "to": lambda: _("sang lúc"),
    "at": lambda: _("lúc"),
    "opened_at": lambda: _("có từ"),
    "assigned_to": lambda: _("người đi sửa"),
    "cost_vnd": lambda: _("chi phí"),
    "removed": lambda: _("đã tháo ra"),
    "installed": lambda: _("đã lắp vào"),
    "heard": lambda: _("nghe thế nào"),
    "station": lambda: pgettext("fact", "trạm"),
    "kind": lambda: _("loại"),
    "model": lambda: _("kiểu máy"),
    "serial": lambda: _("số sê-ri"),
    "cluster_number": lambda: _("cụm loa"),
    "installed_on": lambda: _("ngày lắp"),
    "warranty_until": lambda: _("bảo hành đến"),
    "on": lambda: _("ngày"),
    "starts_at": lambda: _("giờ phát"),
    "until_at": lambda: _("đến lúc"),
    "all_to_come": lambda: _("cả các buổi sau"),
    "said_by": lambda: _("theo lời"),
    "pole": lambda: _("cột"),
    "poles": lambda: _("cột"),
    "sender": lambda: _("nơi gửi"),
    "identifier": lambda: _("mã tin"),
    "authority": lambda: _("cấp"),
    "sequence": lambda: _("lệnh số"),
    "attention_ms": lambda: _("chuông báo trước, giây"),
    "sha256": lambda: _("âm thanh"),
    "size_bytes": lambda: _("cỡ tệp"),
    "duration_ms": lambda: _("thời lượng"),
    "repeat_every_s": lambda: _("nhắc lại sau"),
}


def facts_of(detail: Mapping[str, Any]) -> list[str]:
    """Lines such as "vai trò: Người duyệt"; nested facts are lines of their own.

    What changed says how it stood before: "tên: Họp dân (trước đó: Họp thôn)".
    """
    found = detail.get("was")
    was = found if isinstance(found, Mapping) else {}
    lines = [
        f"{_name(key)}: {_value(key, value)}{_before(key, was)}" for key, value in _flat(detail)
    ]
    emptied = [key for key in was if detail.get(key) in NOTHING]
    return lines + [f"{_name(key)}: {_('để trống')}{_before(key, was)}" for key in emptied]


def _before(key: str, was: Mapping[str, Any]) -> str:
    if key not in was:
        return ""
    value = _("để trống") if was[key] in NOTHING else _value(key, was[key])
    return " ({})".format(_("trước đó: %(value)s", value=value))


def _flat(detail: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in detail.items():
        if key in HIDDEN:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value)
        elif value not in NOTHING:
            yield key, value


def _name(key: str) -> str:
    write = NAMES.get(key)
    return write() if write else key


def _value(key: str, value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(key, item) for item in value)
    if key == "weekdays" and isinstance(value, int):
        return ", ".join(day for bit, day in enumerate(_days()) if value >> bit & 1) or "–"
    text = str(value)
    try:
        return SAID[key](text) if key in SAID else _short(text)
    except ValueError:  # rows are never rewritten: one with another meaning of a key is shown as is
        return _short(text)


def short_id(object_id: str) -> str:
    """An id as a line shows it: of one made by chance its end, which differs; a name as it is."""
    return f"…{object_id[-8:]}" if _CHANCE.fullmatch(object_id) else object_id


def object_name(kind: str, object_id: str) -> str:
    """What a thing is called, where the centre knows a name; else its id as a line shows it."""
    name = _NAMED.get(kind)
    return name(object_id) if name else short_id(object_id)


def _short(text: str) -> str:
    if _HASH.fullmatch(text):
        return f"{text[:8]}…"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _model(text: str) -> str:
    return _UNIT.sub(formats.NO_BREAK, _short(text))


def _pole(text: str) -> str:
    return _("tại trạm") if text == "0" else text


def _moment(text: str) -> str:
    return formats.moment(datetime.fromisoformat(text))


def _day(text: str) -> str:
    return formats.day(date.fromisoformat(text))


def _seconds(text: str) -> str:
    return formats.number(float(text) / 1000, 1)


def _role(text: str) -> str:
    return role_word(Role(text)) if text in set(Role) else text


def _reason(text: str) -> str:
    return _("nơi soạn thôi dùng chung bản tin") if text == UNSHARED else _short(text)


def _code(text: str) -> str:
    """Why a station or the centre could not; a file that was refused by its own words."""
    is_of_station = text in words.TROUBLES or text in words.REASONS
    is_of_file = text in REFUSALS and text != "too_long"  # whose sentence needs how long
    return refusal(text, {}) if is_of_file and not is_of_station else words.trouble_word(text)


def _yes_or_no(text: str) -> str:
    return _("có") if text.lower() == "true" else _("không")


def _recurrence(text: str) -> str:
    return {"once": _("một lần"), "weekly": _("hằng tuần")}.get(text, text)


def _days() -> tuple[str, ...]:
    return _("T2"), _("T3"), _("T4"), _("T5"), _("T6"), _("T7"), _("CN")


SAID: dict[str, Callable[[str], str]] = {
    "sought_deeds": group_word,
    "scopes": token_words.scope_word,
    "scope": token_words.scope_word,
    "refusal": token_words.refusal_word,
    "role": _role,
    "former_role": _role,
    "former_place_id": place_word,
    "place_id": place_word,
    "place_ids": place_word,
    "targets": place_word,
    "recurrence": _recurrence,
    "category": lambda text: str(CATEGORIES.get(text, text)),
    "order": lambda text: str(LANGUAGES[Language(text)]),
    "language": lambda text: str(LANGUAGES[Language(text)]),
    "reason": _reason,
    "priority": lambda text: str(words.PRIORITIES.get(text, text)),
    "code": _code,
    "cause": cause_word,
    "from": _moment,
    "until": _moment,
    "changed_at": _moment,
    "to": _moment,
    "at": _moment,
    "opened_at": _moment,
    "cost_vnd": lambda text: vnd(int(text)),
    "removed": short_id,
    "installed": short_id,
    "station": station_word,
    "model": _model,
    "pole": _pole,
    "poles": _pole,
    "heard": lambda text: str(HEARD_WORDS[Heard(text)][2]),
    "kind": lambda text: str(KINDS[EquipmentKind(text)]),
    "installed_on": _day,
    "warranty_until": _day,
    "on": _day,
    "starts_at": _moment,
    "until_at": _moment,
    "all_to_come": _yes_or_no,
    "authority": level_word,
    "attention_ms": _seconds,
    "size_bytes": lambda text: formats.megabytes(int(text)),
    "duration_ms": lambda text: formats.duration(int(text)),
    "repeat_every_s": lambda text: formats.duration(int(text) * 1000),
    "cut_start_ms": _seconds,
    "cut_end_ms": _seconds,
    "starts_on": _day,
    "ends_on": _day,
    "day": _day,
    "copied_from": _day,
    "copied_to": _day,
    "holidays": lambda text: str(HOLIDAYS.get(HolidayRule(text), text)),
    "is_holiday": _yes_or_no,
    "promised_on": _day,
    "valid_from": _day,
    "valid_until": _day,
}
