"""What a person is told when a deed was not done: code and facts -> what, why, what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from controller.errors import ControllerError
from controller.web import formats, token_words
from controller.web.counting import counted
from controller.web.words import dates

Facts = Mapping[str, Any]


def sentence_of(error: ControllerError) -> str:
    """The sentence for an error, in the language of the page."""
    return sentence(error.code, error.facts)


def sentence(code: str, facts: Facts) -> str:
    """The sentence for a code; an unknown code says at least that nothing was done."""
    write = SENTENCES.get(code)
    if write is None:
        return _("Việc này chưa làm được. Mã lỗi: %(code)s.", code=code)
    return write(facts)


def at_least_nothing_lost(_facts: Facts) -> str:
    """Several rare faults of the machine end alike for a person."""
    return _("Máy chủ đang bận. Nội dung của bạn vẫn còn; thử lại sau ít phút.")


def _stale(facts: Facts) -> str:
    who, at = facts.get("who"), facts.get("changed_at")
    if who and isinstance(at, datetime):
        return _(
            "%(who)s vừa sửa mục này lúc %(at)s. Nội dung của bạn vẫn còn; xem hai bản rồi chọn.",
            who=who,
            at=formats.clock(at),
        )
    return _("Người khác vừa sửa mục này. Nội dung của bạn vẫn còn; mở lại trang để xem bản mới.")


def _decided(facts: Facts) -> str:
    who, at = facts.get("who"), formats.moment(facts.get("decided_at"))
    match facts.get("deed"):
        case "bulletin.approve":
            return _("%(who)s đã duyệt bản tin này lúc %(at)s.", who=who, at=at)
        case "bulletin.return":
            return _("%(who)s đã trả lại bản tin này lúc %(at)s.", who=who, at=at)
        case "fault.mend":
            return _("%(who)s đã ghi là sửa xong lúc %(at)s.", who=who, at=at)
    return _("%(who)s đã rút bản tin này lúc %(at)s.", who=who, at=at)


def _refused(facts: Facts) -> str:
    left, minutes = facts.get("tries_left"), facts.get("minutes", 15)
    if left is None:
        return _("Sai tên hoặc mật khẩu.")
    return counted(
        "Sai tên hoặc mật khẩu. Còn %(left)s lần thử, sau đó khóa %(n)s phút.",
        int(minutes),
        left=left,
    )


def _locked(facts: Facts) -> str:
    return counted(
        "Tài khoản tạm khóa vì sai mật khẩu nhiều lần. Thử lại sau %(n)s phút.",
        int(facts.get("minutes", 15)),
    )


def _token_refused(facts: Facts) -> str:
    return token_words.refusal_word(str(facts.get("why", "")))


def _token_scope(facts: Facts) -> str:
    return _(
        "Mã truy cập này không có quyền “%(scope)s”. Tạo mã mới có quyền đó.",
        scope=facts.get("scope", ""),
    )


def _too_many(facts: Facts) -> str:
    return counted(
        "Quá nhiều yêu cầu trong một phút. Chờ %(n)s giây rồi gửi tiếp.",
        int(facts.get("seconds", 60)),
    )


def _weak(facts: Facts) -> str:
    match facts.get("problem"):
        case "same":
            return _("Mật khẩu mới trùng mật khẩu cũ. Chọn mật khẩu khác.")
        case "name":
            return _("Mật khẩu không được chứa tên đăng nhập.")
        case "mismatch":
            return _("Hai lần gõ mật khẩu mới không giống nhau.")
        case "long":
            return _("Mật khẩu dài tối đa 200 ký tự.")
    return _("Mật khẩu cần ít nhất 10 ký tự.")


def _outside_hours(facts: Facts) -> str:
    return _(
        "%(at)s ngoài khung giờ cho phép (%(opens)s–%(closes)s). "
        "Chỉ tin khẩn cấp được phát giờ này.",
        at=facts.get("at", ""),
        opens=facts.get("opens", "05:00"),
        closes=facts.get("closes", "21:00"),
    )


def _outside_validity(facts: Facts) -> str:
    return _(
        "Bản tin chỉ dùng %(span)s nên không buổi nào phát được. Đổi ngày của lịch, hoặc gia hạn "
        "bản tin.",
        span=dates(facts.get("valid_from"), facts.get("valid_until")),
    )


def sound_gone(facts: Facts) -> str:
    """That the sound went by the rule of keeping, on which day, and what can be done."""
    return _(
        "Âm thanh đã xóa theo quy định lưu trữ ngày %(day)s. Muốn dùng tiếp thì tải tệp lên lại "
        "hoặc tạo giọng đọc mới.",
        day=formats.day(facts.get("gone_at")),
    )


def _too_long(facts: Facts) -> str:
    return _(
        "Dài %(minutes)s phút, quá mức %(cap)s phút của nơi phát. Cắt ngắn hoặc chọn nơi khác.",
        minutes=facts.get("minutes", ""),
        cap=facts.get("cap_minutes", ""),
    )


def _not_cap(facts: Facts) -> str:
    reason = str(facts.get("reason"))
    known = {
        "too_large": _("Tệp lớn hơn hoặc lồng sâu hơn một tin CAP thật."),
        "not_xml": _("Tệp này không phải XML viết bằng UTF-8."),
        "doctype": _("Tệp này khai báo DOCTYPE; tin CAP không có phần đó nên không đọc."),
        "version": _("Tin này không theo bản CAP 1.2."),
        "missing": _("Tin này thiếu phần bắt buộc: %(name)s.", name=facts.get("name", "")),
        "other_kind": _("Tin này không phải loại soạn được ở đây."),
    }
    return known.get(reason) or _("Tệp này không phải tin cảnh báo CAP.")


def _upload(facts: Facts) -> str:
    size, limit = facts.get("size_bytes"), facts.get("limit_bytes")
    limit_mb = formats.number(limit / 1e6) if limit else "200"
    if not size:
        return _(
            "Tệp lớn hơn mức %(limit)s MB. Hãy cắt ngắn hoặc lưu lại thành MP3.", limit=limit_mb
        )
    return _(
        "Tệp nặng %(size)s MB, lớn hơn mức %(limit)s MB. Hãy cắt ngắn hoặc lưu lại thành MP3.",
        size=formats.number(size / 1e6),
        limit=limit_mb,
    )


def _full(facts: Facts) -> str:
    free = facts.get("free_bytes")
    if free is None:
        return _("Ổ đĩa của trung tâm đã đầy nên chưa lưu được gì. Báo quản trị.")
    return _(
        "Ổ đĩa của trung tâm chỉ còn %(free)s GB trống nên chưa nhận tệp này. Báo quản trị.",
        free=formats.number(free / 1e9, 1),
    )


def _invalid(facts: Facts) -> str:
    problem = facts.get("problem")
    write = PROBLEMS.get(str(problem))
    return write() if write else _("Có ô chưa dùng được. Xem ô được đánh dấu.")


PROBLEMS: dict[str, Callable[[], str]] = {
    "missing": lambda: _("Ô này còn trống."),
    "taken": lambda: _("Tên đăng nhập này đã có người dùng."),
    "bad_username": lambda: _(
        "Tên đăng nhập gồm 3 đến 40 chữ thường không dấu, số, dấu chấm hoặc gạch."
    ),
    "unknown_place": lambda: _("Không có địa bàn này."),
    "place_kind": lambda: _("Vai trò này không gắn với cấp địa bàn đã chọn."),
    "unknown_role": lambda: _("Không có vai trò này."),
    "own_account": lambda: _("Không tự khóa hoặc đặt lại tài khoản của chính mình ở đây."),
    "no_sound": lambda: _("Bản tin chưa có âm thanh. Tải lên một tệp hoặc tạo giọng đọc."),
    "sound_processing": lambda: _("Âm thanh đang được xử lý. Chờ xong rồi gửi duyệt."),
    "sound_unfit": lambda: _("Âm thanh có lỗi phải sửa. Xem phần kiểm tra rồi tải tệp khác."),
    "reason_missing": lambda: _("Ghi lý do trả lại để người soạn biết cần sửa gì."),
    "text_too_long": lambda: _("Nội dung ô này dài quá. Hãy viết ngắn lại."),
    "hidden_characters": lambda: _("Ô này có ký tự ẩn. Gõ lại thay vì dán."),
    "comment_missing": lambda: _("Ghi ý kiến rồi gửi."),
    "too_many_comments": lambda: _("Bản tin này đã có 500 ý kiến, không nhận thêm."),
    "unknown_category": lambda: _("Không có chuyên mục này."),
    "said_by_missing": lambda: _("Ghi tên người ở xã đã nói, để sau này còn biết."),
    "fault_missing": lambda: _("Ghi nghe thấy gì, để người đi sửa biết."),
    "unknown_cluster": lambda: _("Trạm này không có cụm loa đó."),
    "reported_already": lambda: _("Cụm này đã được báo hỏng. Xem ở trên."),
    "in_future": lambda: _("Lúc này chưa tới. Ghi lúc đã nghe."),
    "too_long_ago": lambda: _("Chỉ ghi lại được lần nghe trong 3 ngày qua."),
    "heard_missing": lambda: _("Chọn nghe rõ, nghe nhỏ hay không nghe thấy."),
    "day_over": lambda: _("Ngày này đã qua. Chọn hôm nay hoặc ngày sau."),
    "over_a_month": lambda: _("Mỗi lần nhập dài nhất 31 ngày."),
    "bad_date": lambda: _("Gõ ngày như 30/11/2026."),
    "not_after": lambda: _("Ngày cuối phải sau ngày đầu."),
    "log_too_long": lambda: _("Mỗi tệp nhật ký dài nhất 366 ngày. Chọn ít ngày hơn."),
    "log_workbook_too_long": lambda: _(
        "Tệp XLSX của nhật ký dài nhất 93 ngày. Chọn ít ngày hơn, hoặc lấy tệp CSV."
    ),
    "tag_too_long": lambda: _("Mỗi nhãn dài tối đa 30 chữ, cách nhau bằng dấu phẩy."),
    "too_many_tags": lambda: _("Tối đa 8 nhãn."),
    "unknown_language": lambda: _("Không có thứ tiếng này."),
    "cut_seconds": lambda: _("Ghi số giây, ví dụ 3,5."),
    "cut_order": lambda: _("Điểm cuối phải sau điểm đầu ít nhất 1 giây."),
    "cut_beyond": lambda: _("Điểm này nằm ngoài tệp gốc. Xem độ dài ở trên rồi sửa lại."),
    "cut_nothing": lambda: _("Hai điểm này giữ nguyên bản đang dùng. Đổi một điểm rồi cắt."),
    "not_heard": lambda: _("Nghe hết bản tin rồi mới duyệt."),
    "bad_email": lambda: _("Gõ địa chỉ thư như ten@vidu.vn."),
    "no_email": lambda: _("Lưu địa chỉ thư rồi gửi thử."),
    "way_not_set_up": lambda: _("Trung tâm chưa đặt đường gửi này."),
    "test_too_soon": lambda: _("Vừa gửi thử. Chờ một phút rồi gửi lại."),
    "not_a_commune": lambda: _("Chọn một xã, phường hoặc thị trấn."),
    "station_name_taken": lambda: _("Nơi này đã có đài tên như vậy. Thêm gì đó để phân biệt."),
    "cluster_name_taken": lambda: _("Đài này đã có cụm loa tên như vậy."),
    "too_many_clusters": lambda: _("Đài này đã có 200 cụm loa, không nhận thêm."),
    "code_taken": lambda: _("Mã này đã dùng cho đài khác."),
    "bad_minutes": lambda: _("Ghi số phút từ 1 đến 240."),
    "bad_percent": lambda: _("Ghi số từ 0 đến 100."),
    "number_missing": lambda: _("Ghi số điện thoại, hoặc để trống cả dòng."),
    "bad_number": lambda: _("Ghi số như 0912 345 678."),
    "too_many_contacts": lambda: _("Tối đa 6 liên hệ."),
    "not_typed": lambda: _("Gõ đúng câu ở trên; có dấu hay không đều được."),
    "bad_moment": lambda: _("Gõ ngày và giờ, như 26/11/2026 và 05:30."),
    "maint_begun": lambda: _(
        "Lúc này đã qua. Bảo trì phải báo trước khi bắt đầu; việc đã qua được tính như thường."
    ),
    "maint_not_after": lambda: _("Giờ kết thúc phải sau giờ bắt đầu."),
    "maint_too_early": lambda: _("Báo trước nhiều nhất 60 ngày."),
    "maint_overlaps": lambda: _("Trùng với lần bảo trì đã báo. Xem danh sách bên cạnh."),
    "maint_too_long": lambda: _("Vượt số giờ bảo trì của tháng. Rút ngắn lại."),
    "bad_time": lambda: _("Gõ giờ và phút, như 05:30."),
    "bad_span": lambda: _("Giờ đóng phải sau giờ mở, trong một ngày."),
    "bad_band": lambda: _("Giờ bắt đầu và kết thúc phải khác nhau."),
    "too_many_spans": lambda: _("Nhiều dòng quá. Gộp lại."),
    "no_scope": lambda: _("Chọn ít nhất một việc."),
    "scope_beyond_role": lambda: _("Vai trò của bạn không có việc này."),
    "over_a_year": lambda: _("Mã truy cập dùng được lâu nhất một năm."),
    "too_many_tokens": lambda: _("Đã có 20 mã đang dùng được. Thu hồi bớt rồi tạo mã mới."),
    "photo_too_large": lambda: _("Ảnh lớn hơn 8 MB. Chụp lại ở cỡ nhỏ hơn."),
    "not_a_photo": lambda: _("Tệp này không phải ảnh JPEG, PNG hoặc WebP đọc được."),
    "bad_vnd": lambda: _("Ghi số tiền bằng đồng, như 12.500.000."),
    "day_to_come": lambda: _("Ngày này chưa tới."),
    "retired_already": lambda: _("Thiết bị này đã ghi là thôi dùng."),
    "too_many_items": lambda: _("Đài này đã có 500 thiết bị trong sổ, không nhận thêm."),
    "removed_and_installed": lambda: _("Một thứ không thể vừa tháo ra vừa lắp vào."),
    "unknown_item": lambda: _("Thiết bị này không có trong sổ của đài."),
    "last_admin": lambda: _("Đây là quản trị viên cuối cùng. Tạo một người khác trước."),
}

SENTENCES: dict[str, Callable[[Facts], str]] = {
    "not_found": lambda _f: _("Không tìm thấy trang này trong địa bàn của bạn."),
    "forbidden": lambda _f: _("Vai trò của bạn không làm được việc này."),
    "out_of_scope": lambda _f: _("Nơi đã chọn nằm ngoài địa bàn của bạn."),
    "stale_edit": _stale,
    "decided_already": _decided,
    "invalid_input": _invalid,
    "sign_in_refused": _refused,
    "account_locked": _locked,
    "token_refused": _token_refused,
    "token_scope": _token_scope,
    "too_many_requests": _too_many,
    "weak_password": _weak,
    "own_bulletin": lambda _f: _("Người soạn không tự duyệt bản tin của mình."),
    "not_approved": lambda _f: _("Bản tin này chưa được duyệt nên chưa đặt lịch được."),
    "sound_gone": sound_gone,
    "wrong_state": lambda _f: _("Mục này vừa đổi trạng thái nên việc này không còn làm được."),
    "outside_validity": _outside_validity,
    "outside_hours": _outside_hours,
    "too_long": _too_long,
    "slot_conflict": lambda _f: _("Trùng giờ với buổi khác cùng cấp. Dời giờ hoặc bỏ buổi trùng."),
    "upload_too_large": _upload,
    "upload_offset": lambda f: _(
        "Phần này không nối tiếp tệp. Gửi tiếp từ byte thứ %(received)s.",
        received=f.get("received_bytes", 0),
    ),
    "not_sound": lambda _f: _(
        "Tệp này không phải âm thanh. Chọn tệp WAV, MP3, M4A, OGG, Opus hoặc FLAC."
    ),
    "not_cap": _not_cap,
    "speech_language": lambda _f: _(
        "Giọng đọc này không có ở trung tâm. Chọn giọng khác, hoặc ghi âm người đọc."
    ),
    "original_lost": lambda _f: _(
        "Tệp gốc không còn đọc được ở trung tâm. Bản đang dùng vẫn nguyên; hãy tải tệp lên lại."
    ),
    "storage_full": _full,
    "press_failed": lambda f: (
        _("Nhiều tệp PDF đang được lập. Thử lại sau một phút.")
        if f.get("why") == "busy"
        else _("Chưa lập được tệp PDF. Thử lại; nếu vẫn vậy, báo quản trị.")
    ),
    "busy": at_least_nothing_lost,
    "broker_failed": lambda _f: _(
        "Chưa gửi được tới các trạm. Trung tâm sẽ gửi lại ngay khi được."
    ),
    "controller_error": at_least_nothing_lost,
    "settings_bad": at_least_nothing_lost,
    "database_damaged": lambda _f: _("Cơ sở dữ liệu bị hỏng. Báo quản trị khôi phục bản sao lưu."),
    "backup_failed": lambda _f: _(
        "Chưa sao lưu hay khôi phục được; những gì đang có vẫn nguyên. "
        "Báo quản trị xem nhật ký máy."
    ),
    "session_ended": lambda _f: _(
        "Phiên làm việc đã hết. Đăng nhập lại, nội dung đang soạn vẫn còn."
    ),
    "session_ended_upload": lambda _f: _("Phiên làm việc đã hết. Đăng nhập lại rồi chọn lại tệp."),
    "sign_in_needed": lambda _f: _("Đăng nhập để xem trang này."),
    "csrf": lambda _f: _("Trang đã mở quá lâu. Mở lại trang rồi làm lại việc này."),
    "too_many_tries": lambda _f: _("Thử quá nhiều lần từ máy này. Thử lại sau 15 phút."),
    "bad_request": lambda _f: _("Yêu cầu không đúng dạng nên không làm được."),
    "unsupported_media_type": lambda _f: _("Nội dung gửi lên phải là JSON (application/json)."),
    "method_not_allowed": lambda _f: _("Trang này không nhận kiểu yêu cầu đó."),
    "server_error": lambda _f: _("Máy chủ gặp lỗi. Việc này chưa làm xong; thử lại sau ít phút."),
}
