"""Emergencies: at once, before everything, again until they are over, and never once too often."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_agent.core.emergencies import MOST_ACTIVE
from station_agent.core.order_slot import DRILL_SIGNAL_MS
from station_protocol import messages as wire
from station_protocol.airings import airing_id
from station_protocol.codec import Signed
from station_protocol.vocabulary import Authority, DeedKind, Outcome, Reason
from tests.support.rig import (
    URGENT,
    Rig,
    in_minutes,
    online,
    sha,
    signed_limits,
    signed_order,
    signed_plan,
    slot,
    slot_id,
)

WORDS = b"the words of the warning"
WORDS_SHA = hashlib.sha256(WORDS).hexdigest()
WITH_WORDS = wire.OrderSound(
    sha256=WORDS_SHA,
    size_bytes=len(WORDS),
    duration_ms=20_000,
    data=base64.b64encode(WORDS).decode(),
)


def warning(order_id: str = "flood", **changes: Any) -> ev.OrderReceived:
    """An emergency of the district, ten seconds of attention signal, over in half an hour."""
    claims = changes.pop("claims", {})
    values: dict[str, Any] = {
        "title": "Lũ trên sông Cái",
        "authority": Authority.DISTRICT,
        "sequence": 7,
        "attention_ms": 10_000,
        "until_at": in_minutes(30),
    }
    deed = wire.EmergencyDeed(**(values | changes))
    return signed_order(deed, order_id, **claims)


def drill(**claims: Any) -> ev.OrderReceived:
    deed = wire.DrillDeed(title="Diễn tập xả lũ")
    return signed_order(deed, "drill-1", **({"kind": DeedKind.EXERCISE} | claims))


def airings(rig: Rig, order_id: str) -> list[tuple[Outcome, Reason | None]]:
    """What became of each time this order was due, in order."""
    lines = [one for one in rig.evidence(wire.AsRunEntry) if one.order_id == order_id]
    return [(line.outcome, line.reason) for line in lines]


def accepted(rig: Rig) -> list[tuple[bool, str | None]]:
    return [(reply.accepted, reply.why) for reply in rig.replies()]


AIRED = (Outcome.AIRED, None)


# --- at once ------------------------------------------------------------------------------------


def test_it_is_let_go_before_anything_but_its_intent_is_written() -> None:
    rig = online()
    effects = rig.tell(warning())
    kinds = [type(effect) for effect in effects]
    assert kinds.index(do.WriteIntent) < kinds.index(do.Start) < kinds.index(do.Persist)
    prepare = next(effect for effect in effects if isinstance(effect, do.Prepare))
    assert prepare.urgent
    assert prepare.pieces == (do.Attention(10_000),)
    rig.run(60)
    assert airings(rig, "flood") == [AIRED]
    assert accepted(rig) == [(True, None)]


def test_all_it_needs_comes_first_and_everything_else_can_follow_later() -> None:
    rig = online()
    assert rig.agent is not None
    first = rig.agent.first(warning(sound=WITH_WORDS), rig.now)
    assert [type(effect) for effect in first] == [
        do.WriteIntent,
        do.Amplifier,
        do.Prepare,
        do.Start,
    ]
    rest = rig.agent.rest()
    assert isinstance(rest[0], do.Persist)
    assert {type(effect) for effect in rest} >= {do.KeepSound, do.Send}
    assert [one.state for one in rest[0].slots] == ["started"]
    assert rest[0].memory is not None
    assert [one.order_id for one in rest[0].memory.orders] == ["flood"]
    assert rig.agent.rest() == ()


def test_it_cuts_whatever_sounds_and_what_was_cut_says_so() -> None:
    rig = online(slot(1, in_minutes(1), seconds=120, **URGENT))
    rig.run_until(in_minutes(1.5))
    rig.tell(warning())
    rig.run(60)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.PREEMPTED)
    assert airings(rig, "flood") == [AIRED]


def test_a_slot_of_the_plan_waits_for_it_in_its_window() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) - timedelta(seconds=3))
    rig.tell(warning(attention_ms=30_000))
    rig.run(300)
    assert rig.heard_slots() == [airing_id("flood", 1), slot_id(1)]
    assert rig.outcome(1) == (Outcome.LATE, Reason.LATE_RECOVERY)


@pytest.mark.parametrize("clock", [timedelta(days=-20_000), timedelta(days=1)])
def test_it_sounds_although_nobody_knows_what_time_it_is(clock: timedelta) -> None:
    rig = Rig()
    rig.clock_error = clock
    rig.boot()
    rig.link_is_up = True
    rig.centre_is_up = False
    rig.tell(ev.LinkUp())
    rig.tell(warning())
    rig.run(60)
    assert airings(rig, "flood") == [AIRED]


def test_it_sounds_at_night() -> None:
    rig = online()
    rig.tell(signed_limits(hours=(wire.HoursSpan(opens_min=0, closes_min=1),)))
    rig.tell(warning())
    rig.run(60)
    assert airings(rig, "flood") == [AIRED]


@pytest.mark.parametrize("problem", list(ev.StorageProblem))
def test_it_sounds_although_nothing_can_be_written(problem: ev.StorageProblem) -> None:
    rig = online()
    rig.store.fails_with = problem
    rig.tell(warning())
    rig.run(60)
    assert [play.played_ms for play in rig.heard] == [10_000]
    rig.store.fails_with = None
    rig.run(60)
    assert airings(rig, "flood") == [AIRED]
    faults = [fault.code for fault in rig.evidence(wire.FaultEntry)]
    assert "intent_not_durable" in faults


def test_it_is_tried_again_until_there_is_a_sound_device() -> None:
    rig = online()
    rig.fails_prepare = Reason.AUDIO_DEVICE_MISSING
    rig.tell(warning())
    rig.run(25)
    rig.fails_prepare = None
    rig.run(30)
    assert airings(rig, "flood") == [(Outcome.LATE, Reason.AUDIO_DEVICE_MISSING)]
    assert len(rig.heard) == 1


@pytest.mark.parametrize("clock", [timedelta(0), timedelta(days=1)])
def test_it_is_tried_again_after_a_player_that_hung(clock: timedelta) -> None:
    rig = online()
    rig.clock_error = clock
    rig.is_deaf_player = True
    rig.tell(warning())
    rig.run(20)
    rig.is_deaf_player = False
    rig.run(40)
    assert airings(rig, "flood") == [(Outcome.LATE, Reason.PLAYER_FAILED)]


def test_one_that_was_stopped_while_the_player_hung_is_not_tried_again() -> None:
    rig = online()
    rig.is_deaf_player = True
    rig.tell(warning())
    rig.run(5)
    rig.tell(signed_order(wire.StopDeed(order_id="flood")))
    rig.run(20)
    rig.is_deaf_player = False
    rig.run(40)
    assert airings(rig, "flood") == [(Outcome.CANCELLED, Reason.STOPPED_BY_OPERATOR)]


def test_it_is_as_loud_as_the_station_may_be_and_then_as_loud_as_before() -> None:
    rig = online()
    rig.tell(signed_order(wire.VolumeDeed(percent=30)))
    effects = rig.tell(warning())
    kinds = [effect for effect in effects if isinstance(effect, do.SetVolume | do.Start)]
    assert kinds[0] == do.SetVolume(100)
    rig.run(60)
    volumes = [effect.percent for effect in rig.asked if isinstance(effect, do.SetVolume)]
    assert volumes[-2:] == [100, 30]


# --- the words ----------------------------------------------------------------------------------


def test_words_inside_the_order_follow_the_signal_and_are_kept_for_the_next_time() -> None:
    rig = online()
    effects = rig.tell(warning(sound=WITH_WORDS, repeat_every_s=300))
    prepare = next(effect for effect in effects if isinstance(effect, do.Prepare))
    assert prepare.pieces == (
        do.Attention(10_000),
        do.InlineSound(WORDS_SHA, 20_000, WORDS),
    )
    assert do.ProtectAssets((WORDS_SHA,)) in effects
    rig.run(60)
    rig.reboot()
    rig.connect()
    rig.run(300)
    assert airings(rig, "flood") == [AIRED, AIRED]
    assert [play.played_ms for play in rig.heard] == [30_000, 30_000]


def test_words_that_are_not_what_was_signed_are_refused() -> None:
    rig = online()
    forged = WITH_WORDS.model_copy(update={"data": base64.b64encode(b"other words").decode()})
    rig.tell(warning(sound=forged))
    rig.run(60)
    assert rig.heard == []
    assert accepted(rig) == [(False, "malformed")]


def test_the_signal_sounds_although_the_words_are_not_here_and_they_are_fetched() -> None:
    rig = online()
    rig.fetch_ms = 30_000
    sound = wire.OrderSound(sha256=sha(9), size_bytes=9, duration_ms=20_000)
    rig.tell(warning(sound=sound, repeat_every_s=120))
    rig.run(200)
    assert airings(rig, "flood") == [(Outcome.CUT_SHORT, Reason.OFFLINE_NO_FILE), AIRED]


def test_alerts_prepared_beforehand_are_fetched_after_what_is_planned_and_kept_in_memory() -> None:
    rig = Rig().boot().connect()
    alert = wire.OrderSound(sha256=sha(77), size_bytes=7_000, duration_ms=20_000)
    plan = signed_plan(slot(1, in_minutes(60)))
    message = plan.signed.message.model_copy(update={"alerts": (alert,)})
    rig.tell(ev.PlanReceived(Signed(plan.signed.claims, message), plan.raw))
    rig.run(5)
    fetched = [one.sha256 for one in rig.asked if isinstance(one, do.Fetch)]
    assert fetched == [sha(1), sha(77)]
    assert [one for one in rig.asked if isinstance(one, do.KeepResident)] == [
        do.KeepResident((sha(77),))
    ]
    rig.tell(warning(sound=alert))
    prepare = [one for one in rig.asked if isinstance(one, do.Prepare)][-1]
    assert prepare.pieces == (do.Attention(10_000), do.SoundFile(sha(77), 20_000))


# --- again, until it is over ----------------------------------------------------------------------


def test_it_sounds_again_every_so_often_until_it_is_over() -> None:
    rig = online()
    rig.tell(warning(repeat_every_s=600, until_at=in_minutes(25)))
    rig.run(3600)
    assert len(rig.heard) == 3
    gaps = [later.mono_ms - sooner.mono_ms for sooner, later in pairwise(rig.heard)]
    assert all(abs(gap - 600_000) < 100 for gap in gaps)
    assert airings(rig, "flood") == [AIRED] * 3


def test_nothing_starts_after_its_end_even_if_the_air_was_taken_until_then() -> None:
    rig = online()
    rig.tell(warning("high", authority=Authority.PROVINCE, attention_ms=60_000, sequence=8))
    rig.run(1)
    rig.tell(warning("low", until_at=in_minutes(0.5)))
    rig.run(300)
    assert airings(rig, "high") == [AIRED]
    assert airings(rig, "low") == [(Outcome.SUPERSEDED, Reason.WINDOW_PASSED)]


def test_one_that_is_over_is_refused() -> None:
    rig = online()
    rig.tell(warning(until_at=in_minutes(-1)))
    rig.run(60)
    assert rig.heard == []
    assert accepted(rig) == [(False, "expired")]


def test_it_goes_on_after_a_power_cut_as_long_as_it_is_valid() -> None:
    rig = online()
    rig.tell(warning())
    rig.run(4)
    rig.reboot(power_cut=True)
    rig.connect()
    rig.run(120)
    assert airings(rig, "flood") == [(Outcome.CUT_SHORT, Reason.POWER_OFF), AIRED]


def test_nothing_of_it_sounds_after_a_power_cut_while_nobody_knows_that_it_is_not_over() -> None:
    rig = online()
    rig.tell(warning(repeat_every_s=60))
    rig.run(4)
    rig.disconnect()
    rig.reboot(after_s=3600, power_cut=True)
    rig.clock_error = timedelta(hours=-1)
    rig.run(600)
    assert len(rig.heard) == 1


def test_one_that_sounded_whole_does_not_sound_again_after_a_restart() -> None:
    rig = online()
    rig.tell(warning())
    rig.run(60)
    rig.reboot()
    rig.connect()
    rig.run(1200)
    assert len(rig.heard) == 1


# --- once for each order ------------------------------------------------------------------------


def test_the_same_order_a_thousand_times_sounds_once() -> None:
    rig = online()
    order = warning()
    for _ in range(1000):
        rig.tell(order)
    rig.run(120)
    assert len(rig.heard) == 1


def test_an_order_recorded_and_sent_again_after_a_crash_is_not_obeyed_twice() -> None:
    """The power goes when only the intent lies on the card: the journal knows nothing yet."""
    rig = online()
    order = warning()
    before = rig.store.memory
    rig.tell(order)
    rig.run(60)
    rig.store.entries, rig.store.slots, rig.store.memory = rig.store.entries[:1], {}, before
    rig.reboot()
    rig.connect()
    rig.run(120)
    sounded = len(rig.heard)
    rig.tell(order)
    rig.run(600)
    assert len(rig.heard) == sounded == 2
    assert rig.agent is not None
    assert rig.agent.station.refused == {}


def test_an_airing_of_which_only_the_intent_was_kept_is_counted_when_it_goes_on() -> None:
    """The power goes as a later airing begins: the journal still knows only the one before."""
    rig = online()
    rig.tell(warning(repeat_every_s=300))
    rig.run(290)
    kept = list(rig.store.entries), dict(rig.store.slots), rig.store.memory
    rig.run(12)
    rig.store.entries, rig.store.slots, rig.store.memory = kept
    rig.reboot()
    rig.connect()
    rig.run(60)
    assert airings(rig, "flood") == [AIRED, (Outcome.CUT_SHORT, Reason.AGENT_DOWN), AIRED]
    lines = rig.evidence(wire.AsRunEntry)
    assert [line.slot_id for line in lines] == [airing_id("flood", no) for no in (1, 2, 3)]


# --- between emergencies --------------------------------------------------------------------------


def test_of_more_than_it_can_remember_it_waits_for_none_that_it_forgot() -> None:
    rig = online()
    for number in range(3 * MOST_ACTIVE):
        rig.tell(warning(f"flood-{number}", sequence=number, repeat_every_s=600))
        rig.run(1)
    assert rig.agent is not None
    assert len(rig.agent.station.memory.emergencies) == MOST_ACTIVE
    assert len(rig.agent.emergencies.mono_deadlines()) == 2 * MOST_ACTIVE


def test_the_newer_of_equal_authorities_takes_over() -> None:
    rig = online()
    rig.tell(warning("old", attention_ms=30_000))
    rig.run(3)
    rig.tell(warning("new", sequence=8))
    rig.run(120)
    assert airings(rig, "old") == [(Outcome.CUT_SHORT, Reason.PREEMPTED)]
    assert airings(rig, "new") == [AIRED]


def test_an_older_one_that_arrives_later_waits() -> None:
    rig = online()
    rig.tell(warning("new", sequence=8, attention_ms=30_000))
    rig.run(3)
    rig.tell(warning("old"))
    rig.run(120)
    assert [play.slot_id for play in rig.heard] == [airing_id("new", 1), airing_id("old", 1)]
    assert airings(rig, "new") == [AIRED]


def test_a_lower_authority_never_cuts_a_higher() -> None:
    rig = online()
    rig.tell(warning("province", authority=Authority.PROVINCE, attention_ms=30_000))
    rig.run(3)
    rig.tell(warning("district", sequence=99))
    rig.run(120)
    assert airings(rig, "province") == [AIRED]
    assert airings(rig, "district") == [(Outcome.LATE, Reason.LATE_RECOVERY)]


def test_a_correction_takes_the_place_of_what_it_corrects_whatever_the_authority() -> None:
    rig = online()
    rig.tell(warning("wrong", authority=Authority.PROVINCE, attention_ms=30_000, repeat_every_s=60))
    rig.run(3)
    rig.tell(warning("right", sequence=8, replaces=("wrong",)))
    rig.run(1200)
    assert airings(rig, "wrong") == [(Outcome.CUT_SHORT, Reason.PREEMPTED)]
    assert airings(rig, "right") == [AIRED]


def test_what_was_corrected_does_not_sound_when_it_arrives_behind_its_correction() -> None:
    rig = online()
    rig.tell(warning("right", sequence=8, replaces=("wrong",)))
    rig.run(60)
    rig.tell(warning("wrong"))
    rig.run(60)
    assert airings(rig, "wrong") == []
    assert accepted(rig) == [(True, None), (False, "stale")]


# --- stop ---------------------------------------------------------------------------------------


def test_a_stop_ends_it_for_good() -> None:
    rig = online()
    rig.tell(warning(repeat_every_s=60))
    rig.run(3)
    rig.tell(signed_order(wire.StopDeed()))
    rig.run(600)
    assert airings(rig, "flood") == [(Outcome.CUT_SHORT, Reason.STOPPED_BY_OPERATOR)]


def test_a_stop_by_its_name_holds_also_between_two_airings_and_before_it_comes() -> None:
    rig = online()
    rig.tell(warning(repeat_every_s=120))
    rig.run(60)
    rig.tell(signed_order(wire.StopDeed(order_id="flood")))
    rig.tell(signed_order(wire.StopDeed(order_id="later")))
    rig.tell(warning("later"))
    rig.run(600)
    assert len(rig.heard) == 1
    assert accepted(rig)[-1] == (False, "stale")


def test_the_button_at_the_station_silences_it_once_but_does_not_call_it_off() -> None:
    rig = online()
    rig.tell(warning(repeat_every_s=120))
    rig.run(3)
    rig.tell(ev.StopPressed())
    rig.run(150)
    assert airings(rig, "flood") == [(Outcome.CUT_SHORT, Reason.STOPPED_AT_STATION), AIRED]


# --- drills -------------------------------------------------------------------------------------


def test_a_drill_has_a_signal_of_its_own_and_is_told_apart_in_the_evidence() -> None:
    rig = online()
    effects = rig.tell(drill())
    prepare = next(effect for effect in effects if isinstance(effect, do.Prepare))
    assert prepare.pieces == (do.Attention(DRILL_SIGNAL_MS, is_drill=True),)
    rig.run(60)
    (line,) = [one for one in rig.evidence(wire.AsRunEntry) if one.order_id == "drill-1"]
    assert (line.outcome, line.exercise) == (Outcome.AIRED, True)


def test_a_drill_cannot_be_made_an_emergency_by_its_key_nor_an_emergency_a_drill() -> None:
    rig = online()
    rig.tell(warning(claims={"kind": DeedKind.EXERCISE}))
    rig.tell(drill(kind=DeedKind.ACTUAL))
    rig.run(60)
    assert rig.heard == []
    assert accepted(rig) == [(False, "unsupported")] * 2


def test_a_drill_waits_for_nobody_and_nobody_for_a_drill() -> None:
    rig = online(slot(1, in_minutes(1), seconds=60))
    rig.run_until(in_minutes(1.2))
    rig.tell(drill())
    assert accepted(rig) == [(False, "on_air")]
    rig.run(120)
    rig.tell(signed_order(wire.DrillDeed(title="Diễn tập"), "drill-2", kind=DeedKind.EXERCISE))
    rig.run(1)
    rig.tell(warning())
    rig.run(60)
    assert airings(rig, "drill-2") == [(Outcome.CUT_SHORT, Reason.PREEMPTED)]
    assert airings(rig, "flood") == [AIRED]


def test_a_drill_at_night_is_refused() -> None:
    rig = online()
    rig.tell(signed_limits(hours=(wire.HoursSpan(opens_min=0, closes_min=1),)))
    rig.tell(drill())
    assert accepted(rig) == [(False, "quiet_hours")]


def test_an_emergency_is_remembered_although_a_plan_does_not_fit_on_the_card() -> None:
    rig = online()
    rig.store.takes_no_plan = True
    rig.tell(signed_plan(version=2))
    order = warning()
    rig.tell(order)
    rig.run(60)
    assert [reply.accepted for reply in rig.replies()] == [True]
    assert len(rig.heard) == 1
    rig.store.intents.clear()
    rig.reboot(power_cut=True)
    rig.tell(order)
    rig.run(60)
    assert len(rig.heard) == 1
    assert rig.store.memory.plan_version == 1
