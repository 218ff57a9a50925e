"""Numbers, lengths and instants as people here read them. Pure; screens use the filters below."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import get_locale

STATION_TZ = ZoneInfo("Asia/Ho_Chi_Minh")
WEEKDAYS = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
NO_BREAK = "\u00a0"
UNITS = {
    "vi": {"d": "{} ngày", "h": "{} giờ", "m": "{} phút", "s": "{} giây"},
    "en": {"d": "{} d", "h": "{} h", "m": "{} min", "s": "{} s"},
}


def language() -> str:
    """The language of this page: "vi" or "en"."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "vi"


def local(at: datetime) -> datetime:
    """An instant in the stations' wall time."""
    return at.astimezone(STATION_TZ)


def clock(at: datetime | None) -> str:
    """17:06; an en dash for an instant that is not known."""
    return local(at).strftime("%H:%M") if at else "–"


def clock_s(at: datetime | None) -> str:
    """17:06:40."""
    return local(at).strftime("%H:%M:%S") if at else "–"


def clock_span(from_at: datetime, until_at: datetime) -> str:
    """17:06–17:21; what is over within its minute has one time only."""
    begin, end = clock(from_at), clock(until_at)
    return begin if begin == end else f"{begin}–{end}"


def airing_span(from_at: datetime, until_at: datetime) -> str:
    """17:00–17:02 of an airing of 1 minute 42 s: it is not over while it sounds."""
    if clock(from_at) == clock(until_at):
        return clock(from_at)
    return clock_span(from_at, until_at + timedelta(minutes=1) - timedelta(microseconds=1))


def day(at: datetime | date | None) -> str:
    """25/11/2026."""
    return _date(at).strftime("%d/%m/%Y") if at else "–"


def day_short(at: datetime | date | None) -> str:
    """25/11."""
    return _date(at).strftime("%d/%m") if at else "–"


def moment(at: datetime | None) -> str:
    """17:06 25/11/2026."""
    return f"{clock(at)} {day(at)}" if at else "–"


def stretch(from_at: datetime, until_at: datetime) -> str:
    """17:01–19:01 27/11/2026; over midnight 22:00 27/11/2026 – 05:00 28/11/2026."""
    if day(from_at) == day(until_at):
        return f"{clock_span(from_at, until_at)} {day(from_at)}"
    return f"{moment(from_at)} – {moment(until_at)}"


def weekday(at: datetime | date, lang: str | None = None) -> str:
    """Thứ Tư inside a sentence: "thứ Tư", "Wednesday"."""
    return WEEKDAYS[lang or language()][_date(at).weekday()]


def long_day(at: datetime | date, lang: str | None = None) -> str:
    """Thứ Tư 25/11/2026, as a heading."""
    name = weekday(at, lang)
    return f"{name[:1].upper()}{name[1:]} {day(at)}"


def duration(ms: float | None, lang: str | None = None) -> str:
    """11 phút 46 giây; the two largest units, never a decimal."""
    if ms is None:
        return "–"
    words = UNITS[lang or language()]
    seconds = round(ms / 1000)
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m")]
    said = [(count, unit) for count, unit in [*parts, (seconds % 60, "s")] if count]
    return " ".join(words[unit].format(count) for count, unit in said[:2]) or words["s"].format(0)


def length(ms: float | None) -> str:
    """11:46; hours are counted in minutes up to 100 minutes, then 1:41:00."""
    if ms is None:
        return "–"
    minutes, seconds = divmod(round(ms / 1000), 60)
    if minutes < 100:
        return f"{minutes:02d}:{seconds:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def number(value: float | None, decimals: int = 0, lang: str | None = None) -> str:
    """1.280 and 98,72 in Vietnamese; 1,280 and 98.72 in English."""
    if value is None:
        return "–"
    text = f"{value:,.{decimals}f}"
    if (lang or language()) == "en":
        return text
    return text.translate(str.maketrans(",.", ".,"))


def percent(share: float | None, decimals: int = 2, lang: str | None = None) -> str:
    """0.9872 as 98,72 %."""
    return "–" if share is None else f"{number(share * 100, decimals, lang)} %"


def megabytes(size_bytes: int | None, lang: str | None = None) -> str:
    """16,2 MB; gigabytes from 1 GB on, kilobytes below 1 MB."""
    if size_bytes is None:
        return "–"
    if size_bytes >= 1_000_000_000:
        return f"{number(size_bytes / 1e9, 1, lang)} GB"
    if size_bytes < 999_500:
        return f"{number(size_bytes / 1e3, 0, lang)} kB"
    return f"{number(size_bytes / 1e6, 1, lang)} MB"


def together(text: str) -> str:
    """A text whose numbers stay on the line of what they count: “9 xã” is never parted."""
    return re.sub(r"(?<=\d) ", NO_BREAK, text)


def unbroken(text: str) -> str:
    """The same with spaces at which no line ends: a number stays with its unit."""
    return text.replace(" ", NO_BREAK)


def _one_line(told: Callable[..., str]) -> Callable[..., str]:
    """A figure as screens show it; letters and tables keep plain spaces."""

    @wraps(told)
    def shown(*given: Any, **named: Any) -> str:
        return unbroken(told(*given, **named))

    return shown


def uncapitalised(text: str) -> str:
    """Huyện Bác Ái inside a sentence: huyện Bác Ái."""
    return f"{text[:1].lower()}{text[1:]}"


def capitalised(text: str) -> str:
    """First letter upper, the rest untouched: "Huyện Bác Ái"."""
    return f"{text[:1].upper()}{text[1:]}"


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("coc_coc_browser", "Cốc Cốc"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")


def browser(user_agent: str) -> str:
    """Chrome 141, Windows: what a person recognises; the first words of one that is unknown."""
    system = next((name for name in _SYSTEMS if name in user_agent), "")
    for mark, name in _BROWSERS:
        found = re.search(rf"{mark}[A-Za-z]*/(\d+)", user_agent)
        if found:
            version = re.search(r"Version/(\d+)", user_agent) if mark == "Safari" else found
            number = version.group(1) if version else ""
            return ", ".join(part for part in (f"{name} {number}".strip(), system) if part)
    return user_agent[:60] or "–"


def _date(at: datetime | date) -> date:
    return local(at).date() if isinstance(at, datetime) else at


FILTERS: dict[str, Callable[..., Any]] = {
    "clock": clock,
    "clock_s": clock_s,
    "airing_span": airing_span,
    "clock_span": clock_span,
    "day": day,
    "day_short": day_short,
    "moment": moment,
    "stretch": stretch,
    "weekday": weekday,
    "long_day": long_day,
    "duration": _one_line(duration),
    "length_ms": length,
    "number_vi": number,
    "percent": _one_line(percent),
    "megabytes": _one_line(megabytes),
    "unbroken": unbroken,
    "together": together,
    "capitalised": capitalised,
    "uncapitalised": uncapitalised,
    "browser": browser,
}


def install(app: Flask) -> None:
    """Make the formats filters of every template."""
    app.jinja_env.filters.update(FILTERS)
