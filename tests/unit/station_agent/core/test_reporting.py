"""What a station says: hello, heartbeat, evidence until acknowledged, its own state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_agent.core.moment import Deadline, Moment
from station_protocol import messages as wire
from station_protocol.vocabulary import ClockLevel, DeedKind, StationHealth
from tests.support import wire as build
from tests.support.rig import EPOCH, Rig, in_minutes, online, signed_order, signed_plan, slot


def batches(rig: Rig) -> list[int]:
    return [effect.after_no for effect in rig.asked if isinstance(effect, do.ForwardJournal)]


def test_hello_is_the_first_word_after_each_connect() -> None:
    rig = online(slot(1, in_minutes(60)))
    rig.disconnect()
    rig.sent.clear()
    rig.connect()
    hello = rig.sent[0]
    assert isinstance(hello, wire.Hello)
    assert (hello.plan_epoch, hello.plan_version) == (EPOCH, 1)
    assert hello.journal_head == len(rig.store.entries)
    assert hello.journal_id == "journal-1"
    assert hello.speaks == (1,)


def test_a_plan_of_an_older_epoch_is_not_claimed_in_the_hello() -> None:
    rig = online(slot(1, in_minutes(60)))
    rig.tell(signed_order(wire.VolumeDeed(percent=50), epoch=EPOCH + 9))
    rig.disconnect()
    rig.sent.clear()
    rig.connect()
    hello = rig.sent[0]
    assert isinstance(hello, wire.Hello)
    assert (hello.plan_epoch, hello.plan_version) == (EPOCH + 9, 0)
    rig.run(5)
    assert (rig.last_beat().plan_epoch, rig.last_beat().plan_version) == (EPOCH, 1)


def test_hello_is_said_again_until_the_centre_answers() -> None:
    rig = Rig()
    rig.centre_is_up = False
    rig.boot().connect()
    rig.run(35)
    assert sum(isinstance(message, wire.Hello) for message in rig.sent) == 4
    rig.centre_is_up = True
    rig.run(120)
    assert sum(isinstance(message, wire.Hello) for message in rig.sent) == 5


def test_a_heartbeat_leaves_each_half_minute() -> None:
    rig = online()
    rig.run(30)
    rig.sent.clear()
    rig.run(300)
    assert sum(isinstance(message, wire.Heartbeat) for message in rig.sent) == 10


def test_a_station_told_to_speak_and_write_less_does_so() -> None:
    rig = online(beat_ms=1_800_000, mark_ms=900_000)
    rig.run(120)
    said, written = len(rig.sent), sum(isinstance(effect, do.WriteMark) for effect in rig.asked)
    rig.run(3_600)
    assert sum(isinstance(one, wire.Heartbeat) for one in rig.sent[said:]) == 2
    assert sum(isinstance(effect, do.WriteMark) for effect in rig.asked) - written == 4


def test_heartbeats_carry_what_the_probes_read() -> None:
    rig = online()
    rig.tell(ev.ProbesRead(disk_free_bytes=5_000_000_000, temperature_celsius=51.5))
    rig.run(35)
    assert rig.last_beat().disk_free_bytes == 5_000_000_000
    assert rig.last_beat().temperature_celsius == 51.5


def test_evidence_is_forwarded_only_after_the_greeting_and_acknowledged_once() -> None:
    rig = Rig()
    rig.centre_is_up = False
    rig.boot().connect()
    rig.run(5)
    assert batches(rig) == []
    rig.centre_is_up = True
    rig.run(60)
    assert rig.store.stored_up_to == rig.store.entries[-1].entry_no
    assert len(batches(rig)) == len(set(batches(rig)))


def test_after_a_break_evidence_waits_for_the_next_greeting() -> None:
    rig = online()
    rig.disconnect()
    rig.tell(ev.SubscriptionRefused("vang/1/g/bac-ai/order"))
    rig.centre_is_up = False
    rig.asked.clear()
    rig.connect()
    rig.run(60)
    assert batches(rig) == []


def test_unanswered_evidence_is_sent_again_at_growing_distances() -> None:
    rig = online(slot(1, in_minutes(1)))
    rig.asked.clear()
    rig.centre_is_up = False
    rig.run(300)
    assert len(set(batches(rig))) == 1
    assert len(batches(rig)) == 4  # at once, after 30, 60 and 120 seconds more
    rig.run(3600)
    assert 4 + 11 <= len(batches(rig)) <= 4 + 13  # every five minutes


def test_evidence_is_sent_again_at_once_when_the_centre_answers_a_beat() -> None:
    rig = online(slot(1, in_minutes(1)))
    rig.centre_is_up = False
    rig.run(1200)
    rig.centre_is_up = True
    rig.run(35)  # a beat, and minutes before its own time has come
    assert rig.store.stored_up_to == rig.store.entries[-1].entry_no


def test_a_backlog_goes_out_batch_by_batch() -> None:
    rig = online()
    rig.disconnect()
    for number in range(250):
        rig.tell(ev.SubscriptionRefused(f"vang/1/g/place-{number}/order"))
    rig.asked.clear()
    rig.connect()
    rig.run(5)
    assert len(batches(rig)) >= 3
    assert rig.store.stored_up_to == rig.store.entries[-1].entry_no


def test_a_centre_restored_from_a_backup_gets_the_evidence_it_lost() -> None:
    rig = online()
    rig.run(60)
    rig.disconnect()
    rig.store.stored_up_to = 1
    rig.asked.clear()
    rig.connect()
    assert batches(rig)[0] == 1


def test_a_late_ack_never_takes_back_what_is_stored() -> None:
    rig = online()
    rig.run(60)
    stored = rig.store.stored_up_to
    late = rig.ack("journal", 5, stored_up_to=1)
    assert late is not None
    rig.tell(late)
    assert rig.store.stored_up_to == stored


def test_an_ack_for_another_journal_confirms_nothing() -> None:
    rig = Rig()
    rig.centre_is_up = False
    rig.boot().connect()
    foreign = rig.ack("journal", None, stored_up_to=1, journal_id="journal-0")
    assert foreign is not None
    rig.tell(foreign)
    assert rig.store.stored_up_to == 0


def test_an_ack_of_an_older_epoch_is_refused() -> None:
    rig = online()
    stale = rig.ack("beat", None, epoch=EPOCH - 1)
    assert stale is not None
    rig.tell(stale)
    (line,) = rig.evidence(wire.RefusalEntry)
    assert (line.what, line.why) == ("ack", "stale")


def told_by_ack(rig: Rig, **claims: Any) -> list[tuple[str, str]]:
    """The refusals after an ack of everything, under these claims."""
    event = rig.ack("journal", None, stored_up_to=rig.store.entries[-1].entry_no)
    assert event is not None
    signed = event.signed
    rig.tell(ev.AckReceived(replace(signed, claims=signed.claims.model_copy(update=claims))))
    return [(line.what, line.why) for line in rig.evidence(wire.RefusalEntry)]


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"kind": DeedKind.EXERCISE}, "unsupported"),
        ({"not_after": in_minutes(-1)}, "expired"),
        ({"not_before": in_minutes(5)}, "not_yet_valid"),
    ],
)
def test_an_ack_of_an_exercise_or_of_another_time_confirms_nothing(
    claims: dict[str, Any], why: str
) -> None:
    rig = online()
    rig.centre_is_up = False
    rig.tell(ev.DeviceLost("unplugged"))
    stored = rig.store.stored_up_to
    assert told_by_ack(rig, **claims) == [("ack", why)]
    assert rig.store.stored_up_to == stored
    assert rig.agent is not None
    assert rig.agent.station.refused[why] == 1


def test_a_clock_that_is_merely_believed_takes_the_answer_that_puts_it_right() -> None:
    rig = online()
    rig.disconnect()
    rig.crash()
    rig.clock_error = timedelta(hours=5)
    rig.boot()
    rig.run(20)
    assert rig.agent is not None
    assert rig.agent.station.clock.level is ClockLevel.LAST_KNOWN
    rig.connect()
    assert rig.agent.station.clock.why == "clock_wrong"


def test_a_fresh_station_is_starting_then_ready() -> None:
    rig = online(slot(1, in_minutes(60)))
    assert [flip.health for flip in rig.evidence(wire.FlipEntry)] == ["starting", "ready"]
    assert rig.last_beat().health is StationHealth.READY


def test_a_station_that_learns_neither_time_nor_plan_is_degraded_after_a_minute() -> None:
    rig = Rig().boot()
    rig.run(58)
    assert len(rig.evidence(wire.FlipEntry)) == 1
    rig.run(5)
    flip = rig.evidence(wire.FlipEntry)[-1]
    assert flip.health == "degraded"
    assert flip.reasons == ("clock_untrusted", "no_plan")


def test_a_lost_sound_device_is_told_at_once_and_taken_back() -> None:
    rig = online()
    rig.tell(ev.DeviceLost("unplugged"))
    rig.tell(ev.DeviceLost("still unplugged"))
    rig.run(2)
    assert rig.last_beat().reasons == ("audio_device_missing",)
    assert [fault.code for fault in rig.evidence(wire.FaultEntry)] == ["audio_device_missing"]
    rig.tell(ev.DeviceBack())
    rig.run(2)
    assert rig.last_beat().health is StationHealth.READY


def test_a_card_that_takes_no_more_writes_is_told_before_anything_has_to_be_written() -> None:
    rig = online()
    rig.tell(ev.ProbesRead(is_read_only=True))
    rig.run(2)
    assert rig.last_beat().health is StationHealth.DEGRADED
    assert rig.last_beat().reasons == ("storage_readonly",)
    rig.tell(ev.ProbesRead())
    rig.run(2)
    assert rig.last_beat().health is StationHealth.READY


def test_heat_and_a_weak_supply_are_told_once_and_not_at_every_degree() -> None:
    rig = online()
    flips = len(rig.evidence(wire.FlipEntry))
    for celsius in (79.9, 80.0, 76.0, 81.0, 75.0, 74.9):
        rig.tell(ev.ProbesRead(temperature_celsius=celsius, under_voltage=celsius == 81.0))
        rig.run(2)
    told = [flip.reasons for flip in rig.evidence(wire.FlipEntry)[flips:]]
    assert told == [("too_hot",), ("under_voltage", "too_hot"), ("too_hot",), ()]


def test_an_expired_plan_a_full_disk_and_a_missing_sound_are_named() -> None:
    rig = online()
    rig.tell(ev.ProbesRead(disk_free_bytes=1))
    rig.run(2)
    assert "disk_low" in rig.last_beat().reasons
    rig.auto_fetch = False
    rig.tell(signed_plan(slot(1, in_minutes(3)), version=2, not_after=in_minutes(4)))
    rig.run_until(in_minutes(3.5))
    assert "sound_missing" in rig.last_beat().reasons
    rig.run_until(in_minutes(5))
    assert "plan_expired" in rig.last_beat().reasons


def test_a_refused_subscription_is_a_fault() -> None:
    rig = online()
    rig.tell(ev.SubscriptionRefused("vang/1/g/ninh-thuan/order"))
    (fault,) = rig.evidence(wire.FaultEntry)
    assert (fault.code, fault.detail) == ("subscription_refused", "vang/1/g/ninh-thuan/order")


def test_signs_of_life_are_marked_each_five_minutes_and_on_air_each_quarter_minute() -> None:
    rig = online(slot(1, in_minutes(62), seconds=61))
    rig.run(60)
    rig.asked.clear()
    rig.run(3600)
    idle = [effect for effect in rig.asked if isinstance(effect, do.WriteMark)]
    assert len(idle) == 12
    rig.run_until(in_minutes(62))
    rig.asked.clear()
    rig.run(61)
    playing = [effect.mark for effect in rig.asked if isinstance(effect, do.WriteMark)]
    assert [mark.slot_id is not None for mark in playing] == [True] * 4 + [False]


def test_the_latest_time_ever_never_goes_down() -> None:
    rig = online()
    assert rig.store.mark is not None
    before = rig.store.mark.latest_at
    assert before is not None
    rig.disconnect()
    rig.clock_error = timedelta(days=-30)
    rig.run(700)
    assert rig.store.mark.latest_at is not None
    assert rig.store.mark.latest_at >= before


def test_evidence_says_how_far_the_clock_was_believed() -> None:
    rig = online()
    levels = [entry.clock.value for entry in rig.store.entries]
    assert levels[0] == "none"
    assert levels[-1] == "controller"


def test_a_deadline_is_whatever_comes_first() -> None:
    now = Moment(build.NOW, 1_000)
    assert Deadline().wait_s(now) is None
    assert Deadline(build.NOW + timedelta(seconds=3), 2_000).wait_s(now) == 1.0
    assert Deadline(build.NOW - timedelta(seconds=3)).wait_s(now) == 0.0
    assert now.later(500) == Moment(build.NOW + timedelta(milliseconds=500), 1_500)


def test_every_deadline_lies_ahead() -> None:
    rig = online(slot(1, in_minutes(2)))
    for _ in range(400):
        assert rig.agent is not None
        wait_s = rig.agent.next_deadline().wait_s(rig.now)
        assert wait_s is not None
        assert wait_s > 0
        rig.run(wait_s + 0.001)


def test_gaps_in_the_sound_are_told_once_for_each_play() -> None:
    rig = online()
    for play_id in ("a-1", "a-1", "b-2", None):
        rig.tell(ev.SoundGap(play_id))
    assert [fault.detail for fault in rig.evidence(wire.FaultEntry)] == ["a-1", "b-2", ""]


def test_what_the_store_found_damaged_is_told() -> None:
    rig = Rig().boot()
    rig.tell(ev.Booted(faults=(("journal_damaged", "journal.db.damaged-1"),)))
    (fault,) = rig.evidence(wire.FaultEntry)
    assert (fault.code, fault.detail) == ("journal_damaged", "journal.db.damaged-1")
