"""The words of emergencies and drills: hazards, levels, states, what a station did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from controller.domain.emergencies import (
    CONFIRMED_WITHIN,
    ENDED_WITHIN,
    MOST_WORDS,
    Heard,
    Part,
    StationTrace,
)
from controller.domain.hazards import Hazard
from controller.domain.spread import Step
from controller.errors import ControllerError
from controller.services.cap_inbox import CapAlert
from controller.web import formats
from controller.web.counting import counted
from controller.web.refusals import explain
from controller.web.words import TROUBLES, reason_word

HAZARDS = {
    Hazard.FLOOD_RELEASE: _l("Xả lũ hồ chứa"),
    Hazard.STORM: _l("Bão"),
    Hazard.DEPRESSION: _l("Áp thấp nhiệt đới"),
    Hazard.HEAVY_RAIN: _l("Mưa lớn"),
    Hazard.FLOOD: _l("Lũ, ngập lụt"),
    Hazard.FLASH_FLOOD: _l("Lũ quét, sạt lở đất"),
    Hazard.SURGE: _l("Nước biển dâng"),
    Hazard.STRONG_WIND: _l("Gió mạnh trên biển"),
    Hazard.LIGHTNING: _l("Lốc, sét, mưa đá"),
    Hazard.HEAT: _l("Nắng nóng"),
    Hazard.FOREST_FIRE: _l("Cháy rừng"),
    Hazard.EARTHQUAKE: _l("Động đất"),
    Hazard.TSUNAMI: _l("Sóng thần"),
    Hazard.OTHER: _l("Việc khẩn khác"),
}

LEVELS = {
    1: _l("thấp"),
    2: _l("trung bình"),
    3: _l("lớn"),
    4: _l("rất lớn"),
    5: _l("thảm họa"),
}
"""Levels of disaster risk as Decision 18/2021/QĐ-TTg, article 4 names them."""

LASTS = {
    30: _l("30 phút"),
    60: _l("1 giờ"),
    120: _l("2 giờ"),
    180: _l("3 giờ"),
    360: _l("6 giờ"),
    720: _l("12 giờ"),
    1440: _l("24 giờ"),
}

PARTS = {
    Part.WARNING: _l("Lời báo"),
    Part.CORRECTION: _l("Tin đính chính"),
    Part.ALL_CLEAR: _l("Tin hết nguy hiểm"),
}
DRILL_PARTS = {
    Part.WARNING: _l("Lời diễn tập"),
    Part.ALL_CLEAR: _l("Câu kết thúc diễn tập"),
}

HEARD = {
    Heard.SOUNDING: ("ok", "wave", _l("Đang vang")),
    Heard.SOUNDED: ("ok", "ok", _l("Đã vang")),
    Heard.STOPPED: ("mute", "stop", _l("Đã dừng")),
    Heard.PARTLY: ("warn", "warn", _l("Vang dở dang")),
    Heard.ADRIFT: ("warn", "lost", _l("Chưa rõ đã vang hết chưa")),
    Heard.FAILED: ("down", "x", _l("Chưa vang")),
    Heard.REFUSED: ("down", "x", _l("Không nhận lệnh")),
    Heard.RECEIVED: ("warn", "clock", _l("Đã nhận lệnh, chưa vang")),
    Heard.WAITING: ("warn", "clock", _l("Chưa trả lời")),
    Heard.LOST: ("down", "lost", _l("Chưa vang")),
}
"""What a station did: class, sign, word."""

REFUSALS = {
    "quiet_hours": _l("Ngoài khung giờ cho phép"),
    "outside_hours": _l("Ngoài khung giờ cho phép"),
    "busy": _l("Loa đang phát việc khác"),
    "expired": _l("Lệnh đã quá hạn"),
    "clock_untrusted": _l("Đồng hồ ở trạm chưa tin được"),
}


def group_word(group: str, stations: int) -> str:
    """A kind of communes that can be chosen as one."""
    if group == "coastal":
        return counted("Các xã ven biển, %(n)s trạm", stations)
    return counted("Các xã khu vực III, %(n)s trạm", stations)


SEVERITIES = {
    "Extreme": _l("cực kỳ nghiêm trọng"),
    "Severe": _l("nghiêm trọng"),
    "Moderate": _l("vừa"),
    "Minor": _l("nhẹ"),
}
"""CAP 1.2, severity: another scale than the levels of disaster risk."""


def severity_word(code: str) -> str:
    """How grave an alert says it is."""
    return str(SEVERITIES.get(code) or _("không nói rõ"))


def not_taken_up(alert: CapAlert) -> str:
    """Why nothing can be composed of an alert here."""
    if alert.message.kind == "Cancel":
        return _("Tin này báo hết hoặc hủy một tin trước, không soạn thành tin mới.")
    return {
        "Test": _("Tin này chỉ là tin thử của nơi gửi."),
        "System": _("Tin này là tin kỹ thuật của nơi gửi."),
        "Draft": _("Tin này là bản nháp của nơi gửi."),
        "Exercise": _("Tin này là diễn tập. Mở ở trang diễn tập."),
    }.get(alert.message.status, _("Tin này là tin thật. Mở ở trang khẩn cấp."))


def refusal_word(code: str) -> str:
    """Why a station did not obey."""
    known = REFUSALS.get(code) or TROUBLES.get(code)
    return formats.capitalised(str(known or _("Trạm từ chối lệnh (%(code)s)", code=code)))


def why_unheard(trace: StationTrace) -> str:
    """Why nobody is known to have heard it to its end at a station; "" where somebody has."""
    match trace.heard:
        case Heard.LOST:
            return _("mất kết nối")
        case Heard.REFUSED:
            return refusal_word(trace.refusal)
        case Heard.FAILED:
            return str(reason_word(trace.reason)) if trace.reason else _("không phát được")
        case Heard.PARTLY:
            why = reason_word(trace.reason)
            return _("vang dở dang: %(why)s", why=why) if why else _("vang dở dang")
        case Heard.ADRIFT:
            return _("bắt đầu vang rồi mất kết nối")
        case Heard.RECEIVED:
            return _("đã nhận lệnh, chưa vang")
        case Heard.WAITING:
            return _("chưa trả lời")
    return ""


def unheard(traces: Iterable[StationTrace]) -> list[tuple[str, int]]:
    """Reasons why nobody is known to have heard it, each with its stations, the most first."""
    return Counter(why for trace in traces if (why := why_unheard(trace))).most_common()


def step_word(step: Step) -> str:
    """A step of the spread: how long after the click."""
    if step.to_s is None:
        return _("sau %(s)s giây", s=formats.number(int(step.from_s)))
    low, high = (_seconds(one) for one in (step.from_s, step.to_s))
    return _("%(low)s–%(high)s giây", low=low, high=high)


def _seconds(value: float) -> str:
    return formats.number(int(value)) if value.is_integer() else formats.number(value, 1)


def repeat_word(every_min: int) -> str:
    """How often it sounds."""
    return _("Mỗi %(n)s phút", n=every_min) if every_min else _("Không, phát một lần")


def lost_words() -> str:
    """What becomes of a station that cannot be reached."""
    return _("Không liên lạc được. Sẽ phát khi nối lại, nếu tin còn hiệu lực")


def problem_words(error: ControllerError) -> tuple[str, str]:
    """The field a refusal belongs to ("" for none) and the sentence under it."""
    name = str(error.facts.get("field", ""))
    problem = str(error.facts.get("problem", ""))
    known = {
        "blanks": _("Còn chỗ trống trong ngoặc vuông. Điền hết rồi mới phát được."),
        "too_long": _("Dài quá %(n)s chữ cái. Hãy rút ngắn.", n=MOST_WORDS),
        "different": _("Chưa đúng câu phải gõ."),
        "not_ready": _("Lời chưa tạo xong. Chờ vài giây, hoặc chọn để chuông báo vang ngay."),
        "not_approved": _("Bản tin này chưa được duyệt hoặc chưa có âm thanh tiếng Việt."),
        "too_short": _("Thời gian hiệu lực phải dài hơn khoảng nhắc lại."),
        "says_drill": _(
            "Trang này phát thật mà lời nói là diễn tập. Muốn diễn tập thì soạn ở trang diễn tập."
        ),
        "says_real": _("Lời diễn tập không được nói là “không phải diễn tập”."),
        "range": _("Chọn thời gian hiệu lực trong danh sách."),
        "choice": _("Chọn một mục trong danh sách."),
    }
    if problem == "missing":
        missing = {
            "title": _("Ghi ngắn gọn việc gì."),
            "targets": _("Chọn ít nhất một nơi phát."),
            "why": _("Ghi lý do phát một mình."),
        }
        return name, missing.get(name, _("Chưa có nội dung."))
    return name, known.get(problem) or explain(error)


def state_words(state: str) -> str:
    """Why nothing can be done with one any more."""
    minutes = int(CONFIRMED_WITHIN.total_seconds() // 60)
    return {
        "sent": _("Tin này đã được phát rồi."),
        "long_over": counted(
            "Tin này đã hết hiệu lực quá %(n)s ngày. Cần báo thêm thì soạn tin mới.",
            ENDED_WITHIN.days,
        ),
        "withdrawn": _("Tin này đã được hủy, chưa phát ở đâu."),
        "expired": _(
            "Quá %(n)s phút chưa ai xác nhận, tin này không phát được nữa. Soạn lại.", n=minutes
        ),
    }.get(state, _("Việc này không làm được nữa."))
