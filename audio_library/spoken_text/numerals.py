"""Vietnamese numbers in words."""

from __future__ import annotations

import re

DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
NTH = {1: "nhất", 4: "tư"}
"""Of ordinals, where they differ."""
_AFTER_TENS = {1: "mốt", 4: "tư", 5: "lăm"}
_BILLION = 1_000_000_000
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_ROMAN_FORM = re.compile(r"(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")


def cardinal(number: int) -> str:
    """A whole number from 0 on: 2026 is `hai nghìn không trăm hai mươi sáu`."""
    if number == 0:
        return DIGITS[0]
    billions, rest = divmod(number, _BILLION)
    words = [f"{cardinal(billions)} tỷ"] if billions else []
    for size, name in ((1_000_000, " triệu"), (1_000, " nghìn"), (1, "")):
        group, rest = divmod(rest, size)
        if group:
            words.append(_below_thousand(group, follows=bool(words)) + name)
    return " ".join(words)


def _below_thousand(number: int, *, follows: bool) -> str:
    """`follows`: something larger was said, so empty hundreds are said too."""
    hundreds, rest = divmod(number, 100)
    if not hundreds and not follows:
        return _below_hundred(rest)
    words = f"{DIGITS[hundreds]} trăm"
    if rest == 0:
        return words
    return f"{words} lẻ {DIGITS[rest]}" if rest < 10 else f"{words} {_below_hundred(rest)}"


def _below_hundred(number: int) -> str:
    tens, ones = divmod(number, 10)
    if tens == 0:
        return DIGITS[ones]
    words = "mười" if tens == 1 else f"{DIGITS[tens]} mươi"
    if ones == 0:
        return words
    said = "lăm" if tens == 1 and ones == 5 else DIGITS[ones]
    return f"{words} {said if tens == 1 else _AFTER_TENS.get(ones, DIGITS[ones])}"


def one_by_one(digits: str) -> str:
    """Digits as they stand, each for itself; anything else is a short pause."""
    groups = re.findall(r"\d+", digits)
    return ", ".join(" ".join(DIGITS[int(digit)] for digit in group) for group in groups)


def number(text: str) -> str:
    """A number as officials write it: points between thousands, a comma before decimals."""
    whole, _, decimals = text.partition(",")
    digits = whole.replace(".", "")
    if len(digits) > 12 or (len(digits) > 2 and digits.startswith("0")):
        said = one_by_one(digits)
    else:
        said = cardinal(int(digits))
    if not decimals:
        return said
    is_small = len(decimals) <= 2 and not decimals.startswith("0")
    return f"{said} phẩy {cardinal(int(decimals)) if is_small else one_by_one(decimals)}"


def roman(text: str) -> int | None:
    """The value of a Roman numeral up to 99 in capitals; None if it is none."""
    if not text or _ROMAN_FORM.fullmatch(text) is None:
        return None
    values = [_ROMAN[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-one if one < after else one for one, after in zip(values, following, strict=True))
