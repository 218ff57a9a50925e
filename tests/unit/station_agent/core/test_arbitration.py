"""Who has the air: class, authority, earlier start, id; never two, never a burst."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from station_agent.core import events as ev
from station_agent.core.arbiter import preempts, ranked
from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import Authority, Outcome, Priority, Reason
from tests.support.rig import URGENT, in_minutes, online, signed_plan, slot, slot_id

slots = st.builds(
    lambda number, minute, priority, authority: slot(
        number, in_minutes(minute), priority=priority, authority=authority
    ),
    st.integers(1, 50),
    st.integers(0, 5),
    st.sampled_from(Priority),
    st.sampled_from(Authority),
)


@given(st.lists(slots, max_size=5, unique_by=lambda one: one.slot_id), st.randoms())
def test_who_comes_first_does_not_depend_on_who_was_named_first(
    some: list[PlannedSlot], chance: random.Random
) -> None:
    assert ranked(chance.sample(some, len(some))) == ranked(some)


@given(slots, slots)
def test_who_may_cut_also_goes_first(one: PlannedSlot, two: PlannedSlot) -> None:
    if preempts(one, two):
        assert ranked([two, one]) == [one, two]
        assert not preempts(two, one)


def test_class_comes_before_authority_and_authority_before_an_earlier_start() -> None:
    early = slot(1, in_minutes(0))
    province = slot(2, in_minutes(1), authority=Authority.PROVINCE)
    urgent = slot(3, in_minutes(2), authority=Authority.COMMUNE, **URGENT)
    emergency = slot(4, in_minutes(3), priority=Priority.EMERGENCY)
    assert ranked([early, province, urgent, emergency]) == [emergency, urgent, province, early]


def test_at_the_same_instant_the_higher_sounds_and_the_lower_follows_in_its_window() -> None:
    rig = online(slot(1, in_minutes(2)), slot(2, in_minutes(2), **URGENT))
    rig.run(300)
    assert rig.heard_slots() == [slot_id(2), slot_id(1)]
    assert rig.outcome(2) == (Outcome.AIRED, None)
    assert rig.outcome(1) == (Outcome.LATE, Reason.LATE_RECOVERY)


def test_a_slot_that_never_gets_the_air_in_its_window_is_superseded() -> None:
    rig = online(
        slot(1, in_minutes(2), lateness_s=60), slot(2, in_minutes(2), seconds=120, **URGENT)
    )
    rig.run(600)
    assert rig.outcome(1) == (Outcome.SUPERSEDED, Reason.WINDOW_PASSED)
    assert rig.heard_slots() == [slot_id(2)]
    assert rig.agent is not None
    assert rig.agent.playout.obstacles == {}


def test_a_higher_class_cuts_what_sounds_at_its_own_instant() -> None:
    rig = online(slot(1, in_minutes(2), seconds=120), slot(2, in_minutes(3), **URGENT))
    rig.run(600)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.PREEMPTED)
    assert rig.outcome(2) == (Outcome.AIRED, None)
    assert rig.heard[1].started_at == in_minutes(3)
    assert rig.heard[0].played_ms == 60_000


def test_a_lower_slot_that_would_be_cut_within_seconds_waits_and_sounds_whole() -> None:
    rig = online(slot(1, in_minutes(2)), slot(2, in_minutes(2.05), **URGENT))
    rig.run(600)
    assert rig.heard_slots() == [slot_id(2), slot_id(1)]
    assert rig.outcome(1) == (Outcome.LATE, Reason.LATE_RECOVERY)


def test_a_higher_authority_cuts_too() -> None:
    rig = online(
        slot(1, in_minutes(2), seconds=120),
        slot(2, in_minutes(3), authority=Authority.PROVINCE),
    )
    rig.run(600)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.PREEMPTED)


def test_an_equal_never_cuts_but_waits() -> None:
    rig = online(slot(1, in_minutes(2), seconds=120), slot(2, in_minutes(3)))
    rig.run(600)
    assert rig.outcome(1) == (Outcome.AIRED, None)
    assert rig.outcome(2) == (Outcome.LATE, Reason.LATE_RECOVERY)


def test_an_equal_that_should_have_been_earlier_does_not_cut_either() -> None:
    rig = online(slot(2, in_minutes(4), seconds=60))
    rig.run_until(in_minutes(4.2))
    rig.tell(signed_plan(slot(1, in_minutes(3)), slot(2, in_minutes(4), seconds=60), version=2))
    rig.run(600)
    assert rig.outcome(2) == (Outcome.AIRED, None)
    assert rig.outcome(1) == (Outcome.LATE, Reason.PLAN_NOT_HELD)


def test_slots_back_to_back_follow_without_a_gap() -> None:
    rig = online(slot(1, in_minutes(2), seconds=60), slot(2, in_minutes(3), seconds=60))
    rig.run(600)
    assert [play.started_at for play in rig.heard] == [in_minutes(2), in_minutes(3)]
    assert {verdict for verdict, _ in rig.outcomes().values()} == {Outcome.AIRED}


def test_a_higher_slot_without_its_file_does_not_silence_the_lower() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.auto_fetch = False
    rig.tell(signed_plan(slot(1, in_minutes(2)), slot(2, in_minutes(2), **URGENT), version=2))
    rig.run(600)
    assert rig.outcome(1) == (Outcome.AIRED, None)
    assert rig.outcome(2) == (Outcome.MISSED, Reason.OFFLINE_NO_FILE)


def test_a_higher_slot_learned_of_while_the_lower_is_being_prepared_goes_first() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.store.files |= {slot(2, in_minutes(2)).items[0].sha256: 1}
    rig.tell(ev.AssetHeld(slot(2, in_minutes(2)).items[0].sha256, 1))
    rig.run_until(in_minutes(2) - timedelta(seconds=3))
    rig.tell(signed_plan(slot(1, in_minutes(2)), slot(2, in_minutes(2), **URGENT), version=2))
    rig.run(600)
    assert rig.heard_slots() == [slot_id(2), slot_id(1)]


def test_a_higher_slot_takes_over_even_from_one_not_yet_heard() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.store.files |= {slot(2, in_minutes(2)).items[0].sha256: 1}
    rig.tell(ev.AssetHeld(slot(2, in_minutes(2)).items[0].sha256, 1))
    rig.run_until(in_minutes(2) - timedelta(seconds=1))
    rig.tell(signed_plan(slot(1, in_minutes(2)), slot(2, in_minutes(2), **URGENT), version=2))
    rig.run(600)
    assert rig.outcome(2) == (Outcome.AIRED, None)
    assert rig.outcome(1) == (Outcome.SUPERSEDED, Reason.WINDOW_PASSED)
    assert len(rig.heard) == 1


def test_two_late_starts_are_a_minute_apart() -> None:
    rig = online(
        slot(1, in_minutes(2), seconds=5),
        slot(2, in_minutes(2.1), seconds=5),
        slot(3, in_minutes(2.2), seconds=5),
    )
    rig.fails_prepare = Reason.AUDIO_DEVICE_MISSING
    rig.run_until(in_minutes(3))
    rig.fails_prepare = None
    rig.run(600)
    starts = [play.mono_ms for play in rig.heard]
    assert len(starts) == 3
    assert starts[1] - starts[0] >= 60_000
    assert starts[2] - starts[1] >= 60_000


def test_a_punctual_slot_is_not_held_up_by_an_earlier_late_start() -> None:
    rig = online(slot(1, in_minutes(2), seconds=5), slot(2, in_minutes(3.2), seconds=5))
    rig.fails_prepare = Reason.AUDIO_DEVICE_MISSING
    rig.run_until(in_minutes(2.7))
    rig.fails_prepare = None
    rig.run(600)
    assert rig.outcome(1) == (Outcome.LATE, Reason.AUDIO_DEVICE_MISSING)
    assert rig.outcome(2) == (Outcome.AIRED, None)
