"""Numbers, periods and causes as a report says them. Vietnamese, as the paper is."""

from __future__ import annotations

from datetime import timedelta

from controller.domain.availability import NEVER_SEEN, NO_LINK, STARTING, UptimeState
from controller.domain.effective import Bar, Share, Short
from controller.domain.periods import Basis, Length, Period
from controller.web import formats
from controller.web.words import trouble_word

LANG = "vi"
_ROMAN = ("I", "II", "III", "IV")
_STATES = {
    UptimeState.DEGRADED: "Trục trặc",
    UptimeState.DOWN: "Ngừng",
    UptimeState.UNKNOWN: "Chưa rõ",
}
SHORT = {
    Short.AVAILABILITY: "hoạt động",
    Short.DELIVERY: "phát",
    Short.OUTAGE: "gián đoạn",
    Short.NOT_HEARD: "nghe",
}
"""What a station falls short of: the names of the columns that tell it."""


def period_name(span: Period) -> str:
    """Tháng 11/2026; quý IV/2026; 6 tháng đầu năm 2026; năm 2026; ngày 25/11/2026."""
    match span.length:
        case Length.DAY:
            return f"ngày {formats.day(span.first_on)}"
        case Length.MONTH:
            return f"tháng {span.number:02d}/{span.year}"
        case Length.QUARTER:
            return f"quý {_ROMAN[span.number - 1]}/{span.year}"
        case Length.HALF:
            return f"6 tháng {'đầu' if span.number == 1 else 'cuối'} năm {span.year}"
        case Length.YEAR:
            return f"năm {span.year}"


def period_words(span: Period) -> str:
    """Kỳ hành chính tháng 11/2026 (15/10/2026–14/11/2026)."""
    basis = "Kỳ hành chính" if span.basis is Basis.ADMINISTRATIVE else "Kỳ theo lịch"
    return f"{basis} {period_name(span)} ({days(span)})"


def days(span: Period) -> str:
    """15/10/2026–14/11/2026, both included."""
    return f"{formats.day(span.first_on)}–{formats.day(span.last_on)}"


def percent(share: Share) -> str:
    """98,72 %, rounded down: what is below the bar is never printed as the bar."""
    if not share.whole:
        return "–"
    return f"{formats.number(10_000 * share.part // share.whole / 100, 2, LANG)}\u00a0%"


def per_mille(value: int) -> str:
    """990 as 99,0 %."""
    return f"{formats.number(value / 10, 1, LANG)}\u00a0%"


def hours(seconds: float) -> str:
    """Hours, one decimal."""
    return formats.number(seconds / 3600, 1, LANG)


def minutes(ms: float) -> str:
    """Whole minutes."""
    return formats.number(ms / 60_000, 0, LANG)


def count(value: int) -> str:
    """1.234."""
    return formats.number(value, 0, LANG)


def span_words(span: timedelta | None) -> str:
    """2 ngày 4 giờ."""
    return "–" if span is None else formats.duration(span.total_seconds() * 1000, LANG)


def bar_words(bar: Bar) -> str:
    """What an effective station must reach in a month."""
    return (
        "Trạm hoạt động hiệu quả trong tháng khi đạt cả bốn mức: "
        f"tỷ lệ hoạt động từ {per_mille(bar.availability_per_mille)}; "
        f"tỷ lệ phát so với lịch từ {per_mille(bar.delivery_per_mille)}; "
        f"không lần gián đoạn nào quá {count(int(bar.longest_outage.total_seconds() // 3600))} giờ;"
        f" có ít nhất {bar.listening_checks} lần người nghe kiểm tra tại chỗ."
    )


def cause_words(key: str) -> str:
    """`down:power_off` as "Ngừng: mất điện"; an unknown code stands as it is."""
    state, _colon, cause = key.partition(":")
    known = {
        NEVER_SEEN: "chưa kết nối lần nào",
        NO_LINK: "mất kết nối, sổ của trạm chưa về",
        STARTING: "máy đang khởi động",
    }
    word = _STATES[UptimeState(state)]
    if not cause:
        return word
    return f"{word}: {known.get(cause) or trouble_word(cause)}"


def short_words(found: tuple[Short, ...]) -> str:
    """Đạt, or which of the four marks it missed."""
    return "Đạt" if not found else f"Chưa: {', '.join(SHORT[one] for one in found)}"


def station_word(name: str) -> str:
    """Xã Phước Bình, of "Đài truyền thanh xã Phước Bình"."""
    return formats.capitalised(name.removeprefix("Đài truyền thanh ").strip() or name)
