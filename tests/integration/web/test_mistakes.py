"""What a tired hand does at a browser, and what the desk makes of it: nothing twice, nothing lost.

Each happens in a real browser; what a form alone can show is tested beside the form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from sqlalchemy import delete, func, select

from controller.domain.accounts import Role
from controller.domain.schedule import Recurrence
from controller.storage.models import (
    AccountRow,
    Base,
    BulletinRow,
    BulletinVersionRow,
    EmergencyRow,
    ScheduleRow,
    SessionRow,
)
from tests.support.browser import chromium, signed_in
from tests.support.bulletins import Studio
from tests.support.schedule_desk import Desk, a_wish, desk
from tests.support.sound import speech_like, write_wav
from tests.support.warnings import WORDS
from tests.support.web import DISTRICT, PASSWORD, PROVINCE, served

pytestmark = pytest.mark.real

SLOW_BYTES_S = 400_000
HAND_MS = 50
"""How long a finger stays on the button; two clicks of no length at all are one to a browser."""
VILLAGE_LINE_MS = 250
"""Until an answer comes, so that the second click finds the first on its way."""


@dataclass
class House:
    """A served centre that a browser of Bác Ái is signed in to."""

    desk: Desk
    studio: Studio
    address: str
    browser: Browser

    def page(self, role: Role = Role.OPERATOR, place: str = DISTRICT, width: int = 360) -> Page:
        username = self.desk.centre.actor(role, place).username
        return signed_in(self.browser, self.address, username, width=width)

    def count(self, table: type[Base]) -> int:
        with self.desk.centre.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, browser: Browser) -> Iterator[House]:
    with desk(tmp_path) as at_desk:
        at_desk.everyone_is_linked()
        studio = Studio(at_desk.centre, tmp_path)
        with served(at_desk.centre) as address:
            yield House(at_desk, studio, address, browser)


def _fill_schedule(page: Page, bulletin_id: str, airs_at: str = "05:30") -> None:
    page.select_option("select[name=bulletin_id]", bulletin_id)
    page.select_option("select[name=recurrence]", "once")
    page.fill("input[name=airs_at]", airs_at)


def _write_a_bulletin(_house: House, page: Page) -> None:
    page.goto("/ban-tin/moi")
    page.fill("input[name=title]", "Mời họp thôn")
    page.locator("[data-send]").dblclick(delay=HAND_MS)
    page.wait_for_url(re.compile(r"/ban-tin/[0-9a-f-]{36}$"))


def _schedule_a_bulletin(house: House, page: Page) -> None:
    bulletin_id = house.desk.bulletin()
    page.goto("/lich/moi")
    _fill_schedule(page, bulletin_id)
    page.get_by_role("button", name="Lưu lịch 1 buổi").dblclick(delay=HAND_MS)
    page.wait_for_url(re.compile(r"/lich/[0-9a-f-]{36}$"))
    expect(page.get_by_text("Đã lưu 1 buổi.")).to_be_visible()


def _compose_a_warning(_house: House, page: Page) -> None:
    page.goto("/khan-cap/soan")
    page.fill("input[name=title]", "Xả lũ hồ Sông Cái")
    for part, words in WORDS.items():
        page.fill(f"textarea[name={part.value}]", words)
    page.locator(f"input[name=target][value={DISTRICT}]").check()
    page.get_by_role("button", name="Soạn xong").dblclick(delay=HAND_MS)
    page.wait_for_url(re.compile(r"/khan-cap/[0-9a-f-]{36}$"))


def _make_an_account(_house: House, page: Page) -> None:
    page.goto("/nguoi-dung/moi")
    page.fill("input[name=username]", "mai.kator")
    page.fill("input[name=full_name]", "Katơr Thị Mai")
    page.select_option("select[name=role]", "operator")
    page.select_option("select[name=place_id]", DISTRICT)
    page.locator("main form button").last.dblclick(delay=HAND_MS)
    expect(page.get_by_text("Tên đăng nhập này đã có người dùng.")).to_have_count(0)


def _line(page: Page, *, latency_ms: int) -> None:
    rates = {"downloadThroughput": -1, "uploadThroughput": -1}
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send(
        "Network.emulateNetworkConditions", {"offline": False, "latency": latency_ms, **rates}
    )


def _is_of_a_form(one: Request) -> bool:
    return one.method == "POST" and one.is_navigation_request()


Deed = Callable[[House, Page], None]

DEEDS: dict[str, tuple[Deed, type[Base], Role, str]] = {
    "bulletin": (_write_a_bulletin, BulletinRow, Role.OPERATOR, DISTRICT),
    "schedule": (_schedule_a_bulletin, ScheduleRow, Role.OPERATOR, DISTRICT),
    "warning": (_compose_a_warning, EmergencyRow, Role.OPERATOR, DISTRICT),
    "account": (_make_an_account, AccountRow, Role.ADMIN, PROVINCE),
}


@pytest.mark.parametrize("name", DEEDS)
def test_a_double_click_does_a_deed_once(house: House, name: str) -> None:
    deed, table, role, place = DEEDS[name]
    page = house.page(role, place)
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if _is_of_a_form(one) else None)
    _line(page, latency_ms=VILLAGE_LINE_MS)
    before = house.count(table)
    deed(house, page)
    page.wait_for_timeout(300)  # a second one would be on its way
    assert house.count(table) == before + 1
    assert len(sent) <= 1, "a fast line would have done it twice"
    page.context.close()


def test_after_the_back_button_the_same_is_not_saved_a_second_time(house: House) -> None:
    bulletin_id = house.desk.bulletin("Mời họp thôn")
    page = house.page()
    page.goto("/lich/moi")
    _fill_schedule(page, bulletin_id)
    page.get_by_role("button", name="Lưu lịch 1 buổi").click()
    expect(page.get_by_text("Đã lưu 1 buổi.")).to_be_visible()
    page.go_back()
    page.wait_for_url("**/lich/moi")
    _fill_schedule(page, bulletin_id)
    expect(page.get_by_text("Trùng giờ thứ Năm 26/11, 05:30–05:40, tại 9 trạm")).to_be_visible()
    expect(page.locator("[data-save]")).to_be_disabled()
    assert house.count(ScheduleRow) == 1
    page.context.close()


def test_after_signing_out_the_back_button_leads_to_the_door(house: House) -> None:
    """On a shared machine the next person presses it."""
    house.desk.bulletin("Mời họp thôn")
    page = house.page(width=1280)
    page.goto("/ban-tin")
    expect(page.get_by_text("Mời họp thôn").first).to_be_visible()
    page.goto("/tai-khoan")
    page.locator("form[action='/dang-xuat'] button").click()
    page.wait_for_url("**/dang-nhap")
    for _ in range(2):
        page.go_back()
        page.wait_for_url("**/dang-nhap?**")
        expect(page.get_by_text("Mời họp thôn")).to_have_count(0)
    page.context.close()


def _end_sessions(house: House) -> None:
    with house.desk.centre.database.write() as session:
        session.execute(delete(SessionRow))


def _come_back(page: Page, username: str) -> None:
    """Sign in on the page that asks for it, and send again what it kept."""
    expect(
        page.get_by_text("Phiên làm việc đã hết. Đăng nhập lại, nội dung đang soạn vẫn còn.")
    ).to_be_visible()
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_text("Gửi lại với tên Katơr Thị Mai.")).to_be_visible()
    page.get_by_role("button", name="Gửi lại").click()


def test_a_session_that_ended_in_mid_form_keeps_the_text(house: House) -> None:
    username = house.desk.actor().username
    page = house.page()
    page.goto("/ban-tin/moi")
    page.fill("input[name=title]", "Mời họp thôn")
    page.fill("textarea[name=text]", "Kính mời bà con\nđến nhà văn hóa.")
    _end_sessions(house)
    page.get_by_role("button", name="Lưu bản tin").click()
    _come_back(page, username)
    page.wait_for_url(re.compile(r"/ban-tin/[0-9a-f-]{36}$"))
    with house.desk.centre.database.read() as session:
        kept = session.scalars(select(BulletinRow)).one()
        assert (kept.title, kept.text) == ("Mời họp thôn", "Kính mời bà con\nđến nhà văn hóa.")
    page.context.close()


def test_a_sign_in_in_another_tab_costs_nothing_that_was_typed_in_the_first(house: House) -> None:
    bulletin_id, username = house.desk.bulletin(), house.desk.actor().username
    page = house.page()
    page.goto("/lich/moi")
    _fill_schedule(page, bulletin_id, "06:40")
    expect(page.locator("[data-save]")).to_be_enabled()
    _end_sessions(house)
    other = page.context.new_page()
    other.goto("/dang-nhap")
    other.fill("input[name=username]", username)
    other.fill("input[name=password]", PASSWORD)
    other.get_by_role("button", name="Đăng nhập").click()
    other.wait_for_url("**/hom-nay")
    page.locator("[data-save]").click()
    expect(page.get_by_text("Nội dung bạn gửi vẫn còn nguyên và chưa được lưu.")).to_be_visible()
    page.get_by_role("button", name="Gửi lại").click()
    expect(page.get_by_text("Đã lưu 1 buổi.")).to_be_visible()
    (slot,) = house.desk.slots()
    assert house.desk.local(slot.starts_at) == "26/11 06:40"
    page.context.close()


def test_a_network_lost_in_mid_upload_goes_on_where_it_broke_off(
    house: House, tmp_path: Path
) -> None:
    file = write_wav(tmp_path / "hop-thon.wav", speech_like(12))
    page = house.page()
    page.goto("/ban-tin/moi")
    page.fill("input[name=title]", "Mời họp thôn")
    page.set_input_files("input[name=sound]", file)
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")

    def line_is(*, offline: bool, bytes_s: int = -1) -> None:
        line.send(
            "Network.emulateNetworkConditions",
            {
                "offline": offline,
                "latency": 20,
                "downloadThroughput": -1,
                "uploadThroughput": bytes_s,
            },
        )

    line_is(offline=False, bytes_s=SLOW_BYTES_S)
    page.get_by_role("button", name="Lưu bản tin").click()
    bar = page.locator("[data-progress] [data-bar]")
    expect(bar).to_have_attribute("width", re.compile(r"^[1-9]\d?%$"), timeout=20_000)
    line_is(offline=True)
    lost = r"Mất mạng khi đang tải lên\. Đã giữ [1-9]\d? %, sẽ tải tiếp khi có mạng\."
    expect(page.get_by_text(re.compile(lost))).to_be_visible(timeout=20_000)
    expect(page.locator("input[name=title]")).to_have_value("Mời họp thôn")
    line_is(offline=False)
    page.wait_for_url(re.compile(r"/ban-tin/[0-9a-f-]{36}$"), timeout=30_000)
    house.studio.finish()
    with house.desk.centre.database.read() as session:
        version = session.scalars(select(BulletinVersionRow)).one()
        assert version.original_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    page.context.close()


def test_two_tabs_with_one_schedule_keep_both_versions(house: House) -> None:
    bulletin_id = house.desk.bulletin()
    wish = a_wish(bulletin_id, recurrence=Recurrence.ONCE)
    made = house.desk.schedules.save(house.desk.actor(), wish).schedule_id
    first = house.page()
    second = first.context.new_page()
    for page in (first, second):
        page.goto(f"/lich/{made}/sua")
    for page, airs_at in ((first, "06:10"), (second, "07:45")):
        page.fill("input[name=airs_at]", airs_at)
        expect(page.locator("[data-sentence]")).to_contain_text(f"Phát {airs_at}")
        page.locator("[data-save]").click()
    first.wait_for_url(re.compile(r"/lich/[0-9a-f-]{36}$"))
    expect(second.get_by_text("Katơr Thị Mai vừa sửa mục này lúc 17:06.")).to_be_visible()
    versions = second.locator(".versions")
    expect(versions).to_contain_text("Phát 06:10")
    expect(versions).to_contain_text("Phát 07:45")
    expect(second.locator("input[name=airs_at]")).to_have_value("07:45")
    second.locator("[data-save]").click()
    expect(second.get_by_text("Đã lưu 1 buổi.")).to_be_visible()
    standing = [slot for slot in house.desk.slots() if slot.cancelled_at is None]
    assert [house.desk.local(slot.starts_at) for slot in standing] == ["26/11 07:45"]
    first.context.close()
