"""Every outcome comes with its story: facts that name the cause, in the order they became known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_protocol import messages as wire
from station_protocol.vocabulary import (
    Authority,
    ClockLevel,
    EndPolicy,
    FactCode,
    Outcome,
    Priority,
    Reason,
)
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

NIGHT = in_minutes(24 * 60 - 150)
"""03:00 at the station."""


def story(rig: Rig, number: int = 1) -> wire.TraceEntry:
    """The trace of slot `number`; it stands right behind its as-run line."""
    lines = [entry.evidence for entry in rig.store.entries]
    (index,) = [
        index
        for index, line in enumerate(lines)
        if isinstance(line, wire.AsRunEntry) and line.slot_id == slot_id(number)
    ]
    trace = lines[index + 1]
    assert isinstance(trace, wire.TraceEntry)
    assert trace.slot_id == slot_id(number)
    return trace


def codes(trace: wire.TraceEntry) -> list[str]:
    return [fact.code for fact in trace.facts]


def the(trace: wire.TraceEntry, code: FactCode) -> wire.TraceFact:
    """The one fact of this code."""
    (fact,) = [fact for fact in trace.facts if fact.code == code]
    return fact


def seconds(fact: wire.TraceFact, since: datetime) -> float:
    return (fact.at - since).total_seconds()


def test_a_slot_that_aired_tells_what_was_held_and_how_it_began() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run(300)
    trace = story(rig)
    assert codes(trace) == [
        FactCode.RESTARTED,
        FactCode.PLAN_HEARD,
        FactCode.PLAN_HELD,
        FactCode.CLOCK,
        FactCode.FILES,
        FactCode.PREPARED,
        FactCode.STARTED,
        FactCode.PLAYED,
    ]
    held, clock = the(trace, FactCode.PLAN_HELD), the(trace, FactCode.CLOCK)
    assert (held.version, seconds(held, in_minutes(2))) == (1, -5)
    assert clock.level is ClockLevel.CONTROLLER
    assert clock.error_ms is not None
    assert clock.error_ms < 100
    files = the(trace, FactCode.FILES)
    assert (files.why, files.have, files.need, files.sha256) == ("complete", 1, 1, sha(1)[:12])
    began, played = the(trace, FactCode.STARTED), the(trace, FactCode.PLAYED)
    assert (began.at, began.ms, began.error_ms) == (in_minutes(2), 0, 0)
    assert (played.ms, played.of_ms, played.why) == (30_000, 30_000, None)
    assert all(fact.is_sure for fact in trace.facts)
    assert trace.left_out == 0


def test_a_slot_days_after_a_restart_does_not_speak_of_it() -> None:
    rig = online(slot(1, in_minutes(120)))
    rig.run(8000)
    assert FactCode.RESTARTED not in codes(story(rig))


def test_a_missing_file_is_named_until_it_comes_and_the_start_says_how_late_it_is() -> None:
    rig = Rig().boot().connect()
    rig.auto_fetch = False
    rig.tell(signed_plan(slot(1, in_minutes(2))))
    rig.run_until(in_minutes(3))
    rig.store.files[sha(1)] = 1
    rig.tell(ev.AssetHeld(sha(1), 1))
    rig.run(120)
    assert rig.outcome(1) == (Outcome.LATE, Reason.OFFLINE_NO_FILE)
    files = [fact for fact in story(rig).facts if fact.code == FactCode.FILES]
    assert [(fact.why, seconds(fact, in_minutes(2))) for fact in files] == [
        ("missing", -5),
        ("complete", 60),
    ]
    began = the(story(rig), FactCode.STARTED)
    assert began.ms is not None
    assert 60_000 <= began.ms < 62_000


def test_a_file_that_never_came_ends_with_the_window() -> None:
    rig = Rig().boot().connect()
    rig.auto_fetch = False
    rig.tell(signed_plan(slot(1, in_minutes(2))))
    rig.run(600)
    trace = story(rig)
    assert the(trace, FactCode.FILES).why == "missing"
    assert the(trace, FactCode.WINDOW_CLOSED).other_at == in_minutes(7)
    assert codes(trace)[-1] == FactCode.WINDOW_CLOSED


def test_a_damaged_file_is_told_from_a_missing_one() -> None:
    rig = online(slot(1, in_minutes(5)))
    rig.damaged.add(sha(1))
    rig.auto_fetch = False
    rig.run(900)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.FILE_CORRUPT)
    assert the(story(rig), FactCode.FILES).why == "damaged"


def test_quiet_hours_are_told_at_once_with_the_limits_that_say_so() -> None:
    rig = Rig().boot().connect()
    rig.tell(signed_limits(3))
    rig.tell(signed_plan(slot(1, NIGHT), slot(2, in_minutes(60), seconds=4000)))
    rig.run(30)
    quiet, long = the(story(rig, 1), FactCode.LIMITS), the(story(rig, 2), FactCode.LIMITS)
    assert (quiet.why, quiet.version) == ("quiet_hours", 3)
    assert (long.why, long.version) == ("too_long", 3)
    assert the(story(rig, 1), FactCode.PLAN_HEARD).version == 1


def test_a_cancelled_slot_says_whether_plan_or_order_cancelled_it() -> None:
    rig = online(slot(1, in_minutes(20)), slot(2, in_minutes(30)))
    rig.tell(signed_order(wire.CancelDeed(slot_id=slot_id(1))))
    rig.tell(signed_plan(slot(2, in_minutes(30), cancelled=True, revision=2), version=2))
    rig.run(5)
    assert the(story(rig, 1), FactCode.CANCELLED).why == "order"
    assert the(story(rig, 2), FactCode.CANCELLED).why == "plan"
    assert the(story(rig, 2), FactCode.PLAN_HELD).version == 2
    assert story(rig, 2).revision == 2


def test_a_moved_slot_says_which_plan_moved_it() -> None:
    rig = online(slot(1, in_minutes(20)))
    rig.tell(signed_plan(slot(1, in_minutes(10), revision=2), version=2))
    rig.run(900)
    changed = the(story(rig), FactCode.PLAN_CHANGED)
    assert (changed.version, changed.other_at) == (2, in_minutes(10))


def test_a_cut_slot_names_what_took_the_air_and_how_much_was_heard() -> None:
    rig = online(
        slot(1, in_minutes(2), seconds=180),
        slot(2, in_minutes(3), title="Tin bão khẩn", **URGENT),
    )
    rig.run(600)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.PREEMPTED)
    cut, played = the(story(rig), FactCode.CUT), the(story(rig), FactCode.PLAYED)
    assert (cut.why, cut.by, cut.title) == ("preempted", slot_id(2), "Tin bão khẩn")
    assert cut.priority is Priority.PRIORITY
    assert (played.ms, played.of_ms) == (60_000, 180_000)


def test_a_superseded_slot_names_who_had_the_air() -> None:
    rig = online(
        slot(1, in_minutes(2), seconds=500, title="Tiếp âm Đài tỉnh", **URGENT),
        slot(2, in_minutes(3), lateness_s=60),
    )
    rig.run(900)
    assert rig.outcome(2) == (Outcome.SUPERSEDED, Reason.WINDOW_PASSED)
    taken = the(story(rig, 2), FactCode.AIR_TAKEN)
    assert (taken.by, taken.title) == (slot_id(1), "Tiếp âm Đài tỉnh")
    assert seconds(taken, in_minutes(3)) == 0


def test_of_two_slots_at_one_instant_the_loser_names_the_winner() -> None:
    rig = online(
        slot(1, in_minutes(2), lateness_s=10, **URGENT), slot(2, in_minutes(2), lateness_s=10)
    )
    rig.run(300)
    assert rig.outcome(2) == (Outcome.SUPERSEDED, Reason.WINDOW_PASSED)
    assert the(story(rig, 2), FactCode.AIR_TAKEN).by == slot_id(1)


def test_a_late_start_that_had_to_keep_its_distance_says_so() -> None:
    slots = [slot(n, in_minutes(2), lateness_s=900, seconds=5) for n in (1, 2)]
    rig = online(*slots)
    rig.reboot(after_s=300)
    rig.run(300)
    assert FactCode.LATE_SPACING in codes(story(rig, 2))


def test_an_order_to_stop_is_told_as_the_cut() -> None:
    rig = online(slot(1, in_minutes(2), seconds=120))
    rig.run_until(in_minutes(2) + timedelta(seconds=40))
    rig.tell(signed_order(wire.StopDeed()))
    rig.run(30)
    assert the(story(rig), FactCode.CUT).why == "stopped_by_operator"
    assert the(story(rig), FactCode.PLAYED).ms == 40_000


def test_a_device_that_went_and_came_is_told_in_order() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.tell(ev.DeviceLost("hw:0"))
    rig.run_until(in_minutes(3))
    rig.tell(ev.DeviceBack())
    rig.run(120)
    assert rig.outcome(1) == (Outcome.LATE, Reason.AUDIO_DEVICE_MISSING)
    device = [fact for fact in story(rig).facts if fact.code == FactCode.DEVICE]
    assert [(fact.why, seconds(fact, in_minutes(2))) for fact in device] == [
        ("lost", -5),
        ("back", 60),
    ]


def test_a_player_that_cannot_prepare_is_told_with_its_reason() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.fails_prepare = Reason.PLAYER_FAILED
    rig.run(600)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.PLAYER_FAILED)
    assert the(story(rig), FactCode.NOT_PREPARED).why == "player_failed"


def test_a_full_disk_is_told_once_it_can_be_written() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.store.fails_with = ev.StorageProblem.DISK_FULL
    rig.run(200)
    rig.store.fails_with = None
    rig.run(60)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.DISK_FULL)
    assert the(story(rig), FactCode.STORAGE).why == "disk_full"


def test_a_plan_that_came_after_the_hour_says_when_it_was_first_heard() -> None:
    rig = Rig().boot().connect()
    rig.run_until(in_minutes(10))
    rig.tell(signed_plan(slot(1, in_minutes(2)), version=13))
    rig.run(30)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.PLAN_NOT_HELD)
    heard = the(story(rig), FactCode.PLAN_HEARD)
    assert (heard.version, heard.at) == (13, in_minutes(10))


def test_a_plan_that_ended_before_the_slot_says_when() -> None:
    rig = Rig().boot().connect()
    rig.tell(signed_plan(slot(1, in_minutes(20)), not_after=in_minutes(10)))
    rig.run(3000)
    assert rig.outcome(1) == (Outcome.MISSED, Reason.EXPIRED)
    assert the(story(rig), FactCode.PLAN_EXPIRED).other_at == in_minutes(10)


def test_a_clock_nobody_believed_is_told_and_dated_when_the_time_is_known() -> None:
    rig = Rig(trust_last_known=False).boot()
    rig.link_is_up = True
    rig.centre_is_up = False
    rig.store.mark = None
    rig.tell(signed_plan(slot(1, in_minutes(2)), not_before=in_minutes(-9999)))
    rig.clock_error = timedelta(days=-400)
    rig.run_until(in_minutes(20))
    rig.clock_error = timedelta(0)
    rig.centre_is_up = True
    rig.tell(ev.LinkUp())
    rig.run(60)
    trace = story(rig)
    doubts = [fact for fact in trace.facts if fact.code == FactCode.CLOCK]
    assert doubts[0].level is ClockLevel.NONE
    assert doubts[0].why == "clock_untrusted"
    assert all(fact.is_sure for fact in trace.facts)
    assert abs(seconds(doubts[0], in_minutes(0))) < 5
    assert doubts[-1].level is ClockLevel.CONTROLLER


def test_after_a_power_cut_in_mid_play_what_was_durable_is_told_and_the_cut_is_dated() -> None:
    rig = online(slot(1, in_minutes(2), seconds=120))
    rig.run_until(in_minutes(2) + timedelta(seconds=100))
    rig.reboot(after_s=600, power_cut=True)
    trace = story(rig)
    assert codes(trace)[-3:] == [FactCode.STARTED, FactCode.PLAYED, FactCode.RESTARTED]
    assert {FactCode.PLAN_HELD, FactCode.CLOCK, FactCode.FILES} <= set(codes(trace))
    played, back = the(trace, FactCode.PLAYED), trace.facts[-1]
    assert played.why == "marked"
    assert played.ms is not None
    assert 85_000 <= played.ms <= 100_000
    assert (back.why, back.other_at) == ("power_off", rig_mark_at(trace))
    assert not back.is_sure


def rig_mark_at(trace: wire.TraceEntry) -> datetime:
    return the(trace, FactCode.PLAYED).at


@pytest.mark.parametrize(("power_cut", "why"), [(True, "power_off"), (False, "agent_down")])
def test_a_slot_that_came_due_while_the_station_was_away_says_since_when(
    power_cut: bool, why: str
) -> None:
    rig = online(slot(1, in_minutes(2)))
    mark = rig.store.mark
    rig.reboot(after_s=1200, power_cut=power_cut)
    rig.run(30)
    back = the(story(rig), FactCode.RESTARTED)
    assert mark is not None
    assert (back.why, back.other_at, back.is_sure) == (why, mark.at, True)


def test_an_orderly_stop_in_mid_play_is_told_as_the_cut() -> None:
    rig = online(slot(1, in_minutes(2), seconds=120))
    rig.run_until(in_minutes(2) + timedelta(seconds=30))
    rig.stop()
    trace = story(rig)
    assert the(trace, FactCode.CUT).why == "agent_down"
    assert the(trace, FactCode.PLAYED).ms in range(28_000, 30_001)


def test_a_story_without_end_keeps_its_beginning_and_its_end() -> None:
    rig = online(slot(1, in_minutes(2), lateness_s=3600))
    rig.run_until(in_minutes(2) - timedelta(seconds=4))
    for _ in range(40):
        rig.tell(ev.DeviceLost())
        rig.run(1)
        rig.tell(ev.DeviceBack())
        rig.run(1)
    rig.run(300)
    trace = story(rig)
    assert len(trace.facts) == wire.MOST_FACTS
    assert trace.left_out > 10
    assert codes(trace)[1:4] == [FactCode.PLAN_HEARD, FactCode.PLAN_HELD, FactCode.CLOCK]
    assert codes(trace)[-1] == FactCode.PLAYED


def test_a_trace_costs_no_write_of_its_own() -> None:
    writes: list[do.Persist] = []
    rig = online(slot(1, in_minutes(10)))
    tell: Callable[[ev.Event], tuple[do.Effect, ...]] = rig.tell

    def counting(event: ev.Event) -> tuple[do.Effect, ...]:
        effects = tell(event)
        writes.extend(effect for effect in effects if isinstance(effect, do.Persist))
        return effects

    rig.tell = counting  # type: ignore[method-assign]
    rig.run(1200)
    kinds = [[entry.evidence.kind for entry in write.entries] for write in writes]
    assert kinds == [[], ["start"], ["as_run", "trace"]]


def test_what_was_told_of_a_slot_is_not_kept_after_its_end() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run(300)
    assert rig.agent is not None
    assert rig.agent.station.trace.stories == {}
    assert all(not record.facts for record in rig.store.slots.values())


# --- orders ---------------------------------------------------------------------------------------


def warning(order_id: str, sequence: int = 7, **changes: Any) -> ev.OrderReceived:
    values: dict[str, Any] = {
        "title": "Lũ trên sông Cái",
        "authority": Authority.DISTRICT,
        "sequence": sequence,
        "attention_ms": 10_000,
        "until_at": in_minutes(30),
    }
    return signed_order(wire.EmergencyDeed(**(values | changes)), order_id)


def order_story(rig: Rig, order_id: str) -> wire.TraceEntry:
    lines = [entry.evidence for entry in rig.store.entries]
    (trace,) = [
        then
        for line, then in pairwise(lines)
        if isinstance(line, wire.AsRunEntry) and line.order_id == order_id
    ]
    assert isinstance(trace, wire.TraceEntry)
    return trace


def test_an_emergency_says_which_order_asked_for_it_and_what_of_it_was_missing() -> None:
    rig = online()
    rig.auto_fetch = False
    sound = wire.OrderSound(sha256=sha(9), size_bytes=5, duration_ms=20_000)
    rig.tell(warning("flood", sound=sound))
    rig.run(60)
    trace = order_story(rig, "flood")
    ordered, files = the(trace, FactCode.ORDERED), the(trace, FactCode.FILES)
    assert (ordered.by, ordered.title) == ("flood", "Lũ trên sông Cái")
    assert ordered.priority is Priority.EMERGENCY
    assert (files.why, files.have, files.need) == ("missing", 0, 1)
    assert the(trace, FactCode.PLAYED).ms == 10_000


def test_a_slot_cut_by_an_emergency_names_the_order() -> None:
    rig = online(slot(1, in_minutes(2), seconds=120))
    rig.run_until(in_minutes(3))
    rig.tell(warning("flood"))
    rig.run(60)
    cut = the(story(rig), FactCode.CUT)
    assert (cut.why, cut.by, cut.title) == ("preempted", "flood", "Lũ trên sông Cái")


def test_an_emergency_that_waited_in_vain_names_the_one_that_had_the_air() -> None:
    rig = online()
    rig.tell(warning("high", sequence=9, attention_ms=60_000))
    rig.tell(warning("low", sequence=8, until_at=in_minutes(0.5)))
    rig.run(120)
    assert the(order_story(rig, "low"), FactCode.AIR_TAKEN).by == "high"


def test_an_emergency_that_a_correction_replaced_while_it_waited_names_the_correction() -> None:
    rig = online()
    rig.tell(warning("high", sequence=9, attention_ms=60_000, authority=Authority.PROVINCE))
    rig.tell(warning("wrong", sequence=8))
    rig.tell(warning("right", sequence=10, replaces=("wrong",)))
    rig.run(120)
    told = [fact.by for fact in order_story(rig, "wrong").facts if fact.code == FactCode.AIR_TAKEN]
    assert told == ["high", "right"]


# --- slots that go on -----------------------------------------------------------------------------


def test_an_interrupted_slot_that_goes_on_tells_both_and_where_it_went_on() -> None:
    rig = online(
        slot(1, in_minutes(2), seconds=120, end_policy=EndPolicy.RESUME),
        slot(2, in_minutes(3), seconds=30, title="Tin bão khẩn", **URGENT),
    )
    rig.run(900)
    assert rig.outcome(1) == (Outcome.AIRED, None)
    trace = story(rig)
    tail = [fact for fact in trace.facts if fact.code in ("started", "cut", "went_on", "played")]
    assert [fact.code for fact in tail] == ["started", "cut", "went_on", "played"]
    assert (tail[1].title, tail[2].ms, tail[3].ms) == ("Tin bão khẩn", 60_000, 120_000)


def test_a_slot_that_goes_on_after_a_restart_keeps_what_was_known_before_it() -> None:
    rig = online(slot(1, in_minutes(2), seconds=120, end_policy=EndPolicy.RESUME))
    rig.run_until(in_minutes(3))
    rig.reboot(after_s=20)
    rig.run(900)
    told = codes(story(rig))
    assert told.index(FactCode.PLAN_HEARD) < told.index(FactCode.RESTARTED, 1)
    assert told[-2:] == [FactCode.WENT_ON, FactCode.PLAYED]
