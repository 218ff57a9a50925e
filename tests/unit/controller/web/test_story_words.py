"""Every code a station or the centre may tell has its sentence, in the manner of the screens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from controller.domain.story import CentreCode, Silence, SlotStory
from controller.web.story_words import CENTRE, SILENCES, STATION, silence_words, story_lines
from station_protocol.messages import TraceFact
from station_protocol.vocabulary import ClockLevel, FactCode

DUE = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
"""05:30 on 26/11 at the stations."""


@pytest.fixture(autouse=True)
def spoken() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    with app.test_request_context():
        yield


def fact(code: FactCode | str, seconds: float = 0, **values: Any) -> TraceFact:
    return TraceFact(code=code, at=DUE + timedelta(seconds=seconds), **values)


def lines(*facts: TraceFact) -> list[tuple[str, str]]:
    return [(line.clock(DUE), line.text) for line in story_lines(SlotStory(facts))]


def sentence(code: FactCode, **values: Any) -> str:
    ((_, text),) = lines(fact(code, **values))
    return text


def test_no_code_is_without_its_sentence() -> None:
    assert set(STATION) == set(FactCode)
    assert set(CENTRE) == set(CentreCode)
    assert set(SILENCES) == set(Silence)


@pytest.mark.parametrize("code", list(FactCode))
def test_a_fact_that_says_nothing_but_its_code_is_told(code: FactCode) -> None:
    assert sentence(code)[0].isupper()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            {"level": ClockLevel.CONTROLLER, "error_ms": 1234.0},
            "Đồng hồ tin được (sai tối đa 1,23 giây)",
        ),
        ({"level": ClockLevel.NETWORK}, "Đồng hồ tin được"),
        ({"level": ClockLevel.LAST_KNOWN}, "Đồng hồ tự giữ giờ, chưa được trung tâm xác nhận"),
        ({"level": ClockLevel.NONE, "why": "clock_wrong"}, "Đồng hồ sai giờ"),
    ],
)
def test_the_clock_is_told_as_far_as_it_was_trusted(values: dict[str, Any], text: str) -> None:
    assert sentence(FactCode.CLOCK, **values) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"ms": 62_000, "error_ms": None}, "Bắt đầu vang, muộn 1 phút 2 giây"),
        ({"ms": 0, "error_ms": -12.0}, "Bắt đầu vang, lệch 0,01 giây"),
        ({}, "Bắt đầu vang"),
    ],
)
def test_a_start_says_how_far_off_it_was(values: dict[str, Any], text: str) -> None:
    assert sentence(FactCode.STARTED, **values) == text


def test_a_device_that_was_lost_is_told_from_one_that_came_back() -> None:
    assert sentence(FactCode.DEVICE, why="lost") == "Không thấy thiết bị âm thanh"
    assert sentence(FactCode.DEVICE, why="back") == "Thấy lại thiết bị âm thanh"


def test_a_time_marked_by_a_power_cut_says_how_good_it_is() -> None:
    text = sentence(FactCode.PLAYED, ms=47_000, of_ms=180_000, why="marked")
    assert text == "Đã vang 00:47 trên 03:00, đúng đến khoảng 15 giây"


def test_what_was_noted_in_one_second_is_one_line_unless_it_weighs_otherwise() -> None:
    told = lines(
        fact(FactCode.PLAN_HELD, -5, version=12),
        fact(FactCode.CLOCK, -4.8, level=ClockLevel.NETWORK),
        fact(FactCode.FILES, -4.6, why="missing", have=0, need=1),
        fact(FactCode.WINDOW_CLOSED, 300, other_at=DUE + timedelta(seconds=300)),
    )
    assert [text for _, text in told] == [
        "Giữ lịch bản 12, đồng hồ tin được",
        "Thiếu tệp âm thanh, có 0/1",
        "Hết thời gian chờ lúc 05:35:00 mà chưa phát được",
    ]


def test_a_time_is_told_to_the_nearest_second_and_another_day_with_its_date() -> None:
    assert lines(fact(FactCode.PREPARED, -0.000_006))[0][0] == "05:30:00"
    assert lines(fact(FactCode.PREPARED, -86_400))[0][0] == "25/11 05:30:00"
    assert lines(fact(FactCode.PREPARED, is_sure=False))[0][0] == "~05:30:00"


def test_a_station_that_told_its_story_is_not_silent() -> None:
    assert silence_words(SlotStory((fact(FactCode.PREPARED),))) == ""
