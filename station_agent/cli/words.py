"""What each code means and what to do about it, for the person beside the station.

Vietnamese first. The same sentences stand in docs/station, from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages."""

    vi: str
    en: str

    def said(self, english: bool) -> str:
        """In the language asked for."""
        return self.en if english else self.vi


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a code means, and what to do."""

    meaning: Words
    advice: Words


def _trouble(vi: str, en: str, do_vi: str, do_en: str) -> Trouble:
    return Trouble(Words(vi, en), Words(do_vi, do_en))


_WAITS_VI = "Nối mạng cho trạm tới được trung tâm; đồng hồ sẽ được chỉnh và tin lại."
_WAITS_EN = "Let the station reach the centre; it vouches for the clock again."
_ANEW_VI = "Xin trung tâm tệp station.toml mới (`vang-controller station-config`)."
_ANEW_EN = "Ask the centre for a new station.toml (`vang-controller station-config`)."
_CARD_VI = "Cắm lại card âm thanh, xem tên bằng `aplay -L`, sửa `player.device`."
_CARD_EN = "Plug the card in again, see its name with `aplay -L`, set `player.device`."
_ROOM_VI = "Xóa bớt tệp không phải của Vang, hoặc thay thẻ nhớ lớn hơn."
_ROOM_EN = "Remove files that are not Vang's, or use a larger card."
_NEW_CARD_VI = "Sao chép station.toml, thay thẻ nhớ mới rồi cài lại; thẻ cũ sắp hỏng."
_NEW_CARD_EN = "Keep station.toml, replace the card and install again; the old one is failing."
_NET_VI = "Xem nguồn của modem, dây mạng, SIM; hỏi trung tâm có đang chạy không."
_NET_EN = "Check the modem's power, the cable, the SIM; ask whether the centre runs."
_PIN_VI = "Xem lại dây và số chân BCM trong station.toml; cài thêm phần `gpio`."
_PIN_EN = "Check the wire and the BCM number in station.toml; install the extra `gpio`."
_SELF_VI = "Trạm tự tải lại; không cần làm gì. Nếu lặp lại nhiều ngày, thay thẻ nhớ."
_SELF_EN = "The station fetches it again by itself. If it goes on for days, replace the card."

TROUBLES: Mapping[str, Trouble] = {
    # --- the clock
    "clock_untrusted": _trouble(
        "đồng hồ chưa tin được", "the clock is not trusted yet", _WAITS_VI, _WAITS_EN
    ),
    "clock_wrong": _trouble(
        "đồng hồ sai giờ",
        "the clock is wrong",
        "Đặt lại giờ (`sudo date -s`), hoặc cài chrony; trạm tự tin lại khi trung tâm trả lời.",
        "Set the time (`sudo date -s`) or install chrony; trust returns with the centre's answer.",
    ),
    "clock_behind": _trouble(
        "đồng hồ chậm hơn giờ trạm đã từng thấy",
        "the clock is behind a time the station has already seen",
        _WAITS_VI,
        _WAITS_EN,
    ),
    "clock_unvouched": _trouble(
        "chưa ai xác nhận đồng hồ từ khi máy bật",
        "nobody has vouched for the clock since the machine started",
        _WAITS_VI,
        _WAITS_EN,
    ),
    # --- sound
    "audio_device_missing": _trouble(
        "không thấy thiết bị âm thanh", "no sound device", _CARD_VI, _CARD_EN
    ),
    "device_busy": _trouble(
        "thiết bị âm thanh đang phát",
        "the sound device is on air",
        "Chờ hết lượt phát rồi thử lại.",
        "Wait for the end of the slot and try again.",
    ),
    "device_slow": _trouble(
        "thiết bị âm thanh mở chậm",
        "the sound device opens slowly",
        "Máy mở thiết bị 5 giây trước giờ phát: card mở chậm hơn 3 giây thì nên thay.",
        "It is opened 5 s before a slot: a card slower than 3 s should be replaced.",
    ),
    "underrun": _trouble(
        "tiếng bị ngắt quãng do máy quá tải",
        "the sound had gaps: the machine was too busy",
        "Tắt chương trình khác trên máy; xem nguồn điện có đủ 5 V 3 A không.",
        "End other programs; see whether the supply gives 5 V 3 A.",
    ),
    "volume_not_set": _trouble(
        "âm lượng không đúng mức đã đặt",
        "the volume is not what was ordered",
        "Xem `alsamixer`: đúng card, đúng nút chỉnh chưa; sửa `player.mixer`.",
        "See `alsamixer`: the right card and control; set `player.mixer`.",
    ),
    "amplifier_missing": _trouble(
        "không bật tắt được tăng âm", "the amplifier cannot be switched", _PIN_VI, _PIN_EN
    ),
    "stop_button_missing": _trouble(
        "không đọc được nút dừng", "the stop button cannot be read", _PIN_VI, _PIN_EN
    ),
    "light_missing": _trouble(
        "không bật được đèn báo", "the status light cannot be lit", _PIN_VI, _PIN_EN
    ),
    # --- the card
    "disk_full": _trouble("thẻ nhớ đầy", "the card is full", _ROOM_VI, _ROOM_EN),
    "disk_low": _trouble("thẻ nhớ sắp đầy", "the card is nearly full", _ROOM_VI, _ROOM_EN),
    "storage_readonly": _trouble(
        "thẻ nhớ chỉ đọc được", "the card takes no writes", _NEW_CARD_VI, _NEW_CARD_EN
    ),
    "store_not_writable": _trouble(
        "không ghi được vào thư mục của trạm",
        "the station's folder cannot be written",
        "Trao thư mục cho người dùng vang: `sudo chown -R vang: /var/lib/vang-agent`.",
        "Give the folder to the user vang: `sudo chown -R vang: /var/lib/vang-agent`.",
    ),
    "journal_damaged": _trouble(
        "sổ của trạm hỏng, đã lập sổ mới",
        "the station's journal was damaged and a new one begun",
        "Báo trung tâm; nếu lặp lại, thay thẻ nhớ.",
        "Tell the centre; if it happens again, replace the card.",
    ),
    "intent_not_durable": _trouble(
        "đã phát khẩn cấp trước khi kịp ghi sổ",
        "an emergency sounded before the journal could be written",
        "Không cần làm gì ngay; thẻ nhớ chậm hoặc đầy, nếu lặp lại thì thay thẻ.",
        "Nothing at once: the card is slow or full; if it happens again, replace it.",
    ),
    "file_corrupt": _trouble("tệp hỏng, đang tải lại", "a damaged file", _SELF_VI, _SELF_EN),
    "file_missing": _trouble("mất tệp, đang tải lại", "a file is gone", _SELF_VI, _SELF_EN),
    # --- the plan
    "no_plan": _trouble(
        "chưa có lịch phát",
        "no plan yet",
        "Nối mạng cho trạm tới được trung tâm; hỏi trung tâm đã có lịch cho trạm chưa.",
        "Let the station reach the centre; ask whether the centre has a plan for it.",
    ),
    "plan_expired": _trouble("lịch phát đã hết hạn", "the plan has run out", _NET_VI, _NET_EN),
    "sound_missing": _trouble(
        "thiếu tệp âm thanh của lượt sắp phát",
        "sound of the next slot is missing",
        _NET_VI,
        _NET_EN,
    ),
    # --- the link
    "link_down": _trouble("mất kết nối với trung tâm", "no link to the centre", _NET_VI, _NET_EN),
    "broker_unreachable": _trouble(
        "không tới được máy chủ nhắn tin", "the broker cannot be reached", _NET_VI, _NET_EN
    ),
    "broker_refused": _trouble(
        "máy chủ nhắn tin không nhận mật khẩu của trạm",
        "the broker refuses this station's password",
        _ANEW_VI,
        _ANEW_EN,
    ),
    "broker_tls_bad": _trouble(
        "chứng chỉ của máy chủ nhắn tin không đúng",
        "the broker's certificate is not good",
        "Chép lại tệp CA của trung tâm (`broker.tls_ca`); xem giờ của máy có đúng không.",
        "Copy the centre's CA file again (`broker.tls_ca`); see whether the clock is right.",
    ),
    "sound_unreachable": _trouble(
        "không tới được nơi tải âm thanh", "the sound server cannot be reached", _NET_VI, _NET_EN
    ),
    "sound_refused": _trouble(
        "trung tâm không nhận mã của trạm",
        "the centre does not know this station's token",
        _ANEW_VI,
        _ANEW_EN,
    ),
    "sound_tls_bad": _trouble(
        "chứng chỉ của nơi tải âm thanh không đúng",
        "the sound server's certificate is not good",
        "Chép lại tệp CA của trung tâm (`sound.tls_ca`); xem giờ của máy có đúng không.",
        "Copy the centre's CA file again (`sound.tls_ca`); see whether the clock is right.",
    ),
    "certificate_ends": _trouble(
        "chứng chỉ của trung tâm sắp hết hạn",
        "the centre's certificate is about to end",
        "Báo trung tâm đổi chứng chỉ trước ngày này.",
        "Tell the centre to renew it before that day.",
    ),
    "link_in_the_open": _trouble(
        "kết nối không mã hóa", "the link is not encrypted", _ANEW_VI, _ANEW_EN
    ),
    "subscription_refused": _trouble(
        "máy chủ nhắn tin từ chối kênh của trạm",
        "the broker refuses this station's topics",
        _ANEW_VI,
        _ANEW_EN,
    ),
    # --- the agent itself
    "keys_bad": _trouble(
        "khóa ký trong station.toml không đúng",
        "the keys in station.toml are not good",
        _ANEW_VI,
        _ANEW_EN,
    ),
    "agent_not_running": _trouble(
        "phần mềm phát chưa chạy",
        "the agent does not run",
        "`sudo systemctl start vang-agent`, rồi xem `journalctl -u vang-agent`.",
        "`sudo systemctl start vang-agent`, then see `journalctl -u vang-agent`.",
    ),
    "agent_silent": _trouble(
        "phần mềm phát bị treo",
        "the agent hangs",
        "Chờ một phút, máy tự chạy lại; nếu không, `sudo systemctl restart vang-agent`.",
        "Wait a minute, it starts again; if not, `sudo systemctl restart vang-agent`.",
    ),
    "too_hot": _trouble(
        "máy quá nóng",
        "the machine is too hot",
        "Che nắng, mở khe gió cho hộp máy; dưới 80 độ C là được.",
        "Shade the box and let air through; below 80 degrees C is fine.",
    ),
    "under_voltage": _trouble(
        "nguồn điện của máy yếu",
        "the machine's power supply is weak",
        "Thay bộ nguồn (5 V, 3 A) và dây nguồn ngắn, to hơn; xem điện lưới có sụt không.",
        "Use a 5 V 3 A supply and a short, thick cable; see whether the mains sags.",
    ),
}
"""Every code the agent or its doctor can show, by code."""

HEALTH: Mapping[str, Words] = {
    "starting": Words("đang khởi động", "starting"),
    "ready": Words("sẵn sàng", "ready"),
    "degraded": Words("hạn chế", "degraded"),
}
"""The state of a station."""

CLOCKS: Mapping[str, Words] = {
    "network": Words("Giờ mạng", "network time"),
    "controller": Words("Giờ của trung tâm", "the centre's time"),
    "last_known": Words("Giờ tự giữ", "time kept by itself"),
    "none": Words("Chưa tin được", "not trusted"),
}
"""What the clock is trusted by."""

OUTCOMES: Mapping[str, Words] = {
    "aired": Words("Đã phát", "aired"),
    "late": Words("Phát muộn", "late"),
    "cut_short": Words("Bị ngắt", "cut short"),
    "missed": Words("Không phát", "missed"),
    "cancelled": Words("Đã hủy", "cancelled"),
    "superseded": Words("Nhường bản khác", "superseded"),
}
"""How a slot ended."""

REASONS: Mapping[str, Words] = {
    "offline_no_file": Words("chưa nhận được tệp", "the file never came"),
    "file_corrupt": Words("tệp hỏng", "damaged file"),
    "signature_bad": Words("lệnh không đúng chữ ký", "bad signature"),
    "expired": Words("quá hạn phát", "expired"),
    "clock_untrusted": Words("đồng hồ chưa tin được", "clock not trusted"),
    "audio_device_missing": Words("không thấy thiết bị âm thanh", "no sound device"),
    "player_failed": Words("máy phát lỗi", "player failed"),
    "power_off": Words("mất điện", "power was off"),
    "disk_full": Words("thẻ nhớ đầy", "card full"),
    "preempted": Words("nhường tin ưu tiên hơn", "a higher priority took the air"),
    "not_approved": Words("chưa được duyệt", "not approved"),
    "agent_down": Words("phần mềm ở trạm dừng", "the agent was down"),
    "quiet_hours": Words("ngoài khung giờ cho phép", "outside broadcast hours"),
    "unknown_timeout": Words("quá 24 giờ chưa có sổ của trạm", "no journal for 24 hours"),
    "plan_not_held": Words("chưa nhận được lịch", "the plan came too late"),
    "window_passed": Words("đã quá thời gian chờ", "its window passed"),
    "stopped_by_operator": Words("trung tâm cho dừng", "stopped by the centre"),
    "stopped_at_station": Words("người ở trạm cho dừng", "stopped at the station"),
    "declined_by_commune": Words("xã không nhận phát", "declined by the commune"),
    "late_recovery": Words("máy bật lại giữa buổi", "the machine came back late"),
    "storage_readonly": Words("thẻ nhớ chỉ đọc được", "card takes no writes"),
    "too_long": Words("dài hơn mức cho phép", "longer than allowed"),
}
"""Why a slot did not simply air."""


def trouble_said(code: str, english: bool) -> str:
    """What a code means; the code itself where a newer agent knows more than we do."""
    known = TROUBLES.get(code)
    return known.meaning.said(english) if known else code


def said(table: Mapping[str, Words], code: str, english: bool) -> str:
    """The words of a code, or the code."""
    words = table.get(code)
    return words.said(english) if words else code
