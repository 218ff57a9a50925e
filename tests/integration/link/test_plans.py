"""What is signed for stations, when, and how it waits for the broker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from controller.domain.accounts import Role
from controller.services.numbers import raise_epoch_above
from controller.storage.models import OutboxRow, ProgrammeRow
from station_protocol import codec, topics
from station_protocol.messages import CancelDeed, RefreshDeed
from station_protocol.vocabulary import EndPolicy
from tests.support.fleet import FAR, OTHER, STATION, Province
from tests.support.schedule_desk import a_wish
from tests.support.web import DISTRICT, PROVINCE


@pytest.fixture
def here(town: Province) -> Province:
    """On SQLite: the same plans and lines are read on both engines by the tests of evidence."""
    return town


def _queued(here: Province) -> list[tuple[str, bool]]:
    with here.database.read() as session:
        rows = session.scalars(select(OutboxRow).order_by(OutboxRow.outbox_id))
        return [(row.topic, row.is_urgent) for row in rows]


def test_a_schedule_reaches_the_plans_of_its_stations_and_of_no_other(here: Province) -> None:
    here.plans.refresh()
    here.schedule()
    changed = here.plans.refresh()
    assert len(changed) == 9
    assert {STATION, OTHER} <= set(changed)
    assert FAR not in changed
    plan = here.plan_of()
    assert [slot.slot_id for slot in plan.message.slots] == [s.slot_id for s in here.slots()]
    assert here.plan_of(FAR).message.slots == ()


def test_the_first_refresh_signs_plan_and_limits_of_every_station(here: Province) -> None:
    changed = here.plans.refresh()
    assert len(changed) == 65
    plan, limits = here.plan_of(), here.limits_of()
    assert plan.claims.version == limits.claims.version == 1
    assert plan.claims.epoch == limits.claims.epoch == int(here.clock().timestamp() * 1000)
    assert plan.claims.not_after > plan.message.covers_until >= here.clock() + timedelta(days=14)
    assert [(span.opens_min, span.closes_min) for span in limits.message.hours] == [(300, 1260)]
    assert limits.message.max_length_ms == 45 * 60_000
    assert len(_queued(here)) == 130


def test_nothing_is_signed_again_while_nothing_changes(here: Province) -> None:
    here.schedule()
    here.plans.refresh()
    here.clock.move(minutes=10)
    assert here.plans.refresh() == ()
    assert here.plan_of().claims.version == 1


def test_a_programme_that_may_go_on_after_an_interruption_is_told_so(here: Province) -> None:
    here.schedule()
    here.plans.refresh()
    with here.database.write() as session:
        session.execute(update(ProgrammeRow).values(end_policy=EndPolicy.RESUME.value))
    assert len(here.plans.refresh()) == 9
    assert {slot.end_policy for slot in here.plan_of().message.slots} == {EndPolicy.RESUME}


def test_a_new_day_moves_the_plan_on(here: Province) -> None:
    here.schedule(ends_on=None)
    here.plans.refresh()
    here.clock.move(days=1)
    assert len(here.plans.refresh()) == 9
    assert here.plan_of().claims.version == 2


def test_a_plan_that_says_the_same_is_renewed_before_it_runs_out(here: Province) -> None:
    here.plans.refresh()
    here.clock.move(days=7)
    assert here.plans.refresh() == ()
    here.clock.move(days=2)
    assert len(here.plans.refresh()) == 65
    assert here.plan_of(FAR).claims.version == 2


def test_a_cancelled_slot_stays_in_the_plan_so_that_it_ends_so(here: Province) -> None:
    here.schedule()
    here.plans.refresh()
    first = here.slots()[0]
    here.desk.schedules.cancel_slot(here.desk.actor(), first.slot_id, "mưa to")
    assert len(here.plans.refresh()) == 9
    told = {slot.slot_id: slot.cancelled for slot in here.plan_of().message.slots}
    assert told[first.slot_id]
    assert sum(told.values()) == 1


def test_a_day_left_out_is_told_the_day_before_and_comes_back_until_then(here: Province) -> None:
    here.schedule()
    here.plans.refresh()
    actor, slot = here.desk.actor(), here.slots()[2]

    def told() -> bool | None:
        """Whether the plan says it is cancelled; None: the plan does not name it."""
        here.plans.refresh()
        found = {one.slot_id: one.cancelled for one in here.plan_of().message.slots}
        return found.get(slot.slot_id)

    assert told() is False
    here.desk.calendar.leave_out(actor, slot.schedule_id, slot.airs_on)
    assert told() is None
    here.desk.calendar.take_back(actor, slot.schedule_id, slot.airs_on)
    assert told() is False
    here.desk.calendar.leave_out(actor, slot.schedule_id, slot.airs_on)
    here.clock.at = slot.starts_at - timedelta(days=1)
    assert told() is True


def test_what_is_no_longer_approved_leaves_the_plan(here: Province) -> None:
    here.plans.refresh()
    bulletin = here.desk.bulletin()
    actor = here.desk.actor()
    here.desk.schedules.save(actor, a_wish(bulletin))
    here.plans.refresh()
    assert here.plan_of().message.slots
    here.desk.withdraw_approval(bulletin)
    here.plans.refresh()
    assert here.plan_of().message.slots == ()


def test_yesterdays_slots_stay_so_that_what_sounds_over_midnight_goes_on(here: Province) -> None:
    here.schedule(weekdays=0b1111111)
    first, second = here.slots()[:2]
    here.go_to(second, minutes=1)
    here.plans.refresh()
    assert here.plan_of().message.slots[0].slot_id == first.slot_id


def test_a_dated_exception_of_hours_reaches_the_stations_below(here: Province) -> None:
    here.plans.refresh()
    until = here.clock() + timedelta(hours=2)
    here.desk.hours.add_exception(None, DISTRICT, here.clock(), until, "thử loa")
    assert len(here.plans.refresh()) == 9
    limits = here.limits_of()
    assert limits.claims.version == 2
    assert [item.why for item in limits.message.exceptions] == ["thử loa"]
    assert here.limits_of(FAR).message.exceptions == ()


def test_an_unsent_plan_is_replaced_by_its_successor_in_the_queue(here: Province) -> None:
    here.plans.refresh()
    here.schedule()
    here.plans.refresh()
    topic = topics.down(STATION, topics.Down.PLAN)
    with here.database.read() as session:
        (row,) = session.scalars(select(OutboxRow).where(OutboxRow.topic == topic))
        plan = codec.open_plan(row.payload, here.keys, STATION)
    assert plan.claims.version == 2


def test_the_acknowledgement_of_a_message_never_deletes_its_successor(here: Province) -> None:
    here.plans.refresh()
    (*_, last) = here.outbox.waiting(without=(), limit=1000)
    here.outbox.published([last.outbox_id])
    with here.database.write() as session:
        here.orders.issue(
            session, None, STATION, RefreshDeed(), valid_for=timedelta(hours=1), is_group=False
        )
    here.outbox.published([last.outbox_id])
    (first, *_) = here.outbox.waiting(without=(), limit=1000)
    assert first.topic == topics.down(STATION, topics.Down.ORDER)


def test_orders_leave_the_queue_before_plans(here: Province) -> None:
    here.plans.refresh()
    actor = here.centre.actor(Role.OPERATOR, PROVINCE)
    here.orders.order(actor, STATION, RefreshDeed())
    (first, *_) = here.outbox.waiting(without=(), limit=10)
    assert first.topic == topics.down(STATION, topics.Down.ORDER)


def test_an_order_to_a_place_is_one_message_that_each_of_its_stations_can_open(
    here: Province,
) -> None:
    here.plans.refresh()
    actor = here.centre.actor(Role.OPERATOR, PROVINCE)
    slot_id = "a" * 26
    order_id = here.orders.order(actor, DISTRICT, CancelDeed(slot_id=slot_id), why="nhầm")
    (first, *_) = here.outbox.waiting(without=(), limit=1)
    assert first.topic == topics.group_order(DISTRICT)
    opened = codec.open_order(first.payload, here.keys, frozenset({STATION, DISTRICT}))
    assert opened.message.order_id == order_id
    assert opened.message.issued_by == actor.full_name
    assert opened.claims.version == 1
    assert here.desk.audited("order.cancel")[0].place_id == DISTRICT


def test_one_lying_station_can_neither_break_the_epoch_nor_raise_it_at_will(
    here: Province,
) -> None:
    here.plans.refresh()
    now = here.clock()
    with here.database.write() as session:
        assert not raise_epoch_above(session, 2**53, now)
        claimed = here.plan_of().claims.epoch + 5_000
        assert raise_epoch_above(session, claimed, now)
        assert not raise_epoch_above(session, claimed + 10_000, now + timedelta(seconds=1))
        assert raise_epoch_above(session, claimed + 10_000, now + timedelta(minutes=11))
