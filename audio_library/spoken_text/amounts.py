"""Numbers, quantities, ranges and signs as they are read."""

from __future__ import annotations

import re

from audio_library.spoken_text import units
from audio_library.spoken_text.context import before
from audio_library.spoken_text.glossary import Glossary
from audio_library.spoken_text.numerals import NTH, cardinal, number, roman

_ROMAN_AFTER = re.compile(
    r"(?:cấp|quý|khóa|khoá|thứ|chương|phần|mục|loại|hạng|khu vực|vùng|thế kỷ|kỳ|đợt|động|BĐ"
    r"|nhóm|hội)\s*(?:[IVX]+\s?[-–,]\s?)*$",
    re.IGNORECASE,
)
_RANGE_ENDS = re.compile(r"(?:\d\s?(?:h|g|giờ|phút|'|%|°C|ngày|tháng)?|Chủ nhật|CN)$")
_RANGE_BEGINS = re.compile(r"\d|thứ \d|ngày \d|CN\b", re.IGNORECASE)
_SIGNS = {"&": "và", "+": "cộng", "=": "bằng", "≥": "từ", "≤": "đến", ">": "trên", "<": "dưới"}
_CHOICES = r"(?:xã|phường|thị trấn|thôn|khu phố|tổ|huyện|thị xã|tỉnh|ông|bà|anh|chị|cha|mẹ|nam|nữ)"
_CHOICE, _CHOICE_AFTER = re.compile(rf"\b{_CHOICES}$"), re.compile(rf"{_CHOICES}\b")


def quantity(match: re.Match[str], _glossary: Glossary) -> str | None:
    """A number with its unit, a price with what it is for."""
    read = units.unit(match["unit"])
    if read is None:
        return None
    scale = f" {units.SCALES[match['scale'].lower()]}" if match["scale"] else ""
    words = f"{number(match['n'])}{scale} {read}"
    per = match["per"]
    if not per:
        return words
    measured = units.unit(per)
    is_rate = measured is not None and not units.is_price(match["unit"])
    return f"{words} {'trên' if is_rate else 'một'} {measured or per}"


def minus(_match: re.Match[str], _glossary: Glossary) -> str:
    return "âm "


def milestone(match: re.Match[str], _glossary: Glossary) -> str:
    return f"ki lô mét {cardinal(int(match['km']))} cộng {cardinal(int(match['m']))}"


def coordinate(match: re.Match[str], _glossary: Glossary) -> str:
    side = {"N": "vĩ Bắc", "S": "vĩ Nam", "E": "kinh Đông", "W": "kinh Tây"}[match["side"]]
    return f"{number(match['n'])} độ {side}"


def share(match: re.Match[str], _glossary: Glossary) -> str:
    above, below = int(match["a"]), int(match["b"])
    if above == 1 and 2 <= below <= 10:
        return f"một phần {'tư' if below == 4 else cardinal(below)}"
    return f"{cardinal(above)} trên {cardinal(below)}"


def plain(match: re.Match[str], _glossary: Glossary) -> str:
    return number(match["n"])


def list_no(match: re.Match[str], _glossary: Glossary) -> str:
    return f"{cardinal(int(match['n']))},"


def roman_numeral(match: re.Match[str], _glossary: Glossary) -> str | None:
    value = roman(match["r"])
    if value is None or not _ROMAN_AFTER.search(before(match)):
        return None
    is_ordinal = re.search(r"thứ\s*$", before(match), re.IGNORECASE)
    return NTH.get(value, cardinal(value)) if is_ordinal else cardinal(value)


def dash(match: re.Match[str], _glossary: Glossary) -> str | None:
    """A dash between two numbers, times or days of the week."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    if re.search(r"\b[IVX]+$", before):
        is_range = re.match(r"[IVX]+\b", after)
    else:
        is_range = _RANGE_ENDS.search(before) and _RANGE_BEGINS.match(after)
    return " đến " if is_range else None


def slash(match: re.Match[str], _glossary: Glossary) -> str:
    """Between words: an amount for each of them, or one or the other."""
    before = match.string[max(0, match.start() - 25) : match.start()]
    is_choice = _CHOICE.search(before) and _CHOICE_AFTER.match(match.string, match.end())
    return " một " if re.search(r"\d", before) and not is_choice else " hoặc "


def sign(match: re.Match[str], _glossary: Glossary) -> str:
    return f" {_SIGNS[match['sign']]} "
