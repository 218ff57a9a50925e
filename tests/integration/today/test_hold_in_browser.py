"""The loudspeaker is stopped by holding the button, in a real Chromium of a phone's width."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from controller.domain.accounts import Role
from controller.services.station_page import StationPages
from controller.storage.models import SignedOrderRow
from tests.support.browser import chromium, signed_in
from tests.support.web import COMMUNE, Centre, centre, served

pytestmark = pytest.mark.real


@contextmanager
def commune_page(folder: Path) -> Iterator[tuple[Centre, Page]]:
    """The page a commune officer starts at."""
    with centre(folder) as here:
        here.add(station_pages=StationPages(here.database, here.clock, here.places))
        officer = here.actor(Role.COMMUNE_OFFICER, COMMUNE)
        with served(here) as address, chromium() as browser:
            page = signed_in(browser, address, officer.username, width=360)
            page.wait_for_url(f"**/xa/{COMMUNE}")
            yield here, page


def _orders(here: Centre) -> int:
    with here.database.read() as session:
        return session.scalar(select(func.count()).select_from(SignedOrderRow)) or 0


@pytest.mark.parametrize("by", ["finger", "keyboard"])
def test_two_seconds_stop_the_loudspeaker_and_a_touch_does_not(tmp_path: Path, by: str) -> None:
    with commune_page(tmp_path) as (here, page):
        button = page.get_by_role("button", name="Nhấn giữ 2 giây để dừng loa")
        expect(button).to_be_visible()
        if by == "finger":
            button.click()
        else:
            button.press("Enter")
        page.wait_for_timeout(300)
        assert _orders(here) == 0, "no pocket stops a loudspeaker"
        if by == "finger":
            button.click(delay=2_400)
        else:
            button.focus()
            page.keyboard.down("Enter")
            page.wait_for_timeout(2_400)
            page.keyboard.up("Enter")
        expect(page.get_by_text("Đã gửi lệnh dừng loa.")).to_be_visible()
        assert _orders(here) == 1
