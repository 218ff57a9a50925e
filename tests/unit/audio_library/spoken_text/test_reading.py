"""What a notice sounds like: nobody has to guess what an abbreviation or a number means."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.spoken_text.glossary import Glossary, standard
from audio_library.spoken_text.letters import spelled
from audio_library.spoken_text.numerals import cardinal, roman
from audio_library.spoken_text.reading import Passage, read_aloud
from audio_library.spoken_text.rules import Form
from tests.unit.audio_library.spoken_text.phrases import PHRASES

STANDARD = standard()
_ALPHABET = st.sampled_from("UBNDQĐ năm ngày 0123456789/.,-:%°hgm'()&+IVXáàảãạ\n")


def said(text: str, glossary: Glossary = STANDARD) -> str:
    return read_aloud(text, glossary).text


@pytest.mark.parametrize(("written", "read"), PHRASES, ids=range(len(PHRASES)))
def test_a_phrase_is_read_as_an_announcer_does(written: str, read: str) -> None:
    assert said(written) == read


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(PHRASES) >= 150


@pytest.mark.parametrize(
    "text",
    [
        "Kính thưa bà con, mời bà con ra nhà văn hóa để họp thôn.",
        "Thôn Tà Lú, xã Phước Đại.",
        "Từ nay đến cuối tuần, trời nắng nóng.",
    ],
)
def test_what_needs_no_help_stays_as_it_is(text: str) -> None:
    reading = read_aloud(text, STANDARD)
    assert reading.text == text
    assert all(passage.form is None for passage in reading.passages)


def test_it_shows_what_was_changed_and_into_what() -> None:
    reading = read_aloud("UBND xã họp lúc 19h30.", STANDARD)
    assert reading.passages == (
        Passage("UBND", "Ủy ban nhân dân", Form.ABBREVIATION),
        Passage(" xã họp lúc ", " xã họp lúc "),
        Passage("19h30", "mười chín giờ ba mươi phút", Form.TIME),
        Passage(".", "."),
    )


def test_a_provinces_own_reading_wins_and_an_empty_one_takes_the_term_out() -> None:
    own = STANDARD.changed_by({"UBND": "Ủy ban", "TTYT": "", "BQLDA": "Ban quản lý dự án"})
    assert said("UBND, BQLDA", own) == "Ủy ban, Ban quản lý dự án"
    assert said("TTYT", own) == "tê tê y tê"
    assert said("UBND") == "Ủy ban nhân dân"


def test_an_empty_table_spells_what_nobody_could_say() -> None:
    assert said("UBND và TKCN", Glossary({})) == "u bê nờ dê và tê ca xê nờ"


def test_a_heading_in_capitals_is_not_taken_for_abbreviations() -> None:
    assert said("CA KHÚC VỀ BÁC ÁI") == "CA KHÚC VỀ BÁC ÁI"
    assert said("CA xã Phước Bình") == "công an xã Phước Bình"


def test_an_abbreviation_inside_a_word_is_none() -> None:
    assert said("xUBND UBNDx") == "xUBND UBNDx"


def test_letters_typed_apart_from_their_marks_are_read_alike() -> None:
    text = "HĐND xã họp ngày 5/12"
    assert said(unicodedata.normalize("NFD", text)) == said(text)


@given(st.one_of(st.text(), st.text(_ALPHABET)))
def test_any_text_is_read_and_nothing_of_it_is_lost(text: str) -> None:
    reading = read_aloud(text, STANDARD)
    written = "".join(passage.written for passage in reading.passages)
    assert written == unicodedata.normalize("NFC", text)


@given(st.integers(0, 10**15))
def test_a_number_in_words_is_that_number(number: int) -> None:
    assert _value(cardinal(number)) == number


_DIGIT = {"không": 0, "một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5}
_DIGIT |= {"sáu": 6, "bảy": 7, "tám": 8, "chín": 9}


def _value(words: str) -> int:
    """Read it back, as a listener adds it up."""
    billions, _, rest = words.rpartition(" tỷ")
    total, group, last = 0, 0, 0
    for word in rest.split():
        match word:
            case "trăm":
                group, last = last * 100, 0
            case "mươi":
                group, last = group + last * 10, 0
            case "mười":
                group += 10
            case "lẻ":
                pass
            case "nghìn":
                total, group, last = total + (group + last) * 1_000, 0, 0
            case "triệu":
                total, group, last = total + (group + last) * 1_000_000, 0, 0
            case _:
                last = _DIGIT[word]
    below = total + group + last
    return _value(billions) * 10**9 + below if billions else below


@pytest.mark.parametrize(
    ("numeral", "value"), [("IV", 4), ("IX", 9), ("XIV", 14), ("XL", 40), ("XCIX", 99), ("", None)]
)
def test_roman_numerals(numeral: str, value: int | None) -> None:
    assert roman(numeral) == value


@pytest.mark.parametrize("word", ["IIII", "VX", "IC", "XIVa", "MDC"])
def test_what_only_looks_roman_is_no_number(word: str) -> None:
    assert roman(word) is None


def test_letters_are_named_as_at_school() -> None:
    assert spelled("QĐ") == "quy đê"
    assert spelled("H5N1") == "hát năm nờ một"
