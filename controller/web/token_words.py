"""The words of personal tokens: what one may do, whether it works, and why it does not."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext as _

from controller.domain.tokens import Refusal, Scope
from controller.services.tokens import TokenState

SCOPES: dict[Scope, Callable[[], str]] = {
    Scope.STATIONS_READ: lambda: _("Xem trạm và các buổi ở từng trạm"),
    Scope.BULLETINS_READ: lambda: _("Xem bản tin"),
    Scope.BULLETINS_WRITE: lambda: _("Xem bản tin; soạn, gửi duyệt hoặc duyệt, theo vai trò"),
    Scope.SCHEDULES_READ: lambda: _("Xem lịch phát"),
    Scope.SCHEDULES_WRITE: lambda: _("Xem, đặt, đổi và hủy lịch phát"),
    Scope.EMERGENCIES_READ: lambda: _("Xem tin khẩn cấp"),
    Scope.ALARMS_READ: lambda: _("Xem cảnh báo"),
    Scope.ALARMS_WRITE: lambda: _("Xem và nhận xử lý cảnh báo"),
    Scope.AUDIT_READ: lambda: _("Xem nhật ký thao tác"),
}

STATES: dict[TokenState, tuple[str, str, Callable[[], str]]] = {
    TokenState.ACTIVE: ("ok", "ok", lambda: _("Đang dùng được")),
    TokenState.EXPIRED: ("mute", "clock", lambda: _("Hết hạn")),
    TokenState.REVOKED: ("mute", "x", lambda: _("Đã thu hồi")),
}
"""The look, the sign and the words."""

REFUSALS: dict[str, Callable[[], str]] = {
    Refusal.MISSING.value: lambda: _("Yêu cầu này thiếu mã truy cập. Gửi mã trong Authorization."),
    Refusal.UNKNOWN.value: lambda: _("Không có mã truy cập này. Chép lại mã, hoặc tạo mã mới."),
    Refusal.EXPIRED.value: lambda: _("Mã truy cập đã hết hạn. Tạo mã mới ở trang tài khoản."),
    Refusal.REVOKED.value: lambda: _("Mã truy cập đã bị thu hồi. Tạo mã mới ở trang tài khoản."),
    Refusal.DISABLED.value: lambda: _("Tài khoản của mã truy cập này đã bị khóa."),
    Refusal.PASSWORD.value: lambda: _(
        "Chủ tài khoản phải đổi mật khẩu trước, rồi mã truy cập mới dùng được."
    ),
}


def scope_word(text: str) -> str:
    """What a scope lets in to; a scope of another version shows its own name."""
    return SCOPES[Scope(text)]() if text in set(Scope) else text


def refusal_word(text: str) -> str:
    """Why a token opened nothing."""
    return REFUSALS[text]() if text in REFUSALS else text
