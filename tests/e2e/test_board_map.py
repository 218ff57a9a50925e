"""Maps under a finger: the board's opens a card and follows its station, the emergency's ticks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from controller.domain.accounts import Role
from controller.web.policy import session_cookie
from tests.support.browser import chromium
from tests.support.busy_board import STATION, busy_centre, touch
from tests.support.warnings import watch
from tests.support.web import COMMUNE, DISTRICT, Centre, served

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def _phone(browser: Browser, address: str, centre: Centre) -> Page:
    """A phone on which an operator of the district has signed in."""
    with centre.app.test_request_context():
        name = session_cookie()
    cookie = centre.client(Role.OPERATOR, DISTRICT).http.get_cookie(name)
    assert cookie is not None
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, locale="vi-VN", has_touch=True, base_url=address
    )
    context.add_cookies([{"name": name, "value": cookie.value, "url": address}])
    return context.new_page()


def test_a_tap_opens_a_card_that_follows_its_station(tmp_path: Path, browser: Browser) -> None:
    with busy_centre(tmp_path) as centre, served(centre) as address:
        page = _phone(browser, address, centre)
        page.goto("/bang/ban-do")
        mark, card = page.locator(f"#m-{STATION}"), page.locator("[data-card]")
        mark.tap()
        expect(card).to_contain_text("Phước Bình")
        expect(card).to_contain_text("Mất kết nối")
        expect(card).to_contain_text("Bản tin chiều tỉnh")
        assert page.url.endswith("/bang/ban-do"), "a tap opens the card, not the page"
        touch(centre, STATION, 100, shown_state="down")
        expect(mark).to_have_class(re.compile(r"\bmk down\b"))
        expect(mark).to_have_attribute("aria-label", re.compile("Ngừng"))
        expect(card).to_contain_text("Ngừng")
        card.get_by_role("link", name="Mở trang của trạm").tap()
        page.wait_for_url(f"**/tram/{STATION}")
        page.context.close()


def test_the_map_of_an_emergency_ticks_the_boxes_of_its_list(
    tmp_path: Path, browser: Browser
) -> None:
    with watch(tmp_path) as on_watch:
        centre = on_watch.centre
        with served(centre) as address:
            page = _phone(browser, address, centre)
            page.goto("/khan-cap/soan")
            chosen, all_of_it = page.locator("[data-chosen]"), page.locator(f"[value={DISTRICT}]")
            place, box = page.locator(f"[data-place={COMMUNE}]"), page.locator(f"[value={COMMUNE}]")
            place.tap()
            expect(chosen).to_contain_text("Đang chọn 1 trạm")
            expect(box).to_be_checked()
            place.tap()
            expect(chosen).to_have_text("Chưa chọn nơi nào.")
            expect(box).not_to_be_checked()
            all_of_it.check()
            expect(page.locator(".pick.on")).to_have_count(9)
            place.tap()  # one of nine: the other eight stay
            expect(chosen).to_contain_text("Đang chọn 8 trạm")
            expect(all_of_it).not_to_be_checked()
            expect(page.locator("[data-commune]:checked")).to_have_count(8)
            expect(page.locator("[data-picked]")).to_contain_text("Vừa bỏ Xã Phước Bình")
            page.context.close()
