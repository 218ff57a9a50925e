"""The words of the audit trail: action -> what was done, as a person would say it."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext as _

DEEDS: dict[str, Callable[[], str]] = {
    "account.sign_in": lambda: _("Đăng nhập"),
    "account.sign_in_refused": lambda: _("Đăng nhập không được"),
    "account.password_refused": lambda: _("Gõ sai mật khẩu hiện tại"),
    "account.password": lambda: _("Đổi mật khẩu của mình"),
    "account.end_sessions": lambda: _("Đăng xuất các nơi khác"),
    "account.end_session": lambda: _("Đăng xuất một nơi khác"),
    "account.create": lambda: _("Tạo tài khoản"),
    "account.change": lambda: _("Đổi họ tên, vai trò hoặc địa bàn của tài khoản"),
    "account.reset": lambda: _("Đặt lại mật khẩu"),
    "account.disable": lambda: _("Khóa tài khoản"),
    "account.enable": lambda: _("Mở lại tài khoản"),
    "account.notices": lambda: _("Chọn cách nhận tin"),
    "token.create": lambda: _("Tạo mã truy cập"),
    "token.revoke": lambda: _("Thu hồi mã truy cập"),
    "token.denied": lambda: _("Dùng mã truy cập, bị từ chối"),
    "bulletin.create": lambda: _("Tạo bản tin"),
    "bulletin.sound": lambda: _("Đưa âm thanh vào bản tin"),
    "bulletin.sound_refused": lambda: _("Tệp âm thanh bị từ chối"),
    "bulletin.approval_void": lambda: _("Nội dung đổi, phải duyệt lại"),
    "bulletin.cut": lambda: _("Cắt khoảng lặng của bản tin"),
    "bulletin.whole": lambda: _("Dùng lại cả tệp gốc của bản tin"),
    "bulletin.edit": lambda: _("Sửa bản tin"),
    "bulletin.file": lambda: _("Đổi nhãn hoặc hạn dùng của bản tin"),
    "bulletin.share": lambda: _("Dùng chung bản tin cho các huyện"),
    "bulletin.unshare": lambda: _("Thôi dùng chung bản tin"),
    "bulletin.comment": lambda: _("Nêu ý kiến về bản tin"),
    "bulletin.comment_withdraw": lambda: _("Rút ý kiến về bản tin"),
    "bulletin.prune": lambda: _("Xóa bản nháp lâu không ai sửa"),
    "bulletin.submit": lambda: _("Gửi duyệt"),
    "bulletin.approve": lambda: _("Duyệt bản tin"),
    "bulletin.return": lambda: _("Trả lại bản tin"),
    "bulletin.withdraw": lambda: _("Thu hồi bản tin"),
    "programme.create": lambda: _("Soạn chương trình"),
    "programme.change": lambda: _("Sửa chương trình"),
    "programme.retire": lambda: _("Bỏ chương trình"),
    "schedule.create": lambda: _("Đặt lịch"),
    "schedule.close": lambda: _("Dừng lịch"),
    "schedule.exclude": lambda: _("Bỏ một ngày của lịch"),
    "schedule.keep_template": lambda: _("Giữ mẫu lịch"),
    "schedule.drop_template": lambda: _("Bỏ mẫu lịch"),
    "schedule.copy": lambda: _("Chép các buổi của một ngày hoặc tuần"),
    "schedule.include": lambda: _("Phát lại một ngày đã bỏ"),
    "slot.cancel": lambda: _("Hủy buổi"),
    "slot.decline": lambda: _("Xã không nhận buổi phát"),
    "slot.accept": lambda: _("Xã nhận lại buổi phát"),
    "slot.order": lambda: _("Xã xếp thứ tự hai nội dung ưu tiên"),
    "slot.again": lambda: _("Đặt lại buổi đã hủy thành buổi mới"),
    "slot.move": lambda: _("Dời buổi"),
    "holiday.add": lambda: _("Nhập ngày lễ của địa phương"),
    "holiday.remove": lambda: _("Bỏ ngày lễ của địa phương"),
    "hours.exception": lambda: _("Mở thêm khung giờ"),
    "hours.exception_end": lambda: _("Kết thúc giờ mở thêm"),
    "report.take": lambda: _("Tải báo cáo hoặc nhật ký phát về"),
    "station.listened": lambda: _("Nghe thử loa"),
    "station.issue_config": lambda: _("Cấp cấu hình cho trạm"),
    "station.revoke": lambda: _("Thu hồi mật khẩu của trạm"),
    "station.add": lambda: _("Thêm đài"),
    "station.change": lambda: _("Đổi tên, mã hoặc mức của đài"),
    "station.contacts": lambda: _("Đổi liên hệ, ghi chú của đài"),
    "station.commission": lambda: _("Đưa đài vào sử dụng"),
    "station.retire": lambda: _("Ngừng hẳn đài"),
    "station.restore": lambda: _("Đưa đài trở lại"),
    "station.maintenance": lambda: _("Báo bảo trì"),
    "station.maintenance_end": lambda: _("Kết thúc bảo trì sớm"),
    "hours.rules": lambda: _("Đổi khung giờ, âm lượng của một nơi"),
    "station.languages": lambda: _("Đổi thứ tiếng của trạm"),
    "fault.report": lambda: _("Báo loa hỏng"),
    "fault.promise": lambda: _("Hẹn ngày sửa loa"),
    "fault.mend": lambda: _("Báo loa đã sửa xong"),
    "reading.change": lambda: _("Đổi cách đọc chữ viết tắt"),
    "reading.reset": lambda: _("Trả cách đọc về mặc định"),
    "account.sign_out": lambda: _("Đăng xuất"),
    "audit.accept": lambda: _("Nhận nhật ký của bản sao cũ"),
    "centre.restore": lambda: _("Khôi phục trung tâm từ bản sao lưu"),
    "audit.export": lambda: _("Tải nhật ký về"),
    "order.emergency": lambda: _("Phát tin khẩn cấp"),
    "order.drill": lambda: _("Phát diễn tập"),
    "order.stop": lambda: _("Dừng loa"),
    "order.cancel": lambda: _("Bảo trạm bỏ một buổi"),
    "order.volume": lambda: _("Chỉnh âm lượng"),
    "order.refresh": lambda: _("Yêu cầu trạm nhận lại lịch"),
    "order.test_tone": lambda: _("Phát âm thử"),
    "emergency.propose": lambda: _("Soạn tin khẩn cấp"),
    "emergency.withdraw": lambda: _("Hủy tin khẩn cấp chưa phát"),
    "emergency.send": lambda: _("Xác nhận và phát khẩn cấp"),
    "emergency.send_alone": lambda: _("Phát khẩn cấp một mình"),
    "emergency.correction": lambda: _("Phát tin đính chính"),
    "emergency.all_clear": lambda: _("Phát tin hết nguy hiểm"),
    "emergency.stop": lambda: _("Dừng tin khẩn cấp"),
    "emergency.words": lambda: _("Phát lời theo sau chuông báo"),
    "emergency.review": lambda: _("Xem lại tin phát một mình"),
    "drill.propose": lambda: _("Soạn diễn tập"),
    "drill.withdraw": lambda: _("Hủy diễn tập chưa phát"),
    "drill.send": lambda: _("Xác nhận và bắt đầu diễn tập"),
    "drill.send_alone": lambda: _("Bắt đầu diễn tập một mình"),
    "drill.all_clear": lambda: _("Phát câu kết thúc diễn tập"),
    "drill.stop": lambda: _("Dừng diễn tập"),
    "drill.words": lambda: _("Phát lời diễn tập theo sau chuông"),
    "drill.review": lambda: _("Xem lại diễn tập phát một mình"),
    "cap.receive": lambda: _("Nhận tin cảnh báo CAP"),
    "cap.set_aside": lambda: _("Bỏ qua tin cảnh báo CAP"),
    "cap.compose": lambda: _("Soạn tin khẩn cấp từ tin CAP"),
    "broker.denied_publish": lambda: _("Gửi vào kênh không được phép, bị từ chối"),
    "broker.denied_subscribe": lambda: _("Nghe kênh không được phép, bị từ chối"),
    "broker.denied_connect": lambda: _("Kết nối bằng mật khẩu sai, bị từ chối"),
    "refused.not_found": lambda: _("Mở trang ngoài địa bàn, bị từ chối"),
    "refused.forbidden": lambda: _("Làm việc ngoài vai trò, bị từ chối"),
    "refused.out_of_scope": lambda: _("Chọn nơi ngoài địa bàn, bị từ chối"),
}

OBJECTS: dict[str, Callable[[], str]] = {
    "account": lambda: _("Tài khoản"),
    "audit": lambda: _("Nhật ký thao tác"),
    "broker_user": lambda: _("Tài khoản nhắn tin"),
    "bulletin": lambda: _("Bản tin"),
    "cap_alert": lambda: _("Tin cảnh báo CAP"),
    "drill": lambda: _("Diễn tập"),
    "emergency": lambda: _("Tin khẩn cấp"),
    "fault_report": lambda: _("Loa hỏng"),
    "holiday": lambda: _("Ngày lễ"),
    "hours_exception": lambda: _("Mở thêm giờ"),
    "page": lambda: _("Trang"),
    "place": lambda: _("Nơi"),
    "programme": lambda: _("Chương trình"),
    "reading": lambda: _("Cách đọc"),
    "schedule": lambda: _("Lịch"),
    "slot": lambda: _("Buổi"),
    "station": lambda: _("Trạm"),
    "token": lambda: _("Mã truy cập"),
}
"""What was done to; the number behind it is for whoever looks the row up."""


def object_word(kind: str) -> str:
    """What it was done to; a kind of another version of this program shows its own name."""
    write = OBJECTS.get(kind)
    return write() if write else kind


def deed_word(action: str) -> str:
    """What was done; an action of another version of this program shows its own name."""
    write = DEEDS.get(action)
    return write() if write else action


def is_refusal(action: str) -> bool:
    """Whether somebody reached for what is not theirs."""
    return action.startswith(("refused.", "broker.denied", "token.denied"))
