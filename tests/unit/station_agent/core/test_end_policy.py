"""What becomes of a slot that a higher one interrupts: cut, its item finished, or gone on later."""

from __future__ import annotations

from datetime import timedelta

from station_agent.core import effects as do
from station_protocol import messages as wire
from station_protocol.vocabulary import EndPolicy, Outcome, Reason
from tests.support import wire as build
from tests.support.rig import (
    URGENT,
    Rig,
    in_minutes,
    online,
    sha,
    signed_order,
    signed_plan,
    slot,
    slot_id,
)

AIRED = (Outcome.AIRED, None)


def programme(number: int, minute: float, policy: EndPolicy, **changes: object) -> wire.PlannedSlot:
    """Three items of 40 s each."""
    items = tuple(build.item(sha256=sha(100 + n), duration_ms=40_000) for n in range(3))
    return slot(number, in_minutes(minute), seconds=120, items=items, end_policy=policy, **changes)


def sounded(rig: Rig) -> list[tuple[str, int]]:
    """Slot and length in seconds of each play, in order."""
    return [(play.slot_id, round(play.played_ms / 1000)) for play in rig.heard]


# --- the item is finished first -----------------------------------------------------------------


def test_the_item_that_sounds_is_finished_and_then_the_higher_begins_gaplessly() -> None:
    rig = online(programme(1, 2, EndPolicy.FINISH_ITEM), slot(2, in_minutes(2.2), **URGENT))
    rig.run(600)
    assert sounded(rig) == [(slot_id(1), 40), (slot_id(2), 30)]
    assert rig.heard[1].started_at == in_minutes(2) + timedelta(seconds=40)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.PREEMPTED)
    assert rig.outcome(2) is not None


def test_the_higher_is_not_made_to_wait_beyond_its_own_window() -> None:
    rig = online(
        programme(1, 2, EndPolicy.FINISH_ITEM), slot(2, in_minutes(2.2), lateness_s=10, **URGENT)
    )
    rig.run(600)
    assert sounded(rig)[0] == (slot_id(1), 12)
    assert rig.outcome(2) == AIRED


def test_an_emergency_waits_for_no_item() -> None:
    rig = online(programme(1, 2, EndPolicy.FINISH_ITEM))
    rig.run_until(in_minutes(2.2))
    deed = wire.EmergencyDeed(title="Lũ", authority="district", sequence=1, until_at=in_minutes(30))
    rig.tell(signed_order(deed))
    rig.run(5)
    assert sounded(rig)[0] == (slot_id(1), 12)


# --- it goes on later -----------------------------------------------------------------------------


def test_it_goes_on_where_it_was_and_counts_as_one_airing() -> None:
    rig = online(programme(1, 2, EndPolicy.RESUME), slot(2, in_minutes(3), **URGENT))
    rig.run(600)
    assert sounded(rig) == [(slot_id(1), 60), (slot_id(2), 30), (slot_id(1), 60)]
    rest = [one for one in rig.asked if isinstance(one, do.Prepare)][-1]
    assert rest.pieces == (do.SoundFile(sha(101), 20_000, 20_000), do.SoundFile(sha(102), 40_000))
    assert rig.outcome(1) == AIRED
    (line,) = [one for one in rig.evidence(wire.AsRunEntry) if one.slot_id == slot_id(1)]
    assert (line.started_at, line.played_ms) == (in_minutes(2), 120_000)
    assert len([one for one in rig.evidence(wire.StartEntry) if one.slot_id == slot_id(1)]) == 1


def test_it_goes_on_after_an_emergency_too() -> None:
    rig = online(programme(1, 2, EndPolicy.RESUME))
    rig.run_until(in_minutes(2.5))
    deed = wire.EmergencyDeed(title="Lũ", authority="district", sequence=1, until_at=in_minutes(30))
    rig.tell(signed_order(deed))
    rig.run(300)
    assert rig.outcome(1) == AIRED


def test_it_is_cut_short_if_the_air_is_not_free_in_its_window() -> None:
    rig = online(
        programme(1, 2, EndPolicy.RESUME, lateness_s=60),
        slot(2, in_minutes(3), seconds=120, **URGENT),
    )
    rig.run(600)
    assert sounded(rig) == [(slot_id(1), 60), (slot_id(2), 120)]
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.PREEMPTED)


def test_it_may_be_interrupted_more_than_once() -> None:
    rig = online(
        programme(1, 2, EndPolicy.RESUME),
        slot(2, in_minutes(2.5), seconds=10, **URGENT),
        slot(3, in_minutes(3.5), seconds=10, **URGENT),
    )
    rig.run(600)
    assert [name for name, _ in sounded(rig)] == [slot_id(n) for n in (1, 2, 1, 3, 1)]
    assert sum(length for name, length in sounded(rig) if name == slot_id(1)) in (119, 120, 121)
    assert rig.outcome(1) == AIRED


def test_a_cancel_while_it_waits_ends_it() -> None:
    rig = online(programme(1, 2, EndPolicy.RESUME), slot(2, in_minutes(3), seconds=60, **URGENT))
    rig.run_until(in_minutes(3.5))
    rig.tell(signed_order(wire.CancelDeed(slot_id=slot_id(1))))
    rig.run(300)
    assert sounded(rig) == [(slot_id(1), 60), (slot_id(2), 60)]
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.STOPPED_BY_OPERATOR)


def test_it_goes_on_after_a_power_cut_within_its_window() -> None:
    rig = online(programme(1, 2, EndPolicy.RESUME))
    rig.run_until(in_minutes(2) + timedelta(seconds=50))
    rig.reboot(after_s=30, power_cut=True)
    rig.connect()
    rig.run(300)
    assert len(rig.heard) == 2
    assert rig.outcome(1) == AIRED


def test_it_does_not_go_on_after_a_long_power_cut() -> None:
    rig = online(programme(1, 2, EndPolicy.RESUME))
    rig.run_until(in_minutes(2) + timedelta(seconds=50))
    rig.reboot(after_s=900, power_cut=True)
    rig.connect()
    rig.run(300)
    assert len(rig.heard) == 1
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.POWER_OFF)


def test_one_that_is_only_cut_is_never_played_again() -> None:
    rig = online(programme(1, 2, EndPolicy.CUT), slot(2, in_minutes(3), **URGENT))
    rig.run(600)
    assert sounded(rig) == [(slot_id(1), 60), (slot_id(2), 30)]
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.PREEMPTED)


def test_a_new_plan_stops_no_emergency_and_one_without_it_stops_what_waits_to_go_on() -> None:
    rig = online(programme(1, 2, EndPolicy.RESUME))
    rig.run_until(in_minutes(2.5))
    deed = wire.EmergencyDeed(
        title="Lũ", authority="district", sequence=1, until_at=in_minutes(30), attention_ms=30_000
    )
    rig.tell(signed_order(deed, "flood"))
    rig.run(5)
    rig.tell(signed_plan(slot(9, in_minutes(60)), version=2))
    rig.run(300)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.STOPPED_BY_OPERATOR)
    lines = [one.outcome for one in rig.evidence(wire.AsRunEntry) if one.order_id == "flood"]
    assert lines == [Outcome.AIRED]
