"""A bulletin recorded in the browser: the microphone's sound becomes broadcast sound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from controller.domain.accounts import Role
from tests.support.browser import chromium, signed_in
from tests.support.province import Province, province, until
from tests.support.sound import speech_like, write_wav

pytestmark = pytest.mark.real

DISTRICT = "bac-ai"
A_VOICE = re.compile(r"[1-9]\d+%")
"""The meter well off its left end."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    with province(tmp_path_factory.mktemp("province")) as running:
        running.desk(Role.OPERATOR, DISTRICT)
        yield running


@pytest.mark.parametrize("width", [1280, 360])
def test_what_is_said_into_the_microphone_is_made_into_a_bulletin(
    made: Province, tmp_path: Path, width: int
) -> None:
    voice = write_wav(tmp_path / "microphone.wav", speech_like(20))
    microphone = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={voice}",
    )
    with chromium(*microphone) as browser:
        page = signed_in(browser, made.address, f"operator.{DISTRICT}", width=width)
        page.goto("/ban-tin/moi")
        page.fill("input[name=title]", "Mời họp thôn")
        _record(page, 2)
        _record(page, 6)  # made again: the first is forgotten
        page.click("button[data-send]")
        page.wait_for_url("**/ban-tin/*-*")
        until("the sound is ready", lambda: page.locator("[data-wave]").count(), within_s=60)
        assert 5_000 < _duration_ms(page) < 15_000
        page.get_by_role("button", name="Gửi duyệt").click()
        expect(page.locator("[data-state=submitted]")).to_be_visible()


def _record(page: Page, seconds: float) -> None:
    stop = page.locator("[data-rec-stop]")
    expect(stop).to_be_hidden()
    page.click("[data-rec-start]")
    expect(stop).to_be_visible()
    page.wait_for_timeout(seconds * 1000)
    expect(page.locator("[data-rec-time]")).not_to_have_text("00:00")
    expect(page.locator("[data-rec-meter] svg")).to_be_visible()
    expect(page.locator("[data-rec-bar]")).to_have_attribute("width", A_VOICE)
    stop.click()
    expect(page.locator("[data-rec-audio]")).to_be_visible()
    expect(page.get_by_role("button", name="Ghi lại")).to_be_visible()


def _duration_ms(page: Page) -> int:
    return int(page.locator("[data-duration-ms]").first.get_attribute("data-duration-ms") or 0)


def test_a_browser_that_may_not_use_the_microphone_says_what_to_do(made: Province) -> None:
    with chromium("--deny-permission-prompts") as browser:
        page = signed_in(browser, made.address, f"operator.{DISTRICT}")
        page.goto("/ban-tin/moi")
        page.click("[data-rec-start]")
        said = page.locator("[data-rec-says]")
        expect(said).to_have_class("help bad")
        expect(said).to_contain_text("micro")
