"""An emergency and a drill in the browser: words said into the microphone, sent, put right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.domain.emergencies import Part
from controller.services.emergency_views import EmergencyView, view_of
from controller.storage.models import EmergencyOrderRow, EmergencyRow
from tests.support.browser import chromium, signed_in
from tests.support.province import Province, province, until
from tests.support.sound import speech_like, write_wav
from tests.support.warnings import WORDS

pytestmark = [pytest.mark.real, pytest.mark.soak]

DISTRICT = "bac-ai"
COUNT_CLICKS = """
addEventListener("click", (event) => {
  if (event.isTrusted && event.detail) {  // of a person, not the browser's own for a label
    sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1;
  }
}, true);
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    with province(tmp_path_factory.mktemp("province")) as running:
        running.desk(Role.OPERATOR, DISTRICT)
        running.desk(Role.APPROVER, DISTRICT)
        yield running


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    voice = write_wav(tmp_path / "microphone.wav", speech_like(20))
    microphone = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={voice}",
    )
    with chromium(*microphone) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "width", "sentence", "most_ms"),
    [("khan-cap", 360, "phát thật 9 trạm", 5_000), ("dien-tap", 1280, "diễn tập 9 trạm", 11_000)],
)
def test_words_said_into_the_microphone_are_what_is_sent(
    made: Province, browser: Browser, path: str, width: int, sentence: str, most_ms: int
) -> None:
    composer = signed_in(browser, made.address, f"operator.{DISTRICT}", width=width)
    emergency_id = _compose(composer, path)
    until("the words are made", lambda: _is_ready(made, emergency_id), within_s=120)
    view = _view(made, emergency_id)
    warning = view.parts[Part.WARNING]
    assert warning.is_recording
    assert warning.sound is not None
    assert most_ms - 4_000 < warning.sound.duration_ms < most_ms
    second = signed_in(browser, made.address, f"approver.{DISTRICT}", width=width)
    _send(second, f"/{path}/{emergency_id}", sentence)
    assert _orders(made, emergency_id, Part.WARNING)
    if path == "khan-cap":
        _put_right_in_two_clicks(made, second, emergency_id)


def _compose(page: Page, path: str) -> str:
    page.goto(f"/{path}/soan")
    page.fill("input[name=title]", "Xả lũ hồ Sông Cái")
    for part, words in WORDS.items():
        if page.locator(f"textarea[name={part.value}]").count():
            page.fill(f"textarea[name={part.value}]", words)
    page.locator("details", has=page.locator("#f-sound_warning_vi")).locator("summary").click()
    field = page.locator("[data-recording]", has=page.locator("#f-sound_warning_vi"))
    field.locator("[data-rec-start]").click()
    expect(field.locator("[data-rec-stop]")).to_be_visible()
    page.wait_for_timeout(3_000)
    field.locator("[data-rec-stop]").click()
    expect(field.locator("[data-rec-audio]")).to_be_visible()
    page.locator(f"input[name=target][value={DISTRICT}]").check()
    page.get_by_role("button", name="Soạn xong, chờ người thứ hai").click()
    page.wait_for_url(f"**/{path}/*-*")
    return page.url.rsplit("/", 1)[-1]


def _send(page: Page, path: str, sentence: str) -> None:
    page.goto(path)
    page.locator("input[name=typed]").first.fill(sentence)
    page.locator("button[data-fire]").first.click()
    expect(page.locator("input[name=typed]")).to_have_count(0)


def _put_right_in_two_clicks(made: Province, page: Page, emergency_id: str) -> None:
    """From the page on which it was sent."""
    page.context.add_init_script(COUNT_CLICKS)
    page.goto(f"/khan-cap/{emergency_id}")
    ending = page.locator("details", has=page.locator("button[name=part][value=correction]"))
    ending.locator("summary").click()
    ending.locator("button[value=correction]").click()
    page.wait_for_load_state()
    until("it is sent", lambda: _orders(made, emergency_id, Part.CORRECTION))
    assert page.evaluate("Number(sessionStorage.clicks)") == 2


def _view(made: Province, emergency_id: str) -> EmergencyView:
    with made.centre.database.read() as session:
        return view_of(session, session.get_one(EmergencyRow, emergency_id))


def _is_ready(made: Province, emergency_id: str) -> bool:
    return all(part.sound for part in _view(made, emergency_id).parts.values())


def _orders(made: Province, emergency_id: str, part: Part) -> list[str]:
    query = select(EmergencyOrderRow.order_id).where(
        EmergencyOrderRow.emergency_id == emergency_id, EmergencyOrderRow.part == part.value
    )
    with made.centre.database.read() as session:
        return list(session.scalars(query))
