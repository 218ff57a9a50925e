"""Silence is cut off a bulletin in the browser, by dragging on the waveform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from controller.domain.accounts import Role
from tests.support.browser import chromium, signed_in
from tests.support.province import Province, province, until
from tests.support.sound import silence, speech_like, write_wav

pytestmark = pytest.mark.real

DISTRICT = "bac-ai"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    with province(tmp_path_factory.mktemp("province")) as running:
        running.desk(Role.OPERATOR, DISTRICT)
        yield running


@pytest.mark.parametrize("width", [1280, 360])
def test_the_points_are_dragged_and_the_new_version_is_as_long_as_shown(
    made: Province, tmp_path: Path, width: int
) -> None:
    sound = np.concatenate((silence(4), speech_like(10), silence(6)))
    upload = write_wav(tmp_path / "hop-thon.wav", sound)
    with chromium() as browser:
        page = signed_in(browser, made.address, f"operator.{DISTRICT}", width=width)
        page.goto("/ban-tin/moi")
        page.fill("input[name=title]", "Mời họp thôn")
        page.set_input_files("input[name=sound]", upload)
        page.click("button[data-send]")
        page.wait_for_url("**/ban-tin/*-*")
        form = page.locator("[data-cut]")
        until("the sound is ready", form.count, within_s=60)
        expect(page.locator("[data-hear-kept]")).to_be_visible()

        _drag(page, form.locator("[data-before]"), 3.8 / 20, 6 / 20)
        start = _seconds(page, "cut_start")
        assert abs(start - 6) <= 0.3
        end = _seconds(page, "cut_end")
        shown = f"{end - start:.1f}".replace(".", ",")
        expect(form.locator("[data-kept]")).to_have_text(f"{shown} giây")
        kept = form.locator("[data-hear-kept]").get_attribute("src") or ""
        assert kept.endswith(f"#t={_lead_in(form) + start:.1f},{_lead_in(form) + end:.1f}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        form.get_by_role("button", name="Cắt, làm bản mới").click()
        back = page.get_by_role("button", name="Dùng lại cả tệp gốc")
        until("the cut is made", back.count, within_s=60)
        length = int(page.locator("[data-player]").get_attribute("data-duration-ms") or 0) / 1000
        assert abs(length - _lead_in(form) - (end - start)) <= 0.05


def _lead_in(form: Locator) -> float:
    return int(form.get_attribute("data-lead-in-ms") or 0) / 1000


def _drag(page: Page, picture: Locator, from_share: float, to_share: float) -> None:
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + from_share * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + to_share * box["width"], y, steps=5)
    page.mouse.up()


def _seconds(page: Page, name: str) -> float:
    """What stands in a field, written with a comma as everywhere on a Vietnamese screen."""
    text = page.locator(f"[name={name}]").input_value()
    assert "," in text
    return float(text.replace(",", "."))
