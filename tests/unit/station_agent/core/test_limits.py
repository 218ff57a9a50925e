"""Broadcast hours are UTC+7 whatever the machine says; an emergency passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station_agent.core.limits import allows, next_band, verdict, volume
from station_protocol import messages as wire
from station_protocol.messages import HoursException, HoursSpan, StationLimits
from station_protocol.vocabulary import Priority, Reason
from tests.support import wire as build
from tests.support.rig import slot


def limits(*spans: tuple[int, int], exceptions: tuple[HoursException, ...] = ()) -> StationLimits:
    hours = tuple(HoursSpan(opens_min=opens, closes_min=closes) for opens, closes in spans)
    return build.limits(hours=hours, exceptions=exceptions)


DAY = limits((300, 1260))


def local(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, 26, hour, minute, second, tzinfo=UTC) - timedelta(hours=7)


@pytest.mark.parametrize(
    ("from_at", "until_at", "allowed"),
    [
        (local(5), local(5, 30), True),
        (local(4, 59, 59), local(5, 30), False),
        (local(20, 30), local(21), True),
        (local(20, 30), local(21, 0, 1), False),
        (local(3, 15), local(3, 20), False),
        (local(0), local(23), False),
    ],
)
def test_the_whole_span_must_lie_inside(
    from_at: datetime, until_at: datetime, allowed: bool
) -> None:
    assert allows(DAY, from_at, until_at) is allowed


def test_spans_that_touch_are_one_also_over_midnight() -> None:
    night = limits((0, 60), (60, 120), (1380, 1440))
    assert allows(night, local(0, 30), local(1, 30))
    assert allows(night, local(23, 30), local(23, 30) + timedelta(hours=2))
    assert not allows(night, local(1, 30), local(2, 30))


def test_a_dated_exception_extends_the_hours_it_touches() -> None:
    late = HoursException(from_at=local(21), until_at=local(22), why="bầu cử")
    assert allows(limits((300, 1260), exceptions=(late,)), local(20, 30), local(21, 30))
    assert not allows(
        limits((300, 1260), exceptions=(late,)),
        local(20, 30) + timedelta(days=1),
        local(21, 30) + timedelta(days=1),
    )


def test_no_hours_at_all_allow_nothing() -> None:
    assert not allows(limits(), local(12), local(12, 1))


def test_an_emergency_passes_hours_and_length() -> None:
    long_night = slot(1, local(3, 15), seconds=7200, priority=Priority.EMERGENCY)
    assert verdict(DAY, long_night, long_night.starts_at) is None


def test_too_long_is_named_before_the_hour() -> None:
    assert verdict(DAY, slot(1, local(3), seconds=2_701), local(3)) is Reason.TOO_LONG
    assert verdict(DAY, slot(1, local(6), seconds=2_700), local(6)) is None


def test_a_slot_is_as_long_as_its_sound_however_short_the_plan_calls_it() -> None:
    long_item = build.item(duration_ms=2_701_000)
    assert verdict(DAY, slot(1, local(6), items=(long_item,)), local(6)) is Reason.TOO_LONG
    into_night = slot(1, local(20, 59), items=(build.item(duration_ms=61_000),))
    assert verdict(DAY, into_night, local(20, 59)) is Reason.QUIET_HOURS


@given(st.integers(0, 1440 * 3), st.integers(0, 600))
def test_hours_agree_with_counting_minutes(start_min: int, length_min: int) -> None:
    start = local(0) + timedelta(minutes=start_min)
    minutes = range(start_min, start_min + length_min + 1)
    expected = all(300 <= minute % 1440 <= 1260 for minute in minutes)
    assert allows(DAY, start, start + timedelta(minutes=length_min)) is expected


def test_the_ceiling_bounds_the_volume() -> None:
    limits = build.limits(volume_ceiling_percent=80)
    assert volume(limits, None, local(6)) == 80
    assert volume(limits, 95, local(6)) == 80
    assert volume(limits, 35, local(6)) == 35


EVENING = wire.VolumeBand(opens_min=19 * 60, closes_min=21 * 60, ceiling_percent=40)
NIGHT = wire.VolumeBand(opens_min=22 * 60, closes_min=5 * 60, ceiling_percent=10)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (local(18, 59), 80),
        (local(19), 40),
        (local(20, 59), 40),
        (local(21), 80),
        (local(22), 10),
        (local(4, 59), 10),
        (local(5), 80),
        (None, 10),
    ],
)
def test_an_hour_may_have_a_lower_ceiling(at: datetime | None, expected: int) -> None:
    limits = build.limits(volume_ceiling_percent=80, volume_bands=(EVENING, NIGHT))
    assert volume(limits, None, at) == expected


def test_the_next_change_of_ceiling_is_known_ahead() -> None:
    limits = build.limits(volume_bands=(EVENING, NIGHT))
    assert next_band(limits, local(18)) == local(19)
    assert next_band(limits, local(19)) == local(21)
    assert next_band(limits, local(23)) == local(5) + timedelta(days=1)
    assert next_band(build.limits(), local(18)) is None
