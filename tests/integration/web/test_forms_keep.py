"""Forms on a phone whose line or session is lost: what was typed stays, nothing is sent twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete, func, select

from controller.domain.accounts import Role
from controller.services.board import Board
from controller.services.station_page import StationPages
from controller.services.stations import Stations
from controller.storage.models import (
    Base,
    BulletinCommentRow,
    BulletinRow,
    EmergencyRow,
    ScheduleRow,
    SessionRow,
)
from tests.support.browser import chromium, signed_in
from tests.support.bulletins import Studio
from tests.support.schedule_desk import Desk, desk
from tests.support.warnings import WORDS
from tests.support.web import COMMUNE, DISTRICT, PASSWORD, served

pytestmark = pytest.mark.real
OFFLINE = "Mất mạng, chưa gửi được. Nội dung vẫn còn trên trang này; có mạng thì bấm lại."
RESTORED = "Lần gửi trước bị đứt mạng, có thể chưa lưu."
ENDED = "Phiên làm việc đã hết. Đăng nhập lại, nội dung đang soạn vẫn còn."


class NoMachines:
    """Stands in for the maker of configurations."""

    def obstacle(self, _station_id: str) -> str:
        """No configuration can be made."""
        return "the broker's port is not chosen yet"


@dataclass
class House:
    """A served centre, and somebody of Bác Ái with a phone."""

    desk: Desk
    studio: Studio
    address: str
    page: Page

    def count(self, table: type[Base]) -> int:
        with self.desk.centre.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def end_sessions(self) -> None:
        with self.desk.centre.database.write() as session:
            session.execute(delete(SessionRow))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, browser: Browser) -> Iterator[House]:
    with desk(tmp_path) as at_desk:
        centre = at_desk.centre
        at_desk.everyone_is_linked()
        studio = Studio(centre, tmp_path)
        centre.add(
            board=Board(centre.database, centre.clock, centre.places),
            station_pages=StationPages(centre.database, centre.clock, centre.places),
            stations=Stations(centre.database, centre.clock, centre.places, centre.wake),
            enrolment=NoMachines(),
        )
        username = at_desk.actor().username
        with served(centre) as address:
            page = signed_in(browser, address, username, width=360)
            yield House(at_desk, studio, address, page)
            page.context.close()


@dataclass(frozen=True)
class Form:
    """A form as it is filled in: how, what must still be there, and how it is sent."""

    fill: Callable[[House], None]
    stays: tuple[tuple[str, str], ...]
    button: str
    table: type[Base] | None


def _bulletin(house: House) -> None:
    house.page.goto("/ban-tin/moi")
    house.page.fill("input[name=title]", "Mời họp thôn")
    house.page.fill("textarea[name=text]", "Kính mời bà con.")


def _schedule(house: House) -> None:
    bulletin_id = house.desk.bulletin()
    house.page.goto("/lich/moi")
    house.page.select_option("select[name=bulletin_id]", bulletin_id)
    house.page.select_option("select[name=recurrence]", "once")
    house.page.fill("input[name=airs_at]", "06:40")
    expect(house.page.locator("[data-save]")).to_be_enabled()


def _programme(house: House) -> None:
    house.page.goto("/chuong-trinh/moi")
    house.page.fill("input[name=title]", "Chương trình sáng")


def _emergency(house: House) -> None:
    house.page.goto("/khan-cap/soan")
    house.page.fill("input[name=title]", "Xả lũ hồ Sông Cái")
    for part, words in WORDS.items():
        house.page.fill(f"textarea[name={part.value}]", words)
    house.page.locator(f"input[name=target][value={DISTRICT}]").check()


def _station(house: House) -> None:
    house.page.goto(f"/dai/{COMMUNE}")
    house.page.locator("textarea").first.fill("Chìa khóa: bảo vệ UBND.")


def _comment(house: House) -> None:
    author = house.desk.centre.actor(Role.OPERATOR, DISTRICT)
    bulletin_id = house.studio.draft(author)
    house.page.goto(f"/ban-tin/{bulletin_id}")
    house.page.get_by_label("Ý kiến của tôi").fill("Thiếu ngày họp.")


FORMS = {
    "bulletin": Form(
        _bulletin,
        (("input[name=title]", "Mời họp thôn"), ("textarea[name=text]", "Kính mời bà con.")),
        "Lưu bản tin",
        BulletinRow,
    ),
    "schedule": Form(
        _schedule, (("input[name=airs_at]", "06:40"),), "Lưu lịch 1 buổi", ScheduleRow
    ),
    "programme": Form(
        _programme, (("input[name=title]", "Chương trình sáng"),), "Lưu chương trình", None
    ),
    "emergency": Form(
        _emergency,
        tuple((f"textarea[name={part.value}]", words) for part, words in WORDS.items()),
        "Soạn xong, chờ người thứ hai",
        EmergencyRow,
    ),
    "station": Form(
        _station, (("textarea >> nth=0", "Chìa khóa: bảo vệ UBND."),), "Lưu liên hệ", None
    ),
    "comment": Form(
        _comment,
        (("section:has-text('Trao đổi') textarea >> nth=0", "Thiếu ngày họp."),),
        "Gửi ý kiến",
        BulletinCommentRow,
    ),
}


def _press(house: House, form: Form) -> None:
    house.page.get_by_role("button", name=form.button, exact=True).click()


def _all_stays(house: House, form: Form) -> None:
    for field, value in form.stays:
        expect(house.page.locator(field)).to_have_value(value)


def test_without_a_line_nothing_is_sent_and_everything_stays(house: House) -> None:
    for form in FORMS.values():
        form.fill(house)
        here = house.page.url
        before = house.count(form.table) if form.table else 0
        house.page.context.set_offline(True)
        _press(house, form)
        expect(house.page.get_by_text(OFFLINE)).to_be_visible()
        assert house.page.url == here
        _all_stays(house, form)
        house.page.context.set_offline(False)
        expect(house.page.get_by_text(OFFLINE)).to_have_count(0)
        assert not form.table or house.count(form.table) == before
    _press(house, FORMS["comment"])
    expect(house.page.get_by_role("main").get_by_text("Thiếu ngày họp.")).to_be_visible()
    expect(house.page.get_by_label("Ý kiến của tôi")).to_have_value("")


def test_a_form_lost_on_its_way_is_filled_in_again_when_it_is_opened(house: House) -> None:
    form = FORMS["bulletin"]
    form.fill(house)
    house.page.route("**/ban-tin/moi", lambda route: route.abort("connectionfailed"))
    _press(house, form)
    house.page.wait_for_url("chrome-error://**")
    house.page.unroute("**/ban-tin/moi")
    house.page.goto("/hom-nay")
    house.page.goto("/ban-tin/moi")
    expect(house.page.get_by_text(RESTORED)).to_be_visible()
    _all_stays(house, form)
    _press(house, form)
    house.page.wait_for_url(re.compile(r"/ban-tin/[0-9a-f-]{36}$"))
    assert house.count(BulletinRow) == 1
    house.page.goto("/ban-tin/moi")
    expect(house.page.locator("input[name=title]")).to_have_value("")


def test_a_preview_that_meets_the_end_of_a_session_gives_nothing_up(house: House) -> None:
    form = FORMS["schedule"]
    form.fill(house)
    house.end_sessions()
    house.page.fill("input[name=airs_at]", "06:50")
    expect(house.page.get_by_text(ENDED)).to_be_visible()
    expect(house.page.locator("input[name=airs_at]")).to_have_value("06:50")
    expect(house.page.locator("select[name=recurrence]")).to_have_value("once")
    with house.page.context.expect_page() as opened:
        house.page.get_by_role("link", name="Đăng nhập ở thẻ khác").click()
    door = opened.value
    door.fill("input[name=username]", house.desk.actor().username)
    door.fill("input[name=password]", PASSWORD)
    door.get_by_role("button", name="Đăng nhập").click()
    door.wait_for_url("**/hom-nay")
    house.page.fill("input[name=airs_at]", "06:55")
    expect(house.page.locator("[data-sentence]")).to_contain_text("06:55")
    house.page.locator("[data-save]").click()
    expect(house.page.get_by_text("Đã lưu 1 buổi.")).to_be_visible()


@pytest.mark.soak
@pytest.mark.parametrize("name", FORMS)
def test_a_session_that_ended_costs_no_form_its_text(house: House, name: str) -> None:
    form = FORMS[name]
    form.fill(house)
    before = house.count(form.table) if form.table else 0
    house.end_sessions()
    _press(house, form)
    expect(house.page.get_by_text(ENDED)).to_be_visible()
    house.page.fill("input[name=username]", house.desk.actor().username)
    house.page.fill("input[name=password]", PASSWORD)
    house.page.get_by_role("button", name="Đăng nhập").click()
    house.page.get_by_role("button", name="Gửi lại").click()
    house.page.wait_for_load_state()
    if form.table:
        assert house.count(form.table) == before + 1
    else:
        expect(house.page.locator(form.stays[0][0])).to_have_value(form.stays[0][1])
