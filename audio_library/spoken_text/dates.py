"""Dates and times of day as they are read."""

from __future__ import annotations

import re

from audio_library.spoken_text.context import before
from audio_library.spoken_text.glossary import Glossary
from audio_library.spoken_text.numerals import NTH, cardinal, roman

_DAY_WORD = re.compile(
    r"(?:ngày|mùng|mồng|sáng|trưa|chiều|tối|đêm|hôm|khuya|lễ|dịp|thứ \w+|[Cc]hủ nhật|từ|đến|trước"
    r"|sau|khánh|nay|mai|kia|qua)[\s,(]*$",
    re.IGNORECASE,
)
_SAID_DAY = re.compile(r"(?:ngày|mùng|mồng)(?:\s[^\d,.;:()\n]*)?$", re.IGNORECASE)
_HOLIDAYS = {(2, 9)}


def _month(value: int) -> str:
    return "tư" if value == 4 else cardinal(value)


def _is_day(day: int, month: int) -> bool:
    longest = 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31
    return 1 <= month <= 12 and 1 <= day <= longest


def _day(match: re.Match[str], words: str) -> str:
    """The date; `ngày` is said once in a clause."""
    return words if _SAID_DAY.search(match.string, 0, match.start()) else f"ngày {words}"


def full_date(match: re.Match[str], _glossary: Glossary) -> str | None:
    day, month, year = int(match["d"]), int(match["m"]), int(match["y"])
    if not _is_day(day, month):
        return None
    return _day(match, f"{cardinal(day)} tháng {_month(month)} năm {cardinal(year)}")


def days_of_month(match: re.Match[str], _glossary: Glossary) -> str | None:
    """`1-5/12`, `1 - 5/12/2026`: two days of one month."""
    first, last, month = int(match["d"]), int(match["e"]), int(match["m"])
    if not (_is_day(first, month) and _is_day(last, month) and first < last):
        return None
    if not match["y"] and not _DAY_WORD.search(before(match)):
        return None
    year = f" năm {cardinal(int(match['y']))}" if match["y"] else ""
    words = f"{cardinal(first)} đến ngày {cardinal(last)} tháng {_month(month)}{year}"
    return _day(match, words)


def short_date(match: re.Match[str], _glossary: Glossary) -> str | None:
    day, month = int(match["d"]), int(match["m"])
    is_named = _DAY_WORD.search(before(match)) is not None
    could_be_a_share = day <= month and (day, month) not in _HOLIDAYS
    if not _is_day(day, month) or (not is_named and (could_be_a_share or (day, month) == (24, 7))):
        return None
    return _day(match, f"{cardinal(day)} tháng {_month(month)}")


def month_of_year(match: re.Match[str], _glossary: Glossary) -> str | None:
    """`12/2026` behind `tháng`, `quý IV/2026`, or alone where it can be a month."""
    period, year = match["m"], cardinal(int(match["y"]))
    text = before(match)
    value = roman(period) if period.isalpha() else int(period)
    if value is None:
        return None
    if re.search(r"(?:quý|học kỳ|đợt|kỳ|lần)\s*(?:[\dIVX]+\s?[-–,]\s?)*$", text, re.IGNORECASE):
        return f"{cardinal(value)} năm {year}"
    if not 1 <= value <= 12 or period.isalpha():
        return None
    said = re.search(r"tháng\s*$", text, re.IGNORECASE)
    return f"{'' if said else 'tháng '}{_month(value)} năm {year}"


def month_alone(match: re.Match[str], _glossary: Glossary) -> str | None:
    value = int(match["m"])
    return f"{match['w']}{_month(value)}" if 1 <= value <= 12 else None


def ordinal(match: re.Match[str], _glossary: Glossary) -> str:
    value = int(match["n"])
    return f"{match['w']}{NTH.get(value, cardinal(value))}"


def time_of_day(match: re.Match[str], _glossary: Glossary) -> str | None:
    hour, minute = int(match["h"]), int(match["min"] or 0)
    if hour > 24 or minute > 59:
        return None
    words = f"{cardinal(hour)} giờ"
    return f"{words} {cardinal(minute)} phút" if minute else words


def round_the_clock(match: re.Match[str], _glossary: Glossary) -> str:
    hours = " giờ" if match["h"] else ""
    return f"{cardinal(int(match['a']))} trên {cardinal(int(match['b']))}{hours}"
