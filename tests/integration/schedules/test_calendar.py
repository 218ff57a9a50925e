"""Single days of a series: another time, left out, taken back; and the series dragged."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from controller.domain.accounts import Role
from controller.domain.schedule import Recurrence, instant, slot_id
from controller.errors import (
    NotFoundError,
    OutsideHoursError,
    SlotConflictError,
    StaleEditError,
    WrongStateError,
)
from controller.services.calendar import Occurrence
from controller.services.schedule_findings import OwnTimes
from controller.services.schedules import Editing
from tests.support.schedule_desk import TOMORROW, Desk, a_wish, desk
from tests.support.web import DISTRICT, OTHER_DISTRICT, Browser

FAR = date(2027, 1, 7)
"""A Thursday beyond the days for which slots are made."""
ENDLESS = {"ends_on": None}


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
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text.replace("</td>", " "))).split())


def fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that posts to this address."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>.*?</form>', page, re.S)
    assert found is not None, f"no form posts to {action}"
    pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found[0])
    return {name: html.unescape(value) for name, value in pairs if name != "csrf_token"}


def opened(operator: Browser, schedule_id: str, day: date, **more: str) -> dict[str, str]:
    """The move page, open; its fields as a browser would send them."""
    query = "&".join(f"{name}={value}" for name, value in more.items())
    page = operator.get(f"/lich/doi?lich={schedule_id}&ngay={day}&{query}")
    assert page.status_code == 200, page.location
    return fields(page.text, "/lich/doi")


def moved(operator: Browser, form: dict[str, str], **typed: str) -> TestResponse:
    """What the centre answers to the move page."""
    return operator.post("/lich/doi", **(form | {"scope": "one"} | typed))


def series(at_desk: Desk, **changes: Any) -> str:
    wish = a_wish(at_desk.bulletin(), **changes)
    return at_desk.schedules.save(at_desk.actor(), wish).schedule_id


# --- one occurrence ------------------------------------------------------------------------------


def test_the_page_says_what_moving_one_slot_does_before_it_is_saved(
    at_desk: Desk, operator: Browser
) -> None:
    made = series(at_desk)
    page = operator.get(f"/lich/doi?lich={made}&ngay=2026-11-26&sang=2026-11-28&luc=06:15").text
    assert (
        "Dời buổi 05:30 thứ Năm 26/11/2026 sang 06:15 thứ Bảy 28/11/2026 tại 9 xã huyện Bác Ái, "
        "dài 10 phút. Các buổi khác của lịch giữ nguyên." in words(page)
    )
    assert "Trong khung giờ cho phép 05:00–21:00." in words(page)
    assert at_desk.local(at_desk.slots()[0].starts_at) == "26/11 05:30"


def test_one_slot_moves_keeps_its_id_and_goes_back_by_undo(
    at_desk: Desk, operator: Browser
) -> None:
    made = series(at_desk)
    form = opened(operator, made, TOMORROW)
    answer = moved(operator, form, airs_at="06:15", day="28/11/2026")
    assert answer.status_code == 303
    slot = next(one for one in at_desk.slots() if one.airs_on == TOMORROW)
    assert at_desk.local(slot.starts_at) == "28/11 06:15"
    assert slot.slot_id == slot_id(made, TOMORROW, time(5, 30))
    week = operator.get(answer.location).text
    assert "Đã dời sang 06:15 28/11/2026." in words(week)
    undone = operator.post("/lich/doi", **fields(week, "/lich/doi"))
    assert "Đã đưa về như cũ." in words(operator.get(undone.location).text)
    back = next(one for one in at_desk.slots() if one.airs_on == TOMORROW)
    assert (at_desk.local(back.starts_at), back.moved_by, back.revision) == ("26/11 05:30", None, 3)


def test_a_day_beyond_the_plans_gets_its_own_time_and_keeps_it(at_desk: Desk) -> None:
    made = series(at_desk, **ENDLESS)
    seen = Occurrence(made, FAR, instant(FAR, time(5, 30)))
    at_desk.calendar.move(at_desk.actor(), seen, instant(FAR, time(9, 45)))
    at_desk.centre.clock.at = datetime.combine(FAR - timedelta(days=5), time(), UTC)
    at_desk.materialise()
    slot = next(one for one in at_desk.slots() if one.airs_on == FAR)
    assert at_desk.local(slot.starts_at) == "07/01 09:45"
    assert slot.slot_id == slot_id(made, FAR, time(5, 30))
    assert sum(one.airs_on == FAR for one in at_desk.slots()) == 1


def test_a_moved_slot_meets_the_same_findings_as_a_schedule(
    at_desk: Desk, operator: Browser
) -> None:
    made = series(at_desk, airs_at=time(6, 0))
    series(at_desk)
    form = opened(operator, made, TOMORROW)
    night = moved(operator, form, airs_at="03:15", day="26/11/2026")
    assert night.status_code == 422
    assert "03:15 ngoài khung giờ cho phép (05:00–21:00)." in words(night.text)
    clash = moved(operator, form, airs_at="05:35", day="26/11/2026")
    assert clash.status_code == 409
    assert "Trùng giờ thứ Năm 26/11, 05:35–05:40, tại 9 trạm" in words(clash.text)
    assert 'value="05:35"' in clash.text
    way = re.search(r'name="move_to" value="([^"]+)"', clash.text)
    assert way is not None
    taken = operator.post(
        "/lich/doi/xem-truoc", **form, airs_at="05:35", day="26/11", move_to=way[1]
    )
    assert f'value="{way[1]}"' in taken.text
    unread = moved(operator, form, airs_at="sáng", day="mai")
    assert unread.status_code == 422
    assert "Gõ giờ và phút, như 05:30." in words(unread.text)
    assert "Gõ ngày, tháng, năm, như 26/11/2026." in words(unread.text)
    assert at_desk.local(at_desk.slots(made)[0].starts_at) == "26/11 06:00"


def test_the_second_of_two_who_drag_sees_both_and_keeps_the_own(
    at_desk: Desk, operator: Browser
) -> None:
    made = series(at_desk)
    mine = opened(operator, made, TOMORROW)
    at_desk.move(at_desk.slots()[0], instant(TOMORROW, time(6, 15)))
    late = moved(operator, mine, airs_at="07:45", day="26/11/2026")
    assert late.status_code == 409
    page = words(late.text)
    assert "Katơr Thị Mai vừa sửa mục này lúc 17:06." in page
    assert "Bản vừa lưu, của Katơr Thị Mai" in page
    assert "Buổi này lúc 06:15 thứ Năm 26/11/2026." in page
    assert "sang 07:45 thứ Năm 26/11/2026" in page
    assert at_desk.local(at_desk.slots()[0].starts_at) == "26/11 06:15"
    again = fields(late.text, "/lich/doi")
    assert moved(operator, again, airs_at="07:45", day="26/11/2026").status_code == 303
    assert at_desk.local(at_desk.slots()[0].starts_at) == "26/11 07:45"


def test_who_drags_what_was_cancelled_may_air_it_apart(at_desk: Desk, operator: Browser) -> None:
    made = series(at_desk)
    mine = opened(operator, made, TOMORROW)
    at_desk.schedules.cancel_slot(at_desk.actor(), at_desk.slots()[0].slot_id, "Nghỉ lễ")
    late = moved(operator, mine, airs_at="07:45", day="26/11/2026")
    assert late.status_code == 409
    assert "Lịch không còn buổi này." in words(late.text)
    apart = re.search(r'href="(/lich/moi\?nhu=[^"]+)"', late.text)
    assert apart is not None
    offered = operator.get(html.unescape(apart[1])).text
    assert "Phát 07:45 thứ Năm 26/11/2026 tại 9 xã huyện Bác Ái, 1 buổi" in words(offered)


def test_a_slot_of_an_edited_series_is_moved_in_the_series_that_stands(
    at_desk: Desk, operator: Browser
) -> None:
    bulletin = at_desk.bulletin()
    made = at_desk.schedules.save(at_desk.actor(), a_wish(bulletin)).schedule_id
    mine = opened(operator, made, TOMORROW)
    edited = a_wish(bulletin, airs_at=time(6))
    new = at_desk.schedules.change(at_desk.actor(), edited, Editing(made, 1)).schedule_id
    late = moved(operator, mine, airs_at="07:45", day="26/11/2026")
    assert late.status_code == 409
    assert "Buổi này lúc 06:00 thứ Năm 26/11/2026." in words(late.text)
    assert moved(operator, fields(late.text, "/lich/doi"), airs_at="07:45", day="26/11/2026")
    assert at_desk.local(at_desk.slots(new)[0].starts_at) == "26/11 07:45"


def test_nobody_moves_what_is_another_places_or_has_begun(at_desk: Desk) -> None:
    made = series(at_desk)
    stranger = at_desk.centre.client(Role.OPERATOR, OTHER_DISTRICT)
    assert stranger.get(f"/lich/doi?lich={made}&ngay={TOMORROW}").status_code == 404
    seen = Occurrence(made, TOMORROW, instant(TOMORROW, time(5, 30)))
    with pytest.raises(NotFoundError):
        at_desk.calendar.move(
            at_desk.actor(place_id=OTHER_DISTRICT), seen, instant(TOMORROW, time(7))
        )
    at_desk.centre.clock.move(days=1)
    with pytest.raises(WrongStateError):
        at_desk.calendar.move(at_desk.actor(), seen, instant(date(2026, 11, 27), time(7)))


# --- days left out -------------------------------------------------------------------------------


def test_special_days_of_a_series_are_listed_and_taken_back(
    at_desk: Desk, operator: Browser
) -> None:
    made = series(at_desk)
    path = f"/lich/{made}"
    operator.post(f"{path}/bo-buoi", day="30/11/2026")
    page = operator.get(path).text
    assert "Đã bỏ buổi ngày 30/11/2026." in words(page)
    assert "Thứ Hai 30/11/2026 bỏ ngày này Phát lại ngày này" in words(page)
    moved(operator, opened(operator, made, TOMORROW), airs_at="06:15", day="26/11/2026")
    answer = operator.post(f"{path}/phat-lai", day="2026-11-30")
    assert answer.location == path
    page = words(operator.get(path).text)
    assert "Buổi ngày 30/11/2026 phát trở lại." in page
    assert "Thứ Năm 26/11/2026 đã dời sang 06:15 26/11/2026 · người dời: Katơr Thị Mai" in page
    assert "bỏ ngày này" not in page
    assert {slot.schedule_id for slot in at_desk.slots() if not slot.cancelled_at} == {made}
    assert sum(not slot.cancelled_at for slot in at_desk.slots()) == 10
    assert len(at_desk.audited("schedule.include")) == 1


def test_a_day_stations_were_told_to_skip_comes_back_as_a_schedule_of_its_own(
    at_desk: Desk,
) -> None:
    made = series(at_desk)
    at_desk.calendar.leave_out(at_desk.actor(), made, TOMORROW)
    saved = at_desk.calendar.take_back(at_desk.actor(), made, TOMORROW)
    assert saved.schedule_id != made
    (again,) = at_desk.slots(saved.schedule_id)
    assert at_desk.local(again.starts_at) == "26/11 05:30"
    assert at_desk.row(saved.schedule_id).recurrence == "once"


def test_a_day_with_its_own_time_comes_back_at_the_time_of_its_rule(at_desk: Desk) -> None:
    made, day = series(at_desk), date(2026, 11, 30)
    slot = next(one for one in at_desk.slots() if one.airs_on == day)
    at_desk.move(slot, instant(day, time(9)))
    at_desk.calendar.leave_out(at_desk.actor(), made, day)
    at_desk.calendar.take_back(at_desk.actor(), made, day)
    back = next(one for one in at_desk.slots() if one.airs_on == day)
    assert (at_desk.local(back.starts_at), back.cancelled_at) == ("30/11 05:30", None)
    assert back.moved_at is None


def test_a_day_is_not_taken_back_into_air_that_somebody_took(at_desk: Desk) -> None:
    made, day = series(at_desk), date(2026, 11, 30)
    at_desk.calendar.leave_out(at_desk.actor(), made, day)
    series(at_desk, recurrence=Recurrence.ONCE, starts_on=day)
    with pytest.raises(SlotConflictError):
        at_desk.calendar.take_back(at_desk.actor(), made, day)
    with pytest.raises(WrongStateError):
        at_desk.calendar.take_back(at_desk.actor(), made, date(2026, 12, 1))


# --- the series ----------------------------------------------------------------------------------


def test_a_series_is_dragged_to_another_weekday_from_that_day_on_and_back(
    at_desk: Desk, operator: Browser
) -> None:
    made = series(at_desk, weekdays=0b01001)
    query = {"sang": "2026-12-04", "luc": "06:00", "pham-vi": "series"}
    page = operator.get(
        f"/lich/doi?lich={made}&ngay=2026-12-03&sang=2026-12-04&luc=06:00&pham-vi=series"
    ).text
    assert "Phát 06:00 thứ Hai và thứ Sáu tại 9 xã huyện Bác Ái" in words(page)
    form = opened(operator, made, date(2026, 12, 3), **query)
    answer = moved(operator, form, airs_at="06:00", day="04/12/2026", scope="series")
    assert answer.status_code == 303
    standing = [slot for slot in at_desk.slots() if not slot.cancelled_at]
    assert [at_desk.local(slot.starts_at) for slot in standing] == [
        "26/11 05:30",
        "30/11 05:30",
        "04/12 06:00",
        "07/12 06:00",
    ]
    week = operator.get(answer.location).text
    undone = operator.post("/lich/moi", **_undo(week))
    assert undone.status_code == 303, words(undone.text)
    standing = [slot for slot in at_desk.slots() if not slot.cancelled_at]
    assert [at_desk.local(slot.starts_at) for slot in standing] == [
        "26/11 05:30",
        "30/11 05:30",
        "03/12 05:30",
        "07/12 05:30",
    ]


def _undo(page: str) -> dict[str, Any]:
    found = re.search(r'<form[^>]*action="/lich/moi"[^>]*class="undo".*?</form>', page, re.S)
    assert found is not None
    sent: dict[str, Any] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', found[0]):
        if name in {"weekday", "target"}:
            sent.setdefault(name, []).append(value)
        elif name != "csrf_token":
            sent[name] = html.unescape(value)
    return sent


def test_days_that_had_their_own_time_are_named_before_the_series_changes(at_desk: Desk) -> None:
    bulletin = at_desk.bulletin()
    made = at_desk.schedules.save(at_desk.actor(), a_wish(bulletin)).schedule_id
    at_desk.move(at_desk.slots()[1], instant(date(2026, 11, 27), time(7)))
    edited = a_wish(bulletin, airs_at=time(6))
    preview = at_desk.schedules.preview(at_desk.actor(), edited, Editing(made, 2))
    assert OwnTimes((date(2026, 11, 27),)) in preview.judgement.look_at
    later = a_wish(bulletin, airs_at=time(6), starts_on=date(2026, 11, 28))
    preview = at_desk.schedules.preview(at_desk.actor(), later, Editing(made, 2))
    assert not any(isinstance(one, OwnTimes) for one in preview.judgement.look_at)


def test_of_two_who_drag_the_series_the_second_sees_both(at_desk: Desk, operator: Browser) -> None:
    bulletin = at_desk.bulletin()
    made = at_desk.schedules.save(at_desk.actor(), a_wish(bulletin)).schedule_id
    mine = opened(operator, made, TOMORROW, luc="07:00")
    edited = a_wish(bulletin, airs_at=time(6))
    at_desk.schedules.change(at_desk.actor(), edited, Editing(made, 1))
    late = moved(operator, mine, airs_at="07:00", day="26/11/2026", scope="series")
    assert late.status_code == 409
    page = words(late.text)
    assert "Phát 06:00 thứ Hai–thứ Sáu tại 9 xã huyện Bác Ái" in page
    assert "Phát 07:00 thứ Hai–thứ Sáu tại 9 xã huyện Bác Ái" in page
    again = fields(late.text, "/lich/doi")
    answer = moved(operator, again, airs_at="07:00", day="26/11/2026", scope="series")
    assert answer.status_code == 303
    standing = {at_desk.local(s.starts_at)[6:] for s in at_desk.slots() if not s.cancelled_at}
    assert standing == {"07:00"}


def test_errors_of_moving_have_their_kind(at_desk: Desk) -> None:
    made = series(at_desk)
    slot = at_desk.slots()[0]
    with pytest.raises(OutsideHoursError):
        at_desk.move(slot, instant(TOMORROW, time(22)))
    at_desk.schedules.cancel_rest(at_desk.actor(), made, "xong")
    with pytest.raises(StaleEditError):
        at_desk.move(slot, instant(TOMORROW, time(7)))


# --- the week ------------------------------------------------------------------------------------


def test_only_what_may_be_moved_can_be_dragged(at_desk: Desk, operator: Browser) -> None:
    province = at_desk.actor(place_id="ninh-thuan")
    theirs = at_desk.bulletin("Bản tin tỉnh", place_id="ninh-thuan")
    wish = a_wish(theirs, airs_at=time(6), target_ids=("ninh-thuan",))
    at_desk.schedules.save(province, wish)
    made = series(at_desk)
    week = operator.get("/lich?ngay=2026-11-26").text
    drags = re.findall(r'draggable="true" data-move="([^"]+)"', week)
    assert [html.unescape(one) for one in drags] == [
        f"/lich/doi?lich={made}&ngay={day}" for day in ("2026-11-26", "2026-11-27")
    ]
    auditor = at_desk.centre.client(Role.AUDITOR, DISTRICT)
    page = auditor.get("/lich?ngay=2026-11-26").text
    assert 'draggable="true"' not in page
    assert "Kéo một buổi" not in page
