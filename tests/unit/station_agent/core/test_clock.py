"""The clock: what is believed, what is said when it is not, and that nothing is replayed."""

from __future__ import annotations

import itertools
from datetime import timedelta

from station_agent.core import events as ev
from station_protocol import messages as wire
from station_protocol.vocabulary import ClockLevel, Outcome, Reason
from tests.support import wire as build
from tests.support.rig import Rig, in_minutes, online, signed_order, signed_plan, slot


def level(rig: Rig) -> ClockLevel:
    assert rig.agent is not None
    return rig.agent.station.clock.level


def test_an_answer_of_the_centre_vouches_for_the_clock() -> None:
    rig = Rig().boot()
    assert level(rig) is ClockLevel.NONE
    rig.connect()
    assert level(rig) is ClockLevel.CONTROLLER
    rig.run(40)
    shown = rig.last_beat().clock
    assert shown.offset_ms is not None
    assert abs(shown.offset_ms) < 100
    assert shown.error_ms is not None


def test_a_clock_two_hours_wrong_is_reported_and_nothing_is_played_by_it() -> None:
    rig = Rig()
    rig.clock_error = timedelta(hours=2)
    rig.boot().connect()
    rig.tell(signed_plan(slot(1, in_minutes(2)), slot(2, in_minutes(122))))
    rig.run(20 * 60)
    assert rig.heard == []
    assert "clock_wrong" in rig.last_beat().reasons
    assert rig.last_beat().clock.level is ClockLevel.NONE
    offset_ms = rig.last_beat().clock.offset_ms
    assert offset_ms is not None
    assert abs(offset_ms + 7_200_000) < 100
    assert rig.outcome(1) == (Outcome.MISSED, Reason.CLOCK_UNTRUSTED)
    assert rig.outcome(2) is None


def test_a_clock_two_hours_slow_misses_nothing_early_and_plays_nothing_by_itself() -> None:
    rig = Rig()
    rig.clock_error = timedelta(hours=-2)
    rig.boot().connect()
    rig.tell(signed_plan(slot(1, in_minutes(-118)), slot(2, in_minutes(2))))
    rig.run(20 * 60)
    assert rig.heard == []
    assert rig.outcome(2) == (Outcome.MISSED, Reason.CLOCK_UNTRUSTED)


def test_a_clock_put_right_within_the_window_lets_the_slot_sound_late() -> None:
    rig = Rig()
    rig.clock_error = timedelta(hours=2)
    rig.boot().connect()
    rig.tell(signed_plan(slot(1, in_minutes(2))))
    rig.run_until(in_minutes(3))
    rig.clock_error = timedelta(0)
    rig.run(90)
    assert rig.outcome(1) == (Outcome.LATE, Reason.CLOCK_UNTRUSTED)


def test_a_clock_put_right_is_asked_about_at_once() -> None:
    rig = Rig()
    rig.clock_error = timedelta(hours=2)
    rig.boot().connect()
    rig.run(35)
    rig.clock_error = timedelta(0)
    rig.run(6)
    assert level(rig) is ClockLevel.CONTROLLER


def test_a_restart_with_a_wrong_clock_waits_for_the_centre_before_it_judges_anything() -> None:
    rig = online(slot(1, in_minutes(30)), slot(2, in_minutes(100)))
    rig.run(700)
    rig.crash()
    rig.clock_error = timedelta(hours=2)
    rig.boot()
    rig.run(60)
    assert rig.outcomes() == {}
    assert rig.heard == []


def test_half_the_way_there_and_back_is_taken_off() -> None:
    rig = Rig()
    rig.answers_after_ms = 1_600
    rig.boot().connect()
    rig.run(5)
    shown = rig.last_beat().clock
    assert shown.level is ClockLevel.CONTROLLER
    assert shown.offset_ms == 0.0
    assert shown.error_ms is not None
    assert 801 <= shown.error_ms < 802, "a round trip in whole milliseconds may be one longer"


def test_a_slow_answer_vouches_for_nothing() -> None:
    rig = Rig()
    rig.answers_after_ms = 2_500
    rig.boot().connect()
    rig.run(60)
    assert level(rig) is ClockLevel.NONE


def test_an_answer_nobody_asked_for_vouches_for_nothing() -> None:
    rig = Rig()
    rig.centre_is_up = False
    rig.boot().connect()
    answer = rig.ack("beat", rig.mono_ms - 17)
    assert answer is not None
    rig.tell(answer)
    assert level(rig) is ClockLevel.NONE


def test_the_same_answer_is_taken_once() -> None:
    rig = Rig()
    rig.centre_is_up = False
    rig.boot().connect()
    hello = next(m for m in rig.sent if isinstance(m, wire.Hello))
    answer = rig.ack("hello", hello.sent_mono_ms)
    assert answer is not None
    rig.tell(answer)
    assert level(rig) is ClockLevel.CONTROLLER
    rig.clock_error = timedelta(seconds=30)
    rig.tell(ev.Woke())
    rig.tell(answer)
    assert level(rig) is ClockLevel.NONE


def test_trust_is_kept_by_the_clock_that_cannot_be_set_when_the_link_is_gone() -> None:
    rig = online(slot(1, in_minutes(3000)))
    rig.disconnect()
    rig.run(3010 * 60)
    assert rig.outcome(1) == (Outcome.AIRED, None)
    assert level(rig) is ClockLevel.CONTROLLER


def test_a_step_of_the_clock_ends_the_trust_until_the_centre_answers() -> None:
    rig = online()
    rig.disconnect()
    rig.clock_error = timedelta(seconds=3)
    rig.run(10)
    assert level(rig) is ClockLevel.NONE
    rig.clock_error = timedelta(seconds=0)
    rig.run(10)
    assert level(rig) is ClockLevel.NONE
    rig.connect()
    assert level(rig) is ClockLevel.CONTROLLER


def test_a_small_step_changes_nothing() -> None:
    rig = online()
    rig.clock_error = timedelta(seconds=1.5)
    rig.run(10)
    assert level(rig) is ClockLevel.CONTROLLER


def test_a_step_over_a_slot_offline_plays_nothing_and_says_why_by_the_other_clock() -> None:
    rig = online(slot(1, in_minutes(5)), slot(2, in_minutes(90)))
    rig.disconnect()
    rig.clock_error = timedelta(hours=1)
    rig.run(20 * 60)
    assert rig.heard == []
    assert rig.outcomes()
    assert rig.outcome(1) == (Outcome.MISSED, Reason.CLOCK_UNTRUSTED)
    assert rig.outcome(2) is None


def test_a_step_backwards_in_mid_play_neither_stops_nor_replays() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    rig.clock_error = timedelta(hours=-1)
    rig.run(2 * 3600)
    assert len(rig.heard) == 1
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_a_step_forward_over_many_slots_is_no_burst_when_the_centre_agrees() -> None:
    slots = [slot(n, in_minutes(60 + n), lateness_s=3600, seconds=5) for n in range(1, 6)]
    rig = Rig()
    rig.clock_error = timedelta(hours=-1)
    rig.boot()
    rig.link_is_up = False
    rig.tell(signed_plan(*slots))
    rig.store.files |= {item.sha256: 1 for one in slots for item in one.items}
    for one in slots:
        rig.tell(ev.AssetHeld(one.items[0].sha256, 1))
    rig.true = in_minutes(70)
    rig.clock_error = timedelta(0)
    rig.connect()
    rig.run(1200)
    starts = [play.mono_ms for play in rig.heard]
    assert len(starts) == 5
    assert min(b - a for a, b in itertools.pairwise(starts)) >= 60_000
    assert {outcome for outcome, _ in rig.outcomes().values()} == {Outcome.LATE}


def test_a_play_let_go_just_before_a_step_back_does_not_wait_an_hour() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.disconnect()
    rig.run_until(in_minutes(2) - timedelta(seconds=1))
    rig._queue.clear()
    rig.clock_error = timedelta(hours=-1)
    rig.run(60)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.CLOCK_UNTRUSTED)


def test_a_clock_below_the_latest_time_ever_seen_is_not_trusted() -> None:
    rig = online(slot(1, in_minutes(30)))
    rig.run(700)
    rig.disconnect()
    rig.crash()
    rig.clock_error = timedelta(days=-400)
    rig.boot()
    rig.tell(ev.ProbesRead(kernel_synchronised=True))
    rig.run(3600)
    assert level(rig) is ClockLevel.NONE
    assert rig.heard == []
    assert rig.outcomes() == {}


def test_what_ran_on_without_the_time_is_kept_for_the_next_boot_too() -> None:
    rig = online()
    rig.disconnect()
    for _ in range(3):
        rig.reboot(power_cut=True)
        rig.clock_error = timedelta(days=-400)
        rig.run(3600)
    mark = rig.store.mark
    assert mark is not None
    assert mark.latest_at is not None
    assert timedelta(0) <= rig.true - mark.latest_at <= timedelta(minutes=20)


def test_a_clock_that_was_right_two_weeks_ago_is_not_trusted_any_more() -> None:
    rig = online()
    rig.disconnect()
    rig.crash()
    rig.true += timedelta(days=15)
    rig.boot()
    rig.run(60)
    assert level(rig) is ClockLevel.NONE


def test_a_station_that_was_vouched_for_last_week_trusts_itself_after_a_restart() -> None:
    rig = online()
    rig.disconnect()
    rig.crash()
    rig.true += timedelta(days=7)
    rig.boot()
    rig.run(5)
    assert level(rig) is ClockLevel.NONE
    rig.run(10)
    assert level(rig) is ClockLevel.LAST_KNOWN


def test_a_power_cut_without_link_leaves_the_slots_waiting_for_the_true_time() -> None:
    rig = online(slot(1, in_minutes(60)), slot(2, in_minutes(90)))
    rig.disconnect()
    rig.reboot(after_s=1800, power_cut=True)
    rig.clock_error = timedelta(minutes=-25)
    rig.run(70 * 60)
    assert level(rig) is ClockLevel.NONE
    assert rig.heard == []
    rig.clock_error = timedelta(0)
    rig.connect()
    rig.run(60)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.CLOCK_UNTRUSTED)


def test_a_second_start_after_a_power_cut_gives_no_trust_back() -> None:
    rig = online()
    rig.disconnect()
    rig.reboot(power_cut=True)
    rig.run(60)
    rig.reboot()
    rig.run(60)
    assert level(rig) is ClockLevel.NONE


def test_after_a_power_cut_a_kernel_kept_by_the_network_is_enough() -> None:
    rig = online(slot(1, in_minutes(60)))
    rig.disconnect()
    rig.reboot(power_cut=True)
    rig.tell(ev.ProbesRead(kernel_synchronised=True))
    rig.run_until(in_minutes(65))
    assert level(rig) is ClockLevel.NETWORK
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_a_machine_that_does_not_name_its_runs_is_taken_for_rebooted() -> None:
    rig = Rig()
    rig.machine_boot_id = ""
    rig.boot().connect()
    rig.disconnect()
    rig.reboot()
    rig.run(60)
    assert level(rig) is ClockLevel.NONE


def test_a_clock_that_stepped_is_not_believed_after_a_restart_of_the_agent() -> None:
    rig = online()
    rig.disconnect()
    rig.clock_error = timedelta(hours=2)
    rig.run(400)
    rig.reboot()
    rig.run(60)
    assert level(rig) is ClockLevel.NONE


def test_last_knowledge_can_be_forbidden() -> None:
    rig = online(trust_last_known=False)
    rig.disconnect()
    rig.reboot()
    rig.run(60)
    assert level(rig) is ClockLevel.NONE


def test_a_kernel_kept_by_the_network_is_enough_for_a_new_station_without_link() -> None:
    rig = Rig().boot()
    rig.tell(ev.ProbesRead(kernel_synchronised=True))
    rig.run(20)
    assert level(rig) is ClockLevel.NETWORK


def test_the_centre_is_asked_for_the_time_until_it_answers_then_every_ten_minutes() -> None:
    rig = Rig()
    rig.centre_is_up = False
    rig.boot().connect()
    rig.run(100)
    assert all(beat.wants_time for beat in rig.sent if isinstance(beat, wire.Heartbeat))
    rig.centre_is_up = True
    rig.run(40)
    rig.sent.clear()
    rig.run(1800)
    asked = [beat for beat in rig.sent if isinstance(beat, wire.Heartbeat) and beat.wants_time]
    assert 2 <= len(asked) <= 3


def test_an_untrusted_clock_refuses_the_test_tone() -> None:
    rig = Rig().boot()
    rig.link_is_up = True
    rig.centre_is_up = False
    rig.tell(ev.LinkUp())
    rig.tell(signed_order(wire.TestToneDeed(), not_before=build.NOW, not_after=in_minutes(60)))
    assert rig.replies()[-1].why == "clock_untrusted"


# --- network time ---------------------------------------------------------------------------------


def kernel(error_ms: float | None = 12.0, *, is_synchronised: bool = True) -> ev.ProbesRead:
    return ev.ProbesRead(kernel_synchronised=is_synchronised, kernel_error_ms=error_ms)


def error_ms(rig: Rig) -> float:
    assert rig.agent is not None
    found = rig.agent.station.clock.report(rig.now).error_ms
    assert found is not None
    return found


def test_network_time_that_the_centre_does_not_contradict_is_the_best_level() -> None:
    rig = online()
    rig.tell(kernel(12.0))
    rig.run(40)
    shown = rig.last_beat().clock
    assert shown.level is ClockLevel.NETWORK
    assert shown.error_ms is not None
    assert 12.0 <= shown.error_ms < 14.0
    assert shown.offset_ms is not None
    rig.run(700)
    assert level(rig) is ClockLevel.NETWORK


def test_a_kernel_that_says_less_takes_nothing_from_what_the_centre_vouched_for() -> None:
    rig = online(slot(1, in_minutes(10)))
    rig.disconnect()
    rig.tell(kernel())
    rig.tell(kernel(is_synchronised=False))
    assert level(rig) is ClockLevel.CONTROLLER
    rig.run_until(in_minutes(11))
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_network_time_that_is_gone_leaves_last_knowledge_with_a_growing_error() -> None:
    rig = Rig().boot()
    rig.tell(kernel(12.0))
    rig.run(20)
    rig.tell(kernel(is_synchronised=False))
    assert level(rig) is ClockLevel.LAST_KNOWN
    rig.run(86_400)
    assert level(rig) is ClockLevel.LAST_KNOWN
    assert 4_300 < error_ms(rig) < 4_400


def test_the_centre_that_contradicts_network_time_is_believed() -> None:
    rig = Rig()
    rig.clock_error = timedelta(minutes=5)
    rig.boot()
    rig.tell(kernel())
    rig.connect()
    rig.tell(kernel())
    rig.run(60)
    assert level(rig) is ClockLevel.NONE
    assert "clock_wrong" in rig.last_beat().reasons


def test_a_network_time_that_may_be_seconds_wrong_is_last_knowledge_only() -> None:
    rig = Rig().boot()
    rig.tell(kernel(5_000.0))
    rig.run(20)
    assert level(rig) is ClockLevel.LAST_KNOWN
    assert 5_000 <= error_ms(rig) < 5_010
    strict = Rig(trust_last_known=False).boot()
    strict.tell(kernel(5_000.0))
    strict.run(20)
    assert level(strict) is ClockLevel.NONE


def test_forbidding_last_knowledge_does_not_forbid_network_time() -> None:
    rig = Rig(trust_last_known=False).boot()
    rig.tell(kernel())
    rig.run(20)
    assert level(rig) is ClockLevel.NETWORK


def test_what_the_kernel_said_before_a_step_is_not_said_of_the_clock_after_it() -> None:
    rig = Rig().boot()
    rig.tell(kernel())
    rig.clock_error = timedelta(hours=5)
    rig.run(60)
    assert level(rig) is ClockLevel.NONE
    rig.clock_error = timedelta(0)
    rig.tell(ev.Woke())
    rig.tell(kernel())
    rig.run(5)
    assert level(rig) is ClockLevel.NETWORK


def test_network_time_that_steps_a_trusted_clock_waits_for_the_centre() -> None:
    rig = online()
    rig.tell(kernel())
    rig.disconnect()
    rig.clock_error = timedelta(hours=1)
    rig.run(5)
    rig.tell(kernel())
    rig.run(60)
    assert level(rig) is ClockLevel.NONE


def test_a_clock_that_stepped_is_told_as_wrong_as_it_may_be() -> None:
    rig = online()
    rig.disconnect()
    rig.clock_error = timedelta(hours=1)
    rig.run(5)
    assert 3_600_000 <= error_ms(rig) < 3_600_500


def test_a_restart_remembers_how_wrong_the_clock_could_be() -> None:
    rig = online()
    rig.answers_after_ms = 1_000
    rig.run(1_000)
    rig.disconnect()
    rig.crash()
    rig.true += timedelta(days=1)
    rig.boot()
    rig.run(15)
    assert level(rig) is ClockLevel.LAST_KNOWN
    assert 4_300 + 500 < error_ms(rig) < 4_400 + 600


def test_network_time_is_compared_with_the_centre_every_ten_minutes_too() -> None:
    rig = online()
    rig.tell(kernel())
    rig.run(700)
    rig.sent.clear()
    rig.run(1800)
    asked = [beat for beat in rig.sent if isinstance(beat, wire.Heartbeat) and beat.wants_time]
    assert 2 <= len(asked) <= 3
