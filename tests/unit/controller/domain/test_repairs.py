"""Outages become one ticket each, and what to mend first follows what it gives back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from controller.domain.availability import ShownFlip
from controller.domain.repairs import (
    Losses,
    ended_at,
    lasting,
    repair_first,
    repair_times_of,
)
from controller.domain.station_state import ShownState

AT = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _flip(hours: float, state: ShownState, *reasons: str) -> ShownFlip:
    return ShownFlip(AT + hours * HOUR, state, reasons)


def test_an_outage_goes_on_from_degraded_to_silent_to_down() -> None:
    begun = lasting(
        [
            _flip(0, ShownState.READY),
            _flip(1, ShownState.DEGRADED, "amplifier_missing"),
            _flip(2, ShownState.UNKNOWN),
            _flip(3, ShownState.DOWN, "power_off"),
        ]
    )
    assert begun is not None
    assert (begun.from_at, begun.cause) == (AT + HOUR, "degraded:amplifier_missing")


def test_a_station_that_is_ready_in_declared_work_or_never_spoke_is_in_no_outage() -> None:
    for state in (ShownState.READY, ShownState.ON_AIR, ShownState.MAINT, ShownState.NEVER):
        assert lasting([_flip(0, ShownState.UNKNOWN), _flip(1, state)]) is None


def test_what_is_broken_behind_declared_work_is_a_new_outage_named_by_its_silence() -> None:
    flips = [_flip(0, ShownState.DOWN), _flip(5, ShownState.MAINT), _flip(6, ShownState.UNKNOWN)]
    begun = lasting(flips)
    assert begun is not None
    assert (begun.from_at, begun.cause) == (AT + 6 * HOUR, "unknown:no_link")


def test_an_outage_ends_with_the_first_ready_behind_it() -> None:
    flips = [
        _flip(0, ShownState.READY),
        _flip(1, ShownState.DOWN),
        _flip(2, ShownState.MAINT),
        _flip(4, ShownState.ON_AIR),
        _flip(5, ShownState.READY),
    ]
    assert ended_at(flips, AT + HOUR) == AT + 4 * HOUR
    assert ended_at(flips[:3], AT + HOUR) is None


def test_repair_times_are_those_of_the_nearest_rank() -> None:
    times = repair_times_of((AT, AT + hours * HOUR) for hours in (1, 2, 3, 4, 100))
    assert (times.ended, times.median, times.p90) == (5, 3 * HOUR, 100 * HOUR)
    assert repair_times_of([]).median is None


def test_what_lasts_costs_all_service_time_and_what_is_over_what_it_cost_before() -> None:
    day_s = 16 * 3600
    first = repair_first(
        [
            Losses("a", {"down:power_off": 40_000, "degraded:clock": 600}, 30 * day_s, 30),
            Losses("b", {"unknown:no_link": 9_000}, 3 * day_s, 3, "unknown:no_link"),
            Losses("c", {}, 30 * day_s, 30, "down:power_off"),
        ]
    )
    told = [(one.station_id, one.cause, one.lost_s, one.gain_s, one.is_open) for one in first]
    assert told == [
        ("b", "unknown:no_link", 9_000, 30 * day_s, True),
        ("c", "down:power_off", 0, 30 * day_s, True),
        ("a", "down:power_off", 40_000, 40_000, False),
        ("a", "degraded:clock", 600, 600, False),
    ]
