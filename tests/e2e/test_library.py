"""The library in a real browser: sending, a bad file, a programme for the week, languages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.services.identifiers import new_id
from controller.storage.models import (
    AccountRow,
    BulletinRow,
    BulletinVersionRow,
    ScheduleRow,
    SlotRow,
    StationPlanRow,
)
from controller.wiring import utc_now
from tests.support import sound
from tests.support.browser import chromium, signed_in
from tests.support.province import Province, province, until

pytestmark = pytest.mark.real

DISTRICT = "bac-ai"
RAGLAI, VIETNAMESE = "bac-ai-phuoc-binh", "bac-ai-phuoc-tan"
OPERATOR = f"operator.{DISTRICT}"
SLOW_BYTES_S = 200_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    with province(tmp_path_factory.mktemp("province")) as running:
        running.desk(Role.OPERATOR, DISTRICT)
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def sha_of(title: str, language: str = "vi") -> str:
    return hashlib.sha256(f"{title} {language}".encode()).hexdigest()


def approved(made: Province, title: str, minutes: float, languages: Iterable[str] = ("vi",)) -> str:
    """An approved bulletin whose sound nobody has to fetch: no agent runs here."""
    at = utc_now()
    bulletin_id = new_id(at)
    with made.centre.database.write() as session:
        author = session.scalars(select(AccountRow).where(AccountRow.username == OPERATOR)).one()
        session.add(
            BulletinRow(
                bulletin_id=bulletin_id, title=title, place_id=DISTRICT, state="approved",
                author_id=author.account_id, created_at=at, updated_at=at,
            )
        )  # fmt: skip
        session.flush()
        for language in languages:
            session.add(
                BulletinVersionRow(
                    bulletin_version_id=new_id(at), bulletin_id=bulletin_id, language=language,
                    number=1, state="ready", source="upload", original_name="tin.mp3",
                    sha256=sha_of(title, language), size_bytes=2_400_000,
                    duration_ms=int(minutes * 60_000), created_by=author.account_id, created_at=at,
                    approved_by=author.account_id, approved_by_name="Trần Văn Lộc", approved_at=at,
                )
            )  # fmt: skip
    return bulletin_id


def test_an_upload_shows_how_far_it_has_come(
    made: Province, browser: Browser, tmp_path: Path
) -> None:
    page = signed_in(browser, made.address, OPERATOR, width=360)
    file = sound.write_wav(tmp_path / "Thông báo.wav", sound.speech_like(15))
    page.goto("/ban-tin/moi")
    page.fill("input[name=title]", "Họp tổ dân phố")
    page.set_input_files("input[name=sound]", file)
    line = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 50, "downloadThroughput": -1}
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": SLOW_BYTES_S})
    page.click("[data-send]")
    bar = page.locator("[data-progress] [data-bar]")
    expect(bar).to_be_visible()
    expect(bar).to_have_attribute("width", re.compile(r"^[1-9]\d?(\.\d+)?%$"))
    expect(page.get_by_text(re.compile(r"Đã tải lên \d+ %")).first).to_be_visible()
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    page.wait_for_url(re.compile(r"/ban-tin/[0-9a-f-]{36}$"), timeout=60_000)
    expect(page.get_by_role("button", name="Gửi duyệt")).to_be_enabled(timeout=60_000)
    page.context.close()


def test_a_file_that_is_not_sound_is_refused_before_anything_is_lost(
    made: Province, browser: Browser, tmp_path: Path
) -> None:
    page = signed_in(browser, made.address, OPERATOR)
    file = tmp_path / "loa.mp3"
    file.write_text("#EXTM3U\n/etc/passwd\n", encoding="utf-8")
    page.goto("/ban-tin/moi")
    page.fill("input[name=title]", "Danh sách bài")
    page.set_input_files("input[name=sound]", file)
    page.click("[data-send]")
    expect(page.get_by_text("Tệp này không phải âm thanh.").first).to_be_visible(timeout=30_000)
    expect(page.locator("input[name=title]")).to_have_value("Danh sách bài")
    page.context.close()


def test_a_silent_recording_is_refused_by_name_and_with_its_reason(
    made: Province, browser: Browser, tmp_path: Path
) -> None:
    page = signed_in(browser, made.address, OPERATOR, width=360)
    file = sound.write_wav(tmp_path / "thu hỏng.wav", sound.silence(4))
    page.goto("/ban-tin/moi")
    page.fill("input[name=title]", "Thu bằng điện thoại")
    page.set_input_files("input[name=sound]", file)
    page.click("[data-send]")
    refused = page.locator(".note.down").first
    expect(refused).to_be_visible(timeout=60_000)
    expect(refused).to_contain_text("thu hỏng.wav")
    expect(refused).to_contain_text("tiếng")
    page.context.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_a_programme_of_thirty_minutes_is_put_together_and_scheduled_for_the_week(
    made: Province, browser: Browser, width: int
) -> None:
    titles = {f"{name} {width}": length for name, length in _PARTS.items()}
    for title, minutes in titles.items():
        approved(made, title, minutes)
    page = signed_in(browser, made.address, OPERATOR, width=width)
    page.goto("/chuong-trinh")
    page.get_by_role("link", name="Dùng mẫu này").first.click()
    for at, title in enumerate(titles):
        _choose(page, at, title)
    _swap_the_last_two_bulletins(page, width)
    assert [_chosen(page, at) for at in range(3)] == [list(titles)[at] for at in (0, 2, 1)]
    _is_half_an_hour(page)
    name = f"Chương trình sáng {width}"
    page.fill("input[name=title]", name)
    page.get_by_role("button", name="Lưu chương trình").click()
    page.get_by_text("Đã lưu chương trình.").wait_for()
    page.get_by_role("link", name="Đặt lịch").first.click()
    page.wait_for_url("**/lich/moi**")
    assert page.locator("select[name=bulletin_id] option:checked").inner_text().startswith(name)
    page.fill("input[name=airs_at]", "05:30" if width == 1280 else "17:00")
    page.locator(f"input[name=target][value={DISTRICT}]").check()
    save = page.get_by_role("button", name=re.compile("^Lưu lịch"))
    expect(save).to_be_enabled(timeout=15_000)
    save.click()
    page.wait_for_url(re.compile(r"/lich/[0-9a-f-]{36}"))
    _airs_on_five_days(made, name)
    page.context.close()


_PARTS = {"Thời sự": 12.0, "Khuyến nông": 10.0, "Thông báo": 7.0}


def _choose(page: Page, at: int, title: str) -> None:
    choice = page.locator("select[name=bulletin]").nth(at)
    choice.focus()  # the list comes with the focus
    value = choice.locator("option", has_text=title).first.get_attribute("value")
    assert value
    with page.expect_navigation():
        choice.select_option(value)


def _chosen(page: Page, at: int) -> str:
    shown = page.locator("select[name=bulletin]").nth(at).locator("option:checked").inner_text()
    return shown.partition(" · ")[0]


def _swap_the_last_two_bulletins(page: Page, width: int) -> None:
    """By dragging on a desk, by the button on a phone."""
    lower = page.locator("[data-item]", has=page.locator("select[name=bulletin]")).nth(2)
    if width == 360:
        with page.expect_navigation():
            lower.locator("[data-up]").click()
        return
    upper = page.locator("[data-item]", has=page.locator("select[name=bulletin]")).nth(1)
    grip = lower.locator("[data-grip]").bounding_box()
    target = upper.bounding_box()
    assert grip
    assert target
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(grip["x"], target["y"] + 2, steps=8)
    page.mouse.up()


def _is_half_an_hour(page: Page) -> None:
    """29 minutes of bulletins, an opening, and what is made already of theme and sign-off."""
    shown = page.locator("#muc header .num").inner_text()
    minutes, seconds = map(int, re.findall(r"\d+", shown)[-2:])
    assert 29 * 60 + 10 <= minutes * 60 + seconds <= 30 * 60, shown


def _airs_on_five_days(made: Province, name: str) -> None:
    with made.centre.database.read() as session:
        slots = session.scalars(select(SlotRow).where(SlotRow.title == name)).all()
        (schedule,) = {session.get_one(ScheduleRow, slot.schedule_id) for slot in slots}
        assert schedule.weekdays == 0b11111
        assert {slot.airs_on.weekday() for slot in slots} == {0, 1, 2, 3, 4}
        assert all(len(slot.items) >= 3 for slot in slots)


def test_the_raglai_version_reaches_only_the_stations_whose_order_says_so(
    made: Province, browser: Browser
) -> None:
    title = "Phòng sốt rét"
    approved(made, title, 3, ("vi", "rog"))
    page = signed_in(browser, made.address, OPERATOR)
    page.goto(f"/tram/{RAGLAI}")
    page.select_option("select[name=thu_tieng_1]", "rog")
    page.select_option("select[name=thu_tieng_2]", "vi")
    page.get_by_role("button", name="Lưu thứ tiếng").click()
    expect(page.locator("select[name=thu_tieng_1]")).to_have_value("rog")
    page.goto("/lich/moi")
    choice = page.locator("select[name=bulletin_id] option", has_text=title)
    page.select_option("select[name=bulletin_id]", choice.get_attribute("value"))
    page.fill("input[name=airs_at]", "11:00")
    page.locator(f"input[name=target][value={DISTRICT}]").check()
    save = page.get_by_role("button", name=re.compile("^Lưu lịch"))
    expect(save).to_be_enabled(timeout=15_000)
    save.click()
    page.wait_for_url(re.compile(r"/lich/[0-9a-f-]{36}"))
    vi, rog = sha_of(title), sha_of(title, "rog")
    until("the plans are signed", lambda: vi in _told(made, VIETNAMESE), within_s=90)
    until("the other too", lambda: rog in _told(made, RAGLAI), within_s=90)
    assert vi not in _told(made, RAGLAI)
    stations = made.centre.services.places.tree().stations_in([DISTRICT])
    others = {station.station_id for station in stations} - {RAGLAI}
    assert len(others) == 8
    assert all(rog not in _told(made, one) and vi in _told(made, one) for one in others)
    page.context.close()


def _told(made: Province, station_id: str) -> set[str]:
    """The sounds of the newest plan of a station."""
    with made.centre.database.read() as session:
        found = session.scalar(
            select(StationPlanRow.required_assets)
            .where(StationPlanRow.station_id == station_id)
            .order_by(StationPlanRow.version.desc())
            .limit(1)
        )
        return set(found or ())
