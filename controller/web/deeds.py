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
    "bulletin.upload": lambda: _("Tải âm thanh lên"),
    "bulletin.edit": lambda: _("Sửa bản tin"),
    "bulletin.submit": lambda: _("Gửi duyệt"),
    "bulletin.approve": lambda: _("Duyệt bản tin"),
    "bulletin.return": lambda: _("Trả lại bản tin"),
    "bulletin.withdraw": lambda: _("Thu hồi bản tin"),
    "schedule.create": lambda: _("Đặt lịch"),
    "schedule.close": lambda: _("Dừng lịch"),
    "slot.cancel": lambda: _("Hủy buổi"),
    "hours.exception": lambda: _("Mở thêm khung giờ"),
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
