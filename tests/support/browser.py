"""The machine's own Chromium, driven as a person would."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.person import PASSWORD

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)

ASKED = frozenset({"/lich/doi"})
"""Pages that are nothing without what is asked behind the question mark."""


PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first draws the same pages without a window of its own: a fifth less of a processor."""

FILES = frozenset(
    {
        "/bao-cao/csv",
        "/bao-cao/pdf",
        "/bao-cao/xlsx",
        "/bao-cao/nhat-ky/csv",
        "/bao-cao/nhat-ky/xlsx",
        "/bao-cao/nhat-ky/pdf",
        "/thiet-bi.csv",
    }
)
"""Taken home, not opened."""


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A headless Chromium, with more switches; as root it cannot have its own sandbox."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert found is not None, "Chromium is not installed; run `make test`, which installs it"
    flags = [*FLAGS, *more, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def signed_in(
    browser: Browser,
    address: str,
    username: str,
    *,
    width: int = 1280,
    language: str | None = None,
    complaints: list[str] | None = None,
) -> Page:
    """A page of somebody who has just signed in, in a context of its own.

    A `language` is chosen at the door, as whoever cannot read the page would; without one it is
    the account's. To `complaints` goes what the browser finds wrong from then on.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900}, locale="vi-VN", base_url=address
    )
    page = context.new_page()
    if complaints is not None:
        listen(page, complaints)
    page.goto("/dang-nhap")
    if language is not None:
        page.click(f"button[lang={language}]")
        page.wait_for_load_state()
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit], main button:not([type])")
    page.wait_for_url(lambda url: not url.endswith("/dang-nhap"))
    return page


def listen(page: Page, complaints: list[str]) -> None:
    """Add what the browser finds wrong: errors on the console, scripts that broke."""

    def heard(line: ConsoleMessage) -> None:
        if line.type == "error":
            complaints.append(line.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))


def fits_the_width(page: Page, width: int) -> None:
    """Wait until the page that is open, or the one it is leaving for, is no wider than that.

    A plain question would find no page where one has gone and the next has not begun.
    """
    wide = "most => document.documentElement?.scrollWidth <= most"
    page.wait_for_function(wide, arg=width, timeout=5_000)


def addresses(page: Page) -> list[str]:
    """Where the links of a page lead on this centre, those in drawings too: paths, and what is
    asked where a page is nothing without it."""
    links = page.eval_on_selector_all(
        "a[href]", "all => all.map(a => new URL(a.getAttribute('href'), document.baseURI).href)"
    )
    parts = [urlsplit(link) for link in links if link.startswith(page.url[:20])]
    return [
        f"{one.path}?{one.query}" if one.path in ASKED else one.path
        for one in parts
        if one.path not in FILES
    ]
