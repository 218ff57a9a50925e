"""What is not read as it is written, one rule for each form; the first that fits is taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from audio_library.spoken_text import amounts, dates, issued, names, units
from audio_library.spoken_text.context import END, LETTER
from audio_library.spoken_text.glossary import Glossary

Say = Callable[[re.Match[str], Glossary], str | None]


class Form(StrEnum):
    """What a passage that is read otherwise was taken for."""

    ABBREVIATION = "abbreviation"
    ADDRESS = "address"
    CODE = "code"
    DATE = "date"
    DOCUMENT = "document"
    NUMBER = "number"
    PHONE = "phone"
    SIGN = "sign"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Rule:
    """One form. `say` gives the words, or None where the passage is not of this form after all."""

    form: Form
    pattern: re.Pattern[str]
    say: Say


_NUMBER = r"\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d)|\d+(?:,\d+)?"
_UNIT = units.pattern()
_LINK, _LINK_END = r"[^\s,;()<>]", r"[^\s,;()<>.]"
_SCALE = "|".join(sorted(units.SCALES, key=lambda one: -len(one)))


def _r(form: Form, pattern: str, say: Say, flags: int = 0) -> Rule:
    return Rule(form, re.compile(pattern, flags), say)


_BEFORE_ABBREVIATIONS = (
    _r(
        Form.ADDRESS, rf"(?P<a>(?:https?://|www\.){_LINK}{{0,199}}{_LINK_END})", names.address, re.I
    ),
    _r(
        Form.ADDRESS, r"(?P<a>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})", names.address, re.A
    ),
    _r(
        Form.ADDRESS,
        r"(?P<a>(?:[a-z0-9-]{1,63}\.){1,5}(?:vn|com|net|org|gov)(?:/[\w/.-]{0,99}\w)?)" + END,
        names.address,
    ),
    Rule(Form.DOCUMENT, issued.FORM, issued.said),
    Rule(Form.DOCUMENT, issued.ASSEMBLY, issued.said_of_assembly),
    Rule(Form.DOCUMENT, issued.LETTER, issued.said_of_letter),
    _r(Form.CODE, r"[Kk]m\s?(?P<km>\d{1,4})\s?\+\s?(?P<m>\d{1,3})" + END, amounts.milestone),
    _r(Form.CODE, r"(?P<a>\d\d[A-ZĐ]\d?)-(?P<b>\d{3}\.?\d{2}|\d{4})" + END, names.plate),
    _r(Form.CODE, rf"(?P<k>QL|TL|ĐT|ĐH)[.\s]?(?P<n>\d{{1,3}})(?P<s>[A-Z]?){END}", names.road),
    _r(Form.ABBREVIATION, rf"BĐ\s?(?P<l>I{{1,3}}|[123]){END}", names.alarm),
)
"""Tried before the table of abbreviations: they contain some."""

_AFTER_ABBREVIATIONS = (
    _r(Form.PHONE, r"(?P<p>\+?\(?\d{2,5}\)?(?:[\s.-]?\d{2,4}){1,4})(?![\d/])", names.phone),
    _r(Form.PHONE, r"(?P<p>\d{3,12})(?![\d/]|[.,]\d)", names.phone),
    _r(
        Form.DATE,
        r"(?P<d>\d{1,2})\s?[/.-]\s?(?P<m>\d{1,2})\s?[/.-]\s?(?P<y>(?:19|20)\d\d)(?!\d)",
        dates.full_date,
    ),
    _r(
        Form.DATE,
        r"(?P<d>\d{1,2})\s?[-–]\s?(?P<e>\d{1,2})/(?P<m>\d{1,2})(?:/(?P<y>(?:19|20)\d\d))?(?![\d/])",
        dates.days_of_month,
    ),
    _r(Form.DATE, r"(?P<d>\d{1,2})/(?P<m>\d{1,2})(?![\d/]|[.,]\d)", dates.short_date),
    _r(
        Form.DATE,
        r"(?P<m>\d{1,2}|[IVX]{1,4})\s?[/-]\s?(?P<y>(?:19|20)\d\d)(?!\d)",
        dates.month_of_year,
    ),
    _r(Form.DATE, r"(?P<w>[Tt]háng )(?P<m>\d{1,2})(?![\d/.,-]\d|\d)", dates.month_alone),
    _r(Form.DATE, r"(?P<w>[Tt]hứ )(?P<n>\d{1,3})(?![\d/.,]\d|\d)", dates.ordinal),
    _r(Form.TIME, r"(?P<a>\d{1,2})/(?P<b>24|7)(?P<h>\s?(?:h|giờ))?" + END, dates.round_the_clock),
    _r(
        Form.TIME,
        r"(?P<h>\d{1,2})(?:(?:\s?h\s?|\s?giờ\s|g|:)(?P<min>\d{2})(?:\s?(?:'|’|phút|p))?|\s?(?:h|giờ))"
        + END,
        dates.time_of_day,
    ),
    _r(Form.NUMBER, rf"(?P<n>{_NUMBER})\s?°\s?(?P<side>[NSEW]){END}", amounts.coordinate),
    _r(
        Form.NUMBER,
        rf"(?P<n>{_NUMBER})(?:\s?(?P<scale>{_SCALE}))?\s?(?P<unit>{_UNIT}){END}"
        rf"(?:/(?P<per>{_UNIT}|[{LETTER}]+){END})?",
        amounts.quantity,
    ),
    _r(Form.NUMBER, rf"(?<![\d{LETTER})])[-−](?=\d+(?:,\d+)?\s?(?:°|độ))", amounts.minus),
    _r(Form.NUMBER, r"(?P<a>\d{1,3})/(?P<b>\d{1,4})(?![\d/]|[.,]\d)", amounts.share),
    _r(Form.NUMBER, rf"(?P<r>[IVX]{{1,6}}){END}", amounts.roman_numeral),
    _r(Form.CODE, rf"(?P<c>\d+[A-ZĐ]{{1,3}}\d*|[A-ZĐ]{{1,3}}\d+(?:[A-ZĐ]+\d*)*){END}", names.code),
    _r(Form.NUMBER, rf"(?P<n>{_NUMBER})", amounts.plain),
    _r(Form.CODE, rf"[A-ZĐ]{{2,6}}{END}", names.unknown_letters),
)
_BETWEEN_WORDS = (
    _r(Form.SIGN, r"\s?[-–]\s?", amounts.dash),
    _r(Form.SIGN, rf"(?<=[{LETTER})])/(?=[{LETTER}(])", amounts.slash),
    _r(Form.SIGN, rf"(?<=[{LETTER}])/(?=\d+\s?(?:h|giờ))", lambda _match, _glossary: " trong "),
    _r(Form.SIGN, r"(?<=\d)/(?=\d)", lambda _match, _glossary: " trên "),
    _r(Form.SIGN, r"\s?(?P<sign>[&+=≥≤]|[<>](?=\s?\d))\s?", amounts.sign),
)
_AT_LINE_START = (
    _r(Form.SIGN, r"[-–•*+]\s+", lambda _match, _glossary: ""),
    _r(Form.NUMBER, r"(?P<n>\d{1,2})[.)](?=\s)", amounts.list_no),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """Every rule, by where in a text it may begin."""

    at_line_start: tuple[Rule, ...]
    at_word_start: tuple[Rule, ...]
    between_words: tuple[Rule, ...]

    def at(self, text: str, at: int) -> Iterator[Rule]:
        """The rules that may apply at this place, in the order in which they are tried."""
        before = text[at - 1] if at else "\n"
        if before == "\n":
            yield from self.at_line_start
        if (text[at].isalnum() or text[at] in "-−+(") and not before.isalnum():
            yield from self.at_word_start
        if not text[at].isalnum():
            yield from self.between_words


def rules_with(glossary: Glossary) -> Rules:
    """The rules, with this table of abbreviations among them."""
    abbreviations = Rule(Form.ABBREVIATION, glossary.pattern, names.abbreviation)
    words = (*_BEFORE_ABBREVIATIONS, abbreviations, *_AFTER_ABBREVIATIONS)
    return Rules(_AT_LINE_START, words, _BETWEEN_WORDS)
