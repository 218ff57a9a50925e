"""How a station is shown, from what is known of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.station_state import Facts, ShownState, flip, shown_state

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
READY = Facts(last_heartbeat_at=NOW, health="ready")
ON_AIR = replace(READY, on_air_slot_id="a" * 26, on_air_until_at=NOW + timedelta(seconds=20))


def test_a_station_that_never_spoke_says_so() -> None:
    assert shown_state(Facts(), NOW).state is ShownState.NEVER
    assert shown_state(Facts(), NOW).since_at is None


@pytest.mark.parametrize(("seconds", "state"), [(90, "ready"), (90.001, "unknown")])
def test_silence_of_more_than_90_s_is_a_lost_link(seconds: float, state: str) -> None:
    assert shown_state(READY, NOW + timedelta(seconds=seconds)).state == state


def test_a_lost_link_is_stamped_with_its_deadline() -> None:
    shown = shown_state(READY, NOW + timedelta(hours=3))
    assert shown.since_at == NOW + timedelta(seconds=90)


def test_a_sound_is_shown_until_its_end_is_long_past() -> None:
    on_air = shown_state(ON_AIR, NOW + timedelta(seconds=50))
    assert (on_air.state, on_air.since_at) == (ShownState.ON_AIR, NOW)
    over = shown_state(ON_AIR, NOW + timedelta(seconds=50.001))
    assert over.state is ShownState.READY
    assert over.since_at == NOW + timedelta(seconds=50)


def test_a_sound_without_a_foretold_end_is_shown_while_the_link_holds() -> None:
    endless = replace(ON_AIR, on_air_until_at=None)
    assert shown_state(endless, NOW + timedelta(seconds=90)).state is ShownState.ON_AIR
    assert shown_state(endless, NOW + timedelta(seconds=91)).state is ShownState.UNKNOWN


def test_what_is_wrong_is_said_with_its_reasons() -> None:
    wrong = replace(READY, health="degraded", reasons=("clock_wrong",))
    shown = shown_state(wrong, NOW)
    assert (shown.state, shown.since_at, shown.reasons) == (
        ShownState.DEGRADED, NOW, ("clock_wrong",),
    )  # fmt: skip
    assert shown_state(wrong, NOW + timedelta(hours=1)).reasons == ("clock_wrong",)
    _, change = flip("ready", None, wrong, NOW)
    assert change is not None
    assert (change.at, change.reasons) == (NOW, ("clock_wrong",))
    assert shown_state(replace(READY, health="starting"), NOW).reasons == ("starting",)
    assert shown_state(replace(READY, health=None), NOW).reasons == ("starting",)


def test_a_station_that_said_goodbye_is_down_however_long_ago() -> None:
    off = replace(READY, health="off", reasons=("stopped",))
    shown = shown_state(off, NOW + timedelta(days=2))
    assert (shown.state, shown.since_at, shown.reasons) == (ShownState.DOWN, NOW, ("stopped",))


def test_a_change_is_told_once() -> None:
    later = NOW + timedelta(minutes=5)
    shown, change = flip("ready", NOW, READY, later)
    assert change is not None
    assert (change.state, change.at) == (ShownState.UNKNOWN, NOW + timedelta(seconds=90))
    assert flip(shown.state, change.at, READY, later)[1] is None


def test_a_change_is_never_dated_before_the_last_one() -> None:
    _, change = flip("unknown", NOW + timedelta(seconds=5), READY, NOW + timedelta(seconds=6))
    assert change is not None
    assert change.at == NOW + timedelta(seconds=5)


HOUR = timedelta(hours=1)
WORKED_AT = replace(READY, maint_from_at=NOW - HOUR, maint_until_at=NOW + HOUR)


def test_declared_maintenance_is_shown_from_its_begin_whatever_the_link_says() -> None:
    for facts in (WORKED_AT, replace(WORKED_AT, health="off"), replace(WORKED_AT, health=None)):
        shown = shown_state(facts, NOW + timedelta(minutes=30))
        assert (shown.state, shown.since_at) == (ShownState.MAINT, NOW - HOUR)
    assert shown_state(WORKED_AT, NOW + HOUR).state is ShownState.UNKNOWN


def test_maintenance_never_hides_a_sound() -> None:
    sounding = replace(WORKED_AT, on_air_slot_id="a" * 26, on_air_until_at=NOW)
    assert shown_state(sounding, NOW).state is ShownState.ON_AIR
    later = NOW + timedelta(minutes=2)
    _, change = flip("on_air", NOW, replace(sounding, last_heartbeat_at=later), later)
    assert change is not None
    assert (change.state, change.at) == (ShownState.MAINT, later)


def test_what_comes_after_maintenance_begins_with_its_end() -> None:
    over = replace(WORKED_AT, maint_until_at=NOW + timedelta(minutes=3))
    _, change = flip("maint", NOW - HOUR, over, NOW + timedelta(minutes=3, seconds=9))
    assert change is not None
    assert (change.state, change.at) == (ShownState.UNKNOWN, NOW + timedelta(minutes=3))
    silent = replace(over, last_heartbeat_at=None)
    assert shown_state(silent, NOW + HOUR).since_at == NOW + timedelta(minutes=3)


def test_maintenance_that_was_called_off_leaves_no_trace() -> None:
    off = replace(READY, maint_from_at=NOW - HOUR, maint_until_at=NOW - HOUR)
    assert shown_state(off, NOW) == shown_state(READY, NOW)
