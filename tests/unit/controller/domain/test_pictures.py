"""Drawings of figures: a known series gives known shapes, in words and signs as well as colours."""

from __future__ import annotations

import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from controller.domain.availability import Tally, UptimeState
from controller.domain.pictures.bars import (
    Bar,
    Column,
    Words,
    axis_from,
    histogram,
    stacked_bars,
    threshold_bars,
)
from controller.domain.pictures.calendar_of_days import (
    CalendarWords,
    DayState,
    day_state,
    year_calendar,
)
from controller.domain.pictures.day_strip import Mark, Part, StripWords, day_strip
from controller.domain.pictures.svg import Look, ticks

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</title><script>alert("&")</script>'
WORDS = Words("Tên", "Lời kể", "giờ")
CALENDAR = CalendarWords(
    "Năm 2026",
    "Lời kể",
    {state: state.value for state in DayState},
    {month: f"Th {month}" for month in range(1, 13)},
)
STRIP = StripWords(
    "Ngày",
    "Lời kể",
    {state: state.value for state in UptimeState},
    "Giờ phục vụ",
    "Buổi phát",
    "Buổi không phát",
    "Buổi chưa rõ",
)


def plain(value: float) -> str:
    return f"{value:g}".replace(".", ",")


def shapes(svg: str, kind: str) -> list[tuple[float, ...]]:
    """(left, top, width, height) of the rectangles of one class, not those of the legend."""
    tree = ElementTree.fromstring(svg)  # noqa: S314 - our own
    return [
        tuple(float(one.attrib[name]) for name in ("x", "y", "width", "height"))
        for one in tree.iter(f"{SVG}rect")
        if kind in one.attrib.get("class", "").split()
    ]


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314


def test_parts_of_a_column_stand_on_each_other_and_fill_the_scale_in_proportion() -> None:
    svg = stacked_bars(
        [Column("01/26", (30.0, 10.0)), Column("02/26", (0.0, 40.0))], ["Mất điện", "Khác"],
        WORDS, plain,
    )  # fmt: skip
    (power, *_key), others = shapes(svg, "pic-s0"), shapes(svg, "pic-s1")
    first, second = others[:2]
    assert power[3] == pytest.approx(150 * 30 / 40)
    assert first[3] == pytest.approx(150 * 10 / 40)
    assert first[1] + first[3] == pytest.approx(power[1])
    assert second[3] == pytest.approx(150)
    assert second[1] + second[3] == pytest.approx(power[1] + power[3])
    assert first[0] == power[0] < second[0]
    assert {"0", "10", "20", "30", "40", "01/26", "02/26", "Mất điện", "Khác", "giờ"} <= set(
        texts(svg)
    )


@pytest.mark.parametrize(
    ("top", "marks"),
    [
        (40, (0, 10, 20, 30, 40)),
        (7, (0, 2, 4, 6, 8)),
        (0.9, (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (0, (0, 1)),
    ],
)
def test_a_scale_is_of_round_numbers(top: float, marks: tuple[float, ...]) -> None:
    assert ticks(top) == pytest.approx(marks)


def test_what_does_not_reach_the_line_has_another_pattern_and_ends_before_it() -> None:
    bars = [
        Bar("Bác Ái", 97.0, "97,00 %"),
        Bar("Ninh Sơn", 100.0, "100 %"),
        Bar("—", None, "không"),
    ]
    svg = threshold_bars(bars, (99.0, "mức 99,0 %"), WORDS, plain)
    (short,), (good,) = shapes(svg, "pic-short"), shapes(svg, "pic-bar")
    dashed = re.search(r'd="M([\d.]+) [^"]*" class="pic-limit', svg)
    assert dashed is not None
    line = float(dashed.group(1))
    assert short[0] + short[2] < line < good[0] + good[2]
    assert short[2] / good[2] == pytest.approx((97 - 95) / (100 - 95), abs=0.001)
    assert "url(#bars-up)" in svg
    assert {"95 %", "100 %", "mức 99,0 %", "97,00 %", "không"} <= set(texts(svg))


def test_an_axis_begins_where_the_least_bar_can_still_be_seen() -> None:
    assert axis_from([99.5, 98.0], 99.0) == 95
    assert axis_from([95.2], 99.0) == 90
    assert axis_from([12.0], 99.0) == 0
    assert axis_from([], 99.0) == 95


def test_a_day_is_one_cell_in_the_row_of_its_month() -> None:
    first, last = date(2025, 12, 15), date(2026, 12, 14)
    days = {first + timedelta(n): DayState.WHOLE for n in range(365)}
    days[date(2026, 3, 31)] = DayState.OUT
    del days[date(2026, 12, 14)]
    svg = year_calendar(days, (first, last), CALENDAR)
    assert len(shapes(svg, "pic-whole")) == 363 + 1, "and one in the legend"
    out, key = shapes(svg, "pic-out")
    assert key[1] > out[1]
    row = {cell[1] for cell in shapes(svg, "pic-whole")[:-1]}
    assert len(row) == 13, "December 2025 to December 2026"
    assert out[0] == max(cell[0] for cell in shapes(svg, "pic-whole"))
    assert {"Th 12/25", "Th 1/26", "Th 2", "Th 12"} <= set(texts(svg))
    assert "31/03: out" in svg
    assert "31" in texts(svg)


def test_the_days_over_one_month_end_with_its_last() -> None:
    svg = year_calendar({}, (date(2026, 11, 1), date(2026, 11, 30)), CALENDAR)
    assert "30" in texts(svg)
    assert "31" not in texts(svg)


@pytest.mark.parametrize(
    ("tally", "state"),
    [
        (Tally(), DayState.AWAY),
        (Tally(maint_s=60), DayState.MAINT),
        (Tally(ready_s=60, maint_s=60), DayState.WHOLE),
        (Tally(ready_s=59, down_s=1), DayState.PARTLY),
        (Tally(unknown_s=31, down_s=29), DayState.UNKNOWN),
        (Tally(unknown_s=30, down_s=30), DayState.OUT),
    ],
)
def test_a_day_is_called_by_what_of_it_is_settled(tally: Tally, state: DayState) -> None:
    assert day_state(tally) is state


def test_an_hour_of_the_day_is_a_twenty_fourth_of_the_strip() -> None:
    svg = day_strip(
        [Part(0, 360, UptimeState.READY), Part(360, 420, UptimeState.UNKNOWN)],
        [Mark(330, 345, False, "05:30 Bản tin: không phát")],
        [(300, 1260)], STRIP, width=242,
    )  # fmt: skip
    ready, _key = shapes(svg, "pic-whole")
    lost, _key = shapes(svg, "pic-unknown")
    assert ready[:1] + ready[2:3] == (1, 60)
    assert lost[:1] + lost[2:3] == (61, 10)
    missed, _key = shapes(svg, "pic-short")
    assert missed[0] == pytest.approx(1 + 330 / 6)
    assert "06:00–07:00: unknown" in svg
    assert {"00:00", "06:00", "12:00", "18:00", "24:00"} <= set(texts(svg))


def test_each_mark_of_the_strip_has_its_own_key_and_no_other_has_one() -> None:
    def keys(marks: list[Mark], service: list[tuple[float, float]]) -> list[str]:
        svg = day_strip([Part(0, 9, UptimeState.READY)], marks, service, STRIP)
        return [text for text in texts(svg) if ":" not in text]

    heard, silent = Mark(330, 345, True, "đã phát"), Mark(400, 415, False, "không phát")
    every = ["ready", "Buổi phát", "Buổi không phát", "Giờ phục vụ"]
    assert keys([heard, silent], [(300, 1260)]) == every
    assert keys([heard], []) == ["ready", "Buổi phát"]
    open_still = Mark(500, 515, None, "chưa rõ")
    assert keys([open_still], []) == ["ready", "Buổi chưa rõ"]
    assert not shapes(day_strip([], [open_still], [], STRIP), "pic-short"), "no proof of failure"
    svg = day_strip([], [heard], [(300, 1260)], STRIP)
    assert {height for *_, height in shapes(svg, "pic-bar")} == {11}, "no bar of service time"
    assert len(shapes(svg, "pic-service")) == 2, "the bar, and its key"


def test_the_longest_column_of_times_is_the_commonest_and_none_is_left_unwritten() -> None:
    svg = histogram(
        [("≤ 10 s", 58, True), ("> 10 s", 29, False), ("không", 0, False)], WORDS, plain
    )
    (fast,), (slow,) = shapes(svg, "pic-bar"), shapes(svg, "pic-short")
    assert slow[3] == pytest.approx(fast[3] / 2, abs=0.01)
    assert fast[2] < fast[3], "three columns of a desk's width are columns still"
    assert {"58", "29", "0"} <= set(texts(svg))


@pytest.mark.parametrize("look", list(Look))
def test_hostile_words_stay_words_and_each_drawing_has_name_and_description(look: Look) -> None:
    words = Words(HOSTILE, HOSTILE, HOSTILE)
    drawn = [
        stacked_bars([Column(HOSTILE, (1.0,))], [HOSTILE], words, plain, look=look),
        threshold_bars([Bar(HOSTILE, 99.0, HOSTILE)], (99, HOSTILE), words, plain, look=look),
        histogram([(HOSTILE, 1, True)], words, plain, look=look),
        day_strip([], [Mark(1, 2, True, HOSTILE)], [],
                  StripWords(HOSTILE, HOSTILE, {}, *[HOSTILE] * 4), look=look),
    ]  # fmt: skip
    for svg in drawn:
        tree = ElementTree.fromstring(svg)  # noqa: S314 - our own
        assert not list(tree.iter(f"{SVG}script"))
        assert tree.findtext(f"{SVG}title") == HOSTILE
        assert tree.findtext(f"{SVG}desc") == HOSTILE
        assert ("class=" in svg) is (look is Look.PAGE)
        assert "style=" not in svg


def test_a_page_has_classes_and_paper_fixed_colours() -> None:
    page, paper = (histogram([("a", 1, True)], WORDS, plain, look=look) for look in Look)
    assert 'role="img" aria-labelledby="times-name times-told"' in page
    assert "#14468c" in paper
    assert "#" not in page.replace("url(#", "")
