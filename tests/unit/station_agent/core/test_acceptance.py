"""Which plans and limits are believed, and how a refusal is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_protocol import messages as wire
from station_protocol.vocabulary import DeedKind, Outcome, Reason
from tests.support.rig import (
    EPOCH,
    Rig,
    in_minutes,
    online,
    signed_limits,
    signed_plan,
    slot,
    slot_id,
)

QUIET = in_minutes(60 * 21.75)  # 03:15 of the next day at the station


def held(rig: Rig) -> tuple[int, int] | None:
    assert rig.agent is not None
    return rig.agent.station.plan_held


def refusals(rig: Rig) -> list[tuple[str, str]]:
    return [(line.what, line.why) for line in rig.evidence(wire.RefusalEntry)]


def test_a_due_slot_that_a_newer_plan_no_longer_names_still_has_an_outcome() -> None:
    """An older database was put back while the station did not know the time."""
    rig = Rig().boot()
    rig.tell(signed_plan(slot(1, in_minutes(-30)), slot(2, in_minutes(60))))
    rig.tell(signed_plan(slot(3, in_minutes(60)), version=2))
    assert rig.outcomes() == {slot_id(1): (Outcome.MISSED, Reason.CLOCK_UNTRUSTED)}


def test_a_plan_whose_floor_was_cut_off_by_the_power_is_a_floor_itself() -> None:
    rig = online(slot(1, in_minutes(60)))
    floors = rig.store.memory
    rig.tell(signed_limits(version=2))
    rig.tell(signed_plan(slot(2, in_minutes(60)), version=2))
    rig.store.memory = floors
    rig.reboot(power_cut=True)
    rig.tell(signed_plan(slot(1, in_minutes(60)), version=1))
    rig.tell(signed_limits(version=1))
    assert held(rig) == (EPOCH, 2)
    assert refusals(rig) == [("plan", "stale"), ("limits", "stale")]


def test_a_newer_plan_replaces_the_held_one_and_is_shown() -> None:
    rig = online(slot(1, in_minutes(60)))
    rig.tell(signed_plan(slot(2, in_minutes(60)), version=2))
    rig.run(2)
    assert held(rig) == (EPOCH, 2)
    assert rig.last_beat().plan_version == 2
    assert rig.store.plan == signed_plan(version=2).raw


def test_the_same_plan_again_changes_nothing_and_is_no_refusal() -> None:
    rig = online(slot(1, in_minutes(60)))
    effects = rig.tell(signed_plan(slot(1, in_minutes(60))))
    assert not any(isinstance(effect, do.Persist) for effect in effects)
    assert refusals(rig) == []


def test_an_older_plan_is_refused_counted_and_told() -> None:
    rig = online(slot(1, in_minutes(60)))
    rig.tell(signed_plan(version=3))
    rig.tell(signed_plan(slot(1, in_minutes(60)), version=2))
    rig.run(2)
    assert held(rig) == (EPOCH, 3)
    assert refusals(rig) == [("plan", "stale")]
    assert rig.last_beat().refused == {"stale": 1}


def test_a_higher_epoch_wins_whatever_its_version_and_a_lower_one_never() -> None:
    rig = online(slot(1, in_minutes(60)))
    rig.tell(signed_plan(version=9))
    rig.tell(signed_plan(version=1, epoch=EPOCH + 5))
    assert held(rig) == (EPOCH + 5, 1)
    rig.tell(signed_plan(version=99, epoch=EPOCH))
    assert held(rig) == (EPOCH + 5, 1)
    assert refusals(rig) == [("plan", "stale")]


@pytest.mark.parametrize(
    ("window", "why"),
    [
        ({"not_after": in_minutes(-1)}, "expired"),
        ({"not_before": in_minutes(5)}, "not_yet_valid"),
    ],
)
def test_a_plan_outside_its_window_is_refused(window: dict[str, object], why: str) -> None:
    rig = online()
    rig.tell(signed_plan(version=2, **window))
    assert held(rig) == (EPOCH, 1)
    assert refusals(rig) == [("plan", why)]


def test_a_plan_signed_a_blink_ahead_of_our_clock_is_taken() -> None:
    rig = online()
    rig.tell(signed_plan(version=2, not_before=rig.true + timedelta(seconds=2)))
    assert held(rig) == (EPOCH, 2)


def test_a_plan_is_taken_while_the_time_is_unknown() -> None:
    rig = Rig()
    rig.clock_error = timedelta(days=-9000)
    rig.boot()
    rig.tell(signed_plan(slot(1, in_minutes(60))))
    assert held(rig) == (EPOCH, 1)


def test_an_exercise_key_cannot_sign_a_live_plan_or_limits() -> None:
    rig = online()
    rig.tell(signed_plan(version=2, kind=DeedKind.EXERCISE))
    rig.tell(signed_limits(2, claims={"kind": DeedKind.EXERCISE}))
    assert held(rig) == (EPOCH, 1)
    assert refusals(rig) == [("plan", "unsupported"), ("limits", "unsupported")]


@pytest.mark.parametrize(
    "slots",
    [
        (slot(1, datetime.max.replace(tzinfo=UTC)),),
        (slot(1, datetime.min.replace(tzinfo=UTC)),),
        (slot(1, in_minutes(5)), slot(1, in_minutes(9))),
    ],
)
def test_a_plan_nobody_could_keep_is_refused_whoever_signed_it(
    slots: tuple[wire.PlannedSlot, ...],
) -> None:
    rig = online()
    rig.tell(signed_plan(*slots, version=2))
    assert held(rig) == (EPOCH, 1)
    assert refusals(rig) == [("plan", "malformed")]


def test_what_the_link_refused_is_counted_by_reason_and_told_once_a_minute() -> None:
    rig = online()
    for _ in range(50):
        rig.tell(ev.MessageRefused("plan", "signature_bad", "foreign key"))
    rig.run(2)
    assert refusals(rig) == [("plan", "signature_bad")]
    assert rig.last_beat().refused == {"signature_bad": 50}
    rig.run(61)
    rig.tell(ev.MessageRefused("plan", "signature_bad", "foreign key"))
    assert len(refusals(rig)) == 2


def test_a_slot_that_left_the_plan_before_it_started_gets_no_outcome_here() -> None:
    rig = online(slot(1, in_minutes(10)))
    rig.tell(signed_plan(version=2))
    rig.run(1200)
    assert rig.outcomes() == {}
    assert rig.heard == []


def test_a_slot_that_left_the_plan_while_it_sounds_is_stopped() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    rig.tell(signed_plan(version=2))
    rig.run(5)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.STOPPED_BY_OPERATOR)


def test_a_slot_cancelled_in_the_plan_ends_as_cancelled() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.tell(signed_plan(slot(1, in_minutes(2), cancelled=True, revision=2), version=2))
    assert rig.outcome(1) == (Outcome.CANCELLED, Reason.STOPPED_BY_OPERATOR)
    rig.run(300)
    assert rig.heard == []


def test_a_slot_cancelled_in_the_plan_while_it_sounds_is_cut() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    rig.tell(signed_plan(slot(1, in_minutes(2), cancelled=True, revision=2), version=2))
    rig.run(5)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.STOPPED_BY_OPERATOR)


def test_a_slot_that_was_moved_sounds_at_its_new_instant_only() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) - timedelta(seconds=3))
    rig.tell(signed_plan(slot(1, in_minutes(10), revision=2), version=2))
    rig.run(1200)
    assert [play.started_at for play in rig.heard] == [in_minutes(10)]
    assert rig.evidence(wire.AsRunEntry)[0].revision == 2


def test_a_slot_that_has_sounded_is_never_started_again_under_another_revision() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(5))
    rig.tell(signed_plan(slot(1, in_minutes(10), revision=2), version=2))
    rig.run(1200)
    assert len(rig.heard) == 1
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_an_edited_slot_that_sounds_goes_on() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    rig.tell(signed_plan(slot(1, in_minutes(30), revision=2), version=2))
    rig.run(3600)
    assert rig.outcome(1) == (Outcome.AIRED, None)
    assert len(rig.heard) == 1


# --- quiet hours ----------------------------------------------------------------------------------


def test_a_slot_in_quiet_hours_is_missed_at_once_not_at_its_hour() -> None:
    rig = online(slot(1, QUIET))
    rig.run(2)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.QUIET_HOURS)


def test_a_slot_longer_than_the_cap_is_missed_at_once() -> None:
    rig = online(slot(1, in_minutes(60), seconds=2701))
    rig.run(2)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.TOO_LONG)


def test_an_exception_that_arrives_just_behind_the_plan_is_in_time() -> None:
    rig = online()
    rig.tell(signed_plan(slot(1, QUIET), version=2))
    rig.run(1)
    exception = wire.HoursException(from_at=QUIET, until_at=QUIET + timedelta(hours=1), why="Tết")
    rig.tell(signed_limits(1, exceptions=(exception,)))
    rig.run_until(QUIET + timedelta(minutes=5))
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_the_verdict_waits_for_limits_the_centre_says_are_newer() -> None:
    rig = Rig()
    rig.centre_limits_version = 4
    rig.boot().connect()
    rig.tell(signed_plan(slot(1, QUIET)))
    rig.run(8)
    assert rig.outcomes() == {}
    exception = wire.HoursException(from_at=QUIET, until_at=QUIET + timedelta(hours=1), why="Tết")
    rig.tell(signed_limits(4, exceptions=(exception,)))
    rig.run(60)
    assert rig.outcomes() == {}


def test_without_the_newer_limits_the_held_ones_decide() -> None:
    rig = Rig()
    rig.centre_limits_version = 4
    rig.boot().connect()
    rig.tell(signed_plan(slot(1, QUIET)))
    rig.run(20)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.QUIET_HOURS)


def test_a_restart_does_not_hasten_the_verdict() -> None:
    rig = online()
    rig.tell(signed_plan(slot(1, QUIET), version=2))
    rig.reboot(after_s=1)
    rig.run(1)
    exception = wire.HoursException(from_at=QUIET, until_at=QUIET + timedelta(hours=1), why="Tết")
    rig.tell(signed_limits(1, exceptions=(exception,)))
    rig.run(60)
    assert rig.outcomes() == {}


def test_narrower_limits_end_slots_they_forbid() -> None:
    rig = online(slot(1, in_minutes(60)))
    hours = (wire.HoursSpan(opens_min=17 * 60, closes_min=18 * 60),)
    rig.tell(signed_limits(1, hours=hours))
    rig.run(5)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.QUIET_HOURS)


def test_a_late_start_may_not_reach_into_quiet_hours() -> None:
    before_nine = in_minutes(60 * 15.5 - 2)  # 20:58 at the station
    rig = online(slot(1, before_nine, seconds=60))
    rig.fails_prepare = Reason.AUDIO_DEVICE_MISSING
    rig.run_until(before_nine + timedelta(seconds=75))
    rig.fails_prepare = None
    rig.run(600)
    assert rig.heard == []
    assert rig.outcome(1) == (Outcome.MISSED, Reason.QUIET_HOURS)


def test_limits_survive_a_restart_and_older_ones_are_refused() -> None:
    rig = online()
    rig.tell(signed_limits(3, max_length_ms=60_000))
    rig.reboot()
    rig.tell(signed_limits(2, max_length_ms=600_000))
    rig.tell(signed_limits(3, max_length_ms=600_000))
    assert rig.agent is not None
    assert rig.agent.station.rules.max_length_ms == 60_000
    assert refusals(rig) == [("limits", "stale")]


def test_limits_are_reported_by_version() -> None:
    rig = online()
    rig.tell(signed_limits(7))
    rig.run(2)
    assert rig.last_beat().limits_version == 7


def test_lines_about_slots_no_plan_can_name_any_more_are_forgotten() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run(300)
    for version, days, is_kept in ((2, 39, True), (3, 41, False)):
        told = signed_plan(version=version)
        made_at = in_minutes(2) + timedelta(days=days)
        plan = told.signed.message.model_copy(update={"made_at": made_at})
        rig.tell(ev.PlanReceived(replace(told.signed, message=plan), told.raw))
        assert rig.agent is not None
        assert (slot_id(1) in rig.agent.station.ledger) is is_kept
