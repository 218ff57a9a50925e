"""The words of the audit trail: action -> what was done, as a person would say it."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext as _

DEEDS: dict[str, Callable[[], str]] = {
    "account.sign_in": lambda: _("Đăng nhập"),
    "account.sign_in_refused": lambda: _("Đăng nhập không được"),
    "account.password": lambda: _("Đổi mật khẩu của mình"),
    "account.end_sessions": lambda: _("Đăng xuất các nơi khác"),
    "account.create": lambda: _("Tạo tài khoản"),
    "account.reset": lambda: _("Đặt lại mật khẩu"),
    "account.disable": lambda: _("Khóa tài khoản"),
    "account.enable": lambda: _("Mở lại tài khoản"),
    "bulletin.create": lambda: _("Tạo bản tin"),
    "bulletin.sound": lambda: _("Đưa âm thanh vào bản tin"),
    "bulletin.sound_refused": lambda: _("Tệp âm thanh bị từ chối"),
    "bulletin.approval_void": lambda: _("Âm thanh đổi, phải duyệt lại"),
    "bulletin.edit": lambda: _("Sửa bản tin"),
    "bulletin.submit": lambda: _("Gửi duyệt"),
    "bulletin.approve": lambda: _("Duyệt bản tin"),
    "bulletin.return": lambda: _("Trả lại bản tin"),
    "bulletin.withdraw": lambda: _("Thu hồi bản tin"),
    "schedule.create": lambda: _("Đặt lịch"),
    "schedule.close": lambda: _("Dừng lịch"),
    "schedule.exclude": lambda: _("Bỏ một ngày của lịch"),
    "slot.cancel": lambda: _("Hủy buổi"),
    "slot.move": lambda: _("Dời buổi"),
    "hours.exception": lambda: _("Mở thêm khung giờ"),
    "hours.exception_end": lambda: _("Kết thúc giờ mở thêm"),
    "station.config": lambda: _("Cấp cấu hình cho trạm"),
    "station.stop": lambda: _("Dừng loa"),
    "station.refresh": lambda: _("Yêu cầu trạm nhận lại lịch"),
    "station.test_tone": lambda: _("Phát âm thử"),
    "refused.not_found": lambda: _("Mở trang ngoài địa bàn, bị từ chối"),
    "refused.forbidden": lambda: _("Làm việc ngoài vai trò, bị từ chối"),
    "refused.out_of_scope": lambda: _("Chọn nơi ngoài địa bàn, bị từ chối"),
}


def deed_word(action: str) -> str:
    """What was done; an action without words yet shows its own name."""
    write = DEEDS.get(action)
    return write() if write else action


FACTS: dict[str, Callable[[], str]] = {
    "username": lambda: _("tên đăng nhập"),
    "role": lambda: _("vai trò"),
    "address": lambda: _("địa chỉ"),
    "place_id": lambda: _("nơi"),
    "place_ids": lambda: _("nơi"),
    "reason": lambda: _("lý do"),
    "title": lambda: _("tên bản tin"),
}


def fact_word(key: str) -> str:
    """What a detail of a deed is called; one without words keeps its own name."""
    write = FACTS.get(key)
    return write() if write else key
