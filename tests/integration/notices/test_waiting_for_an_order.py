"""Two priority items meet: whoever may order them is told, once, until there is nothing to say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.domain.notices import NoticeKind, Way
from controller.domain.priority_order import SETTLED_BEFORE, Cause
from controller.domain.schedule import Recurrence
from controller.services.notice_watch import NoticeWatch
from controller.services.notices import NoticeView
from controller.services.priority_orders import PriorityOrders
from controller.storage.models import AccountRow, HoursRuleRow, NoticeDeliveryRow, SlotRow
from station_protocol.vocabulary import Priority
from tests.support.fleet import STATION, Province, province
from tests.support.schedule_desk import MORNING, a_wish
from tests.support.web import COMMUNE, DISTRICT, OTHER_DISTRICT, PROVINCE, words

OTHER_COMMUNE = "bac-ai-phuoc-hoa"
ORDER_PAGE = f"/xa/{STATION}/uu-tien"


class Town(Province):
    """A province whose clashes are looked for, and whose people are told."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.watch = NoticeWatch(
            self.database, self.clock, self.places, self.centre.wake,
            ways=frozenset({Way.EMAIL}), station_down_after=timedelta(minutes=10),
        )  # fmt: skip
        self.orders_of_items = PriorityOrders(
            self.database, self.clock, self.places, self.desk.hours, self.centre.wake
        )
        self.officer = self.centre.actor(Role.COMMUNE_OFFICER, COMMUNE)

    def meet(self, *, each: bool = False, airs_at: time = MORNING) -> tuple[SlotRow, SlotRow]:
        """A priority item of the district and one of the commune at 05:30, once or each day."""
        once = {"recurrence": Recurrence.ONCE, "ends_on": None, "weekdays": 0}
        often: dict[str, Any] = {} if each else once
        self.schedule(priority=Priority.PRIORITY, **often)
        own = self.desk.bulletin("Họp dân thôn", place_id=COMMUNE, minutes=7)
        wish = a_wish(
            own, priority=Priority.PRIORITY, target_ids=(COMMUNE,), airs_at=airs_at, **often
        )
        self.desk.schedules.save(self.officer, wish)
        self.look()
        above, own_slot = sorted(self.slots()[:2], key=lambda row: row.authority != "district")
        return above, own_slot

    def look(self) -> None:
        self.plans.refresh()
        self.watch.look()

    def lines(self, role: Role, place_id: str) -> list[NoticeView]:
        actor = self.centre.actor(role, place_id)
        found = self.centre.services.notices.page(actor).lines
        return [one for one in found if one.kind is NoticeKind.TO_ORDER]

    def own_line(self) -> NoticeView:
        (line,) = self.lines(Role.COMMUNE_OFFICER, COMMUNE)
        return line

    def news(self) -> int:
        """What of it the officer's bell counts."""
        return sum(one.is_unread for one in self.lines(Role.COMMUNE_OFFICER, COMMUNE))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with province(tmp_path) as built:
        yield Town(built.centre)


def test_the_communes_officer_is_rung_for_and_led_to_the_page_where_it_is_ordered(
    town: Town,
) -> None:
    others = [(Role.OPERATOR, DISTRICT), (Role.OPERATOR, OTHER_DISTRICT), (Role.OPERATOR, PROVINCE)]
    neighbours = [*others, (Role.COMMUNE_OFFICER, OTHER_COMMUNE)]
    for role, place_id in neighbours:
        town.centre.actor(role, place_id)
    _above, own = town.meet()
    assert town.news() == 1
    browser = town.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    page = browser.get("/thong-bao")
    assert "Thông báo, 1 chưa đọc" in page.text
    said = words(page)
    assert (
        "Chờ xếp thứ tự ở xã Phước Bình: “Tiết kiệm nước mùa khô” và “Họp dân thôn” "
        "trùng giờ 05:30 26/11/2026" in said
    )
    assert (
        "Chưa xếp thì “Tiết kiệm nước mùa khô” phát trước. Xếp được đến 05:25 26/11/2026." in said
    )
    answer = browser.get(f"/thong-bao/{town.own_line().notice_id}")
    assert answer.headers["Location"] == f"{ORDER_PAGE}#{own.slot_id}"
    assert f'id="{own.slot_id}"' in browser.get(ORDER_PAGE).text
    assert [town.lines(*one) for one in neighbours] == [[]] * 4
    town.look()
    assert len(town.own_line().items) == 1, "each clash is told once"


def test_it_is_over_when_the_commune_has_ordered_and_nobody_is_written_to_any_more(
    town: Town,
) -> None:
    wanted = {NoticeKind.TO_ORDER: {Way.PAGE, Way.EMAIL}}
    town.centre.services.notice_choices.save(town.officer, "xa@bacai.vn", wanted)
    above, own = town.meet()
    browser = town.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    today = words(browser.get("/hom-nay"))
    assert "Chờ tôi xếp thứ tự 1 “Tiết kiệm nước mùa khô” và “Họp dân thôn”" in today
    assert "xếp được đến 05:25 26/11/2026" in today
    with town.database.read() as session:
        assert session.scalars(select(NoticeDeliveryRow.state)).all() == ["waiting"]
    town.orders_of_items.order(town.officer, own.slot_id, above.slot_id, each_time=False)
    town.look()
    assert town.news() == 0
    assert "đã xong" in words(browser.get("/thong-bao"))
    assert "Chờ tôi xếp thứ tự" not in words(browser.get("/hom-nay"))
    with town.database.read() as session:
        assert session.scalars(select(NoticeDeliveryRow.state)).all() == ["void"]


def test_it_is_over_when_one_of_the_two_is_cancelled(town: Town) -> None:
    above, _own = town.meet()
    town.desk.schedules.cancel_slot(town.desk.actor(), above.slot_id, "đổi lịch")
    town.watch.look()
    assert town.news() == 0


def test_one_that_is_moved_to_meet_the_other_later_is_told_anew(town: Town) -> None:
    _above, own = town.meet()
    at = own.starts_at
    town.centre.services.notices.read_all(town.officer)
    _move(town, own, at + timedelta(minutes=30))
    town.look()
    assert town.own_line().closed_at is not None
    _move(town, own, at + timedelta(minutes=3))
    town.look()
    told = [one for one in town.lines(Role.COMMUNE_OFFICER, COMMUNE) if one.closed_at is None]
    assert [item.facts["at"] for one in told for item in one.holding] == [
        (at + timedelta(minutes=3)).isoformat()
    ]
    assert town.news() == 1


def _move(town: Town, slot: SlotRow, at: datetime) -> None:
    with town.database.write() as session:
        session.get_one(SlotRow, slot.slot_id).starts_at = at


@pytest.mark.parametrize("own_at", [time(5, 27), time(5, 33)])
def test_it_is_over_when_the_order_is_settled(town: Town, own_at: time) -> None:
    """Five minutes before the earlier of the two, whichever that is."""
    above, own = town.meet(airs_at=own_at)
    town.clock.at = min(above.starts_at, own.starts_at) - SETTLED_BEFORE - timedelta(seconds=1)
    town.look()
    assert town.news() == 1
    town.clock.move(seconds=1)
    town.watch.look()
    assert town.news() == 0


def test_two_daily_series_are_one_thing_until_each_meeting_is_ordered(town: Town) -> None:
    above, own = town.meet(each=True)
    said = words(town.centre.client(Role.COMMUNE_OFFICER, COMMUNE).get("/thong-bao"))
    assert "trùng giờ nhiều lần, từ 05:30 26/11/2026" in said
    assert "Chọn “Mỗi lần hai lịch này trùng giờ” thì chỉ phải xếp một lần." in said
    today = words(town.centre.client(Role.COMMUNE_OFFICER, COMMUNE).get("/hom-nay"))
    assert "Chờ tôi xếp thứ tự 1 “Tiết kiệm" in today
    assert "Trùng giờ 10 lần, từ 05:30 26/11/2026" in today
    town.clock.move(days=2)
    town.look()
    assert len(town.own_line().items) == 1, "a new day of the plan is no news"
    coming = [one for one in town.slots() if one.starts_at > town.clock()]
    first = next(one for one in coming if one.schedule_id == own.schedule_id)
    second = next(one for one in coming if one.schedule_id == above.schedule_id)
    town.orders_of_items.order(town.officer, first.slot_id, second.slot_id, each_time=False)
    town.look()
    assert town.news() == 1, "that was for one day"
    town.orders_of_items.order(town.officer, first.slot_id, second.slot_id, each_time=True)
    town.look()
    assert town.news() == 0


def test_where_nobody_of_the_commune_has_an_account_the_district_is_told(town: Town) -> None:
    town.centre.actor(Role.OPERATOR, DISTRICT)
    town.centre.actor(Role.OPERATOR, PROVINCE)
    with town.database.write() as session:
        row = session.get_one(AccountRow, town.officer.account_id)
        row.disabled_at = town.clock()
    town.meet()
    (line,) = town.lines(Role.OPERATOR, DISTRICT)
    assert town.lines(Role.OPERATOR, PROVINCE) == []
    browser = town.centre.client(Role.OPERATOR, DISTRICT)
    assert "Gọi cho xã, huyện ghi thay lời xã." in words(browser.get("/thong-bao"))
    assert browser.get(f"/thong-bao/{line.notice_id}").headers["Location"].startswith(ORDER_PAGE)
    assert "Chờ tôi xếp thứ tự" not in words(browser.get("/hom-nay")), "it is not theirs to order"
    with town.database.write() as session:
        session.get_one(AccountRow, town.officer.account_id).disabled_at = None
    town.look()
    assert town.news() == 1
    (line,) = town.lines(Role.OPERATOR, DISTRICT)
    assert line.closed_at is not None


def test_what_meets_in_many_communes_is_one_line_that_leads_to_each_of_them(town: Town) -> None:
    """Of the province and the district; one of the nine communes has somebody of its own."""
    town.centre.actor(Role.OPERATOR, DISTRICT)
    editor = town.centre.actor(Role.OPERATOR, PROVINCE)
    once: dict[str, Any] = {"recurrence": Recurrence.ONCE, "ends_on": None, "weekdays": 0}
    town.schedule(priority=Priority.PRIORITY, **once)
    news = town.desk.bulletin("Bầu cử", place_id=PROVINCE, minutes=5)
    town.desk.schedules.save(editor, a_wish(news, priority=Priority.PRIORITY, **once))
    town.look()
    (line,) = town.lines(Role.OPERATOR, DISTRICT)
    assert len(line.items) == 8
    browser = town.centre.client(Role.OPERATOR, DISTRICT)
    pair = "“Bầu cử” và “Tiết kiệm nước mùa khô” trùng giờ 05:30 26/11/2026"
    said = words(browser.get("/thong-bao"))
    assert f"Chờ xếp thứ tự ở 8/9 xã huyện Bác Ái: {pair}" in said
    place = browser.get(f"/thong-bao/{line.notice_id}").headers["Location"]
    assert place == f"/lich/buoi/{line.items[0].facts['slot_id']}"
    assert town.own_line().items[0].facts["first"] == "Bầu cử"
    second = town.desk.bulletin("Thi nghề", place_id=PROVINCE, minutes=5)
    later = a_wish(second, priority=Priority.PRIORITY, airs_at=time(17), **once)
    town.desk.schedules.save(editor, later)
    town.schedule(priority=Priority.PRIORITY, airs_at=time(17), **once)
    town.look()
    said = words(town.centre.client(Role.COMMUNE_OFFICER, COMMUNE).get("/thong-bao"))
    assert "Chờ xếp thứ tự ở xã Phước Bình: 2 lần nội dung ưu tiên trùng giờ" in said
    assert f"{pair} “Thi nghề” và “Tiết kiệm nước mùa khô” trùng giờ 17:00 26/11/2026" in said


def test_what_the_hours_decide_waits_for_nobody(town: Town) -> None:
    """Their own of 05:25 cannot go second where the horns are silent from 05:45."""
    with town.database.write() as session:
        session.add(HoursRuleRow(place_id=COMMUNE, opens_min=300, closes_min=345))
    town.meet(airs_at=time(5, 25))
    assert town.orders_of_items.page(town.officer, STATION).contests[0].cause is Cause.HOURS
    assert town.news() == 0
