"""The map of the board under a finger: a tap opens a card, and a live change reaches both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from controller.domain.accounts import Role
from tests.support.browser import chromium
from tests.support.busy_board import STATION, busy_centre, touch
from tests.support.web import DISTRICT, PASSWORD, served

pytestmark = pytest.mark.real


def test_a_tap_opens_a_card_that_follows_its_station(tmp_path: Path) -> None:
    with busy_centre(tmp_path) as centre, chromium() as browser:
        username = centre.actor(Role.OPERATOR, DISTRICT).username
        with served(centre) as address:
            page = browser.new_context(
                viewport={"width": 360, "height": 740},
                locale="vi-VN",
                has_touch=True,
                base_url=address,
            ).new_page()
            page.goto("/dang-nhap")
            page.fill("input[name=username]", username)
            page.fill("input[name=password]", PASSWORD)
            page.click("main button[type=submit], main button:not([type])")
            page.wait_for_url(lambda url: not url.endswith("/dang-nhap"))
            page.goto("/bang/ban-do")
            page.locator(f"#m-{STATION}").tap()
            card = page.locator("[data-card]")
            expect(card).to_contain_text("Phước Bình")
            expect(card).to_contain_text("Mất kết nối")
            expect(card).to_contain_text("Bản tin chiều tỉnh")
            assert page.url.endswith("/bang/ban-do"), "a tap opens the card, not the page"
            touch(centre, STATION, 100, shown_state="down")
            expect(page.locator(f"#m-{STATION}")).to_have_class(re.compile(r"\bmk down\b"))
            expect(page.locator(f"#m-{STATION}")).to_have_attribute(
                "aria-label", re.compile("Ngừng")
            )
            expect(card).to_contain_text("Ngừng")
            card.get_by_role("link", name="Mở trang của trạm").tap()
            page.wait_for_url(f"**/tram/{STATION}")
            page.context.close()
