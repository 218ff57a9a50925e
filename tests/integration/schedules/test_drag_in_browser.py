"""A slot dragged in the week of a real Chromium: it is checked, saved, taken back."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from controller.domain.accounts import Role
from tests.support.browser import chromium
from tests.support.schedule_desk import TOMORROW, a_wish, desk
from tests.support.web import DISTRICT, PASSWORD, served

pytestmark = pytest.mark.real


def test_a_slot_is_dragged_checked_saved_and_taken_back(tmp_path: Path) -> None:
    with desk(tmp_path) as at_desk:
        at_desk.everyone_is_linked()
        at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin(), ends_on=TOMORROW))
        actor = at_desk.centre.actor(Role.OPERATOR, DISTRICT)
        with served(at_desk.centre) as address, chromium() as browser:
            context = browser.new_context(
                viewport={"width": 1280, "height": 900}, locale="vi-VN", base_url=address
            )
            page = context.new_page()
            page.goto("/dang-nhap?den=/lich?ngay=2026-11-26")
            page.fill("input[name=username]", actor.username)
            page.fill("input[name=password]", PASSWORD)
            page.click("main button[type=submit], main button:not([type])")
            slip = page.locator("a.slip")
            slip.drag_to(page.locator("[data-drop='2026-11-28'][data-band=morning]"))
            page.wait_for_url(re.compile("/lich/doi"))
            expect(page.locator("[data-sentence]")).to_contain_text(
                "Dời buổi 05:30 thứ Năm 26/11/2026 sang 05:30 thứ Bảy 28/11/2026"
            )
            page.fill("input[name=airs_at]", "06:20")
            expect(page.locator("[data-sentence]")).to_contain_text("sang 06:20 thứ Bảy")
            assert at_desk.local(at_desk.slots()[0].starts_at) == "26/11 05:30"
            page.locator("[data-save]").click()
            expect(page.get_by_text("Đã dời sang 06:20 28/11/2026.")).to_be_visible()
            assert at_desk.local(at_desk.slots()[0].starts_at) == "28/11 06:20"
            page.get_by_role("button", name="Hoàn tác").click()
            expect(page.get_by_text("Đã đưa về như cũ.")).to_be_visible()
            assert at_desk.local(at_desk.slots()[0].starts_at) == "26/11 05:30"
            slip.focus()
            page.keyboard.press("Alt+ArrowRight")
            page.wait_for_url(re.compile(f"sang={date(2026, 11, 27)}"))
            expect(page.locator("[data-sentence]")).to_contain_text("sang 05:30 thứ Sáu 27/11")
            page.goto("/lich/ngay?ngay=2026-11-26")
            box = page.locator(".movable rect").first.bounding_box()
            hour = _an_hour(page)
            assert box is not None
            page.mouse.move(box["x"] + 4, box["y"] + 4)
            page.mouse.down()
            page.mouse.move(box["x"] + 4 + hour, box["y"] + 4, steps=4)
            expect(page.locator("[data-slide-time]")).to_have_text("06:30")
            page.mouse.up()
            page.wait_for_url(re.compile("luc=06%3A30"))
            expect(page.locator("[data-sentence]")).to_contain_text("sang 06:30 thứ Năm")


def _an_hour(page: Page) -> float:
    """How wide an hour is on the screen."""
    ticks = page.locator(".lanes.day .ax")
    first, second = ticks.nth(0).bounding_box(), ticks.nth(1).bounding_box()
    assert first is not None
    assert second is not None
    return second["x"] - first["x"]
