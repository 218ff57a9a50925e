"""From plan to loudspeaker: one outcome for every slot, and a reason when it is not `aired`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_protocol import messages as wire
from station_protocol.vocabulary import Outcome, Reason
from tests.support.rig import Rig, in_minutes, online, sha, signed_plan, slot, slot_id


def test_a_slot_sounds_at_its_instant_and_is_aired() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run(300)
    assert [play.started_at for play in rig.heard] == [in_minutes(2)]
    assert rig.outcome(1) == (Outcome.AIRED, None)
    (line,) = rig.evidence(wire.AsRunEntry)
    assert (line.played_ms, line.planned_ms, line.plan_version) == (30_000, 30_000, 1)
    assert line.started_at == in_minutes(2)


def test_the_first_frame_is_reported_when_it_sounds() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=1))
    (line,) = rig.evidence(wire.StartEntry)
    assert line.started_at == in_minutes(2)
    assert line.start_error_ms == 0.0
    assert rig.outcome(1) is None


def test_the_intent_is_durable_before_the_player_is_let_go() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run(300)
    let_go = next(n for n, effect in enumerate(rig.asked) if isinstance(effect, do.Start))
    intents = [
        n
        for n, effect in enumerate(rig.asked)
        if isinstance(effect, do.Persist) and any(r.state == "started" for r in effect.slots)
    ]
    assert intents[0] < let_go


def test_the_amplifier_is_on_only_around_a_broadcast() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run(300)
    switched = [(on, at) for at, on in rig.amplifier]
    assert [on for on, _ in switched] == [False, True, False]
    assert switched[1][1] == in_minutes(2) - timedelta(seconds=5)
    assert switched[2][1] >= in_minutes(2.5) + timedelta(seconds=2)


def test_a_slot_goes_on_air_without_any_link() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.disconnect()
    rig.run(300)
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_without_its_file_a_slot_is_missed_for_that() -> None:
    rig = Rig().boot().connect()
    rig.auto_fetch = False
    rig.tell(signed_plan(slot(1, in_minutes(2), lateness_s=60)))
    rig.run(300)
    assert rig.heard == []
    assert rig.outcome(1) == (Outcome.MISSED, Reason.OFFLINE_NO_FILE)


def test_a_slot_without_items_is_missed() -> None:
    rig = online(slot(1, in_minutes(2), items=()))
    rig.run(600)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.OFFLINE_NO_FILE)


def test_a_file_that_comes_within_the_window_is_played_late() -> None:
    rig = Rig().boot().connect()
    rig.auto_fetch = False
    rig.tell(signed_plan(slot(1, in_minutes(2))))
    rig.run_until(in_minutes(3))
    rig.store.files[sha(1)] = 1000
    rig.tell(ev.AssetHeld(sha(1), 1000))
    rig.run(120)
    assert rig.outcome(1) == (Outcome.LATE, Reason.OFFLINE_NO_FILE)


def test_a_plan_that_comes_after_the_instant_makes_a_slot_late() -> None:
    rig = Rig().boot().connect()
    rig.tell(signed_plan(slot(1, in_minutes(-1))))
    rig.run(120)
    assert rig.outcome(1) == (Outcome.LATE, Reason.PLAN_NOT_HELD)


def test_a_plan_that_comes_after_the_window_makes_a_slot_missed() -> None:
    rig = Rig().boot().connect()
    rig.tell(signed_plan(slot(1, in_minutes(-10))))
    rig.run(10)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.PLAN_NOT_HELD)
    assert rig.heard == []


def test_nothing_starts_after_the_plan_has_expired() -> None:
    rig = Rig().boot().connect()
    rig.tell(signed_plan(slot(1, in_minutes(20)), not_after=in_minutes(10)))
    rig.run(3000)
    assert rig.heard == []
    assert rig.outcome(1) == (Outcome.MISSED, Reason.EXPIRED)


@pytest.mark.parametrize(
    "why", [Reason.AUDIO_DEVICE_MISSING, Reason.PLAYER_FAILED, Reason.FILE_CORRUPT]
)
def test_a_player_that_cannot_begin_makes_a_slot_missed_for_its_reason(why: Reason) -> None:
    rig = online(slot(1, in_minutes(2), lateness_s=60))
    rig.fails_prepare = why
    rig.run(300)
    assert rig.outcome(1) == (Outcome.MISSED, why)


def test_a_device_that_comes_back_within_the_window_is_used_at_once() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.tell(ev.DeviceLost("unplugged"))
    rig.run_until(in_minutes(3))
    assert slot_id(1) not in rig.store.slots
    rig.tell(ev.DeviceBack())
    rig.run(60)
    assert rig.outcome(1) == (Outcome.LATE, Reason.AUDIO_DEVICE_MISSING)


def test_without_a_sound_card_a_slot_is_never_started_and_is_missed_for_that() -> None:
    rig = online(slot(1, in_minutes(2), lateness_s=60), slot(2, in_minutes(2), lateness_s=60))
    rig.tell(ev.DeviceLost("unplugged"))
    rig.run(300)
    assert rig.heard == []
    assert not any(isinstance(effect, do.Start) for effect in rig.asked)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.AUDIO_DEVICE_MISSING)
    assert rig.outcome(2) == (Outcome.MISSED, Reason.AUDIO_DEVICE_MISSING)


def test_a_player_that_hangs_without_a_device_is_not_called_broken() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) - timedelta(seconds=1))
    rig._queue.clear()
    rig.is_deaf_player = True
    rig.tell(ev.DeviceLost("unplugged"))
    rig.run(60)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.AUDIO_DEVICE_MISSING)


def test_a_device_lost_in_mid_play_cuts_the_slot_short() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    play_id = rig.heard[0].play_id
    ended = ev.PlayerEnded(play_id, 9_500, ev.EndCause.FAILED, Reason.AUDIO_DEVICE_MISSING)
    rig.tell(ended)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.AUDIO_DEVICE_MISSING)
    assert rig.evidence(wire.AsRunEntry)[0].played_ms == 9_500


def test_a_player_that_says_done_too_early_is_not_believed() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=1))
    rig.tell(ev.PlayerEnded(rig.heard[0].play_id, 900, ev.EndCause.PLAYED))
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.PLAYER_FAILED)


def test_a_second_less_than_planned_is_still_aired() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=29))
    rig.tell(ev.PlayerEnded(rig.heard[0].play_id, 29_000, ev.EndCause.PLAYED))
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_a_hung_player_is_stopped_and_its_slot_closed() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=5))
    rig.is_deaf_player = True
    rig.later = lambda *_: None  # type: ignore[method-assign]
    rig._queue.clear()
    rig.run(120)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.PLAYER_FAILED)
    assert 1_000 <= rig.evidence(wire.AsRunEntry)[0].played_ms <= 5_000


def test_a_player_that_never_answers_leaves_the_slot_missed() -> None:
    rig = online(slot(1, in_minutes(2), lateness_s=60))
    rig.is_deaf_player = True
    rig.run(600)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.PLAYER_FAILED)


def test_a_started_play_nobody_asked_for_is_silenced() -> None:
    rig = online()
    effects = rig.tell(ev.PlayerStarted("foreign-1", rig.now.wall, None))
    assert do.Stop("foreign-1", 0) in effects


def test_a_slot_stopped_by_a_hand_at_the_station_says_so() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    rig.tell(ev.PlayerEnded(rig.heard[0].play_id, 9_000, ev.EndCause.STOPPED))
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.STOPPED_AT_STATION)


def test_a_process_that_is_told_to_end_closes_what_sounds() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    rig.stop()
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.AGENT_DOWN)
    assert rig.amplifier[-1][1] is False
    assert rig.evidence(wire.FlipEntry)[-1].health == "off"


def test_a_process_that_ends_before_the_first_frame_leaves_the_slot_missed() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) - timedelta(seconds=1))
    rig.stop()
    assert rig.outcome(1) == (Outcome.MISSED, Reason.AGENT_DOWN)


def test_heartbeats_show_what_is_on_air() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=3))
    shown = rig.last_beat().on_air
    assert shown is not None
    assert shown.slot_id == slot_id(1)
    assert abs(shown.ends_at - in_minutes(2.5)) < timedelta(seconds=1)
    rig.run(60)
    assert rig.last_beat().on_air is None
