"""Orders: obeyed once, answered each time, refused when old or impossible."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_agent.core.acceptance import (
    MOST_ENDED,
    MOST_ORDERS,
    is_forgotten,
    with_forgotten,
    with_order,
)
from station_agent.core.records import Memory, OrderRank, SeenOrder
from station_protocol import messages as wire
from station_protocol.vocabulary import DeedKind, Outcome, Reason
from tests.support import wire as build
from tests.support.rig import (
    EPOCH,
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


def on_air() -> Rig:
    rig = online(slot(1, in_minutes(2), seconds=60), slot(2, in_minutes(20)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    return rig


def test_a_cancel_before_the_start_ends_the_slot_and_is_answered_at_once() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.tell(signed_order(wire.CancelDeed(slot_id=slot_id(1)), "cancel-1"))
    (reply,) = rig.replies()
    assert (reply.order_id, reply.accepted, reply.why) == ("cancel-1", True, None)
    assert rig.outcome(1) == (Outcome.CANCELLED, Reason.STOPPED_BY_OPERATOR)
    rig.run(300)
    assert rig.heard == []


def test_a_cancel_between_intent_and_first_frame_still_cancels() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) - timedelta(seconds=1))
    rig.tell(signed_order(wire.CancelDeed(slot_id=slot_id(1))))
    rig.run(300)
    assert rig.heard == []
    assert rig.outcome(1) == (Outcome.CANCELLED, Reason.STOPPED_BY_OPERATOR)


def test_a_cancel_on_air_stops_with_a_fade_and_says_who_did_it() -> None:
    rig = on_air()
    effects = rig.tell(signed_order(wire.CancelDeed(slot_id=slot_id(1))))
    assert any(isinstance(effect, do.Stop) and effect.fade_ms > 0 for effect in effects)
    rig.run(5)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.STOPPED_BY_OPERATOR)


def test_silence_does_not_wait_for_the_disk() -> None:
    rig = on_air()
    effects = rig.tell(signed_order(wire.StopDeed()))
    kinds = [type(effect) for effect in effects]
    assert kinds.index(do.Stop) < kinds.index(do.Persist) < kinds.index(do.Send)


def test_a_cancel_of_a_slot_no_plan_has_named_yet_is_kept_over_a_restart() -> None:
    rig = online()
    rig.tell(signed_order(wire.CancelDeed(slot_id=slot_id(7))))
    rig.reboot()
    rig.run(5)
    rig.tell(signed_plan(slot(7, in_minutes(10)), version=2))
    rig.run(1200)
    assert rig.heard == []
    assert rig.outcome(7) == (Outcome.CANCELLED, Reason.STOPPED_BY_OPERATOR)


def test_a_cancel_of_a_slot_that_has_ended_changes_nothing() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run(300)
    rig.tell(signed_order(wire.CancelDeed(slot_id=slot_id(1))))
    assert rig.replies()[-1].accepted
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_a_stop_ends_what_sounds_and_leaves_the_next_slot_alone() -> None:
    rig = on_air()
    rig.tell(signed_order(wire.StopDeed()))
    rig.run(1800)
    assert rig.outcome(1) == (Outcome.CUT_SHORT, Reason.STOPPED_BY_OPERATOR)
    assert rig.outcome(2) == (Outcome.AIRED, None)


def test_a_stop_of_another_slot_does_not_touch_what_sounds() -> None:
    rig = on_air()
    rig.tell(signed_order(wire.StopDeed(slot_id=slot_id(2))))
    rig.run(120)
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_the_same_order_again_has_no_second_effect_but_the_same_answer() -> None:
    rig = on_air()
    order = signed_order(wire.StopDeed(), "stop-1")
    rig.tell(order)
    rig.run_until(in_minutes(20) + timedelta(seconds=10))
    rig.tell(order)
    rig.run(60)
    assert [reply.accepted for reply in rig.replies()] == [True, True]
    assert rig.outcome(2) == (Outcome.AIRED, None)


def test_an_order_replayed_after_a_restart_has_no_effect() -> None:
    rig = on_air()
    order = signed_order(wire.StopDeed(), "stop-1")
    rig.tell(order)
    rig.reboot()
    rig.run_until(in_minutes(20) + timedelta(seconds=10))
    rig.tell(order)
    rig.run(60)
    assert rig.outcome(2) == (Outcome.AIRED, None)


def test_the_nonce_of_an_order_cannot_be_used_under_another_id() -> None:
    rig = on_air()
    order = signed_order(wire.VolumeDeed(percent=50), "one", nonce="f" * 32)
    rig.tell(order)
    rig.tell(signed_order(wire.StopDeed(), "two", nonce="f" * 32))
    rig.run(120)
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_an_expired_order_is_refused_answered_and_told() -> None:
    rig = on_air()
    rig.tell(signed_order(wire.StopDeed(), not_after=in_minutes(-5)))
    assert (rig.replies()[-1].accepted, rig.replies()[-1].why) == (False, "expired")
    (line,) = rig.evidence(wire.RefusalEntry)
    assert (line.what, line.why) == ("order", "expired")
    rig.run(120)
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_an_order_that_expired_before_the_power_cut_is_refused_although_the_time_is_unknown() -> (
    None
):
    rig = online()
    rig.run(400)
    rig.centre_is_up = False
    rig.reboot(power_cut=True)
    rig.tell(signed_order(wire.VolumeDeed(percent=0), not_after=in_minutes(1)))
    assert (rig.replies()[-1].accepted, rig.replies()[-1].why) == (False, "expired")
    rig.tell(signed_order(wire.VolumeDeed(percent=50), not_after=in_minutes(60)))
    assert rig.replies()[-1].accepted


def test_an_order_that_expired_while_the_station_ran_without_the_time_is_refused() -> None:
    rig = online()
    rig.disconnect()
    rig.reboot(power_cut=True)
    rig.run(2 * 3600)
    rig.link_is_up, rig.centre_is_up = True, False
    rig.tell(ev.LinkUp())
    rig.tell(signed_order(wire.CancelDeed(slot_id=slot_id(1))))
    assert rig.replies()[-1].why == "expired"


def ranked(number: int, epoch: int = EPOCH, minutes: float = 0) -> OrderRank:
    return OrderRank(epoch=epoch, version=number, issued_at=in_minutes(minutes))


def remembered(number: int, rank: OrderRank) -> SeenOrder:
    return SeenOrder(
        order_id=f"order-{number}",
        nonce=f"{number:032x}",
        not_after=in_minutes(60),
        accepted=True,
        rank=rank,
    )


def test_of_a_full_memory_the_oldest_by_the_centres_numbers_goes_and_leaves_its_mark() -> None:
    numbers = [*range(100, 100 + MOST_ORDERS - 1), 3]  # number 3 came last
    memory = Memory(orders=tuple(remembered(n, ranked(n, minutes=n / 100)) for n in numbers))
    memory = with_order(memory, remembered(900, ranked(900)), in_minutes(0))
    assert len(memory.orders) == MOST_ORDERS
    assert {one.order_id for one in memory.orders}.isdisjoint({"order-3"})
    assert memory.forgotten == ranked(3, minutes=0.03)


def test_what_an_older_agent_remembered_without_a_number_is_not_the_first_to_go() -> None:
    old = tuple(remembered(n, OrderRank()) for n in range(200))
    memory = Memory(orders=old)
    for number in range(1_000, 1_000 + MOST_ORDERS):
        memory = with_order(memory, remembered(number, ranked(number)), in_minutes(0))
    assert set(old) <= set(memory.orders)


instants = st.integers(0, 50).map(lambda n: in_minutes(n))
ranks = st.builds(
    OrderRank, epoch=st.integers(1, 3), version=st.integers(1, 40), issued_at=instants
)


@given(st.lists(ranks, max_size=30))
def test_nothing_that_was_forgotten_is_ever_new_again(gone: list[OrderRank]) -> None:
    """In whatever order, of however many databases, by whatever clocks."""
    memory = Memory()
    for rank in gone:
        memory = with_forgotten(memory, rank)
    assert all(is_forgotten(memory, rank) for rank in gone)


@given(st.lists(ranks, max_size=30), ranks)
def test_what_is_newer_than_all_that_was_forgotten_is_new(
    gone: list[OrderRank], rank: OrderRank
) -> None:
    """By its number, or by its hour: a centre may lose numbers, or have had a clock ahead."""
    memory = Memory()
    for one in gone:
        memory = with_forgotten(memory, one)
    by_number = all((rank.epoch, rank.version) > (one.epoch, one.version) for one in gone)
    assert rank.issued_at is not None
    by_hour = all(one.issued_at and rank.issued_at > one.issued_at for one in gone)
    assert is_forgotten(memory, rank) is not (by_number or by_hour)


def test_an_emergency_that_was_stopped_before_it_came_stays_stopped_after_hundreds_more() -> None:
    rig = online()
    until = in_minutes(55)
    withheld = signed_order(build.emergency(until_at=until, repeat_every_s=None), "withheld")
    rig.tell(signed_order(wire.StopDeed(order_id="withheld")))
    for number in range(MOST_ENDED + 5):
        rig.tell(signed_order(wire.StopDeed(order_id=f"other-{number}")))
    assert "withheld" not in rig.store.memory.ended_orders
    assert set(rig.store.memory.ended_by) == set(rig.store.memory.ended_orders)
    rig.tell(withheld)
    rig.run(30)
    assert rig.heard == []
    assert rig.replies()[-1].why == "stale"


def test_an_order_of_an_older_epoch_is_stale() -> None:
    rig = on_air()
    rig.tell(signed_order(wire.StopDeed(), epoch=EPOCH - 1))
    assert rig.replies()[-1].why == "stale"


def test_an_order_of_a_newer_epoch_makes_older_plans_stale() -> None:
    rig = on_air()
    rig.tell(signed_order(wire.VolumeDeed(percent=50), epoch=EPOCH + 9))
    rig.tell(signed_plan(version=50))
    assert rig.evidence(wire.RefusalEntry)[-1].why == "stale"


def test_an_exercise_may_order_a_tone_but_nothing_live() -> None:
    rig = on_air()
    rig.tell(signed_order(wire.StopDeed(), kind=DeedKind.EXERCISE))
    assert rig.replies()[-1].why == "unsupported"
    rig.run(60)
    rig.tell(signed_order(wire.TestToneDeed(), kind=DeedKind.EXERCISE))
    assert rig.replies()[-1].accepted


def test_the_volume_is_set_under_the_ceiling_and_kept() -> None:
    rig = online()
    rig.tell(signed_order(wire.VolumeDeed(percent=60)))
    assert rig.asked[-1] != do.SetVolume(100)
    assert do.SetVolume(60) in rig.asked
    rig.tell(signed_limits(1, volume_ceiling_percent=40))
    assert do.SetVolume(40) in rig.asked
    rig.asked.clear()
    rig.reboot()
    assert do.SetVolume(40) in rig.asked


def test_a_refresh_looks_at_every_file_and_says_hello_again() -> None:
    rig = online(slot(1, in_minutes(60)))
    rig.asked.clear()
    rig.damaged.add(sha(1))
    rig.tell(signed_order(wire.RefreshDeed()))
    assert do.CheckAsset(sha(1)) in rig.asked
    assert any(isinstance(e, do.Send) and isinstance(e.message, wire.Hello) for e in rig.asked)
    rig.run(10)
    assert [line.held for line in rig.evidence(wire.HoldingEntry)] == [True, False, True]


def test_the_test_tone_sounds_when_the_air_is_free() -> None:
    rig = online()
    rig.tell(signed_order(wire.TestToneDeed(seconds=3)))
    rig.run(10)
    assert [play.played_ms for play in rig.heard] == [3_000]
    assert rig.outcomes() == {}
    assert rig.amplifier[-1][1] is False


def test_the_test_tone_is_refused_on_air_before_a_slot_and_at_night() -> None:
    rig = on_air()
    rig.tell(signed_order(wire.TestToneDeed()))
    assert rig.replies()[-1].why == "on_air"
    rig.run_until(in_minutes(20) - timedelta(seconds=15))
    rig.tell(signed_order(wire.TestToneDeed()))
    assert rig.replies()[-1].why == "on_air"
    rig.tell(signed_limits(1, hours=()))
    rig.run(120)
    rig.tell(signed_order(wire.TestToneDeed()))
    assert rig.replies()[-1].why == "quiet_hours"


def test_a_stop_also_ends_the_test_tone() -> None:
    rig = online()
    rig.tell(signed_order(wire.TestToneDeed(seconds=10)))
    rig.run(3)
    rig.tell(signed_order(wire.StopDeed()))
    rig.run(10)
    assert rig.heard[0].played_ms < 4_000


def test_a_slot_learned_of_during_the_tone_takes_the_air() -> None:
    rig = online(slot(1, in_minutes(60)))
    rig.tell(signed_order(wire.TestToneDeed(seconds=10)))
    rig.run(2)
    soon = rig.true + timedelta(seconds=4)
    moved = slot(1, soon, revision=2)
    rig.tell(signed_plan(moved, version=2))
    rig.run(60)
    assert rig.outcome(1) == (Outcome.AIRED, None)
    assert rig.heard[0].played_ms < 7_000


def test_a_tone_whose_player_fails_leaves_nothing_behind() -> None:
    rig = online()
    rig.fails_prepare = Reason.AUDIO_DEVICE_MISSING
    rig.tell(signed_order(wire.TestToneDeed()))
    rig.run(10)
    assert rig.outcomes() == {}
    assert rig.agent is not None
    assert rig.agent.playout.plays == {}


def test_answered_orders_are_forgotten_a_day_after_they_expired() -> None:
    rig = online()
    rig.tell(signed_order(wire.VolumeDeed(percent=50), not_after=in_minutes(5)))
    rig.run(2 * 86_400)
    rig.tell(signed_order(wire.VolumeDeed(percent=60), not_after=in_minutes(9_999)))
    assert len(rig.store.memory.orders) == 1


def test_a_player_word_about_nothing_we_know_is_ignored() -> None:
    rig = online()
    assert rig.tell(ev.PlayerProgress("foreign-1", 5)) == ()
