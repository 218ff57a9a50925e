"""A day or a week copied to another date, and taken back."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.domain.schedule import Recurrence, instant
from controller.errors import InvalidInputError, NotFoundError, SlotConflictError, StaleEditError
from controller.services.day_copies import Span
from tests.support.schedule_desk import TOMORROW, Desk, a_wish, desk
from tests.support.web import DISTRICT, OTHER_DISTRICT, PROVINCE, Browser

SATURDAY = date(2026, 11, 28)


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


def series(at_desk: Desk, title: str, at: time) -> str:
    wish = a_wish(at_desk.bulletin(title), airs_at=at)
    return at_desk.schedules.save(at_desk.actor(), wish).schedule_id


def ticks(page: str) -> list[tuple[str, bool]]:
    """The keys of the slots offered, and whether each is chosen."""
    boxes = re.findall(r'<input type="checkbox" name="buoi" value="([^"]+)"([^>]*)>', page)
    return [(html.unescape(key), "checked" in rest) for key, rest in boxes]


def airing(at_desk: Desk, day: date) -> list[str]:
    return [
        f"{at_desk.local(slot.starts_at)[6:]} {slot.title}"
        for slot in at_desk.slots()
        if slot.cancelled_at is None and at_desk.local(slot.starts_at)[:5] == f"{day:%d/%m}"
    ]


def test_a_day_is_copied_as_it_airs_and_taken_back_by_undo(
    at_desk: Desk, operator: Browser
) -> None:
    series(at_desk, "Bản tin sáng", time(5, 30))
    series(at_desk, "Nông thôn mới", time(10, 45))
    at_desk.move(at_desk.slots()[0], instant(TOMORROW, time(6, 15)))
    at_desk.centre.clock.move(minutes=1)
    page = operator.get("/lich/chep?ngay=26/11/2026&sang=28/11/2026").text
    assert "Chép các buổi của thứ Năm 26/11/2026 sang thứ Bảy 28/11/2026" in words(page)
    offered = ticks(page)
    assert [chosen for _key, chosen in offered] == [True, True]
    sent = {"noi": DISTRICT, "ngay": "26/11/2026", "bao": "ngay", "sang": "28/11/2026"}
    answer = operator.post("/lich/chep", **sent, buoi=[key for key, _chosen in offered])
    assert answer.status_code == 303, words(answer.text)
    assert airing(at_desk, SATURDAY) == ["06:15 Bản tin sáng", "10:45 Nông thôn mới"]
    assert airing(at_desk, TOMORROW) == ["06:15 Bản tin sáng", "10:45 Nông thôn mới"]
    week = operator.get(answer.location).text
    assert "Đã chép 2 buổi sang thứ Bảy 28/11/2026." in words(week)
    made_at = re.search(r'name="made_at" value="([^"]+)"', week)
    assert made_at is not None
    operator.post("/lich/chep/hoan-tac", made_at=html.unescape(made_at[1]), ngay="2026-11-28")
    assert airing(at_desk, SATURDAY) == []
    assert len(airing(at_desk, TOMORROW)) == 2


def test_what_clashes_is_said_beside_its_slot_and_not_chosen(
    at_desk: Desk, operator: Browser
) -> None:
    series(at_desk, "Bản tin sáng", time(5, 30))
    series(at_desk, "Nông thôn mới", time(10, 45))
    taken = {"recurrence": Recurrence.ONCE, "starts_on": SATURDAY, "airs_at": time(5, 35)}
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin("Họp dân"), **taken))
    page = operator.get("/lich/chep?ngay=26/11/2026&sang=28/11/2026").text
    offered = ticks(page)
    assert [chosen for _key, chosen in offered] == [False, True]
    assert "Trùng giờ thứ Bảy 28/11, 05:35–05:40, tại 9 trạm" in words(page)
    assert "1 buổi chưa chép được" in words(page)
    sent = {"noi": DISTRICT, "ngay": "26/11/2026", "bao": "ngay", "sang": "28/11/2026"}
    refused = operator.post("/lich/chep", **sent, buoi=[key for key, _chosen in offered])
    assert refused.status_code == 409
    assert "Trùng giờ với buổi khác cùng cấp." in words(refused.text)
    assert airing(at_desk, SATURDAY) == ["05:35 Họp dân"]
    assert operator.post("/lich/chep", **sent, buoi=[offered[1][0]]).status_code == 303
    assert airing(at_desk, SATURDAY) == ["05:35 Họp dân", "10:45 Nông thôn mới"]


def test_a_week_is_copied_by_its_weekdays(at_desk: Desk, operator: Browser) -> None:
    wish = a_wish(at_desk.bulletin("Tiếng Raglai"), ends_on=date(2026, 11, 29))
    at_desk.schedules.save(at_desk.actor(), wish)
    page = operator.get("/lich/chep?ngay=28/11/2026&bao=tuan&sang=02/12/2026").text
    assert "của tuần 23/11–29/11/2026 sang tuần 30/11–06/12/2026" in words(page)
    sent = {"noi": DISTRICT, "ngay": "28/11/2026", "bao": "tuan", "sang": "02/12/2026"}
    assert operator.post("/lich/chep", **sent, buoi=[key for key, _c in ticks(page)]).location
    assert airing(at_desk, date(2026, 12, 3)) == ["05:30 Tiếng Raglai"]
    assert airing(at_desk, date(2026, 12, 4)) == ["05:30 Tiếng Raglai"]
    assert at_desk.audited("schedule.copy")[0].detail["count"] == "2"


def test_a_copy_stays_at_its_place_and_leaves_what_is_above(at_desk: Desk) -> None:
    series(at_desk, "Bản tin huyện", time(5, 30))
    theirs = at_desk.bulletin("Bản tin tỉnh", place_id=PROVINCE)
    above = at_desk.actor(place_id=PROVINCE)
    at_desk.schedules.save(above, a_wish(theirs, airs_at=time(6), target_ids=(PROVINCE,)))
    span = Span(DISTRICT, TOMORROW, 1, SATURDAY)
    found = at_desk.calendar.preview_copy(at_desk.actor(), span)
    assert [line.slip.title for line in found.lines] == ["Bản tin huyện"]
    assert found.theirs == 1
    copied = at_desk.calendar.copy(above, span, [found.lines[0].key])
    row = at_desk.row(copied.saved[0].schedule_id)
    assert (row.place_id, row.authority) == (DISTRICT, "district")


def test_what_makes_no_sense_or_is_not_theirs_is_refused(at_desk: Desk, operator: Browser) -> None:
    series(at_desk, "Bản tin sáng", time(5, 30))
    actor = at_desk.actor()
    span = Span(DISTRICT, TOMORROW, 1, SATURDAY)
    key = at_desk.calendar.preview_copy(actor, span).lines[0].key
    for wrong in (
        Span(DISTRICT, TOMORROW, 1, TOMORROW),
        Span(DISTRICT, TOMORROW, 1, TOMORROW - timedelta(days=2)),
    ):
        with pytest.raises(InvalidInputError):
            at_desk.calendar.copy(actor, wrong, [key])
    with pytest.raises(InvalidInputError):
        at_desk.calendar.copy(actor, span, [])
    with pytest.raises(NotFoundError):
        at_desk.calendar.copy(at_desk.actor(place_id=OTHER_DISTRICT), span, [key])
    at_desk.calendar.copy(actor, span, [key])
    with pytest.raises(SlotConflictError):
        at_desk.calendar.copy(actor, span, [key])
    at_desk.move(at_desk.slots()[0], instant(TOMORROW, time(7)))
    with pytest.raises(StaleEditError):
        at_desk.calendar.copy(actor, span, [key])
    page = operator.get("/lich/chep?ngay=26/11/2026&sang=26/11/2026").text
    assert "Chọn ngày khác với ngày được chép." in words(page)
    page = operator.get("/lich/chep?ngay=26/11/2026&sang=mai").text
    assert "Gõ ngày như 30/11/2026." in words(page)


def test_a_day_with_nothing_to_copy_says_so_and_promises_nothing(operator: Browser) -> None:
    page = words(operator.get("/lich/chep?ngay=26/11/2026&sang=28/11/2026").text)
    assert "Thứ Năm 26/11/2026: không có buổi nào của nơi này để chép." in page
    assert "mỗi buổi phát một lần" not in page
