"""Every page of the web, in the words of those who use it, and what of it is photographed when.

A test holds the list against the addresses the centre answers: a new page has to be named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EMPTY, ORDINARY, ALARM = "chua-co-gi", "ngay-thuong", "khan-cap"
CHAPTERS: Mapping[str, str] = {
    EMPTY: "Chưa có gì: ngày đầu",
    ORDINARY: "Ngày thường: 17:01 thứ Tư 25/11/2026",
    ALARM: "Đang phát khẩn cấp và diễn tập: 17:16",
}
STAFF = ("operator", "approver", "commune", "office", "auditor", "admin")


@dataclass(frozen=True, slots=True)
class Page:
    """One page in one state. `path` may hold ids of the story in braces."""

    endpoint: str
    name: str
    path: str
    slug: str
    chapter: str = ORDINARY
    roles: tuple[str, ...] = STAFF
    is_english: bool = False
    """Whether it is photographed in English, too."""
    is_paper: bool = False
    """Whether it is a PDF file."""


def _first(endpoint: str, name: str, path: str, slug: str, *roles: str) -> Page:
    return Page(endpoint, name, path, f"{slug}-trong", EMPTY, roles or ("operator",))


def _paper(endpoint: str, name: str, path: str, slug: str, *roles: str) -> Page:
    return Page(endpoint, name, path, slug, ALARM, roles, is_paper=True)


_MONTH, _YEAR = (
    "co-so=calendar&do-dai=month&nam=2026&so=11",
    "co-so=administrative&do-dai=year&nam=2026",
)
EMPTIES = (
    _first("today.index", "Hôm nay", "/hom-nay", "hom-nay"),
    _first("board.index", "Bảng trạm", "/bang", "bang-tram", "office"),
    _first("commune.show", "Trang của xã", "/xa/{station_id}", "xa", "commune"),
    _first("bulletins.index", "Bản tin", "/ban-tin", "ban-tin"),
    _first("approvals.index", "Chờ duyệt", "/cho-duyet", "cho-duyet", "approver"),
    _first("schedules.week", "Lịch phát, cả tuần", "/lich", "lich-tuan"),
    _first("schedules.day", "Lịch phát, một ngày", "/lich/ngay", "lich-ngay"),
    _first("schedules.new", "Đặt lịch", "/lich/moi", "dat-lich"),
    _first("copies.index", "Chép một ngày", "/lich/chep", "chep-ngay"),
    _first("schedule_templates.index", "Mẫu lịch", "/lich/mau", "mau-lich"),
    _first("holidays.index", "Ngày lễ", "/lich/ngay-le", "ngay-le"),
    _first("programmes.index", "Chương trình", "/chuong-trinh", "chuong-trinh"),
    _first("notices.index", "Thông báo", "/thong-bao", "thong-bao"),
    _first("emergencies.index", "Khẩn cấp", "/khan-cap", "khan-cap"),
    _first("drills.index", "Diễn tập", "/dien-tap", "dien-tap"),
    _first("readings.index", "Cách đọc chữ viết tắt", "/ban-tin/cach-doc", "cach-doc"),
    _first("stations.show", "Trang của trạm", "/tram/{station_id}", "tram"),
)

PAGES = (
    *EMPTIES,
    Page("auth.sign_in", "Đăng nhập", "/dang-nhap", "dang-nhap", roles=("nobody",), is_english=True),
    Page("auth.account", "Tài khoản", "/tai-khoan", "tai-khoan"),
    Page("auth.password", "Đổi mật khẩu", "/mat-khau", "doi-mat-khau", roles=("operator",)),
    Page("tokens.new", "Tạo mã truy cập", "/tai-khoan/ma/moi", "ma-truy-cap"),
    Page("today.index", "Hôm nay", "/hom-nay", "hom-nay", is_english=True),
    Page("board.index", "Bảng trạm", "/bang", "bang-tram", is_english=True),
    Page("board.chart", "Bản đồ trạm", "/bang/ban-do", "ban-do", is_english=True),
    Page("stations.show", "Trang của trạm", "/tram/{station_id}", "tram", is_english=True),
    Page("stations.show", "Trang của trạm đã ngừng", "/tram/bac-ai-phuoc-thanh", "tram-ngung"),
    Page("stations.show", "Trang của trạm mất kết nối", "/tram/bac-ai-phuoc-trung", "tram-mat-ket-noi"),
    Page("commune.show", "Trang của xã", "/xa/{station_id}", "xa", is_english=True),
    Page("listening.index", "Nghe kiểm tra", "/xa/{station_id}/nghe", "xa-nghe", is_english=True),
    Page("priority_orders.index", "Thứ tự hai nội dung ưu tiên", "/xa/{station_id}/uu-tien", "xa-uu-tien", roles=("commune",)),
    Page("station_desk.index", "Đài", "/dai", "dai"),
    Page("station_desk.show", "Thiết lập đài", "/dai/{station_id}", "dai-thiet-lap"),
    Page("station_desk.new", "Thêm đài", "/dai/moi", "dai-moi"),
    Page("equipment.index", "Sổ thiết bị của đài", "/dai/{station_id}/thiet-bi", "thiet-bi"),
    Page("speaker_clusters.index", "Cụm loa của đài", "/dai/{station_id}/cum-loa", "cum-loa", is_english=True),
    Page("equipment.new", "Ghi thêm thiết bị", "/dai/{station_id}/thiet-bi/moi", "thiet-bi-moi", roles=("commune",)),
    Page("equipment.show", "Một thiết bị", "/dai/{station_id}/thiet-bi/{equipment_item_id}", "thiet-bi-mot", roles=("commune", "auditor")),
    Page("pole_codes.index", "Mã trên cột", "/dai/{station_id}/ma-loa", "ma-loa", roles=("commune",)),
    Page("pole.show", "Trang sau mã trên cột", "/loa/{code}", "loa", roles=("nobody",), is_english=True),
    Page("repairs.index", "Sửa chữa", "/sua-chua", "sua-chua", is_english=True),
    Page("repairs.show", "Một lần sửa", "/sua-chua/{fault_report_id}", "sua-chua-mot"),
    Page("bulletins.index", "Bản tin", "/ban-tin", "ban-tin", is_english=True),
    Page("bulletins.new", "Soạn bản tin", "/ban-tin/moi", "ban-tin-moi"),
    Page("bulletins.show", "Bản tin đã duyệt", "/ban-tin/{bulletin_id}", "ban-tin-da-duyet", is_english=True),
    Page("bulletins.show", "Bản tin chờ duyệt, có trao đổi", "/ban-tin/{waiting}", "ban-tin-cho-duyet"),
    Page("bulletins.show", "Bản nháp có khoảng lặng", "/ban-tin/{draft}", "ban-tin-nhap"),
    Page("bulletins.show", "Bản tin bị trả lại", "/ban-tin/{returned}", "ban-tin-tra-lai"),
    Page("readings.index", "Cách đọc chữ viết tắt", "/ban-tin/cach-doc", "cach-doc"),
    Page("approvals.show", "Chờ duyệt", "/cho-duyet/{waiting}", "cho-duyet", is_english=True),
    Page("programmes.index", "Chương trình", "/chuong-trinh", "chuong-trinh"),
    Page("programmes.new", "Soạn chương trình", "/chuong-trinh/moi", "chuong-trinh-moi"),
    Page("programmes.show", "Một chương trình", "/chuong-trinh/{programme_id}", "chuong-trinh-mot"),
    Page("schedules.week", "Lịch phát, cả tuần", "/lich", "lich-tuan", is_english=True),
    Page("schedules.day", "Lịch phát, một ngày", "/lich/ngay?ngay=2026-11-26", "lich-ngay"),
    Page("schedules.new", "Đặt lịch", "/lich/moi?ban-tin={water}", "dat-lich", is_english=True),
    Page("schedules.show", "Một lịch", "/lich/{schedule_id}", "lich-mot"),
    Page("schedules.edit", "Sửa lịch", "/lich/{schedule_id}/sua", "lich-sua"),
    Page("schedules.slot", "Một buổi đã qua", "/lich/buoi/{slot_id}", "buoi-da-qua"),
    Page("schedules.slot", "Một buổi đang phát", "/lich/buoi/{on_air}", "buoi-dang-phat"),
    Page("schedules.slot", "Một buổi xã không nhận", "/lich/buoi/{offer}", "buoi-khong-nhan", is_english=True),
    Page("schedules.slot", "Một buổi mời xã nhận", "/lich/buoi/{open_offer}", "buoi-moi"),
    Page("moves.index", "Dời một buổi", "/lich/doi?lich={schedule_id}&ngay=2026-11-26&sang=28/11/2026&luc=06:10", "doi-buoi"),
    Page("copies.index", "Chép một ngày", "/lich/chep?ngay=2026-11-25&sang=28/11/2026", "chep-ngay"),
    Page("schedule_templates.index", "Mẫu lịch", "/lich/mau", "mau-lich"),
    Page("holidays.index", "Ngày lễ", "/lich/ngay-le", "ngay-le"),
    Page("hours.index", "Khung giờ phát", "/lich/khung-gio", "khung-gio"),
    Page("place_rules.edit", "Khung giờ, âm lượng của một nơi", "/lich/khung-gio/{place_id}", "khung-gio-noi"),
    Page("notices.index", "Thông báo", "/thong-bao", "thong-bao", is_english=True),
    Page("notices.choose", "Chọn cách nhận tin", "/thong-bao/chon", "thong-bao-chon"),
    Page("notices.ways", "Đường gửi thư, webhook và lệnh", "/thong-bao/duong-gui", "thong-bao-duong-gui"),
    Page("reports.index", "Báo cáo", "/bao-cao", "bao-cao", is_english=True),
    Page("reports.log", "Nhật ký phát", "/bao-cao/nhat-ky", "nhat-ky-phat"),
    Page("alarms.index", "Cảnh báo", "/canh-bao", "canh-bao"),
    Page("users.index", "Người dùng", "/nguoi-dung", "nguoi-dung"),
    Page("users.new", "Thêm người dùng", "/nguoi-dung/moi", "nguoi-dung-moi"),
    Page("users.show", "Một người dùng", "/nguoi-dung/{account_id}", "nguoi-dung-mot"),
    Page("audit.index", "Nhật ký thao tác", "/nhat-ky", "nhat-ky", is_english=True),
    Page("audit.check", "Kiểm tra nhật ký", "/nhat-ky/kiem-tra", "nhat-ky-kiem-tra"),
    Page("keeping.index", "Lưu trữ", "/luu-tru", "luu-tru", is_english=True),
    Page("emergencies.index", "Khẩn cấp, có tin cảnh báo CAP", "/khan-cap", "khan-cap"),
    Page("emergencies.new", "Soạn tin khẩn cấp", "/khan-cap/soan?mau=flood_release", "khan-cap-soan"),
    Page("emergencies.new", "Soạn từ tin cảnh báo CAP", "/khan-cap/soan?tin={cap}", "khan-cap-soan-cap"),
    Page("drills.index", "Diễn tập", "/dien-tap", "dien-tap"),
    Page("drills.new", "Soạn diễn tập", "/dien-tap/soan", "dien-tap-soan"),
    Page("errors", "Không tìm thấy", "/khong-co-trang-nay", "khong-tim-thay", roles=("operator",), is_english=True),
    Page("today.index", "Hôm nay, khi đang phát khẩn cấp", "/hom-nay", "hom-nay-khan-cap", ALARM),
    Page("board.index", "Bảng trạm, khi đang phát khẩn cấp", "/bang", "bang-tram-khan-cap", ALARM),
    Page("commune.show", "Trang của xã, khi đang phát khẩn cấp", "/xa/{station_id}", "xa-khan-cap", ALARM),
    Page("emergencies.index", "Khẩn cấp, đang phát", "/khan-cap", "khan-cap-dang-phat", ALARM),
    Page("emergencies.show", "Xác nhận tin khẩn cấp", "/khan-cap/{emergency_waiting}", "khan-cap-xac-nhan", ALARM),
    Page("emergencies.show", "Đang phát khẩn cấp", "/khan-cap/{emergency_id}", "khan-cap-mot", ALARM, is_english=True),
    Page("emergencies.phones", "Danh sách gọi điện", "/khan-cap/{emergency_id}/goi-dien", "khan-cap-goi-dien", ALARM),
    Page("drills.index", "Diễn tập, đang phát", "/dien-tap", "dien-tap-dang-phat", ALARM, ("office", "auditor")),
    Page("drills.show", "Xác nhận diễn tập", "/dien-tap/{drill_waiting}", "dien-tap-xac-nhan", ALARM, ("office", "auditor")),
    Page("drills.show", "Đang diễn tập", "/dien-tap/{drill_id}", "dien-tap-mot", ALARM, ("office", "auditor"), is_english=True),
    Page("drills.phones", "Danh sách gọi điện của diễn tập", "/dien-tap/{drill_id}/goi-dien", "dien-tap-goi-dien", ALARM, ("office",)),
    Page("reports.index", "Báo cáo, sau khi phát khẩn cấp", "/bao-cao", "bao-cao-khan-cap", ALARM, ("office",)),
    _paper("report_files.report", "Báo cáo tháng của tỉnh, PDF", f"/bao-cao/pdf?noi=ninh-thuan&{_MONTH}", "pdf-thang", "office"),
    _paper("report_files.report", "Báo cáo năm của tỉnh, PDF", f"/bao-cao/pdf?noi=ninh-thuan&{_YEAR}", "pdf-nam", "auditor"),
    _paper("report_files.report", "Báo cáo tháng của một xã, PDF", f"/bao-cao/pdf?noi={{station_id}}&{_MONTH}", "pdf-thang-xa", "commune"),
    _paper("report_files.log", "Sổ phát của một trạm, PDF", "/bao-cao/nhat-ky/pdf?tram={station_id}&nam=2026&thang=11", "pdf-nhat-ky", "commune"),
)  # fmt: skip

NO_PAGES: Mapping[str, str] = {
    "auth.home": "leads on to the first page of a role",
    "commune.home": "leads on to the page of one's own commune",
    "hours.of_place": "leads on to the rules of a place",
    "notices.follow": "marks a notice as read and leads on to what it tells of",
    "reports.as_csv": "a file",
    "equipment.as_csv": "a file",
    "equipment.photo": "a picture",
    "pole.listen": "sound",
    "reports.as_xlsx": "a file",
    "reports.log_csv": "a file",
    "reports.log_xlsx": "a file",
    "board.changes": "a part of the board",
    "board.chart_changes": "a part of the map",
    "today.changes": "a part of the first page",
    "commune.changes": "a part of a commune's page",
    "emergencies.changes": "a part of the page of an emergency",
    "drills.changes": "a part of the page of a drill",
    "emergencies.alarms": "the red bar of other pages",
    "notices.count": "the number on the bell",
    "bulletins.progress": "how far the sound of a bulletin is, for its page",
    "bulletins.uploaded": "how much of an upload has come",
    "bulletins.listen": "sound",
    "emergencies.listen": "sound",
    "drills.listen": "sound",
    "sound.fetch": "sound for stations",
    "emergencies.cap": "a file",
    "drills.cap": "a file",
    "static": "files",
    "probes.healthz": "for machines",
    "probes.metrics": "for machines",
}
"""Addresses that answer with no page of their own, and what they are; those of the API are none."""
