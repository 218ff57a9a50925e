"""The words of reports: periods, the bar, causes of loss, sums as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import pgettext

from controller.domain.availability import NEVER_SEEN, NO_LINK, UptimeState
from controller.domain.effective import Bar, Share, Short
from controller.domain.periods import Basis, Length, Period
from controller.web import formats
from controller.web.bulletin_words import CATEGORIES, LANGUAGES
from controller.web.counting import counted
from controller.web.words import trouble_word


def basis_word(basis: Basis) -> str:
    """Which day a period begins on."""
    return _("Kỳ hành chính") if basis is Basis.ADMINISTRATIVE else _("Kỳ theo lịch")


def basis_choice(basis: Basis) -> str:
    """The same under the heading "Kỳ", in as few words as a narrow list has room for."""
    if basis is Basis.ADMINISTRATIVE:
        return pgettext("choice", "Kỳ hành chính")
    return pgettext("choice", "Kỳ theo lịch")


def length_word(length: Length) -> str:
    """How long a period is."""
    return {
        Length.DAY: _("Ngày"),
        Length.MONTH: _("Tháng"),
        Length.QUARTER: _("Quý"),
        Length.HALF: _("Sáu tháng"),
        Length.YEAR: _("Năm"),
    }[length]


def short_period(period: Period) -> str:
    """Tháng 11/2026, Quý IV/2026, 6 tháng đầu năm 2026, Năm 2026, Ngày 25/11/2026."""
    match period.length:
        case Length.MONTH:
            return _("Tháng %(month)s/%(year)s", month=period.number, year=period.year)
        case Length.QUARTER:
            roman = ("I", "II", "III", "IV")[period.number - 1]
            return _("Quý %(quarter)s/%(year)s", quarter=roman, year=period.year)
        case Length.HALF if period.number == 1:
            return _("6 tháng đầu năm %(year)s", year=period.year)
        case Length.HALF:
            return _("6 tháng cuối năm %(year)s", year=period.year)
        case Length.YEAR:
            return _("Năm %(year)s", year=period.year)
        case _day:
            return _("Ngày %(day)s", day=formats.day(period.first_on))


def period_words(period: Period) -> str:
    """The period as a report prints it, with its first and last day."""
    if period.length is Length.DAY:
        return short_period(period)
    return _(
        "%(period)s, %(basis)s (%(first)s–%(last)s)",
        period=short_period(period),
        basis=basis_word(period.basis).lower(),
        first=formats.day(period.first_on),
        last=formats.day(period.last_on),
    )


def bar_words(bar: Bar) -> str:
    """What a station must reach to count, in one sentence."""
    return counted(
        "Trạm hiệu quả trong tháng: sẵn sàng từ %(availability)s giờ phục vụ, phát được từ "
        "%(delivery)s thời lượng phải phát, không ngừng quá %(hours)s giờ liền, có ít nhất "
        "%(n)s lần nghe kiểm tra thấy loa.",
        bar.listening_checks,
        availability=_share(bar.availability_per_mille),
        delivery=_share(bar.delivery_per_mille),
        hours=bar.longest_outage // timedelta(hours=1),
    )


def _share(per_mille: int) -> str:
    """990 as 99,0 %."""
    return formats.unbroken(formats.percent(per_mille / 1000, 1))


def short_word(why: Short) -> str:
    """Why a station was not effective."""
    return {
        Short.AVAILABILITY: _("sẵn sàng chưa đủ"),
        Short.DELIVERY: _("phát chưa đủ"),
        Short.OUTAGE: _("ngừng quá lâu"),
        Short.NOT_HEARD: _("chưa kiểm tra nghe"),
    }[why]


def cause_word(key: str) -> str:
    """What a loss came from: `state:cause` as a day's row keeps it."""
    state, _colon, cause = key.partition(":")
    if cause == NEVER_SEEN:
        return _("Chưa từng kết nối")
    if cause == NO_LINK:
        return _("Mất liên lạc, chưa rõ vì sao")
    heading = {
        UptimeState.DEGRADED: _("Có trục trặc"),
        UptimeState.DOWN: _("Đã tắt"),
        UptimeState.UNKNOWN: _("Mất liên lạc"),
    }[UptimeState(state)]
    return f"{heading}: {trouble_word(cause)}" if cause else heading


def percent_of(share: Share, decimals: int = 2) -> str:
    """98,72 % on one line; an en dash of nothing. Cut, never rounded up to a bar not reached."""
    percent = share.percent
    if percent is None:
        return "–"
    scale = 10**decimals
    return formats.unbroken(formats.percent(int(percent * scale + 1e-9) / scale / 100, decimals))


def minutes_of(seconds: float) -> str:
    """Minutes with one decimal, as sums of a report are printed."""
    return formats.number(seconds / 60, 1)


def span_word(span: timedelta | None) -> str:
    """How long something took; a number stays with its unit at the end of a line."""
    return formats.together(formats.duration(None if span is None else span.total_seconds() * 1000))


def causes_sorted(causes: Mapping[str, int]) -> list[tuple[str, int]]:
    """Words and seconds, the largest loss first; the same words are one line."""
    found: dict[str, int] = {}
    for key, seconds in causes.items():
        word = cause_word(key)
        found[word] = found.get(word, 0) + seconds
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def heard_sorted(heard_ms: Mapping[str, int]) -> list[tuple[str, int]]:
    """Words and milliseconds of what sounded: whose, about what, in which language."""
    said: dict[str, dict[str, str]] = {
        "authority": {
            "province": _("Cấp tỉnh"),
            "district": _("Cấp huyện"),
            "commune": _("Tự sản xuất ở xã"),
            "lost": _("Lịch đặt sau bản sao lưu, trung tâm không còn"),
        },
        "language": {key.value: str(word) for key, word in LANGUAGES.items()},
    }
    found = []
    for heading in ("authority", "language", "category"):
        mine = []
        for key, ms in heard_ms.items():
            kind, _colon, value = key.partition(":")
            if kind == heading:
                mine.append((said.get(kind, {}).get(value) or _topic(kind, value), ms))
        found += sorted(mine, key=lambda item: (-item[1], item[0]))
    return found


def _topic(kind: str, value: str) -> str:
    if kind == "language":
        return value or _("Nhiều thứ tiếng, hoặc chưa ghi")
    if not value:
        return _("Chưa xếp chủ đề")
    return _("Chủ đề: %(name)s", name=CATEGORIES.get(value, value))
