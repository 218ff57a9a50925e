"""Power cuts, crashes and restarts: nothing is played twice, nothing ends without an outcome."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from station_agent.core import events as ev
from station_protocol import messages as wire
from station_protocol.vocabulary import Outcome, Reason
from tests.support.rig import (
    EPOCH,
    Rig,
    in_minutes,
    online,
    sha,
    signed_order,
    signed_plan,
    slot,
    slot_id,
)


@pytest.mark.parametrize("second", [-1, 0, 1, 15, 29])
def test_a_slot_is_never_played_again_after_a_crash(second: int) -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=second, milliseconds=1))
    rig.reboot(after_s=2)
    rig.run(600)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.AGENT_DOWN)
    assert len(rig.heard) <= 1


def test_a_power_cut_is_told_from_a_crash() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=20))
    rig.reboot(after_s=40, power_cut=True)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.POWER_OFF)


def test_the_elapsed_time_after_a_cut_comes_from_the_progress_mark() -> None:
    rig = online(slot(1, in_minutes(2), seconds=120))
    rig.run_until(in_minutes(2) + timedelta(seconds=100))
    rig.reboot()
    (line,) = rig.evidence(wire.AsRunEntry)
    assert 85_000 <= line.played_ms <= 100_000
    assert line.started_at == in_minutes(2)


def test_a_slot_that_all_but_ended_before_the_crash_is_aired() -> None:
    rig = online(slot(1, in_minutes(2), seconds=120))
    rig.run_until(in_minutes(2) + timedelta(seconds=60))
    assert rig.store.mark is not None
    rig.store.mark = rig.store.mark.model_copy(update={"played_ms": 119_500})
    rig.reboot()
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_a_slot_that_came_due_while_the_power_was_off_is_missed_for_that() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.reboot(after_s=1200, power_cut=True)
    rig.run(30)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.POWER_OFF)


def test_a_slot_whose_window_is_still_open_after_the_restart_is_played_late() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.reboot(after_s=180)
    rig.run(120)
    assert rig.outcome(1) == (Outcome.LATE, Reason.AGENT_DOWN)


def test_a_restarted_station_without_link_airs_its_plan() -> None:
    rig = online(slot(1, in_minutes(20)))
    rig.disconnect()
    rig.reboot(after_s=60)
    rig.run(1800)
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_a_restart_during_a_burst_of_passed_slots_plays_at_most_one_a_minute() -> None:
    slots = [slot(n, in_minutes(2 + n / 10), lateness_s=900, seconds=5) for n in range(1, 6)]
    rig = online(*slots)
    rig.reboot(after_s=300)
    rig.run(900)
    starts = [play.mono_ms for play in rig.heard]
    assert len(starts) == 5
    assert all(later - earlier >= 60_000 for earlier, later in pairwise(starts))


def test_the_last_run_is_closed_at_its_last_sign_of_life() -> None:
    rig = online(slot(1, in_minutes(600)))
    rig.run(700)
    mark = rig.store.mark
    assert mark is not None
    rig.reboot(after_s=1000, power_cut=True)
    off = [e for e in rig.store.entries if getattr(e.evidence, "health", "") == "off"]
    assert [entry.at for entry in off] == [mark.at]
    assert off[0].evidence.reasons == ("power_off",)  # type: ignore[union-attr]


def test_a_run_that_ended_in_order_is_not_closed_twice() -> None:
    rig = online()
    rig.stop()
    rig.boot()
    rig.run(5)
    assert [f.health for f in rig.evidence(wire.FlipEntry)].count("off") == 1


def test_the_plan_version_never_goes_down_over_a_restart() -> None:
    rig = online(slot(1, in_minutes(20)))
    rig.tell(signed_plan(slot(1, in_minutes(20)), version=5))
    rig.reboot()
    rig.tell(signed_plan(slot(2, in_minutes(20)), version=4))
    assert rig.agent is not None
    assert rig.agent.station.plan_held is not None
    assert rig.agent.station.plan_held[1] == 5
    assert rig.evidence(wire.RefusalEntry)[-1].why == "stale"


def test_an_older_plan_file_put_back_is_not_used_but_the_true_one_is_taken_again() -> None:
    rig = online(slot(1, in_minutes(20)))
    rig.tell(signed_plan(slot(2, in_minutes(20)), version=2))
    rig.crash()
    rig.store.plan = signed_plan(version=1).raw
    rig.boot()
    assert rig.agent is not None
    assert rig.agent.station.plan is None
    rig.run(1)
    rig.tell(signed_plan(slot(2, in_minutes(20)), version=2))
    assert rig.agent.station.plan is not None


def test_a_full_disk_stops_no_outcome_from_being_told_later() -> None:
    rig = online(slot(1, in_minutes(2), lateness_s=30))
    rig.store.fails_with = ev.StorageProblem.DISK_FULL
    rig.run(200)
    assert rig.heard == []
    assert "disk_full" in rig.last_beat().reasons
    rig.store.fails_with = None
    rig.run(60)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.DISK_FULL)
    rig.run(60)
    assert rig.last_beat().reasons == ()


def test_a_read_only_disk_is_named() -> None:
    rig = online(slot(1, in_minutes(2), lateness_s=30))
    rig.store.fails_with = ev.StorageProblem.READONLY
    rig.run(200)
    rig.store.fails_with = None
    rig.run(30)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.STORAGE_READONLY)


def test_an_order_is_not_answered_before_it_is_remembered() -> None:
    rig = online()
    rig.store.fails_with = ev.StorageProblem.DISK_FULL
    order = signed_order(wire.VolumeDeed(percent=50))
    rig.tell(order)
    rig.run(1)
    rig.tell(order)  # it comes again, and is known: but a power cut would still forget it
    assert rig.replies() == []
    rig.store.fails_with = None
    rig.tell(order)
    assert [reply.accepted for reply in rig.replies()] == [True]
    assert [seen.order_id for seen in rig.store.memory.orders] == [order.signed.message.order_id]


def test_a_plan_too_big_for_the_disk_holds_up_neither_slots_nor_evidence() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.store.takes_no_plan = True
    rig.tell(signed_plan(slot(1, in_minutes(2)), slot(2, in_minutes(90)), version=2))
    rig.run(240)
    assert rig.outcome(1) == (Outcome.AIRED, None)
    assert "disk_full" in rig.last_beat().reasons
    assert rig.store.plan == b"plan %d 1" % EPOCH
    assert rig.store.memory.plan_version == 1
    rig.store.takes_no_plan = False
    rig.run(60)
    assert rig.store.memory.plan_version == 2
    assert rig.last_beat().reasons == ()


def test_evidence_does_not_wait_with_the_plan_that_failed_together_with_it() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=5))
    rig.store.takes_no_plan = True
    rig.tell(signed_plan(version=2))
    rig.run(35)
    assert rig.outcome(1) is not None
    assert rig.store.memory.plan_version == 1


def test_entries_keep_their_numbers_and_order_over_a_full_disk() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    rig.store.fails_with = ev.StorageProblem.DISK_FULL
    rig.run(60)
    rig.store.fails_with = None
    rig.run(60)
    numbers = [entry.entry_no for entry in rig.store.entries]
    assert numbers == list(range(1, len(numbers) + 1))
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_a_station_fresh_from_the_box_says_nothing_of_a_last_run() -> None:
    rig = Rig().boot()
    assert [flip.health for flip in rig.evidence(wire.FlipEntry)] == ["starting"]
    assert sha(1) not in rig.store.files
    assert slot_id(1) not in rig.store.slots


def test_a_slot_is_not_forgotten_while_the_clock_shows_another_season() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=35))
    rig.clock_error = timedelta(days=60)
    rig.run(10)
    rig.tell(signed_plan(version=7))
    rig.clock_error = timedelta(0)
    rig.run(10)
    rig.tell(signed_plan(slot(1, in_minutes(2)), version=8))
    rig.run(300)
    assert rig.heard_slots() == [slot_id(1)]
