"""What a tile and a day line show follows from planned, held and sounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.board import (
    STRIP_UNITS,
    Planned,
    Sign,
    Sounded,
    day_line,
    is_aired,
    sign_of,
    strip,
)

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
SHA = "ab" * 32


def _planned(
    minutes: int, *, is_cancelled: bool = False, sounds: tuple[str, ...] = (SHA,)
) -> Planned:
    return Planned("s", "Bản tin", NOW + timedelta(minutes=minutes), 60_000, is_cancelled, sounds)


def _sounded(outcome: str) -> Sounded:
    return Sounded(outcome, None, NOW, 0.1, 60_000)


@pytest.mark.parametrize("sign", sorted(set(Sign) - {Sign.COMING}))
def test_what_the_station_said_decides_the_sign(sign: Sign) -> None:
    assert sign_of(_planned(-5, is_cancelled=True), _sounded(sign.value), NOW) is sign


def test_without_a_word_of_the_station_the_past_is_unknown_and_the_future_is_coming() -> None:
    assert sign_of(_planned(-1), None, NOW) is Sign.UNKNOWN
    assert sign_of(_planned(1), None, NOW) is Sign.COMING
    assert sign_of(_planned(1, is_cancelled=True), None, NOW) is Sign.CANCELLED


def test_a_due_slot_nobody_has_reported_yet_is_unknown_not_coming() -> None:
    assert sign_of(_planned(-1), _sounded("coming"), NOW) is Sign.UNKNOWN


def test_held_means_every_sound_is_there() -> None:
    two = _planned(1, sounds=(SHA, "cd" * 32))
    assert not day_line(two, None, frozenset({SHA}), NOW).is_held
    assert day_line(two, None, frozenset({SHA, "cd" * 32}), NOW).is_held
    assert not day_line(_planned(1, sounds=()), None, frozenset(), NOW).is_held


def test_a_line_ends_its_length_after_its_start() -> None:
    line = day_line(_planned(0), None, frozenset(), NOW)
    assert line.ends_at == NOW + timedelta(minutes=1)


@given(
    minutes=st.integers(-3000, 3000),
    length_ms=st.integers(0, 7_200_000),
    sign=st.sampled_from(list(Sign)),
)
def test_every_bar_lies_inside_the_strip_of_the_last_24_hours(
    minutes: int, length_ms: int, sign: Sign
) -> None:
    bars = strip([(NOW + timedelta(minutes=minutes), length_ms, sign, "")], NOW)
    assert bool(bars) == (-1440 <= minutes <= 0)
    for bar in bars:
        assert bar.at >= 0
        assert bar.at + bar.width <= STRIP_UNITS + 0.01
        assert bar.sign is sign


def test_only_a_slot_heard_to_its_end_counts_as_aired() -> None:
    assert [sign for sign in Sign if is_aired(sign.value)] == [Sign.AIRED, Sign.LATE]
