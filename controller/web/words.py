"""The words and signs of states, outcomes and reasons: one meaning, one word, on every screen."""

from __future__ import annotations

from datetime import date

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from controller.domain.board import Sign
from controller.domain.priority_order import Cause
from controller.domain.readiness import Gap, Holding
from controller.domain.station_state import ShownState
from controller.web import formats

STATES = {
    "ready": ("ok", "ok", _l("Trực tuyến")),
    "on_air": ("air", "wave", _l("Đang phát")),
    "degraded": ("warn", "warn", _l("Trục trặc")),
    "unknown": ("lost", "lost", _l("Mất kết nối")),
    "down": ("down", "power", _l("Ngừng")),
    "maint": ("maint", "tool", _l("Bảo trì")),
    "never": ("never", "ring", _l("Chưa kết nối lần nào")),
    "emergency": ("sos", "horn", _l("Khẩn cấp")),
    "drill": ("drill", "hring", _l("Diễn tập")),
}
"""State of a station: class, icon, word. The keys are those of `shown_state`."""

SIGNS = {
    Sign.AIRED: ("ok", "ok", _l("Đã phát")),
    Sign.LATE: ("warn", "clock", _l("Phát muộn")),
    Sign.CUT_SHORT: ("warn", "warn", _l("Bị ngắt")),
    Sign.MISSED: ("down", "x", _l("Không phát")),
    Sign.CANCELLED: ("mute", "x", _l("Đã hủy")),
    Sign.SUPERSEDED: ("mute", "arrow", _l("Nhường bản khác")),
    Sign.UNKNOWN: ("lost", "q", _l("Chưa rõ")),
    Sign.SOUNDING: ("air", "wave", _l("Đang phát")),
    Sign.COMING: ("mute", "clock", _l("Sắp phát")),
}
"""Sign of a slot at a station: class, icon, word."""

REASONS = {
    "offline_no_file": _l("chưa nhận được tệp"),
    "file_corrupt": _l("tệp hỏng"),
    "signature_bad": _l("lệnh không đúng chữ ký"),
    "expired": _l("quá hạn phát"),
    "clock_untrusted": _l("đồng hồ chưa tin được"),
    "audio_device_missing": _l("không thấy thiết bị âm thanh"),
    "player_failed": _l("máy phát lỗi"),
    "power_off": _l("mất điện"),
    "disk_full": _l("thẻ nhớ đầy"),
    "preempted": _l("nhường tin ưu tiên hơn"),
    "not_approved": _l("chưa được duyệt"),
    "agent_down": _l("phần mềm ở trạm dừng"),
    "quiet_hours": _l("ngoài khung giờ cho phép"),
    "unknown_timeout": _l("quá 24 giờ chưa có sổ của trạm"),
    "plan_not_held": _l("chưa nhận được lịch"),
    "window_passed": _l("đã quá thời gian chờ"),
    "stopped_by_operator": _l("trung tâm cho dừng"),
    "stopped_at_station": _l("người ở trạm cho dừng"),
    "declined_by_commune": _l("xã không nhận phát"),
    "late_recovery": _l("máy bật lại giữa buổi"),
    "storage_readonly": _l("thẻ nhớ chỉ đọc được"),
    "too_long": _l("dài hơn mức cho phép"),
    "station_retired": _l("đài đã ngừng hẳn"),
    "withdrawn": _l("bản tin đã thu hồi"),
    "stale": _l("lịch cũ, không nhận"),
}
"""Why a slot did not simply air; follows "Không phát:"."""

_CALL_FOR_POWER = _l("Gọi xã hỏi điện và máy ở trạm; có điện thì máy tự chạy lại.")
_CARD = _l("Báo quản trị: thẻ nhớ ở trạm phải thay hoặc dọn.")
_LINK = _l("Xem đường truyền của trạm; nối lại thì trạm tự tải. Cần nghe sớm thì đặt lịch phát bù.")
REMEDIES = {
    "offline_no_file": _LINK,
    "plan_not_held": _LINK,
    "file_corrupt": _l("Trạm tự tải lại. Còn lặp lại thì báo quản trị: thẻ nhớ có thể hỏng."),
    "signature_bad": _l("Báo quản trị ngay: có người gửi tin giả, hoặc khóa của trạm đã cũ."),
    "expired": _l("Đặt lịch phát bù nếu nội dung còn cần."),
    "window_passed": _l("Đặt lịch phát bù nếu nội dung còn cần."),
    "clock_untrusted": _l("Cho trạm nối với trung tâm; giờ tự chỉnh rồi buổi sau phát như thường."),
    "audio_device_missing": _l("Nhờ xã xem dây âm thanh và tăng âm; còn thiếu thì báo sửa."),
    "player_failed": _l("Báo sửa nếu buổi sau cũng vậy."),
    "power_off": _CALL_FOR_POWER,
    "agent_down": _CALL_FOR_POWER,
    "disk_full": _CARD,
    "storage_readonly": _CARD,
    "not_approved": _l("Đưa bản tin đi duyệt, rồi đặt lịch phát bù."),
    "quiet_hours": _l("Dời buổi vào khung giờ của trạm, hoặc xin ngoại lệ có ngày."),
    "too_long": _l("Rút ngắn bản tin, hoặc xin nâng mức dài cho trạm."),
    "unknown_timeout": _l("Gọi xã hỏi đã nghe chưa. Trạm nối lại thì kết quả tự sửa."),
    "preempted": _l("Không phải lỗi. Cần nghe trọn thì đặt lịch phát bù."),
}
"""What to do about a slot that did not air, by its reason; what somebody decided needs nothing."""


def remedy_word(reason: str | None) -> str:
    """What to do about a slot with that reason; "" where nothing is to be done."""
    return str(REMEDIES.get(reason or "", ""))


TROUBLES = {
    "clock_wrong": _l("đồng hồ sai giờ"),
    "clock_untrusted": _l("đồng hồ chưa tin được"),
    "audio_device_missing": _l("không thấy thiết bị âm thanh"),
    "device_lost": _l("mất thiết bị âm thanh"),
    "disk_full": _l("thẻ nhớ đầy"),
    "disk_low": _l("thẻ nhớ sắp đầy"),
    "storage_readonly": _l("thẻ nhớ chỉ đọc được"),
    "file_corrupt": _l("tệp hỏng, đang tải lại"),
    "player_failed": _l("máy phát lỗi"),
    "subscription_refused": _l("máy chủ nhắn tin từ chối kênh của trạm"),
    "volume_not_set": _l("âm lượng không đúng mức đã đặt"),
    "amplifier_missing": _l("không bật tắt được tăng âm"),
    "underrun": _l("tiếng bị ngắt quãng do máy quá tải"),
    "journal_damaged": _l("sổ của trạm hỏng, đã lập sổ mới"),
    "too_hot": _l("máy quá nóng"),
    "stopped": _l("phần mềm ở trạm được cho dừng"),
    "under_voltage": _l("nguồn điện của máy yếu"),
    "signature_bad": _l("không đúng chữ ký"),
    "stale": _l("bản cũ gửi lại"),
    "expired": _l("quá hạn"),
    "not_yet": _l("chưa tới hạn"),
    "wrong_audience": _l("gửi cho trạm khác"),
    "malformed": _l("nội dung hỏng"),
    "oversized": _l("quá lớn"),
    "unsupported": _l("phiên bản lạ"),
    "unknown_topic": _l("kênh lạ"),
    "chunk_bad": _l("mảnh âm thanh sai"),
    "replayed": _l("lệnh phát lại"),
    "publish": _l("gửi vào kênh của trạm khác"),
    "subscribe": _l("nghe kênh của trạm khác"),
    "connect": _l("đăng nhập sai mật khẩu"),
}
"""Causes of trouble as a station or the broker reports them."""

REFUSED = {
    "plan": _l("Lịch bị từ chối"),
    "limits": _l("Khung giờ bị từ chối"),
    "order": _l("Lệnh bị từ chối"),
    "ack": _l("Thư trả lời bị từ chối"),
    "chunk": _l("Mảnh âm thanh bị từ chối"),
    "sound": _l("Âm thanh bị từ chối"),
    "broker": _l("Máy chủ nhắn tin từ chối"),
    "station": _l("Trục trặc"),
}
"""What was refused, as the beginning of a sentence."""

CLOCKS = {
    "network": _l("Giờ mạng"),
    "controller": _l("Giờ của trung tâm"),
    "last_known": _l("Giờ tự giữ"),
    "none": _l("Chưa tin được"),
}
"""How far a station trusts its clock."""

GAPS = {
    Gap.NOTHING_APPROVED: _l("chưa có âm thanh nào được duyệt"),
    Gap.PLAN: _l("chưa nhận lịch mới"),
    Gap.SOUND: _l("chưa đủ âm thanh"),
    Gap.CLOCK: _l("đồng hồ ở trạm chưa tin được nên sẽ không tự phát"),
    Gap.DEVICE: _l("không thấy thiết bị âm thanh"),
}
"""What a station lacks of a coming slot."""

PRIORITIES = {
    "ordinary": _l("thông thường"),
    "priority": _l("ưu tiên"),
    "emergency": _l("khẩn cấp"),
}
"""The classes of Circular 39, in its words."""

ORDER_REASONS = {
    Cause.ABOVE_FIRST: _l("xã chưa xếp thứ tự, nội dung của cấp trên phát trước"),
    Cause.ORDERED: _l("xã xếp thứ tự"),
    Cause.HOURS: _l("thứ tự kia thì buổi sau ra ngoài khung giờ"),
    Cause.SETTLED: _l("buổi kia đã chốt giờ trước"),
}
"""Why two priority items stand in their order, inside a sentence."""

FIRST_REASONS = {
    "emergency": _l("tin khẩn cấp ngắt mọi buổi"),
    "class": _l("tin ưu tiên đi trước tin thông thường"),
    "authority": _l("cùng loại thì tin của cấp trên đi trước"),
    "earlier": _l("cùng loại, cùng cấp thì buổi bắt đầu trước đi trước"),
}
"""Why another item had the air, inside a sentence."""


def dates(starts_on: date | None, ends_on: date | None) -> str:
    """When a bulletin may air, inside a sentence: "từ 01/12/2026 đến hết 15/12/2026"."""
    first, last = formats.day(starts_on), formats.day(ends_on)
    if starts_on is None:
        return _("lúc nào cũng được") if ends_on is None else _("đến hết %(last)s", last=last)
    if ends_on is None:
        return _("từ %(first)s", first=first)
    return _("từ %(first)s đến hết %(last)s", first=first, last=last)


def outcome_words(sign: str, reason: str | None) -> str:
    """ "Không phát: mất điện", or just the word where there is no reason."""
    word = str(SIGNS[Sign(sign)][2])
    return f"{word}: {reason_word(reason)}" if reason else word


def gap_words(gap: Gap, holding: Holding) -> str:
    """What is lacking; of several sounds how many are there."""
    if gap is Gap.SOUND and holding.sounds_needed > 1:
        have, need = holding.sounds_held, holding.sounds_needed
        return _("mới có %(have)s/%(need)s tệp âm thanh", have=have, need=need)
    return str(GAPS[gap])


def doubt_words(holding: Holding) -> str:
    """Why a station that holds all of a slot is to be looked at all the same."""
    if holding.state == "degraded" and holding.troubles:
        what = ", ".join(trouble_word(one) for one in holding.troubles)
        return _("giữ đủ âm thanh và lịch, nhưng %(what)s", what=what)
    if holding.state == ShownState.DOWN:
        return _("giữ đủ âm thanh và lịch, chỉ phát nếu máy chạy lại")
    return _("giữ đủ âm thanh và lịch, sẽ tự phát nếu có điện")


def reason_word(reason: str) -> str:
    """The words of a slot's reason; an unknown code stands as it is."""
    return str(REASONS.get(reason, reason))


def trouble_word(code: str) -> str:
    """The words of a station's trouble; an unknown code is told as such."""
    return str(TROUBLES.get(code) or REASONS.get(code) or _("trục trặc %(code)s", code=code))


def install(app: Flask) -> None:
    """Make the words known to every template."""
    app.jinja_env.globals.update(
        STATES=STATES,
        SIGNS=SIGNS,
        REFUSED=REFUSED,
        CLOCKS=CLOCKS,
        PRIORITIES=PRIORITIES,
        dates=dates,
        gap_words=gap_words,
        doubt_words=doubt_words,
        remedy_word=remedy_word,
        outcome_words=outcome_words,
        reason_word=reason_word,
        trouble_word=trouble_word,
    )
