"""Every page, as each role sees it, on a desk and on a phone: nothing broken or nameless."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from controller import wiring
from controller.cli.demo_province import PEOPLE, Province
from controller.domain.accounts import Actor
from controller.domain.emergencies import phrase
from controller.settings import Settings
from tests.support.browser import addresses, chromium, signed_in
from tests.support.person import PASSWORD
from tests.support.warnings import wish

pytestmark = pytest.mark.real

PHONE, DESK = 360, 1280
VISITS = [
    ("quantri", DESK),
    ("bientap", DESK),
    ("bientap", PHONE),
    pytest.param("duyet.bacai", PHONE, marks=pytest.mark.soak),
    ("kiemtra", PHONE),
]
FAULTS = (Path(__file__).parent / "page_faults.js").read_text(encoding="utf-8")


@contextmanager
def _province(folder: Path) -> Iterator[str]:
    """The demo's data behind a plain listener: no broker, no stations."""
    controller = wiring.build(Settings(data_folder=str(folder)))
    province = Province(controller, wiring.utc_now)
    everybody = {person.username: PASSWORD for person in PEOPLE}
    province.admit(everybody, everybody)
    province.furnish()
    bulletin_id = province.bulletin()
    stations = tuple(controller.services.places.tree().stations)
    province.schedule(bulletin_id, stations)
    province.schedule_workdays(bulletin_id, stations)
    _warn(controller)
    server = make_server("127.0.0.1", 0, controller.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        controller.close()


def _warn(controller: wiring.Controller) -> None:
    """Of an emergency and of a drill: one that waits to be confirmed, and one that was sent."""
    composer, second = (_actor(controller, name) for name in ("bacai", "duyet.bacai"))
    for desk in (controller.services.emergencies, controller.services.drills):
        desk.propose(composer, wish(voice="espeak:vi"))
        sent = desk.propose(composer, wish(voice="espeak:vi", repeat_every_min=15))
        stations = desk.get(composer, sent).stations
        desk.confirm(second, sent, phrase(desk.kind, stations), signal_only=True)


def _actor(controller: wiring.Controller, username: str) -> Actor:
    account = controller.services.accounts.by_name(username)
    assert account is not None
    place_id = account.place_id
    return Actor(account.account_id, username, account.full_name, account.role, place_id, "")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with _province(tmp_path_factory.mktemp("province")) as where:
        yield where


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


def _walk(page: Page) -> dict[str, list[str]]:
    """What is wrong with each kind of page that links lead to."""
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
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
        found[kind] = status + page.evaluate(FAULTS) + [*said]
        said.clear()
        waiting += addresses(page)
    return found


@pytest.mark.parametrize(("username", "width"), VISITS)
def test_every_page_is_whole(address: str, browser: Browser, username: str, width: int) -> None:
    page = signed_in(browser, address, username, width=width)
    found = _walk(page)
    page.context.close()
    assert {kind: faults for kind, faults in found.items() if faults} == {}
    assert {"hom-nay", "bang", "ban-tin", "lich", "tai-khoan", "tram/*"} <= set(found)


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
