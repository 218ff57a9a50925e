"""A schedule is judged before it is saved and again while it is, on a real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.domain.schedule import Recurrence, slot_id
from controller.errors import (
    ForbiddenError,
    InvalidInputError,
    NotApprovedError,
    NotFoundError,
    OutOfScopeError,
    OutsideHoursError,
    SlotConflictError,
    StaleEditError,
    TooLongError,
    WrongStateError,
)
from controller.services.schedule_findings import (
    BandFull,
    Fine,
    Met,
    OutOfReach,
    OutsideHours,
)
from controller.services.schedules import Editing
from station_protocol.messages import PlannedItem
from station_protocol.vocabulary import Priority
from tests.support.schedule_desk import MORNING, TOMORROW, Desk, a_wish, desk
from tests.support.web import NOW, OTHER_DISTRICT, PROVINCE


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as built:
        yield built


def test_the_preview_says_what_saving_will_do(at_desk: Desk) -> None:
    at_desk.everyone_is_linked()
    preview = at_desk.schedules.preview(at_desk.actor(), a_wish(at_desk.bulletin()))
    assert preview.judgement.count == 10
    assert preview.judgement.first_at == datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
    assert preview.judgement.may_save
    assert preview.judgement.look_at == ()
    assert preview.judgement.fine == (Fine("05:00–21:00"),)
    assert preview.title == "Tiết kiệm nước mùa khô"


def test_what_is_saved_is_what_was_shown(at_desk: Desk) -> None:
    saved = at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin()))
    slots = at_desk.slots()
    assert saved.count == len(slots) == 10
    first = slots[0]
    assert first.slot_id == slot_id(saved.schedule_id, TOMORROW, MORNING)
    assert (at_desk.local(first.starts_at), first.duration_ms) == ("26/11 05:30", 600_000)
    assert (first.authority, first.priority, first.revision) == ("district", "ordinary", 1)
    (item,) = first.items
    assert PlannedItem.model_validate(item).approved_by == "Trần Văn Lộc"
    assert "plan_refresh" in at_desk.centre.woken
    (row,) = at_desk.audited("schedule.create")
    assert (row.actor, row.detail["targets"]) == ("operator.bac-ai", ["bac-ai"])


def test_a_bulletin_one_minute_ahead_is_planned_at_once(at_desk: Desk) -> None:
    at_desk.centre.clock.at = NOW.replace(second=59)
    wish = a_wish(
        at_desk.bulletin(),
        recurrence=Recurrence.ONCE,
        airs_at=time(17, 7),
        starts_on=date(2026, 11, 25),
    )
    saved = at_desk.schedules.save(at_desk.actor(), wish)
    (slot,) = at_desk.slots()
    assert saved.count == 1
    assert slot.starts_at == NOW.replace(minute=7, second=0)
    at_desk.centre.clock.move(seconds=30)
    at_desk.materialise()
    (same,) = at_desk.slots()
    assert (same.slot_id, same.revision, same.cancelled_at) == (slot.slot_id, 1, None)


def test_a_quarter_past_three_at_night_is_refused(at_desk: Desk) -> None:
    wish = a_wish(at_desk.bulletin(), airs_at=time(3, 15))
    (finding,) = at_desk.schedules.preview(at_desk.actor(), wish).judgement.must_fix
    assert isinstance(finding, OutsideHours)
    assert len(finding.stations) == 9
    with pytest.raises(OutsideHoursError) as caught:
        at_desk.schedules.save(at_desk.actor(), wish)
    assert caught.value.facts == {
        "at": "03:15", "opens": "05:00", "closes": "21:00", "hours": "05:00–21:00",
    }  # fmt: skip
    assert at_desk.slots() == []


def test_a_dated_exception_lets_a_slot_of_that_night_through(at_desk: Desk) -> None:
    night = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)  # 03:00 on 26/11
    at_desk.hours.add_exception(
        at_desk.actor(), "bac-ai", night, night + timedelta(hours=2), "Bão số 9"
    )
    once = {"recurrence": Recurrence.ONCE, "airs_at": time(3, 15)}
    assert at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin(), **once)).count == 1
    weekly = a_wish(at_desk.bulletin("Khác"), airs_at=time(4, 0))
    (finding,) = at_desk.schedules.preview(at_desk.actor(), weekly).judgement.must_fix
    assert isinstance(finding, OutsideHours)
    assert finding.on == date(2026, 11, 27)


def test_a_slot_longer_than_the_cap_of_a_target_is_refused(at_desk: Desk) -> None:
    wish = a_wish(at_desk.bulletin(minutes=46))
    with pytest.raises(TooLongError) as caught:
        at_desk.schedules.save(at_desk.actor(), wish)
    assert caught.value.facts == {"minutes": 46, "cap_minutes": 45}


def test_a_time_that_has_gone_by_is_refused(at_desk: Desk) -> None:
    wish = a_wish(
        at_desk.bulletin(),
        recurrence=Recurrence.ONCE,
        airs_at=time(17, 6),
        starts_on=date(2026, 11, 25),
    )
    with pytest.raises(InvalidInputError) as caught:
        at_desk.schedules.save(at_desk.actor(), wish)
    assert caught.value.facts == {"field": "airs_at", "problem": "past"}


def test_only_an_approved_bulletin_is_scheduled(at_desk: Desk) -> None:
    waiting = at_desk.bulletin(is_approved=False)
    with pytest.raises(NotApprovedError):
        at_desk.schedules.save(at_desk.actor(), a_wish(waiting))
    assert [b.bulletin_id for b in at_desk.schedules.bulletins(at_desk.actor())] == []


def test_a_target_outside_the_own_place_is_refused(at_desk: Desk) -> None:
    wish = a_wish(at_desk.bulletin(), target_ids=("bac-ai-phuoc-binh", OTHER_DISTRICT))
    with pytest.raises(OutOfScopeError):
        at_desk.schedules.save(at_desk.actor(), wish)
    with pytest.raises(OutOfScopeError):
        at_desk.schedules.preview(at_desk.actor(), wish)


def test_a_bulletin_of_another_district_is_refused_one_of_the_province_is_not(
    at_desk: Desk,
) -> None:
    foreign = at_desk.bulletin("Tin Ninh Sơn", place_id=OTHER_DISTRICT)
    with pytest.raises(OutOfScopeError):
        at_desk.schedules.save(at_desk.actor(), a_wish(foreign))
    ours = at_desk.bulletin("Tin tỉnh", place_id=PROVINCE)
    assert at_desk.schedules.save(at_desk.actor(), a_wish(ours)).count == 10
    assert [b.title for b in at_desk.schedules.bulletins(at_desk.actor())] == ["Tin tỉnh"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"target_ids": ()}, "target_ids"),
        ({"weekdays": 0}, "weekdays"),
        ({"weekdays": 128}, "weekdays"),
        ({"ends_on": TOMORROW - timedelta(days=1)}, "ends_on"),
        ({"excluded": frozenset(TOMORROW + timedelta(days=n) for n in range(401))}, "excluded"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(
    at_desk: Desk, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin(), **changes))
    assert caught.value.facts["field"] == field


def test_a_clash_of_equals_is_refused_with_who_when_and_where(at_desk: Desk) -> None:
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin()))
    wish = a_wish(
        at_desk.bulletin("Họp dân"), airs_at=time(5, 35), target_ids=("bac-ai-phuoc-binh",)
    )
    with pytest.raises(SlotConflictError) as caught:
        at_desk.schedules.save(at_desk.actor(), wish)
    (met,) = caught.value.facts["conflicts"]  # type: ignore[misc]
    assert isinstance(met, Met)
    assert (met.other.made_by, met.other.content.title) == (
        "Katơr Thị Mai",
        "Tiết kiệm nước mùa khô",
    )
    assert [station.station_id for station in met.stations] == ["bac-ai-phuoc-binh"]
    assert at_desk.local(met.clash.overlaps[0].from_at) == "26/11 05:35"
    assert met.free_at == time(5, 40)
    assert at_desk.schedules.save(
        at_desk.actor(), a_wish(wish.bulletin_id, airs_at=time(5, 40))
    ).count


def test_the_way_out_never_leads_out_of_the_hours(at_desk: Desk) -> None:
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin(), airs_at=time(5, 0)))
    wish = a_wish(at_desk.bulletin("Khác"), airs_at=time(5, 1))
    (met,) = at_desk.schedules.preview(at_desk.actor(), wish).judgement.must_fix
    assert isinstance(met, Met)
    assert met.free_at == time(5, 10)


def test_a_clash_with_the_province_is_a_warning_that_names_the_loser(at_desk: Desk) -> None:
    province = at_desk.actor(Role.OPERATOR, PROVINCE)
    at_desk.schedules.save(
        province, a_wish(at_desk.bulletin("Bản tin tỉnh"), target_ids=(PROVINCE,))
    )
    wish = a_wish(at_desk.bulletin())
    judgement = at_desk.schedules.preview(at_desk.actor(), wish).judgement
    assert judgement.may_save
    (met,) = [one for one in judgement.look_at if isinstance(one, Met)]
    assert (met.clash.verdict, len(met.stations)) == ("loses", 9)
    urgent = a_wish(at_desk.bulletin(), priority=Priority.PRIORITY)
    judgement = at_desk.schedules.preview(at_desk.actor(), urgent).judgement
    (met,) = [one for one in judgement.look_at if isinstance(one, Met)]
    assert met.clash.verdict == "wins"


def test_a_part_of_the_day_near_its_cap_is_pointed_out(at_desk: Desk) -> None:
    for hour in (5, 6, 7):
        at_desk.schedules.save(
            at_desk.actor(), a_wish(at_desk.bulletin(f"{hour}"), airs_at=time(hour, 0))
        )
    wish = a_wish(at_desk.bulletin(minutes=12), airs_at=time(9, 0))
    judgement = at_desk.schedules.preview(at_desk.actor(), wish).judgement
    (band,) = [one for one in judgement.look_at if isinstance(one, BandFull)]
    assert (band.used_ms, band.cap_ms, band.on, band.is_over) == (
        42 * 60_000, 45 * 60_000, TOMORROW, False,
    )  # fmt: skip
    over = a_wish(at_desk.bulletin(minutes=16), airs_at=time(9, 0))
    found = at_desk.schedules.preview(at_desk.actor(), over).judgement.look_at
    assert [one.is_over for one in found if isinstance(one, BandFull)] == [True]


def test_stations_without_a_link_are_named_before_saving(at_desk: Desk) -> None:
    at_desk.everyone_is_linked()
    at_desk.centre.clock.move(seconds=91)
    judgement = at_desk.schedules.preview(at_desk.actor(), a_wish(at_desk.bulletin())).judgement
    (lost,) = [one for one in judgement.look_at if isinstance(one, OutOfReach)]
    assert len(lost.stations) == 9
    assert lost.before_at == judgement.first_at


def test_editing_a_series_closes_the_old_rule_and_begins_a_new_one(at_desk: Desk) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    old = at_desk.schedules.save(actor, a_wish(bulletin)).schedule_id
    wish = a_wish(bulletin, airs_at=time(6, 0), starts_on=date(2026, 12, 1))
    new = at_desk.schedules.change(actor, wish, Editing(old, 1)).schedule_id
    assert at_desk.row(old).ends_on == date(2026, 11, 30)
    assert at_desk.row(old).closed_by == actor.account_id
    assert at_desk.row(new).replaces_schedule_id == old
    assert at_desk.row(new).programme_id == at_desk.row(old).programme_id
    standing = [at_desk.local(s.starts_at) for s in at_desk.slots() if s.cancelled_at is None]
    assert standing == [
        "26/11 05:30", "27/11 05:30", "30/11 05:30", "01/12 06:00", "02/12 06:00",
        "03/12 06:00", "04/12 06:00", "07/12 06:00", "08/12 06:00", "09/12 06:00",
    ]  # fmt: skip


def test_the_second_of_two_editors_is_told_who_was_first(at_desk: Desk) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    old = at_desk.schedules.save(actor, a_wish(bulletin)).schedule_id
    first = at_desk.schedules.change(actor, a_wish(bulletin, airs_at=time(6, 0)), Editing(old, 1))
    with pytest.raises(StaleEditError) as caught:
        at_desk.schedules.change(actor, a_wish(bulletin, airs_at=time(7, 0)), Editing(old, 1))
    assert caught.value.facts == {
        "who": "Katơr Thị Mai", "changed_at": NOW, "current": first.schedule_id,
    }  # fmt: skip
    standing = {
        s.airs_on: at_desk.local(s.starts_at)[-5:] for s in at_desk.slots(first.schedule_id)
    }
    assert set(standing.values()) == {"06:00"}


def test_a_series_edited_after_todays_slot_goes_on_tomorrow(at_desk: Desk) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    daily = a_wish(bulletin, weekdays=127)
    old = at_desk.schedules.save(actor, daily).schedule_id
    at_desk.centre.clock.at = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)  # 08:00 on the first day
    later = a_wish(bulletin, weekdays=127, airs_at=time(17, 0))
    new = at_desk.schedules.change(actor, later, Editing(old, 1)).schedule_id
    assert at_desk.row(old).ends_on == date(2026, 11, 26)
    assert at_desk.slots(new)[0].airs_on == date(2026, 11, 27)
    (aired,) = [slot for slot in at_desk.slots(old) if slot.cancelled_at is None]
    assert aired.airs_on == date(2026, 11, 26)


def test_a_single_slot_that_is_changed_airs_only_at_its_new_time(at_desk: Desk) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    once = a_wish(bulletin, recurrence=Recurrence.ONCE)
    old = at_desk.schedules.save(actor, once).schedule_id
    later = a_wish(bulletin, recurrence=Recurrence.ONCE, starts_on=date(2026, 11, 28))
    new = at_desk.schedules.change(actor, later, Editing(old, 1)).schedule_id
    standing = [at_desk.local(s.starts_at) for s in at_desk.slots() if s.cancelled_at is None]
    assert standing == ["28/11 05:30"]
    at_desk.centre.clock.at = datetime(2026, 11, 27, 22, 31, tzinfo=UTC)
    with pytest.raises(WrongStateError):
        at_desk.schedules.change(actor, replace(later, airs_at=time(9)), Editing(new, 1))


def test_a_date_left_out_takes_its_slot_back(at_desk: Desk) -> None:
    actor = at_desk.actor()
    made = at_desk.schedules.save(actor, a_wish(at_desk.bulletin())).schedule_id
    at_desk.calendar.leave_out(actor, made, date(2026, 11, 27))
    gone = [slot for slot in at_desk.slots() if slot.cancelled_at is not None]
    assert [(s.airs_on, s.cancelled_by, s.revision) for s in gone] == [
        (date(2026, 11, 27), "Katơr Thị Mai", 2)
    ]
    at_desk.materialise()
    assert at_desk.slots()[1].revision == 2
    for wrong in (date(2026, 11, 27), date(2026, 11, 28), date(2026, 11, 20)):
        with pytest.raises(WrongStateError):
            at_desk.calendar.leave_out(actor, made, wrong)


def test_a_slot_is_cancelled_once_with_a_reason(at_desk: Desk) -> None:
    actor = at_desk.actor()
    at_desk.schedules.save(actor, a_wish(at_desk.bulletin()))
    slot = at_desk.slots()[0]
    with pytest.raises(InvalidInputError):
        at_desk.schedules.cancel_slot(actor, slot.slot_id, "  ")
    with pytest.raises(InvalidInputError):
        at_desk.schedules.cancel_slot(actor, slot.slot_id, "x" * 201)
    at_desk.schedules.cancel_slot(actor, slot.slot_id, " Nhầm  bản tin ")
    row = at_desk.slots()[0]
    assert (row.cancelled_by, row.cancel_reason, row.revision) == (
        "Katơr Thị Mai",
        "Nhầm bản tin",
        2,
    )
    with pytest.raises(WrongStateError):
        at_desk.schedules.cancel_slot(actor, slot.slot_id, "lần nữa")
    at_desk.materialise()
    assert at_desk.slots()[0].cancelled_at is not None
    assert [row.detail["reason"] for row in at_desk.audited("slot.cancel")] == ["Nhầm bản tin"]


def test_a_slot_about_to_sound_is_cancelled_by_a_signed_order(at_desk: Desk) -> None:
    actor = at_desk.actor()
    at_desk.schedules.save(actor, a_wish(at_desk.bulletin()))
    slot = at_desk.slots()[0]
    at_desk.schedules.cancel_slot(actor, at_desk.slots()[1].slot_id, "xa")
    assert at_desk.ordered() == []
    at_desk.centre.clock.at = slot.starts_at + timedelta(minutes=2)
    at_desk.schedules.cancel_slot(actor, slot.slot_id, "sai nội dung")
    (order,) = at_desk.ordered()
    assert (order.audience, order.is_group) == ("bac-ai", True)
    assert order.deed == {"deed": "cancel", "slot_id": slot.slot_id}
    assert order.not_after_at >= slot.starts_at + timedelta(minutes=15)
    assert "outbox" in at_desk.centre.woken


def test_a_slot_that_is_over_cannot_be_cancelled(at_desk: Desk) -> None:
    actor = at_desk.actor()
    at_desk.schedules.save(actor, a_wish(at_desk.bulletin()))
    slot = at_desk.slots()[0]
    at_desk.centre.clock.at = slot.starts_at + timedelta(minutes=15)
    with pytest.raises(WrongStateError):
        at_desk.schedules.cancel_slot(actor, slot.slot_id, "muộn rồi")


def test_cancelling_the_rest_leaves_what_has_begun(at_desk: Desk) -> None:
    actor = at_desk.actor()
    made = at_desk.schedules.save(actor, a_wish(at_desk.bulletin())).schedule_id
    at_desk.centre.clock.at = datetime(2026, 11, 27, 22, 35, tzinfo=UTC) - timedelta(days=1)
    at_desk.schedules.cancel_rest(actor, made, "Hết chiến dịch")
    assert [at_desk.local(s.starts_at) for s in at_desk.slots() if s.cancelled_at is None] == [
        "26/11 05:30",
        "27/11 05:30",
    ]
    assert at_desk.row(made).ends_on == date(2026, 11, 27)
    assert {s.cancel_reason for s in at_desk.slots()} == {None, "Hết chiến dịch"}
    with pytest.raises(WrongStateError):
        at_desk.schedules.cancel_rest(actor, made, "lần nữa")
    at_desk.materialise(30)
    assert len(at_desk.slots()) == 10


def test_a_moved_slot_keeps_its_id_and_is_judged_anew(at_desk: Desk) -> None:
    actor = at_desk.actor()
    at_desk.schedules.save(actor, a_wish(at_desk.bulletin(), airs_at=time(6, 0)))
    at_desk.schedules.save(actor, a_wish(at_desk.bulletin("Khác")))
    slot = next(s for s in at_desk.slots() if at_desk.local(s.starts_at) == "26/11 06:00")
    earlier = slot.starts_at - timedelta(minutes=25)
    with pytest.raises(SlotConflictError):
        at_desk.move(slot, earlier)
    with pytest.raises(OutsideHoursError):
        at_desk.move(slot, slot.starts_at + timedelta(hours=16))
    with pytest.raises(InvalidInputError):
        at_desk.move(slot, NOW - timedelta(hours=1))
    later = slot.starts_at + timedelta(minutes=5)
    at_desk.move(slot, later)
    with pytest.raises(StaleEditError) as caught:
        at_desk.move(slot, later)
    assert caught.value.facts["who"] == "Katơr Thị Mai"
    at_desk.materialise()
    moved = next(s for s in at_desk.slots() if s.slot_id == slot.slot_id)
    assert (moved.starts_at, moved.revision, moved.airs_on) == (later, 2, TOMORROW)


def test_a_moved_slot_holds_its_new_time_against_others(at_desk: Desk) -> None:
    actor = at_desk.actor()
    at_desk.schedules.save(actor, a_wish(at_desk.bulletin()))
    slot = at_desk.slots()[0]
    at_desk.move(slot, slot.starts_at + timedelta(hours=1))
    once = {"recurrence": Recurrence.ONCE, "starts_on": TOMORROW}
    free = a_wish(at_desk.bulletin("Vào chỗ cũ"), **once)
    assert at_desk.schedules.save(actor, free).count == 1
    taken = a_wish(at_desk.bulletin("Vào chỗ mới"), airs_at=time(6, 35), **once)
    with pytest.raises(SlotConflictError):
        at_desk.schedules.save(actor, taken)


def test_a_cancelled_slot_gives_its_time_free(at_desk: Desk) -> None:
    actor = at_desk.actor()
    at_desk.schedules.save(actor, a_wish(at_desk.bulletin()))
    at_desk.schedules.cancel_slot(actor, at_desk.slots()[0].slot_id, "nhường")
    once = a_wish(at_desk.bulletin("Thay"), recurrence=Recurrence.ONCE)
    assert at_desk.schedules.save(actor, once).count == 1


def test_nobody_changes_the_schedules_of_another_place(at_desk: Desk) -> None:
    province, neighbour = at_desk.actor(place_id=PROVINCE), at_desk.actor(place_id=OTHER_DISTRICT)
    ours = at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin())).schedule_id
    slot = at_desk.slots()[0]
    for deed in (
        lambda who: at_desk.schedules.cancel_rest(who, ours, "x"),
        lambda who: at_desk.schedules.cancel_slot(who, slot.slot_id, "x"),
        lambda who: at_desk.calendar.leave_out(who, ours, TOMORROW),
        lambda who: at_desk.move(slot, slot.starts_at, who),
        lambda who: at_desk.schedules.change(who, a_wish("b"), Editing(ours, 1)),
    ):
        with pytest.raises(NotFoundError):
            deed(neighbour)
    above = at_desk.schedules.save(
        province,
        a_wish(
            at_desk.bulletin("Tỉnh", place_id=PROVINCE), airs_at=time(8), target_ids=(PROVINCE,)
        ),
    )
    with pytest.raises(ForbiddenError):
        at_desk.schedules.cancel_rest(at_desk.actor(), above.schedule_id, "x")
    at_desk.schedules.cancel_rest(province, ours, "của cấp dưới")
    with pytest.raises(NotFoundError):
        at_desk.schedules.cancel_rest(province, "không có", "x")
    with pytest.raises(NotFoundError):
        at_desk.schedules.cancel_slot(province, "không có", "x")


def test_cancelling_the_rest_takes_a_slot_moved_later_with_it(at_desk: Desk) -> None:
    actor = at_desk.actor()
    made = at_desk.schedules.save(actor, a_wish(at_desk.bulletin())).schedule_id
    first = at_desk.slots()[0]
    at_desk.move(first, first.starts_at + timedelta(days=3))
    at_desk.centre.clock.at = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)  # 08:00 on 27/11
    at_desk.schedules.cancel_rest(actor, made, "Hết chiến dịch")
    at_desk.materialise()
    standing = [at_desk.local(s.starts_at) for s in at_desk.slots() if s.cancelled_at is None]
    assert standing == ["27/11 05:30"]


def test_a_slot_moved_past_the_last_day_can_still_be_cancelled_with_the_rest(at_desk: Desk) -> None:
    actor = at_desk.actor()
    once = a_wish(at_desk.bulletin(), recurrence=Recurrence.ONCE)
    made = at_desk.schedules.save(actor, once).schedule_id
    (slot,) = at_desk.slots()
    at_desk.move(slot, slot.starts_at + timedelta(days=3))
    at_desk.centre.clock.at = datetime(2026, 11, 28, 1, 0, tzinfo=UTC)
    assert at_desk.schedules.schedule(actor, made).count == 1
    at_desk.schedules.cancel_rest(actor, made, "Thôi không phát")
    (slot,) = at_desk.slots()
    assert slot.cancel_reason == "Thôi không phát"
    assert at_desk.schedules.schedule(actor, made).count == 0
    with pytest.raises(WrongStateError):
        at_desk.schedules.cancel_rest(actor, made, "lần nữa")


def test_a_series_edited_from_a_later_date_can_be_stopped_before_it(at_desk: Desk) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    old = at_desk.schedules.save(actor, a_wish(bulletin)).schedule_id
    later = a_wish(bulletin, airs_at=time(6, 0), starts_on=date(2026, 12, 1))
    at_desk.schedules.change(actor, later, Editing(old, 1))
    with pytest.raises(WrongStateError):
        at_desk.schedules.change(actor, a_wish(bulletin, airs_at=time(9)), Editing(old, 2))
    at_desk.schedules.cancel_rest(actor, old, "Dừng sớm")
    at_desk.materialise()
    standing = [at_desk.local(s.starts_at) for s in at_desk.slots() if s.cancelled_at is None]
    assert standing[0] == "01/12 06:00"
    with pytest.raises(WrongStateError):
        at_desk.schedules.cancel_rest(actor, old, "lần nữa")


def test_an_edited_series_does_not_bring_a_cancelled_slot_back(at_desk: Desk) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    old = at_desk.schedules.save(actor, a_wish(bulletin)).schedule_id
    cancelled = at_desk.slots()[1]
    at_desk.schedules.cancel_slot(actor, cancelled.slot_id, "Nghỉ lễ")
    edited, editing = a_wish(bulletin, airs_at=time(6, 0)), Editing(old, 2)
    assert at_desk.schedules.preview(actor, edited, editing).judgement.count == 9
    new = at_desk.schedules.change(actor, edited, editing)
    assert new.count == 9
    assert cancelled.airs_on not in {slot.airs_on for slot in at_desk.slots(new.schedule_id)}


def test_a_date_left_out_can_be_put_back_by_an_edit(at_desk: Desk) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    old = at_desk.schedules.save(actor, a_wish(bulletin)).schedule_id
    at_desk.calendar.leave_out(actor, old, date(2026, 11, 27))
    assert at_desk.schedules.change(actor, a_wish(bulletin), Editing(old, 2)).count == 10


def test_a_slot_moved_past_the_last_day_of_its_rule_holds_its_time(at_desk: Desk) -> None:
    actor = at_desk.actor()
    once = a_wish(at_desk.bulletin(), recurrence=Recurrence.ONCE)
    at_desk.schedules.save(actor, once)
    (slot,) = at_desk.slots()
    at_desk.move(slot, slot.starts_at + timedelta(days=5))
    at_desk.centre.clock.at = datetime(2026, 11, 29, 1, 0, tzinfo=UTC)
    taken = a_wish(
        at_desk.bulletin("Vào chỗ mới"), recurrence=Recurrence.ONCE, starts_on=date(2026, 12, 1)
    )
    with pytest.raises(SlotConflictError):
        at_desk.schedules.save(actor, taken)
