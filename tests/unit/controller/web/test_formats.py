"""Numbers, lengths and instants as they are read in Ninh Thuận, and in English."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.web import formats

AT = datetime(2026, 11, 25, 10, 6, 40, tzinfo=UTC)


def test_instants_are_shown_in_the_stations_wall_time() -> None:
    assert formats.clock(AT) == "17:06"
    assert formats.clock_s(AT) == "17:06:40"
    assert formats.clock_span(AT, AT + timedelta(minutes=15)) == "17:06–17:21"
    assert formats.clock_span(AT, AT + timedelta(seconds=17)) == "17:06"
    assert formats.moment(AT) == "17:06 25/11/2026"


def test_the_day_changes_at_midnight_of_the_stations() -> None:
    assert formats.day(datetime(2026, 11, 25, 17, 0, tzinfo=UTC)) == "26/11/2026"
    assert formats.day_short(date(2026, 11, 27)) == "27/11"


def test_a_stretch_names_its_day_once_unless_it_goes_over_midnight() -> None:
    begin = datetime(2026, 11, 27, 10, 1, tzinfo=UTC)
    assert formats.stretch(begin, begin + timedelta(hours=2)) == "17:01–19:01 27/11/2026"
    assert (
        formats.stretch(begin, begin + timedelta(hours=8)) == "17:01 27/11/2026 – 01:01 28/11/2026"
    )


def test_weekdays_are_small_in_a_sentence_and_capital_in_a_heading() -> None:
    assert formats.weekday(AT, "vi") == "thứ Tư"
    assert formats.long_day(AT, "vi") == "Thứ Tư 25/11/2026"
    assert formats.weekday(AT, "en") == "Wednesday"


@pytest.mark.parametrize(
    ("ms", "vi", "en"),
    [
        (706_000, "11 phút 46 giây", "11 min 46 s"),
        (60_000, "1 phút", "1 min"),
        (0, "0 giây", "0 s"),
        (2_700_000, "45 phút", "45 min"),
        (7_260_000, "2 giờ 1 phút", "2 h 1 min"),
        (200_000_000, "2 ngày 7 giờ", "2 d 7 h"),
        (3_600_500, "1 giờ", "1 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(ms: int, vi: str, en: str) -> None:
    assert formats.duration(ms, "vi") == vi
    assert formats.duration(ms, "en") == en


def test_an_airing_is_not_over_while_it_sounds() -> None:
    begins = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
    spans = {
        seconds: formats.airing_span(begins, begins + timedelta(seconds=seconds))
        for seconds in (32, 60, 102)
    }
    assert spans == {32: "00:00", 60: "00:00–00:01", 102: "00:00–00:02"}


def test_a_length_is_minutes_and_seconds() -> None:
    assert formats.length(706_000) == "11:46"
    assert formats.length(6_060_000) == "1:41:00"


def test_numbers_have_a_decimal_comma_in_vietnamese() -> None:
    assert formats.number(1280, lang="vi") == "1.280"
    assert formats.number(98.72, 2, "vi") == "98,72"
    assert formats.number(1280.5, 1, "en") == "1,280.5"
    assert formats.percent(0.9872, lang="vi") == "98,72 %"
    assert formats.megabytes(16_200_000, "vi") == "16,2 MB"
    assert formats.megabytes(41_300, "vi") == "41 kB"
    assert formats.megabytes(107_300, "vi") == "107 kB"
    assert formats.megabytes(999_500, "vi") == "1,0 MB"
    assert formats.megabytes(21_400_000_000, "vi") == "21,4 GB"


def test_a_number_stays_on_the_line_of_what_it_counts() -> None:
    assert formats.together("9 xã huyện Bác Ái") == "9\u00a0xã huyện Bác Ái"
    assert formats.together("1 phút 42 giây") == "1\u00a0phút 42\u00a0giây"


def test_what_is_not_known_is_a_dash_and_never_zero() -> None:
    unknown = [
        formats.clock(None),
        formats.day(None),
        formats.moment(None),
        formats.duration(None, "vi"),
        formats.length(None),
        formats.number(None, lang="vi"),
        formats.percent(None, lang="vi"),
        formats.megabytes(None, "vi"),
    ]
    assert set(unknown) == {"–"}


@given(st.integers(min_value=0, max_value=10**10))
def test_no_duration_says_nothing(ms: int) -> None:
    assert formats.duration(ms, "vi").strip()


@pytest.mark.parametrize(
    ("user_agent", "said"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/141.0.0.0 Safari/537.36",
            "Chrome 141, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari 18, iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "–"),
    ],
)
def test_a_browser_is_named_as_its_owner_would_name_it(user_agent: str, said: str) -> None:
    assert formats.browser(user_agent) == said


def test_on_a_screen_a_number_stays_with_its_unit_and_a_letter_keeps_plain_spaces() -> None:
    assert formats.FILTERS["duration"](2_760_000, "vi") == "46\u00a0phút"
    assert formats.FILTERS["percent"](0.98, 1, "vi") == "98,0\u00a0%"
    assert formats.FILTERS["megabytes"](16_200_000, "vi") == "16,2\u00a0MB"
    assert formats.duration(2_760_000, "vi") == "46 phút"
