"""Somebody new at the desk schedules tomorrow's 05:30 bulletin for the district, on a phone.

Every touch is counted. A person is slower than a script: each touch, each key and each page that is
read costs what people need; `make test` adds it up, `make soak` waits it out.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import update

from controller.storage.models import AccountRow
from tests.support.browser import chromium, fits_the_width
from tests.support.bulletins import Studio
from tests.support.schedule_desk import Desk, desk
from tests.support.web import PASSWORD, served

pytestmark = pytest.mark.real

PHONE = {"width": 360, "height": 740}
MOST_TOUCHES = 12
MOST_S, MACHINE_S = 120.0, 20.0
"""For all of it, and how much of that the machine may take: seven pages."""

THINK_S, TOUCH_S, KEY_S, READ_S = 1.35, 1.1, 0.4, 3.0
"""Before each touch, to point and touch, for each key on glass, to look over a new page.

The first is the mental operator of the keystroke-level model (Card, Moran, Newell 1980); the
others are on the slow side of what is measured on phones.
"""

NEW_PASSWORD = "nhà em có năm cửa sổ"  # noqa: S105 - a test's own


@dataclass
class Hand:
    """A person with a phone: counts touches, and the time they take."""

    page: Page
    waits: bool
    touches: int = 0
    needed_s: float = 0.0
    """What a person needs, without the machine."""
    _began: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Look over a page that is new, and fits the screen."""
        fits_the_width(self.page, PHONE["width"])
        self._need(READ_S)

    def press(self, what: Locator) -> None:
        self._touch()
        what.scroll_into_view_if_needed()
        what.click()

    def write(self, what: Locator, text: str) -> None:
        self._touch(len(text))
        what.fill(text)

    def choose(self, what: Locator, label: re.Pattern[str] | str) -> None:
        """A list opens and one of its lines is touched: one choice."""
        self._touch()
        self._need(THINK_S + TOUCH_S)
        if isinstance(label, str):
            what.select_option(label=label)
        else:
            line = what.locator("option", has_text=label).first
            what.select_option(value=line.get_attribute("value"))

    def took_s(self) -> float:
        """By the clock if it was waited out, else what a person needs and the machine may."""
        return time.monotonic() - self._began if self.waits else self.needed_s + MACHINE_S

    def _touch(self, keys: int = 0) -> None:
        self.touches += 1
        self._need(THINK_S + TOUCH_S + keys * KEY_S)

    def _need(self, seconds: float) -> None:
        self.needed_s += seconds
        if self.waits:
            self.page.wait_for_timeout(seconds * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as made:
        made.everyone_is_linked()
        Studio(made.centre, tmp_path)
        made.bulletin("Tiết kiệm nước mùa khô")
        yield made


WORDS = {
    "vi": {
        "sign in": "Đăng nhập", "change": "Đổi mật khẩu", "schedules": "Lịch phát",
        "new": "Đặt lịch", "once": "Một lần",
        "sentence": "Phát 05:30 thứ Năm 26/11/2026 tại 9 xã huyện Bác Ái",
        "saved": "Đã lưu 1 buổi.",
    },
    "en": {
        "sign in": "Sign in", "change": "Change password", "schedules": "Schedule",
        "new": "Schedule", "once": "Once",
        "sentence": "05:30", "saved": "Airings saved: 1.",
    },
}  # fmt: skip

PACES = [False, pytest.param(True, marks=pytest.mark.soak)]


@pytest.mark.parametrize("waits", PACES, ids=["counted", "waited"])
@pytest.mark.parametrize("language", WORDS)
def test_a_new_operator_schedules_tomorrows_bulletin_in_a_dozen_touches(
    at_desk: Desk, browser: Browser, language: str, waits: bool
) -> None:
    words, operator = WORDS[language], at_desk.actor()
    is_first = language == "vi"  # the first sign-in, with the password that was handed out
    with at_desk.centre.database.write() as session:
        session.execute(
            update(AccountRow)
            .where(AccountRow.account_id == operator.account_id)
            .values(must_change_password=is_first)
        )
    with served(at_desk.centre) as address:
        context = browser.new_context(
            viewport=PHONE, locale="vi-VN", base_url=address, has_touch=True, is_mobile=True
        )
        page = context.new_page()
        page.goto("/")
        hand = Hand(page, waits)
        _sign_in(hand, operator.username, words, language, is_first=is_first)
        hand.look()
        hand.press(page.locator("nav.dock").get_by_role("link", name=words["schedules"]))
        page.wait_for_url("**/lich")
        hand.look()
        hand.press(page.locator("main").get_by_role("link", name=words["new"], exact=True).first)
        page.wait_for_url(re.compile(r"/lich/moi"))
        hand.look()
        hand.choose(page.locator("select[name=bulletin_id]"), re.compile("Tiết kiệm nước"))
        hand.choose(page.locator("select[name=recurrence]"), words["once"])
        expect(page.locator("[data-sentence]")).to_contain_text(words["sentence"])
        save = page.locator("[data-save]")
        expect(save).to_be_enabled()
        hand.look()
        hand.press(save)
        page.wait_for_url(re.compile(r"/lich/[0-9a-f-]{36}$"))
        expect(page.get_by_text(words["saved"]).first).to_be_visible()
        hand.look()
        print(f"{language}: {hand.touches} touches, {hand.took_s():.0f} s")  # noqa: T201
        context.close()
    (slot,) = at_desk.slots()
    assert at_desk.local(slot.starts_at) == "26/11 05:30"
    assert hand.touches <= MOST_TOUCHES
    assert hand.took_s() <= MOST_S


def _sign_in(
    hand: Hand, username: str, words: dict[str, str], language: str, *, is_first: bool
) -> None:
    page = hand.page
    hand.look()
    if language == "en":
        hand.press(page.locator("button[lang=en]"))
        hand.look()
    hand.write(page.locator("input[name=username]"), username)
    hand.write(page.locator("input[name=password]"), PASSWORD)
    hand.press(page.locator("main").get_by_role("button", name=words["sign in"]))
    page.wait_for_url(lambda url: not url.endswith("/dang-nhap"))
    if not is_first:
        return
    hand.look()
    hand.write(page.locator("input[name=current]"), PASSWORD)
    hand.write(page.locator("input[name=wanted]"), NEW_PASSWORD)
    hand.write(page.locator("input[name=again]"), NEW_PASSWORD)
    hand.press(page.locator("main").get_by_role("button", name=words["change"]))
    page.wait_for_url("**/tai-khoan")
