"""Sound: fetched when it is due first, verified, fetched again when it went bad."""

from __future__ import annotations

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_agent.core.downloads import retry_in_ms
from station_protocol import messages as wire
from station_protocol.vocabulary import Outcome, Reason
from tests.support.rig import Rig, in_minutes, online, sha, signed_order, signed_plan, slot


def fetches(rig: Rig) -> list[str]:
    return [effect.sha256 for effect in rig.asked if isinstance(effect, do.Fetch)]


def waiting(*slots: wire.PlannedSlot, **options: object) -> Rig:
    rig = Rig(**options).boot().connect()
    rig.auto_fetch = False
    rig.tell(signed_plan(*slots))
    rig.run(1)
    return rig


def test_what_is_due_first_is_fetched_first_and_one_at_a_time() -> None:
    rig = waiting(slot(3, in_minutes(90)), slot(2, in_minutes(60)), slot(4, in_minutes(120)))
    assert fetches(rig) == [sha(2)]
    rig.tell(ev.AssetHeld(sha(2), 1000))
    assert fetches(rig) == [sha(2), sha(3)]


def test_the_same_sound_of_many_slots_is_fetched_once() -> None:
    again = slot(2, in_minutes(60), items=slot(1, in_minutes(0)).items)
    rig = online(slot(1, in_minutes(30)), again)
    rig.run(30)
    assert fetches(rig) == [sha(1)]
    assert rig.last_beat().required_assets == 1
    rig.run(60)
    assert rig.last_beat().held_assets == 1


def test_something_due_sooner_interrupts_what_is_being_fetched() -> None:
    rig = waiting(slot(3, in_minutes(90)))
    rig.tell(signed_plan(slot(3, in_minutes(90)), slot(2, in_minutes(20)), version=2))
    rig.run(1)
    assert do.CancelFetch(sha(3)) in rig.asked
    assert fetches(rig) == [sha(3), sha(2)]


def test_what_is_no_longer_needed_is_not_fetched_on() -> None:
    rig = waiting(slot(3, in_minutes(90)))
    rig.tell(signed_plan(version=2))
    assert rig.asked[-1] != do.Fetch
    assert do.CancelFetch(sha(3)) in rig.asked


def test_a_failed_fetch_is_tried_again_later_each_time() -> None:
    rig = waiting(slot(1, in_minutes(600)))
    for _ in range(4):
        rig.tell(ev.FetchFailed(sha(1), ev.FetchProblem.NETWORK))
        rig.run(61)
    assert len(fetches(rig)) == 5
    assert [retry_in_ms(n) for n in (1, 2, 3, 6, 99)] == [2_000, 4_000, 8_000, 60_000, 60_000]


def test_the_centre_may_ask_for_patience() -> None:
    rig = waiting(slot(1, in_minutes(600)))
    rig.tell(ev.FetchFailed(sha(1), ev.FetchProblem.REFUSED, retry_after_s=300))
    rig.run(290)
    assert len(fetches(rig)) == 1
    rig.run(20)
    assert len(fetches(rig)) == 2


def test_a_sound_that_will_not_come_does_not_hold_up_the_others() -> None:
    rig = waiting(slot(1, in_minutes(60)), slot(2, in_minutes(90)))
    rig.tell(ev.FetchFailed(sha(1), ev.FetchProblem.NOT_FOUND))
    assert fetches(rig) == [sha(1), sha(2)]


def test_a_returning_link_ends_the_waiting() -> None:
    rig = waiting(slot(1, in_minutes(600)))
    for _ in range(9):
        rig.tell(ev.FetchFailed(sha(1), ev.FetchProblem.NETWORK))
    rig.disconnect()
    rig.asked.clear()
    rig.connect()
    assert fetches(rig) == [sha(1)]


def test_altered_sound_from_the_centre_is_refused_counted_and_fetched_again() -> None:
    rig = waiting(slot(1, in_minutes(60)))
    rig.tell(ev.FetchFailed(sha(1), ev.FetchProblem.CORRUPT))
    rig.run(2)
    (line,) = rig.evidence(wire.RefusalEntry)
    assert (line.what, line.why, line.detail) == ("sound", "file_corrupt", sha(1))
    assert rig.last_beat().refused == {"file_corrupt": 1}
    rig.run(10)
    assert len(fetches(rig)) == 2


def test_a_flipped_byte_is_found_before_the_slot_and_the_file_fetched_again() -> None:
    rig = online(slot(1, in_minutes(30)))
    rig.damaged.add(sha(1))
    rig.run(1900)
    holdings = [(line.held, line.why) for line in rig.evidence(wire.HoldingEntry)]
    assert holdings == [(True, "fetched"), (False, "file_corrupt"), (True, "fetched")]
    assert [fault.code for fault in rig.evidence(wire.FaultEntry)] == ["file_corrupt"]
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_a_damaged_file_that_does_not_come_again_is_not_played() -> None:
    rig = online(slot(1, in_minutes(30)))
    rig.damaged.add(sha(1))
    rig.disconnect()
    rig.run(3600)
    assert rig.heard == []
    assert rig.outcome(1) == (Outcome.MISSED, Reason.FILE_CORRUPT)


def test_a_file_the_player_finds_damaged_is_looked_at_again() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(1.95))
    (play,) = [effect for effect in rig.asked if isinstance(effect, do.Prepare)]
    rig.damaged.add(sha(1))
    corrupt = ev.PlayerEnded(play.play_id, 0, ev.EndCause.FAILED, Reason.FILE_CORRUPT)
    rig.tell(corrupt)
    rig.run(60)
    assert rig.outcome(1) is not None
    assert rig.outcome(1) in [(Outcome.LATE, Reason.FILE_CORRUPT), (Outcome.AIRED, None)]
    assert [line.held for line in rig.evidence(wire.HoldingEntry)] == [True, False, True]


def test_what_the_cache_dropped_is_told_and_fetched_again() -> None:
    rig = online(slot(1, in_minutes(60)))
    rig.store.files.clear()
    rig.tell(ev.AssetDropped(sha(1)))
    rig.run(5)
    assert [line.why for line in rig.evidence(wire.HoldingEntry)] == [
        "fetched",
        "evicted",
        "fetched",
    ]


def test_the_cache_is_told_what_it_must_keep() -> None:
    rig = online(slot(2, in_minutes(60)), slot(1, in_minutes(30)))
    protected = [effect for effect in rig.asked if isinstance(effect, do.ProtectAssets)]
    assert protected[-1].sha256s == (sha(1), sha(2))


def test_sound_over_the_broker_waits_for_the_link() -> None:
    rig = Rig(sound_over="mqtt").boot()
    rig.auto_fetch = False
    rig.tell(signed_plan(slot(1, in_minutes(60))))
    rig.run(5)
    assert fetches(rig) == []
    rig.connect()
    assert [effect.via for effect in rig.asked if isinstance(effect, do.Fetch)] == ["mqtt"]


def test_sound_by_http_does_not_wait_for_the_broker() -> None:
    rig = Rig().boot()
    rig.auto_fetch = False
    rig.tell(signed_plan(slot(1, in_minutes(60))))
    rig.run(1)
    assert fetches(rig) == [sha(1)]


def test_stations_spread_their_downloads_as_the_centre_says() -> None:
    rig = Rig()
    rig.centre_is_up = False
    rig.boot().connect()
    rig.auto_fetch = False
    hello = next(m for m in rig.sent if isinstance(m, wire.Hello))
    answer = rig.ack("hello", hello.sent_mono_ms, spread_ms=60_000)
    assert answer is not None
    rig.tell(answer)
    rig.tell(signed_plan(slot(1, in_minutes(60))))
    assert fetches(rig) == []
    rig.run(60)
    assert fetches(rig) == [sha(1)]


def test_word_of_a_file_never_held_changes_nothing() -> None:
    rig = online()
    rig.tell(ev.AssetChecked(sha(9), "file_missing"))
    rig.tell(ev.AssetDropped(sha(9)))
    assert rig.evidence(wire.HoldingEntry) == []


def test_before_each_fetch_the_cache_is_told_anew_what_it_must_keep() -> None:
    rig = online(slot(1, in_minutes(2)), slot(2, in_minutes(90)))
    rig.run_until(in_minutes(4))
    rig.tell(ev.AssetDropped(sha(2)))
    asked = [effect for effect in rig.asked if isinstance(effect, do.ProtectAssets | do.Fetch)]
    assert asked[-2:] == [do.ProtectAssets((sha(2),)), do.Fetch(sha(2), 120_000, "http")]


# --- thrift: NOW is 05:30 at the station ----------------------------------------------------------

NIGHT = ((22 * 60, 5 * 60),)


def test_what_is_needed_only_tomorrow_waits_for_the_night() -> None:
    rig = online(slot(1, in_minutes(60)), slot(2, in_minutes(24 * 60)), fetch_hours=NIGHT)
    rig.run_until(in_minutes(16.4 * 60))
    assert fetches(rig) == [sha(1)]
    rig.run_until(in_minutes(16.6 * 60))
    assert fetches(rig) == [sha(1), sha(2)]


def test_what_is_due_within_two_hours_waits_for_nothing() -> None:
    rig = online(slot(1, in_minutes(4 * 60)), fetch_hours=NIGHT)
    rig.run_until(in_minutes(119))
    assert fetches(rig) == []
    rig.run_until(in_minutes(121))
    assert fetches(rig) == [sha(1)]
    rig.run_until(in_minutes(4 * 60 + 2))
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_a_budget_holds_for_a_day_and_is_kept_over_a_restart() -> None:
    slots = [slot(n, in_minutes(36 * 60 + n)) for n in (1, 2, 3)]
    size = slots[0].items[0].size_bytes
    rig = online(*slots, fetch_daily_bytes=2 * size)
    rig.run(60)
    assert fetches(rig) == [sha(1), sha(2)]
    rig.reboot()
    rig.connect()
    rig.run_until(in_minutes(18 * 60))
    assert fetches(rig) == [sha(1), sha(2)]
    rig.run_until(in_minutes(19 * 60))
    assert fetches(rig) == [sha(1), sha(2), sha(3)]


def test_the_words_of_an_emergency_are_no_question_of_thrift() -> None:
    rig = online(fetch_hours=NIGHT, fetch_daily_bytes=1)
    sound = wire.OrderSound(sha256=sha(9), size_bytes=9_000, duration_ms=5_000)
    deed = wire.EmergencyDeed(
        title="Lũ", authority="district", sequence=1, sound=sound, until_at=in_minutes(30)
    )
    rig.tell(signed_order(deed))
    assert fetches(rig) == [sha(9)]


def test_a_machine_too_hot_fetches_only_what_is_due_within_two_hours() -> None:
    rig = waiting(slot(1, in_minutes(300)))
    rig.tell(ev.AssetHeld(sha(1), 1000))
    rig.tell(ev.ProbesRead(temperature_celsius=80.0))
    rig.tell(signed_plan(slot(2, in_minutes(400)), version=2))
    rig.run(30)
    assert fetches(rig) == [sha(1)]
    rig.tell(signed_plan(slot(2, in_minutes(400)), slot(3, in_minutes(100)), version=3))
    rig.run(30)
    assert fetches(rig) == [sha(1), sha(3)]


def test_what_waited_for_the_heat_is_fetched_when_it_is_over() -> None:
    rig = waiting()
    rig.tell(ev.ProbesRead(temperature_celsius=84.0))
    rig.tell(signed_plan(slot(2, in_minutes(400)), version=2))
    rig.tell(ev.ProbesRead(temperature_celsius=76.0))
    assert fetches(rig) == []
    rig.tell(ev.ProbesRead(temperature_celsius=74.0))
    assert fetches(rig) == [sha(2)]


def test_a_machine_too_hot_plays_on() -> None:
    rig = online(slot(1, in_minutes(5)))
    rig.tell(ev.ProbesRead(temperature_celsius=90.0))
    rig.run(600)
    assert rig.outcome(1) == (Outcome.AIRED, None)
