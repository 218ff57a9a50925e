"""Telephone numbers, addresses, codes and abbreviations as they are read."""

from __future__ import annotations

import re

from audio_library.spoken_text.context import LETTER, before
from audio_library.spoken_text.glossary import Glossary
from audio_library.spoken_text.letters import spelled
from audio_library.spoken_text.numerals import cardinal, number, one_by_one

_PHONE_AFTER = re.compile(
    r"(?:điện thoại|ĐT|SĐT|ĐTDĐ|di động|số máy|gọi|đường dây nóng|hotline|tổng đài|liên hệ|zalo"
    r"|fax)[\s:.]*(?:số[\s:]*)?(?:[\d.\s()+]+(?:[-,;/]|hoặc|và))*\s*$",
    re.IGNORECASE,
)
_EMERGENCY_NOS = {"111", "112", "113", "114", "115"}
"""Children, search and rescue, police, fire, ambulance."""
_SYLLABLE = re.compile(
    r"(?:NGH|NG|NH|CH|GH|GI|KH|PH|QU|TH|TR|[BCDĐGHKLMNPRSTVX])?[AEIOUY]{1,3}(?:CH|NG|NH|[CMNPT])?"
)
"""A Vietnamese syllable in capitals, without its marks."""


def plate(match: re.Match[str], _glossary: Glossary) -> str:
    """A vehicle's number: every sign for itself."""
    return f"{spelled(match['a'])}, {spelled(match['b'])}"


def phone(match: re.Match[str], _glossary: Glossary) -> str | None:
    text, digits = match["p"], re.sub(r"\D", "", match["p"])
    is_named = _PHONE_AFTER.search(before(match))
    is_full = re.fullmatch(r"0[35789]\d{8}|02\d{8,9}|1[89]00\d{4,6}|\+?84\d{9,10}", digits)
    is_short = is_named and (digits in _EMERGENCY_NOS or 7 <= len(digits) <= 12)
    if not is_full and not is_short:
        return None
    if text.strip() == digits and len(digits) >= 8:
        text = " ".join(_in_groups(digits))
    return one_by_one(text)


def _in_groups(digits: str) -> list[str]:
    """As they are said: 0912 345 678, 02593 822 123."""
    head = len(digits) - 6
    return [digits[:head], digits[head : head + 3], digits[head + 3 :]]


def address(match: re.Match[str], _glossary: Glossary) -> str:
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", match["a"], flags=re.IGNORECASE).rstrip("/")
    signs = {".": "chấm", "/": "gạch chéo", "@": "a còng", "-": "gạch ngang", "_": "gạch dưới"}
    return " ".join(signs.get(part, part) for part in re.split(r"([./@_-])", bare) if part)


def road(match: re.Match[str], _glossary: Glossary) -> str:
    kind = {"QL": "quốc lộ", "TL": "tỉnh lộ", "ĐT": "đường tỉnh", "ĐH": "đường huyện"}[match["k"]]
    suffix = f" {spelled(match['s'])}" if match["s"] else ""
    return f"{kind} {cardinal(int(match['n']))}{suffix}"


def alarm(match: re.Match[str], _glossary: Glossary) -> str:
    level = match["l"]
    return f"báo động {cardinal(int(level) if level.isdigit() else len(level))}"


def code(match: re.Match[str], _glossary: Glossary) -> str:
    """Letters and digits in one word, as `12A` or `H5N1`."""
    parts = re.findall(rf"\d+|[{LETTER}]+", match["c"])
    return " ".join(number(part) if part.isdigit() else spelled(part.upper()) for part in parts)


def abbreviation(match: re.Match[str], glossary: Glossary) -> str | None:
    """Not where a whole line is in capitals and it could be a word: `CA KHÚC`."""
    is_word = len(match[0]) <= 3 and re.search(r"[AEIOUY]", match[0])
    return None if is_word and _is_in_capitals(match) else glossary.reading(match[0])


def unknown_letters(match: re.Match[str], _glossary: Glossary) -> str | None:
    """Letters that no mouth could say as a word."""
    has_vowel = re.search(r"[AEIOUY]", match[0]) is not None
    is_word = has_vowel and (_SYLLABLE.fullmatch(match[0]) or _is_in_capitals(match))
    return None if is_word else spelled(match[0])


def _is_in_capitals(match: re.Match[str]) -> bool:
    """Whether its line is a heading."""
    begin = match.string.rfind("\n", 0, match.start()) + 1
    line = match.string[begin:].partition("\n")[0]
    return line.upper() == line and len(line.split()) > 2
