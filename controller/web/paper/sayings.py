"""Numbers, periods and causes as a report says them. Vietnamese, as the paper is."""

from __future__ import annotations

from datetime import timedelta

from controller.domain.effective import Share, Short
from controller.domain.periods import Period
from controller.web import formats, report_words

LANG = "vi"


def period_name(span: Period) -> str:
    """The period inside a sentence: tháng 11/2026, quý IV/2026, 6 tháng đầu năm 2026."""
    name = report_words.short_period(span)
    return name[:1].lower() + name[1:]


def period_words(span: Period) -> str:
    """Kỳ hành chính tháng 11/2026 (15/10/2026–14/11/2026)."""
    return f"{report_words.basis_word(span.basis)} {period_name(span)} ({days(span)})"


def days(span: Period) -> str:
    """15/10/2026–14/11/2026, both included."""
    return f"{formats.day(span.first_on)}–{formats.day(span.last_on)}"


def percent(share: Share) -> str:
    """98,72 %, on one line; cut, so that what is below the bar is never printed as the bar."""
    return report_words.percent_of(share)


def per_mille(value: int) -> str:
    """990 as 99,0 %."""
    return f"{formats.number(value / 10, 1, LANG)}{formats.NO_BREAK}%"


def hours(seconds: float) -> str:
    """Hours, one decimal."""
    return formats.number(seconds / 3600, 1, LANG)


def minutes(ms: float) -> str:
    """Whole minutes."""
    return formats.number(ms / 60_000, 0, LANG)


def minutes_exact(ms: float) -> str:
    """Minutes, one decimal: what was aired for seconds is not nothing."""
    return formats.number(ms / 60_000, 1, LANG)


def count(value: int) -> str:
    """1.234."""
    return formats.number(value, 0, LANG)


def span_words(span: timedelta | None) -> str:
    """2 ngày 4 giờ."""
    return "–" if span is None else formats.duration(span.total_seconds() * 1000, LANG)


def short_words(found: tuple[Short, ...]) -> str:
    """Đạt, or each of the four marks it missed."""
    return ", ".join(report_words.short_word(one) for one in found) or "Đạt"


def station_word(name: str) -> str:
    """Xã Phước Bình, of "Đài truyền thanh xã Phước Bình"."""
    return formats.capitalised(name.removeprefix("Đài truyền thanh ").strip() or name)
