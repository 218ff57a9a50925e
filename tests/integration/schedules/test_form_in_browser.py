"""The schedule form in a real Chromium: it judges while one types, and saves once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from controller.domain.accounts import Role
from tests.support.browser import chromium, fits_the_width
from tests.support.schedule_desk import Desk, a_wish, desk
from tests.support.web import DISTRICT, PASSWORD, served

pytestmark = pytest.mark.real


@contextmanager
def form_page(at_desk: Desk, width: int) -> Iterator[Page]:
    """The form, open for the operator of Bác Ái."""
    actor = at_desk.centre.actor(Role.OPERATOR, DISTRICT)
    with served(at_desk.centre) as address, chromium() as browser:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale="vi-VN", base_url=address
        )
        page = context.new_page()
        page.goto("/dang-nhap?den=/lich/moi")
        page.fill("input[name=username]", actor.username)
        page.fill("input[name=password]", PASSWORD)
        page.click("main button[type=submit], main button:not([type])")
        page.wait_for_url("**/lich/moi")
        yield page


@pytest.mark.parametrize("width", [1280, 360])
def test_the_form_judges_while_one_types_offers_a_way_out_and_saves_once(
    tmp_path: Path, width: int
) -> None:
    with desk(tmp_path) as at_desk:
        at_desk.everyone_is_linked()
        at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin("Họp dân")))
        bulletin = at_desk.bulletin()
        with form_page(at_desk, width) as page:
            page.select_option("select[name=bulletin_id]", bulletin)
            sentence, save = page.locator("[data-sentence]"), page.locator("[data-save]")
            page.fill("input[name=airs_at]", "03:15")
            expect(
                page.get_by_text("03:15 ngoài khung giờ cho phép (05:00–21:00).")
            ).to_be_visible()
            expect(save).to_be_disabled()
            page.fill("input[name=airs_at]", "05:35")
            expect(page.get_by_text("“Họp dân” (thông thường) do Katơr Thị Mai")).to_be_visible()
            page.get_by_role("button", name="Dời sang 05:40").click()
            expect(page.locator("input[name=airs_at]")).to_have_value("05:40")
            expect(sentence).to_contain_text("Phát 05:40 thứ Hai–thứ Sáu tại 9 xã huyện Bác Ái")
            page.select_option("select[name=recurrence]", "once")
            expect(page.locator("input[name=ends_on]")).to_be_hidden()
            expect(sentence).to_contain_text("Phát 05:40 thứ Năm 26/11/2026")
            fits_the_width(page, width)
            save.dblclick()
            page.wait_for_url(re.compile(r"/lich/[0-9a-f-]{36}$"))
            expect(page.get_by_text("Đã lưu 1 buổi.")).to_be_visible()
        at = [at_desk.local(slot.starts_at) for slot in at_desk.slots()]
        assert at.count("26/11 05:40") == 1


def test_without_a_script_the_form_works_by_its_buttons(tmp_path: Path) -> None:
    with desk(tmp_path) as at_desk:
        at_desk.everyone_is_linked()
        bulletin = at_desk.bulletin()
        actor = at_desk.centre.actor(Role.OPERATOR, DISTRICT)
        with served(at_desk.centre) as address, chromium() as browser:
            context = browser.new_context(java_script_enabled=False, base_url=address)
            page = context.new_page()
            page.goto("/dang-nhap?den=/lich/moi")
            page.fill("input[name=username]", actor.username)
            page.fill("input[name=password]", PASSWORD)
            page.click("main button[type=submit], main button:not([type])")
            page.select_option("select[name=bulletin_id]", bulletin)
            page.fill("input[name=airs_at]", f"{time(6, 10):%H:%M}")
            page.get_by_role("button", name="Xem lịch sẽ phát thế nào").click()
            expect(page.locator("[data-sentence]")).to_contain_text("Phát 06:10 thứ Hai–thứ Sáu")
            page.get_by_role("button", name="Lưu lịch 20 buổi").click()
            expect(page.get_by_text("Đã lưu 20 buổi.")).to_be_visible()
