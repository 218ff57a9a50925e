"""Every page, as each role sees it, on a desk and on a phone: nothing broken, shut or heavy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.support import care
from tests.support.browser import addresses, chromium, listen, signed_in
from tests.support.busy_province import COMMUNE, PAST_SLOT
from tests.support.demo_desk import demo_desk

pytestmark = pytest.mark.real

PHONE, DESK = 360, 1280
SHOWN = "all => all.filter(one => one.checkVisibility()).map(one => one.outerHTML.slice(0, 80))"
INK = """() => {
  const look = getComputedStyle(document.body);
  return [look.backgroundColor, look.color];
}"""
WAITING = "Chờ người thứ hai xác nhận"
VISITS = [
    ("bientap", DESK),
    pytest.param("quantri", DESK, marks=pytest.mark.soak),
    ("bientap", PHONE),
    pytest.param("duyet.bacai", PHONE, marks=pytest.mark.soak),
    ("kiemtra", PHONE),
]
IS_LONG = os.environ.get("VANG_SOAK") == "1"
"""Long campaigns ask every rule of every role's whole pages, in both colours at both widths."""
FAULTS = (Path(__file__).parent / "page_faults.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demo_desk(tmp_path_factory.mktemp("province")) as desk:
        yield desk.address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def _kind(path: str) -> str:
    """Pages that differ only in an id are of one kind."""
    first, *rest = path.strip("/").split("/")
    words = [part if not any(char.isdigit() for char in part) else "*" for part in rest]
    if (first, *words[:1]) == ("lich", "khung-gio"):
        return "/".join([first, "khung-gio", *("*" for _ in words[1:])])
    is_station = first in {"tram", "xa"} or (first == "dai" and words != ["moi"])
    return "/".join([first, *("*" if is_station else part for part in words)])


def _walk(page: Page, width: int, looked_at: set[tuple[str, int]]) -> dict[str, list[str]]:
    """What is wrong with each kind of page that links lead to."""
    said: list[str] = []
    listen(page, said)
    waiting, found = ["/", "/bang"], dict[str, list[str]]()
    while waiting:
        path = waiting.pop(0)
        kind = _kind(urlsplit(path).path)
        if kind in found or path.startswith(("/static/", "/sound/")) or path.endswith(".xml"):
            continue
        answer = page.goto(path)
        assert answer is not None
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        page.wait_for_timeout(150)  # scripts have begun; the board polls on for ever
        status = [] if answer.ok else [f"status {answer.status}"]
        found[kind] = status + page.evaluate(FAULTS) + care.excess(page) + [*said]
        said.clear()
        waiting += addresses(page)
        if kind and (IS_LONG or (kind, width) not in looked_at):  # "" is another page's address
            is_first = all(seen != width for _kind_seen, seen in looked_at)
            looked_at.add((kind, width))
            found[kind] += _barriers(page, width, framed=is_first)
    return found


def _barriers(page: Page, width: int, *, framed: bool) -> list[str]:
    """Light on a desk, by every rule; dark on a phone, by what a narrow, dark page can break."""
    if IS_LONG:
        return care.barriers(page)
    if width == DESK:
        return care.barriers(page, ["light"], whole=False, framed=framed)
    return care.barriers(page, ["dark"], rules=care.OF_LAYOUT, whole=False, framed=framed)


@pytest.fixture(scope="module")
def looked_at() -> set[tuple[str, int]]:
    """Kinds of pages that were searched for barriers, by the width of the screen."""
    return set()


@pytest.mark.parametrize(("username", "width"), VISITS)
def test_every_page_is_whole_light_and_open_to_all(
    address: str, browser: Browser, username: str, width: int, looked_at: set[tuple[str, int]]
) -> None:
    page = signed_in(browser, address, username, width=width)
    found = _walk(page, width, looked_at)
    page.context.close()
    assert {kind: faults for kind, faults in found.items() if faults} == {}
    assert {"hom-nay", "bang", "ban-tin", "lich", "tai-khoan", "tram/*"} <= set(found)


@pytest.mark.parametrize(
    ("username", "path"),
    [("duyet.bacai", "/cho-duyet"), ("duyet.bacai", "/khan-cap"), ("phuocbinh", "/xa")],
)
def test_pages_of_one_role_alone_are_light_and_open(
    address: str, browser: Browser, username: str, path: str
) -> None:
    """The approver's queue, the second person's page of an emergency, the commune's own page."""
    page = signed_in(browser, address, username, width=PHONE)
    page.goto(path)
    if path == "/khan-cap":
        page.click(f"section:has(h2:text-is('{WAITING}')) td a")
        page.locator("[data-must]").wait_for()  # a click does not wait for the page it leads to
        page.wait_for_load_state()
    found = page.evaluate(FAULTS) + care.excess(page) + care.barriers(page, whole=False)
    page.context.close()
    assert found == []


def test_what_stands_below_on_a_phone_is_not_shown_before_what_stands_above(
    address: str, browser: Browser
) -> None:
    """Style sheets put it there: on a slow line it would be shown first, and then jump."""
    page = signed_in(browser, address, "bientap", width=PHONE)
    page.goto("/ban-tin")
    bulletin = page.locator("main a[href^='/ban-tin/0']").first.get_attribute("href") or ""
    for path, below in (("/lich", ".around"), ("/lich/ngay", ".daybox"), (bulletin, ".rest")):
        page.goto(path)
        assert page.locator(below).first.is_visible(), path
        page.route(f"**{path}", _half_come)
        page.goto(path)
        assert page.locator(below).evaluate_all(SHOWN) == [], path
    page.context.close()


def _half_come(route: Route) -> None:
    """Answer without the end of what the page says."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().rpartition('<i class="end"')[0])


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_top_bar_of_an_approver_fits_a_desk(
    address: str, browser: Browser, language: str
) -> None:
    """Six pages, clock, bell, a long name and the red button in one row."""
    page = signed_in(browser, address, "duyet.bacai")
    page.click(f"button[lang={language}]")
    page.wait_for_load_state()
    lines = page.evaluate(
        "[...document.querySelectorAll('.top .nav a, .top .btn, .top .who')]"
        ".map(one => one.scrollHeight)"
    )
    bar = page.evaluate("document.querySelector('.top').offsetHeight")
    page.context.close()
    assert bar <= 64
    assert max(lines) <= 60


def test_the_keyboard_alone_is_enough(address: str, browser: Browser) -> None:
    """The way past the navigation, a ring around what has the focus, folds that Escape closes."""
    page = signed_in(browser, address, "bientap")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("href") == "#chinh"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    page.locator(".sosmore > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # into the fold
    assert page.locator("details.sosmore[open] :focus").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("details.sosmore[open]").count() == 0
    assert page.evaluate("document.activeElement.matches('.sosmore > summary')")
    page.context.close()


PRINTED = ["/hom-nay", "/lich", f"/lich/buoi/{PAST_SLOT}", f"/tram/{COMMUNE}", "/bang", "/nhat-ky"]


def test_paper_has_no_way_around_and_nothing_to_press(address: str, browser: Browser) -> None:
    page = signed_in(browser, address, "quantri")
    page.emulate_media(media="print", color_scheme="dark")
    for path in PRINTED:
        page.goto(path)
        pressed = page.locator(".top, .dock, .foot, button, .btn, input, select, .sosline")
        assert page.evaluate(SHOWN, pressed.element_handles()) == [], path
        assert page.evaluate(INK) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"], path
        assert "người in: Quản trị viên" in page.inner_text(".onpaper")
    page.context.close()


@pytest.mark.soak
@pytest.mark.parametrize(
    "path", ["/bang", "/hom-nay", "/lich", "/chuong-trinh/moi", "/ban-tin/moi"]
)
def test_a_page_comes_whole_over_a_slow_line(address: str, browser: Browser, path: str) -> None:
    """400 kbit/s and 400 ms of delay, as 3G in the hills: nothing missing, nothing jumps."""
    page = signed_in(browser, address, "bientap", width=PHONE)
    line = page.context.new_cdp_session(page)
    line.send("Network.clearBrowserCache")
    slow = {"offline": False, "latency": 400, "downloadThroughput": 50_000}
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": 50_000})
    page.goto(path)
    page.wait_for_timeout(500)
    found = page.evaluate(FAULTS) + care.excess(page)
    page.context.close()
    assert found == []


def test_the_pages_are_english_after_one_press(address: str, browser: Browser) -> None:
    page = signed_in(browser, address, "kiemtra")
    page.click("button[lang=en]")
    page.wait_for_load_state()
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text("h1") == "Station board"
    page.click("button[lang=vi]")
    assert page.inner_text("h1") == "Bảng trạm"
    page.context.close()


def test_dark_is_chosen_by_hand_and_stays(address: str, browser: Browser) -> None:
    page = signed_in(browser, address, "kiemtra")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("button[value=dark]")
    page.goto("/tai-khoan")
    assert page.evaluate(ground) != light
    page.context.close()


def test_the_clock_of_the_top_bar_goes_on(address: str, browser: Browser) -> None:
    page = signed_in(browser, address, "kiemtra")
    page.goto("/tai-khoan")
    before = page.inner_text("[data-clock]")
    page.wait_for_timeout(1_200)
    assert page.inner_text("[data-clock]") != before
    page.context.close()
