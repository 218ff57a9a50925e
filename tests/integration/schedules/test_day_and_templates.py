"""The day in lanes, and patterns kept for the schedule form."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from controller.domain.accounts import Role
from controller.domain.schedule import HolidayRule
from controller.errors import NotFoundError
from controller.services.schedule_templates import Pattern
from tests.support.schedule_desk import TOMORROW, Desk, a_wish, desk
from tests.support.web import COMMUNE, DISTRICT, OTHER_DISTRICT, PROVINCE, Browser


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


def lanes(page: str) -> dict[str, list[str]]:
    """Each lane of the picture by its name, with what its boxes say."""
    picture = re.search(r'<svg class="lanes day".*?</svg>', page, re.S)
    assert picture is not None
    found: dict[str, list[str]] = {}
    for name, rest in re.findall(
        r'<text x="0" y="\d+">([^<]+)</text>(.*?)(?=<text x="0"|$)', picture[0], re.S
    ):
        found[html.unescape(name)] = [
            html.unescape(says) for says in re.findall(r'aria-label="([^"]+)"', rest)
        ]
    return found


def test_an_empty_day_says_what_to_press(at_desk: Desk, operator: Browser) -> None:
    page = operator.get("/lich/ngay?ngay=2026-11-26").text
    assert "Ngày này chưa có buổi nào. Bấm Đặt lịch ở trên để thêm buổi." in words(page)
    assert "data-drag-help" not in page
    assert "data-drag-help" not in operator.get("/lich?ngay=2026-11-26").text
    gone = words(operator.get("/lich/ngay?ngay=2026-11-23").text)
    assert "Ngày này không có buổi nào." in gone
    looking = at_desk.centre.client(Role.AUDITOR, PROVINCE).get("/lich/ngay?ngay=2026-11-26")
    assert "Bấm Đặt lịch" not in looking.text


def test_a_day_is_drawn_in_lanes_of_communes_and_of_districts(
    at_desk: Desk, operator: Browser
) -> None:
    wish = a_wish(at_desk.bulletin("Bản tin huyện"), airs_at=time(6))
    at_desk.schedules.save(at_desk.actor(), wish)
    one = a_wish(at_desk.bulletin("Họp thôn"), airs_at=time(18), target_ids=(COMMUNE,))
    at_desk.schedules.save(at_desk.actor(), one)
    page = operator.get("/lich/ngay?ngay=2026-11-26").text
    district = lanes(page)
    assert len(district) == 9
    assert district["Phước Bình"] == [
        "06:00–06:10 Bản tin huyện, 1/1 trạm",
        "18:00–18:10 Họp thôn, 1/1 trạm",
    ]
    assert district["Phước Hòa"] == ["06:00–06:10 Bản tin huyện, 1/1 trạm"]
    assert "18:00–18:10 Họp thôn Huyện Bác Ái 1/9 trạm Sắp phát Dời…" in words(page)
    assert page.count("data-slide=") == 10
    above = at_desk.centre.client(Role.AUDITOR, PROVINCE).get("/lich/ngay?ngay=2026-11-26").text
    province = lanes(above)
    assert len(province) == 7
    assert province["Bác Ái"] == [
        "06:00–06:10 Bản tin huyện, 9/9 trạm",
        "18:00–18:10 Họp thôn, 1/9 trạm",
    ]
    assert province["Ninh Sơn"] == []
    assert "data-slide=" not in above
    assert ("data-drag-help" in page, "data-drag-help" in above) == (True, False)
    assert operator.get("/lich/ngay?noi=ninh-son").status_code == 404


def test_a_pattern_is_kept_and_put_back_into_the_form(at_desk: Desk, operator: Browser) -> None:
    sent: dict[str, Any] = {
        "bulletin_id": "",
        "recurrence": "weekly",
        "airs_at": "10h45",
        "weekday": ["1", "3"],
        "holidays": "not_on",
        "target": [COMMUNE, "bac-ai-phuoc-hoa"],
        "priority": "priority",
    }
    unnamed = operator.post("/lich/mau", **sent, template_name=" ")
    assert unnamed.status_code == 422
    assert "Ô này còn trống." in words(unnamed.text)
    kept = operator.post("/lich/mau", **sent, template_name="Trưa hai xã")
    assert "Đã lưu mẫu “Trưa hai xã”." in words(kept.text)
    assert 'value="10h45"' in kept.text
    listed = words(operator.get("/lich/mau").text)
    assert "Trưa hai xã 10:45 thứ Ba và thứ Năm Không phát ngày lễ" in listed
    assert "Xã Phước Bình và xã Phước Hòa" in listed
    template = re.search(r'<option value="([^"]+)">Trưa hai xã', operator.get("/lich/moi").text)
    assert template is not None
    assert f'href="/lich/moi?mau={template[1]}"' in operator.get("/lich/mau").text
    begun = operator.get(f"/lich/moi?mau={template[1]}").text
    assert 'value="10:45"' in begun
    assert re.search(r'value="bac-ai-phuoc-hoa"[^>]* checked', begun)
    assert operator.get("/lich/moi?mau=khong-co").status_code == 404
    bulletin = at_desk.bulletin()
    used = operator.post(
        "/lich/mau/dung",
        template=template[1],
        bulletin_id=bulletin,
        starts_on="26/11/2026",
        ends_on="09/12/2026",
        airs_at="05:30",
        target=[DISTRICT],
    )
    assert "Phát 10:45 thứ Ba và thứ Năm tại xã Phước Bình và xã Phước Hòa , 4 buổi" in words(
        used.text
    )
    assert "Không phát ngày lễ." in words(used.text)
    operator.post(f"/lich/mau/{template[1]}/bo")
    page = operator.get("/lich/mau").text
    assert "Đã bỏ mẫu “Trưa hai xã”." in words(page)
    assert "Chưa có mẫu nào." in words(page)


def test_a_pattern_from_above_is_used_within_the_own_place(at_desk: Desk) -> None:
    def pattern(at: time) -> Pattern:
        return Pattern("Sáng", at, 127, (PROVINCE,), HolidayRule.IGNORE)

    above = at_desk.actor(place_id=PROVINCE)
    at_desk.templates.keep(above, pattern(time(5)))
    key = at_desk.templates.keep(above, pattern(time(6)))
    (found,) = at_desk.templates.all(at_desk.actor())
    assert found.pattern.target_ids == (DISTRICT,)
    assert (found.pattern.airs_at, found.may_remove) == (time(6), False)
    with pytest.raises(NotFoundError):
        at_desk.templates.remove(at_desk.actor(), key)
    own = Pattern("Riêng", time(7), 127, (DISTRICT,))
    kept = at_desk.templates.keep(at_desk.actor(), own)
    with pytest.raises(NotFoundError):
        at_desk.templates.one(at_desk.actor(place_id=OTHER_DISTRICT), kept)


def test_the_week_and_the_day_lead_to_each_other(operator: Browser) -> None:
    week = operator.get(f"/lich?ngay={TOMORROW}").text
    assert f'href="/lich/ngay?ngay={TOMORROW}"' in week
    assert f'href="/lich?ngay={TOMORROW}"' in operator.get(f"/lich/ngay?ngay={TOMORROW}").text


@pytest.mark.parametrize("day", ["31/12/9999", "01/01/0001", "9999-12-31", "0001-01-01"])
def test_a_day_a_thousand_years_off_shows_today(operator: Browser, day: str) -> None:
    today = words(operator.get("/lich/ngay").text)
    for path in ("/lich/ngay", "/lich", "/lich/chep"):
        assert operator.get(path, query_string={"ngay": day}).status_code == 200, path
    assert words(operator.get("/lich/ngay", query_string={"ngay": day}).text) == today
