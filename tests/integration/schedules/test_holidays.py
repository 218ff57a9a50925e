"""Schedules that keep to holidays, the table of local days, and what the calendar marks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.domain.schedule import HolidayRule, Recurrence
from controller.errors import NotFoundError, OutOfScopeError, SlotConflictError
from controller.services.holidays import DayWish
from controller.services.schedule_findings import OnHolidays
from controller.services.slot_page import wish_of
from tests.support.schedule_desk import TOMORROW, Desk, a_wish, desk
from tests.support.web import COMMUNE, DISTRICT, OTHER_DISTRICT, PROVINCE, Browser

KATE = date(2026, 11, 30)


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as built:
        yield built


@pytest.fixture
def operator(at_desk: Desk) -> Browser:
    return at_desk.centre.client(Role.OPERATOR, DISTRICT)


def words(page: str) -> str:
    """What a reader sees: no tags, single spaces."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def series(at_desk: Desk, holidays: HolidayRule, title: str = "Bản tin", **changes: object) -> str:
    wish = a_wish(at_desk.bulletin(title), holidays=holidays, **changes)
    return at_desk.schedules.save(at_desk.actor(), wish).schedule_id


def kate(place_id: str = DISTRICT, *, is_holiday: bool = True) -> DayWish:
    return DayWish(place_id, "Lễ hội Katê", KATE, KATE, is_holiday=is_holiday)


def airing(at_desk: Desk, schedule_id: str) -> list[str]:
    return [
        at_desk.local(slot.starts_at)[:5]
        for slot in at_desk.slots(schedule_id)
        if slot.cancelled_at is None
    ]


def test_at_tet_one_rests_and_the_other_airs_and_the_page_says_so(at_desk: Desk) -> None:
    at_desk.centre.clock.at = datetime.fromisoformat("2027-02-02T12:00:00+07:00")
    operator = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    span = {"starts_on": date(2027, 2, 3), "ends_on": date(2027, 2, 12), "weekdays": 127}
    rests = series(at_desk, HolidayRule.NOT_ON, "Bản tin sáng", **span)
    sounds = series(at_desk, HolidayRule.ONLY_ON, "Chúc Tết", **span)
    assert airing(at_desk, rests) == ["03/02", "11/02", "12/02"]
    assert airing(at_desk, sounds) == [f"{day:02d}/02" for day in range(4, 11)]
    assert "Không phát ngày lễ." in words(operator.get(f"/lich/{rests}").text)
    page = words(operator.get(f"/lich/{sounds}").text)
    assert "7 buổi, kể từ" in page.replace(" ,", ",")
    assert "Chỉ phát ngày lễ." in page
    week = words(operator.get("/lich?ngay=2027-02-06").text)
    assert "Thứ Bảy 06/02 Tết Nguyên Đán" in week
    assert "Thứ Năm 11/02" not in week
    stored = at_desk.schedules.schedule(at_desk.actor(), rests).schedule
    assert wish_of(stored).excluded == frozenset()
    assert wish_of(stored).holidays is HolidayRule.NOT_ON


def test_a_schedule_that_would_air_on_a_holiday_says_so_before_it_is_saved(
    at_desk: Desk, operator: Browser
) -> None:
    wish = a_wish(at_desk.bulletin(), starts_on=date(2026, 12, 28), ends_on=None)
    (finding,) = (
        one
        for one in at_desk.schedules.preview(at_desk.actor(), wish).judgement.look_at
        if isinstance(one, OnHolidays)
    )
    assert [(one.on, one.name) for one in finding.holidays] == [
        (date(2027, 1, 1), "Tết Dương lịch")
    ]
    sent = {
        "bulletin_id": wish.bulletin_id,
        "recurrence": "weekly",
        "airs_at": "05:30",
        "weekday": ["4"],
        "starts_on": "28/12/2026",
        "ends_on": "",
        "target": [DISTRICT],
        "priority": "ordinary",
    }
    page = operator.post("/lich/xem-truoc", **sent).text
    assert "Phát cả ngày lễ: 01/01 Tết Dương lịch" in words(page)
    saved = operator.post("/lich/moi", **sent, holidays="not_on")
    assert saved.status_code == 303
    assert at_desk.row(saved.location.rsplit("/", 1)[1]).holidays == "not_on"
    edit = operator.get(f"{saved.location}/sua").text
    assert '<option value="not_on" selected>' in edit


def test_a_day_of_a_commune_is_kept_by_its_own_schedules_and_not_by_the_districts(
    at_desk: Desk, operator: Browser
) -> None:
    at_desk.holidays.add(at_desk.actor(), kate(COMMUNE))
    until = {"starts_on": KATE, "ends_on": KATE, "weekdays": 127}
    above = a_wish(at_desk.bulletin(), holidays=HolidayRule.NOT_ON, **until)
    assert at_desk.schedules.preview(at_desk.actor(), above).judgement.count == 1
    officer = at_desk.actor(Role.COMMUNE_OFFICER, COMMUNE)
    own = at_desk.bulletin(place_id=COMMUNE)
    below = a_wish(own, holidays=HolidayRule.NOT_ON, target_ids=(COMMUNE,), **until)
    assert at_desk.schedules.preview(officer, below).judgement.count == 0
    assert "lịch của cấp trên vẫn phát" in words(operator.get("/lich/ngay-le").text)


def test_a_local_day_is_entered_kept_to_and_taken_back(at_desk: Desk, operator: Browser) -> None:
    made = series(at_desk, HolidayRule.NOT_ON)
    everyday = series(at_desk, HolidayRule.IGNORE, airs_at=time(6))
    sent = {"place_id": DISTRICT, "name": " Lễ hội  Katê ", "first_on": "30/11/2026"}
    answer = operator.post("/lich/ngay-le", **sent, last_on="", kind="le")
    assert answer.status_code == 303
    page = operator.get("/lich/ngay-le").text
    assert "Lễ hội Katê Huyện Bác Ái Katơr Thị Mai" in words(page)
    assert "Huyện Bác Ái có 1 lịch không phát ngày lễ và 0 lịch chỉ phát ngày lễ." in words(page)
    at_desk.materialise()
    assert "30/11" not in airing(at_desk, made)
    assert "30/11" in airing(at_desk, everyday)
    assert "Lễ hội Katê" in words(operator.get("/lich?ngay=2026-11-30").text)
    slot = next(one for one in at_desk.slots(made) if one.cancelled_at)
    assert "Lịch này không phát ngày lễ." in operator.get(f"/lich/buoi/{slot.slot_id}").text
    removed = re.search(r'action="(/lich/ngay-le/[^"]+/bo)"', page)
    assert removed is not None
    operator.post(removed[1])
    at_desk.materialise()
    assert "30/11" in airing(at_desk, made)
    assert len(at_desk.audited("holiday.add")) == len(at_desk.audited("holiday.remove")) == 1


def test_a_day_holds_for_the_place_and_below_and_may_be_an_ordinary_one(at_desk: Desk) -> None:
    ours = series(at_desk, HolidayRule.NOT_ON)
    at_desk.holidays.add(at_desk.actor(place_id=OTHER_DISTRICT), kate(OTHER_DISTRICT))
    at_desk.materialise()
    assert "30/11" in airing(at_desk, ours)
    at_desk.holidays.add(at_desk.actor(place_id=PROVINCE), kate(PROVINCE))
    at_desk.materialise()
    assert "30/11" not in airing(at_desk, ours)
    at_desk.holidays.add(at_desk.actor(), kate(is_holiday=False))
    at_desk.materialise()
    assert "30/11" in airing(at_desk, ours)


def test_a_day_that_would_bring_two_into_the_same_air_is_refused(at_desk: Desk) -> None:
    series(at_desk, HolidayRule.ONLY_ON, "Chúc mừng Katê", ends_on=None)
    taken = {"recurrence": Recurrence.ONCE, "starts_on": KATE}
    series(at_desk, HolidayRule.IGNORE, "Họp dân", **taken)
    with pytest.raises(SlotConflictError):
        at_desk.holidays.add(at_desk.actor(), kate())
    assert at_desk.holidays.page(at_desk.actor()).local_days == ()


def test_nobody_enters_or_removes_a_day_of_another_place(at_desk: Desk) -> None:
    key = at_desk.holidays.add(at_desk.actor(), kate())
    stranger = at_desk.actor(place_id=OTHER_DISTRICT)
    with pytest.raises(OutOfScopeError):
        at_desk.holidays.add(stranger, kate())
    with pytest.raises(NotFoundError):
        at_desk.holidays.remove(stranger, key)
    assert at_desk.holidays.page(stranger).local_days == ()


def test_only_who_has_the_form_is_sent_to_it_and_whose_days_they_are_is_said(
    at_desk: Desk, operator: Browser
) -> None:
    mine = words(operator.get("/lich/ngay-le").text)
    assert "Katê và ngày lễ riêng của địa phương nhập ở đây." in mine
    assert "Ở huyện Bác Ái, từ hôm nay đến hết năm sau" in mine
    auditor = words(at_desk.centre.client(Role.AUDITOR, DISTRICT).get("/lich/ngay-le").text)
    assert "Chưa nhập ngày nào." in auditor
    assert "ở đây" not in auditor


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Ô này còn trống."),
        ({"first_on": "mai"}, "Gõ ngày như 30/11/2026."),
        ({"last_on": "29/11/2026"}, "Ngày cuối phải sau ngày đầu."),
        ({"last_on": "31/12/2026"}, "Mỗi lần nhập dài nhất 31 ngày."),
        ({"first_on": "24/11/2026"}, "Ngày này đã qua."),
    ],
)
def test_what_cannot_be_entered_is_said_beside_its_field(
    operator: Browser, changes: dict[str, str], sentence: str
) -> None:
    sent = {"place_id": DISTRICT, "name": "Katê", "first_on": "30/11/2026"}
    answer = operator.post("/lich/ngay-le", **(sent | {"kind": "le"} | changes))
    assert answer.status_code == 422
    assert sentence in words(answer.text)


def test_one_slot_knows_no_holidays(at_desk: Desk) -> None:
    once = series(at_desk, HolidayRule.NOT_ON, recurrence=Recurrence.ONCE, starts_on=TOMORROW)
    assert at_desk.row(once).holidays == "ignore"
