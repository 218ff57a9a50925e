"""Chromium looking at the pages: at a desk's and a phone's width, light and dark."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tools.gallery import paper
from tools.gallery.cast import CAST, PASSWORD
from tools.gallery.pages import Page as Shown

DESK, PHONE, PAPER = 1280, 360, 794
HEIGHTS = {DESK: 800, PHONE: 740}
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--font-render-hinting=none",
    "--lang=vi",
)
SPEAKS = {"LANGUAGE": "vi", "LANG": "vi_VN.UTF-8"}
"""The browser's own words, as on the button that chooses a file, where it has Vietnamese ones."""
PROGRAMS = ("chromium", "chromium-browser", "chromium-headless-shell")
"""The last has English words alone."""
SETTLE_MS = 120
PRESS_MS = 120_000
"""What the largest file may take."""
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture, and what it is of."""

    file: str
    page: Shown
    role: str
    width: int
    language: str
    theme: str
    is_too_wide: bool
    leaf: str = ""
    """Of a printed file: which page of how many."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium; as root it cannot have its own sandbox."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise SystemExit("Chromium is not installed; `tools/test_machine.py --gallery` installs it")
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=found, args=flags, env={**os.environ, **SPEAKS}
        )
        try:
            yield browser
        finally:
            browser.close()


class Camera:
    """One role's browser, signed in. Its clock stands where the centre's does."""

    def __init__(self, browser: Browser, address: str, role: str, now: datetime) -> None:
        self.role = role
        self._now = now
        self._context: BrowserContext = browser.new_context(
            viewport={"width": DESK, "height": HEIGHTS[DESK]},
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            base_url=address,
            reduced_motion="reduce",
        )
        self._page: Page = self._context.new_page()
        self._page.clock.set_fixed_time(now)
        if role != NOBODY:
            self._sign_in()

    def _sign_in(self) -> None:
        self._page.goto("/dang-nhap")
        self._page.fill("input[name=username]", CAST[self.role].username)
        self._page.fill("input[name=password]", PASSWORD)
        self._page.click("main button[type=submit], main button:not([type])")
        self._page.wait_for_url(lambda url: not url.endswith("/dang-nhap"))

    def close(self) -> None:
        """Forget the session."""
        self._context.close()

    def take(
        self,
        page: Shown,
        ids: Mapping[str, str],
        out: Path,
        *,
        widths: Collection[int] = (DESK, PHONE),
        is_dark: bool = False,
        is_english: bool = False,
    ) -> list[Shot]:
        """Pictures of a page; none when this role is not let in there."""
        path, is_error = page.path.format_map(ids), page.endpoint == "errors"
        if page.is_paper:
            return self._printed(page, path, out)
        if not self._open(path, is_error=is_error):
            return []
        found = self._both(page, out, widths, "vi", "light")
        if is_dark:
            self._page.emulate_media(color_scheme="dark")
            found += self._both(page, out, widths, "vi", "dark")
            self._page.emulate_media(color_scheme="light")
        if is_english:
            self._speak("en")
            self._open(path, is_error=is_error)
            found += self._both(page, out, widths, "en", "light")
            self._speak("vi")
        return found

    def _printed(self, page: Shown, path: str, out: Path) -> list[Shot]:
        """Pages of a PDF file; they have one look, whatever the screen has."""
        answer = self._context.request.get(path, timeout=PRESS_MS)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise SystemExit(f"{path} fails for {self.role}: {answer.status}")
        if not answer.ok:
            return []
        found = []
        for leaf, leaves, png in paper.drawn(answer.body()):
            file = f"{page.slug}-{self.role}-{leaf}.png"
            (out / file).write_bytes(png)
            found.append(
                Shot(file, page, self.role, PAPER, "vi", "light", False, f"{leaf}/{leaves}")
            )
        return found

    def _open(self, path: str, *, is_error: bool = False) -> bool:
        answer = self._page.goto(path)
        if answer is None:
            return False
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise SystemExit(f"{path} fails for {self.role}: {answer.status}")
        is_there = answer.url.split("?")[0].endswith(path.split("?")[0])
        self._page.wait_for_timeout(SETTLE_MS)
        return is_there and (answer.ok or is_error)

    def _speak(self, language: str) -> None:
        """Choose the language, on a page that offers the choice."""
        self._page.goto("/dang-nhap" if self.role == NOBODY else "/tai-khoan")
        self._page.click(f"button[name=language][value={language}]")
        self._page.wait_for_load_state()

    def _both(
        self, page: Shown, out: Path, widths: Collection[int], language: str, theme: str
    ) -> list[Shot]:
        found = []
        for width in widths:
            self._fit(width)
            file = f"{page.slug}-{self.role}-{width}-{language}-{theme}.png"
            self._page.screenshot(path=str(out / file), full_page=True, animations="disabled")
            wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            is_wide = bool(self._page.evaluate(wide))
            found.append(Shot(file, page, self.role, width, language, theme, is_wide))
        return found

    def _fit(self, width: int) -> None:
        """Make the window as wide as that, and on a phone as high as the page.

        What is fixed to the lower edge of a phone's window would else lie over the middle of it.
        """
        self._page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        self._page.wait_for_timeout(SETTLE_MS)
        high = int(self._page.evaluate("document.documentElement.scrollHeight"))
        if width == PHONE and high > HEIGHTS[width]:
            self._page.set_viewport_size({"width": width, "height": high})
            self._page.wait_for_timeout(SETTLE_MS)

    def cut_out(self, path: str, width: int, height: int, target: Path, selector: str = "") -> None:
        """A picture for a guide: the top of a page, or one part of it."""
        self._page.set_viewport_size({"width": width, "height": height})
        if not self._open(path):
            raise SystemExit(f"{path} is not shown to {self.role}")
        if selector:
            part = self._page.locator(selector).first
            part.scroll_into_view_if_needed()
            part.screenshot(path=str(target), animations="disabled")
        else:
            self._page.screenshot(path=str(target), animations="disabled")
