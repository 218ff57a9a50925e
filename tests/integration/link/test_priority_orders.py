"""Two priority items meet at one commune: its order reaches its station, and nobody else's."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from controller.domain.accounts import Actor, Role
from controller.domain.conflicts import Verdict
from controller.domain.priority_order import SETTLED_BEFORE, Cause
from controller.errors import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from controller.services.priority_orders import Contest, PriorityOrders
from controller.services.schedule_findings import Met
from controller.services.slot_stories import SlotStory
from controller.services.station_page import StationPages
from controller.storage.models import HoursRuleRow, SlotRow
from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import Priority
from tests.support import wire
from tests.support.fleet import OTHER, STATION, Province
from tests.support.schedule_desk import MORNING, a_wish
from tests.support.web import COMMUNE, DISTRICT, OTHER_COMMUNE, PROVINCE, words


def _desk(here: Province) -> PriorityOrders:
    return PriorityOrders(here.database, here.clock, here.places, here.desk.hours, here.centre.wake)


def _officer(here: Province) -> Actor:
    return here.centre.actor(Role.COMMUNE_OFFICER, COMMUNE)


def _meet(
    here: Province, *, minutes: float = 7, airs_at: time = MORNING
) -> tuple[SlotRow, SlotRow]:
    """The first slots of a priority series of the district and of the commune, both at 05:30."""
    here.schedule(priority=Priority.PRIORITY)
    officer = _officer(here)
    own = here.desk.bulletin("Họp dân thôn", place_id=COMMUNE, minutes=minutes)
    wish = a_wish(own, priority=Priority.PRIORITY, target_ids=(COMMUNE,), airs_at=airs_at)
    here.desk.schedules.save(officer, wish)
    here.plans.refresh()
    above, own_slot = sorted(here.slots()[:2], key=lambda row: row.authority != "district")
    assert (above.authority, own_slot.authority) == ("district", "commune")
    return above, own_slot


def _told(here: Province, slot: SlotRow, station_id: str = STATION) -> PlannedSlot:
    return next(
        one for one in here.plan_of(station_id).message.slots if one.slot_id == slot.slot_id
    )


def _contests(here: Province) -> tuple[Contest, ...]:
    return _desk(here).page(_officer(here), STATION).contests


def _story(here: Province, slot: SlotRow) -> SlotStory:
    pages = StationPages(here.database, here.clock, here.places)
    midnight = slot.starts_at - timedelta(hours=5, minutes=30)
    return pages.view(_officer(here), STATION, midnight).stories[slot.slot_id]


def test_both_are_planned_the_one_from_above_first_until_the_commune_orders(
    here: Province,
) -> None:
    above, own = _meet(here)
    first, second = _told(here, above), _told(here, own)
    assert first.starts_at == above.starts_at
    assert second.starts_at == own.starts_at + timedelta(minutes=10)
    assert _told(here, above, OTHER).starts_at == above.starts_at
    contest = _contests(here)[0]
    assert (contest.first.slot_id, contest.second.slot_id) == (above.slot_id, own.slot_id)
    assert (contest.cause, contest.ordered_by) == (Cause.ABOVE_FIRST, None)
    assert contest.may_order


def test_the_order_moves_the_other_start_under_the_same_id_at_this_station_alone(
    here: Province,
) -> None:
    above, own = _meet(here)
    officer = _officer(here)
    _desk(here).order(officer, own.slot_id, above.slot_id, each_time=False)
    assert here.centre.woken[-1] == "plan_refresh"
    here.plans.refresh()
    assert _told(here, own).starts_at == own.starts_at
    assert _told(here, above).starts_at == above.starts_at + timedelta(minutes=7)
    assert _told(here, above, OTHER).starts_at == above.starts_at
    ids = [slot.slot_id for slot in here.plan_of().message.slots]
    assert len(ids) == len(set(ids))
    later = _contests(here)[1]
    assert later.cause is Cause.ABOVE_FIRST  # it was for this one day
    (said,) = here.desk.audited("slot.order")
    assert (said.object_id, said.place_id) == (above.slot_id, COMMUNE)
    assert said.detail["moved_to"] == (above.starts_at + timedelta(minutes=7)).isoformat()


def test_a_standing_order_holds_each_time_and_a_later_word_for_one_day_over_it(
    town: Province,
) -> None:
    above, own = _meet(town)
    _desk(town).order(_officer(town), own.slot_id, above.slot_id, each_time=True)
    town.clock.move(minutes=1)
    _desk(town).order(_officer(town), above.slot_id, own.slot_id, each_time=False)
    first, *rest = _contests(town)
    assert (first.first.slot_id, first.ordered_by) == (above.slot_id, _officer(town).full_name)
    assert rest
    assert {one.first.title for one in rest} == {"Họp dân thôn"}


def test_the_moved_start_is_the_planned_one_for_results_and_the_story_says_who(
    town: Province,
) -> None:
    above, own = _meet(town)
    officer = _officer(town)
    _desk(town).order(officer, own.slot_id, above.slot_id, each_time=False)
    town.plans.refresh()
    town.beat()
    town.go_to(above, seconds=1)
    town.as_run.reconcile()
    moved = above.starts_at + timedelta(minutes=7)
    result = town.result(above)
    assert result is not None
    assert (result.planned_at, result.outcome) == (moved, "coming")
    town.go_to(above, minutes=18)
    ran = town.ran(above, planned_at=moved, started_at=moved)
    town.journal(wire.entry(ran, no=1))
    assert town.verdict(above) == ("aired", None)
    codes = {
        slot.slot_id: [
            (fact.code, fact.who)
            for fact in _story(town, slot).facts
            if fact.code.startswith("goes_")
        ]
        for slot in (above, own)
    }
    assert codes == {
        above.slot_id: [("goes_second", officer.full_name)],
        own.slot_id: [("goes_first", officer.full_name)],
    }


def test_shortly_before_nothing_changes_any_more_not_even_by_a_cancellation(
    town: Province,
) -> None:
    above, own = _meet(town)
    town.clock.at = above.starts_at - SETTLED_BEFORE
    with pytest.raises(WrongStateError) as refused:
        _desk(town).order(_officer(town), own.slot_id, above.slot_id, each_time=False)
    assert refused.value.facts["state"] == "settled"
    town.desk.schedules.cancel_slot(town.desk.actor(), above.slot_id, "đổi lịch")
    town.plans.refresh()
    assert _told(town, own).starts_at == own.starts_at + timedelta(minutes=10)


def test_one_of_them_cancelled_in_time_lets_the_other_have_its_own_start_back(
    town: Province,
) -> None:
    above, own = _meet(town)
    town.desk.schedules.cancel_slot(town.desk.actor(), above.slot_id, "đổi lịch")
    town.plans.refresh()
    assert _told(town, own).starts_at == own.starts_at
    assert own.slot_id not in {one.second.slot_id for one in _contests(town)}


def test_an_order_that_would_leave_the_hours_is_refused_and_nothing_changes(
    town: Province,
) -> None:
    above, own = _meet(town, minutes=20, airs_at=time(5, 35))
    with town.database.write() as session:
        session.add(HoursRuleRow(place_id=COMMUNE, opens_min=300, closes_min=360))
    town.plans.refresh()
    assert _told(town, own).starts_at == own.starts_at + timedelta(minutes=5)
    with pytest.raises(WrongStateError) as refused:
        _desk(town).order(_officer(town), own.slot_id, above.slot_id, each_time=True)
    assert refused.value.facts["state"] == "no_room"
    assert _contests(town)[0].ordered_by is None


def test_only_the_commune_of_the_station_orders(town: Province) -> None:
    above, own = _meet(town)
    for actor in (town.desk.actor(), town.desk.actor(Role.OPERATOR, "ninh-thuan")):
        with pytest.raises(ForbiddenError):
            _desk(town).order(actor, own.slot_id, above.slot_id, each_time=False)
    stranger = town.centre.actor(Role.COMMUNE_OFFICER, OTHER_COMMUNE)
    with pytest.raises(NotFoundError):
        _desk(town).order(stranger, own.slot_id, above.slot_id, each_time=False)
    assert not _desk(town).page(town.desk.actor(), STATION).contests[0].may_order


def test_on_screen_the_officer_is_told_chooses_and_everybody_reads_who_it_was(
    town: Province,
) -> None:
    above, own = _meet(town)
    town.centre.add(station_pages=StationPages(town.database, town.clock, town.places))
    officer = town.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    home, page = f"/xa/{STATION}", f"/xa/{STATION}/uu-tien"
    assert "Hai nội dung ưu tiên trùng giờ 05:30 ngày 26/11/2026." in words(officer.get(home))
    before = words(officer.get(page))
    assert "Xã chưa xếp thứ tự, nội dung của cấp trên phát trước" in before
    assert "dời từ 05:30" in before
    form = {"first": own.slot_id, "pair": [above.slot_id, own.slot_id]}
    officer.post(page, **form)
    after = words(officer.get(page))
    assert "Cả hai đều phát" in after
    assert "Giữ: “Họp dân thôn” trước" in after
    assert "05:37" in after
    who = _officer(town).full_name
    for slot in (above, own):
        text = words(town.centre.client(Role.OPERATOR, DISTRICT).get(f"/lich/buoi/{slot.slot_id}"))
        assert f"{who} của xã cho" in text
    town.clock.at = above.starts_at
    officer = town.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    officer.post(page, **form)
    late = words(officer.get(page))
    assert "Đã quá giờ đổi thứ tự" in late
    assert "Đã chốt lúc" in late


def test_a_schedule_that_meets_a_priority_item_of_another_level_says_that_both_air(
    town: Province,
) -> None:
    town.schedule(priority=Priority.PRIORITY)
    own = town.desk.bulletin("Họp dân thôn", place_id=COMMUNE, minutes=7)
    wish = a_wish(own, priority=Priority.PRIORITY, target_ids=(COMMUNE,))
    judgement = town.desk.schedules.preview(_officer(town), wish).judgement
    (met,) = (one for one in judgement.look_at if isinstance(one, Met))
    assert met.clash.verdict is Verdict.BOTH
    assert judgement.may_save


def test_the_district_writes_down_what_the_commune_says_and_the_commune_may_say_otherwise(
    here: Province,
) -> None:
    above, own = _meet(here)
    scribe = here.centre.actor(Role.OPERATOR, DISTRICT)
    pair = (own.slot_id, above.slot_id)
    with pytest.raises(InvalidInputError):
        _desk(here).write_down(scribe, STATION, pair, "  ", each_time=False)
    _desk(here).write_down(scribe, STATION, pair, "Ông Thuận, trưởng đài", each_time=False)
    here.plans.refresh()
    assert _told(here, own).starts_at == own.starts_at
    contest = _contests(here)[0]
    assert contest.first.slot_id == own.slot_id
    assert contest.ordered_by == "Ông Thuận, trưởng đài"
    assert (contest.written_by, contest.may_order) == (scribe.full_name, True)
    (said,) = here.desk.audited("slot.order_written_down")
    assert (said.account_id, said.place_id) == (scribe.account_id, COMMUNE)
    assert said.detail["said_by"] == "Ông Thuận, trưởng đài"
    here.clock.move(minutes=1)
    _desk(here).order(_officer(here), above.slot_id, own.slot_id, each_time=False)
    contest = _contests(here)[0]
    assert (contest.first.slot_id, contest.written_by) == (above.slot_id, None)
    with pytest.raises(WrongStateError, match="spoken"):
        _desk(here).write_down(scribe, STATION, pair, "Ông Thuận", each_time=False)


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.OPERATOR, PROVINCE),
        (Role.APPROVER, DISTRICT),
        (Role.ADMIN, PROVINCE),
        (Role.COMMUNE_OFFICER, COMMUNE),
    ],
)
def test_nobody_but_the_district_writes_down_what_a_commune_says(
    here: Province, role: Role, place: str
) -> None:
    above, own = _meet(here)
    actor = here.centre.actor(role, place)
    with pytest.raises(ForbiddenError):
        _desk(here).write_down(actor, STATION, (own.slot_id, above.slot_id), "A", each_time=False)
    assert not _desk(here).page(actor, STATION).contests[0].may_write_down


def test_the_page_asks_the_district_who_said_it_and_keeps_the_fold_open(here: Province) -> None:
    above, own = _meet(here)
    here.centre.add(priority_orders=_desk(here))
    district = here.centre.client(Role.OPERATOR, DISTRICT)
    page = f"/xa/{STATION}/uu-tien"
    assert "Thứ tự là của xã" in words(district.get(page))
    form = {"pair": [above.slot_id, own.slot_id], "first": own.slot_id}
    answer = district.post(f"{page}/ghi-thay", **form, said_by="")
    assert answer.status_code == 422
    assert "Ghi tên người ở xã đã nói" in words(answer)
    assert '<details class="more" open>' in answer.text
    district.post(f"{page}/ghi-thay", **form, said_by="Bà Hoa, phó chủ tịch")
    assert "Bà Hoa, phó chủ tịch xếp lúc" in words(district.get(page))
    officer = words(here.centre.client(Role.COMMUNE_OFFICER, COMMUNE).get(page))
    assert "ở huyện ghi thay, theo lời xã" in officer
