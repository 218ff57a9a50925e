"""The way through its work of each role, in a browser: on a desk and a phone, in both languages.

How the operator of a district schedules is in test_main_path; here are the other five.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import read_mo
from playwright.sync_api import Browser, Locator, Page, expect

from controller.cli.demo_province import TITLE
from tests.support.browser import chromium, signed_in
from tests.support.busy_province import COMMUNE, LONG, PAST_SLOT
from tests.support.demo_desk import DemoDesk, demo_desk

pytestmark = pytest.mark.real

PHONE, DESK = 360, 1280
WALKS = [
    ("vi", PHONE),
    ("en", DESK),
    pytest.param("vi", DESK, marks=pytest.mark.soak),
    pytest.param("en", PHONE, marks=pytest.mark.soak),
]
CATALOGUE = Path("controller/web/translations/en/LC_MESSAGES/messages.mo")
MENU = ".nav a[href='{0}']:visible, .dock a[href='{0}']:visible"
MORE = "main nav a[href='{0}']"
"""On a phone the bar holds four pages; the page of the account leads to the others."""
HEADINGS = """() => [...document.querySelectorAll('h1, h2')]
  .filter((one) => one.checkVisibility())
  .map((one) => one.textContent.trim().replace(/\\s+/g, ' '))"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FORMS = """() => [...document.querySelectorAll('form')]
  .filter((one) => one.method === 'post').map((one) => new URL(one.action).pathname)"""
SOUNDS = """(audio) => new Promise((told) => {
  const look = () => audio.currentTime > 0 && told(true);
  audio.addEventListener('timeupdate', look);
  setTimeout(() => told(false), 10_000);
  look();
})"""
HARMLESS = re.compile(
    r"/(ngon-ngu|giao-dien|dang-xuat|tai-khoan/dang-xuat.*|nhat-ky/tai-ve|xa/[a-z0-9-]+/nghe)"
)
"""What somebody who only looks may send: own language, colours and sessions; the trail as a file;
what was heard under a loudspeaker."""

NO_STORY = "Sổ của trạm có kết quả nhưng không có diễn biến. Đây là điều trung tâm biết."


@pytest.fixture(scope="module")
def english() -> Mapping[str, str]:
    """What the screens say in English, by what they say in Vietnamese."""
    with CATALOGUE.open("rb") as file:
        known = read_mo(file)
    plain = (one for one in known if isinstance(one.id, str) and one.id and one.context is None)
    return {str(one.id): str(one.string) for one in plain}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoDesk]:
    with demo_desk(tmp_path_factory.mktemp("province")) as made:
        yield made


@dataclass
class Walk:
    """Somebody on the way through their work; every page on it is looked at."""

    page: Page
    language: str
    english: Mapping[str, str]
    forms: list[str] = field(default_factory=list)
    """Where the pages that were seen would write."""

    def word(self, vietnamese: str, **values: Any) -> str:
        """What the screen says, in the language of this walk."""
        said = self.english[vietnamese] if self.language == "en" else vietnamese
        return said % values if values else said

    def arrive(self, heading: str | re.Pattern[str], path: str = "") -> None:
        """On a page under this heading, at this path: it fits, and speaks the language."""
        expect(self.page.locator("h1")).to_have_text(heading)
        self.page.wait_for_load_state()
        assert path in self.page.url
        assert self.page.get_attribute("html", "lang") == self.language
        assert self.page.evaluate(WIDER) <= 0, f"{self.page.url} is wider than the screen"
        if self.language == "en":
            left = [one for one in self.page.evaluate(HEADINGS) if self._is_untranslated(one)]
            assert left == [], self.page.url
        self.forms += self.page.evaluate(FORMS)

    def go(self, path: str) -> None:
        """By the bar; on a phone, where it is short, by the page of the account."""
        if not self.page.locator(MENU.format(path)).count():
            self.page.locator(MENU.format("/tai-khoan")).click()
            self.page.wait_for_url("**/tai-khoan")
            self.forms += self.page.evaluate(FORMS)
            self.page.locator(MORE.format(path)).click()
        else:
            self.page.locator(MENU.format(path)).first.click()
        self.page.wait_for_url(f"**{path}*")

    def press(self, vietnamese: str, within: Locator | None = None) -> None:
        """The button, link or fold with this word."""
        where = within or self.page.locator("main")
        exactly = re.compile(rf"^\s*{re.escape(self.word(vietnamese))}\s*$")
        where.locator("button, a, summary").filter(has_text=exactly).click()

    def hears(self, vietnamese: str, **values: Any) -> None:
        """The sentence that says what was done."""
        said = self.page.locator(".note.ok[role=status]")
        expect(said).to_contain_text(self.word(vietnamese, **values))

    def _is_untranslated(self, heading: str) -> bool:
        return self.english.get(heading, heading) != heading


WalkOf = Callable[[str], AbstractContextManager[Walk]]


@pytest.fixture
def walk_of(
    desk: DemoDesk, browser: Browser, english: Mapping[str, str], language: str, width: int
) -> WalkOf:
    """Begins the day of somebody who chose the language at the door, on their first page."""

    @contextmanager
    def begin(username: str) -> Iterator[Walk]:
        wrong: list[str] = []
        page = signed_in(
            browser, desk.address, username, width=width, language=language, complaints=wrong
        )
        try:
            yield Walk(page, language, english)
        finally:
            page.context.close()
        assert wrong == []

    return begin


@pytest.mark.parametrize(("language", "width"), WALKS)
def test_an_approver_hears_a_bulletin_and_approves_it(
    desk: DemoDesk, walk_of: WalkOf, language: str, width: int
) -> None:
    title = f"Lịch cắt điện thôn Bố Lang {language} {width}"
    bulletin_id = desk.busy.submit(title)
    with walk_of("duyet.bacai") as walk:
        page = walk.page
        walk.arrive(walk.word("Hôm nay"), "/hom-nay")
        walk.go("/cho-duyet")
        walk.arrive(re.compile("."))  # whatever is needed first
        page.get_by_role("link", name=title).click()
        walk.arrive(title, bulletin_id)
        page.click("[data-play]")
        assert page.locator("[data-audio]").evaluate(SOUNDS)
        page.check("[data-heard-box]")
        walk.press("Duyệt", page.locator("[data-key-approve]"))
        walk.hears("Đã duyệt “%(title)s”.", title=title)
        walk.arrive(re.compile("."), "/cho-duyet")
        expect(page.get_by_role("link", name=title)).to_have_count(0)
        page.goto(f"/ban-tin/{bulletin_id}")
        walk.arrive(title)
        expect(page.locator("[data-state=approved]")).to_contain_text(walk.word("Đã duyệt"))


@pytest.mark.parametrize(("language", "width"), WALKS)
def test_an_officer_of_a_commune_sees_today_reports_a_horn_and_writes_down_what_was_heard(
    desk: DemoDesk, walk_of: WalkOf, language: str, width: int
) -> None:
    (station,) = desk.busy.stations_in(COMMUNE)
    desk.busy.put_on_air(station)
    complaint = f"Loa thôn Hành Rạc rè từ sáng, {language} {width}."
    with walk_of("phuocbinh") as walk:
        page = walk.page
        walk.arrive(re.compile("Phước Bình"), f"/xa/{COMMUNE}")
        expect(page.locator(".onair")).to_contain_text(walk.word("Đang phát trên loa"))
        expect(page.locator(".onair .t")).to_have_text(LONG)
        today = page.locator(".prog li", has_text=re.compile(f"{TITLE}|{LONG}"))
        expect(today.first).to_be_visible()
        stop = page.locator(".holdform .btn.halt.xl")
        expect(stop).to_be_visible()
        expect(stop).to_have_text(walk.word("Nhấn giữ 2 giây để dừng loa"))
        walk.press("Báo loa hỏng")
        page.select_option("[name=cluster]", "2")
        page.fill("[name=text]", complaint)
        walk.press("Gửi báo hỏng")
        walk.hears("Đã báo hỏng. Huyện và tỉnh thấy ngay.")
        mine = page.locator(".fault", has_text=complaint)
        expect(mine).to_be_visible()
        walk.press("Nghe kiểm tra loa")
        walk.arrive(walk.word("Nghe kiểm tra"), f"/xa/{COMMUNE}/nghe")
        walk.press("Nghe rõ", page.locator("form.listen"))
        walk.hears("Đã ghi lần nghe kiểm tra. Báo cáo tháng tính cả lần này.")
        walk.arrive(walk.word("Nghe kiểm tra"))
        expect(page.locator(".lines li").first).to_contain_text(walk.word("Nghe rõ"))
        page.click(".crumbs a")
        walk.arrive(re.compile("Phước Bình"))
        walk.press("Báo đã sửa xong", mine)
        walk.hears("Đã ghi là sửa xong.")
        expect(mine).to_have_count(0)


@pytest.mark.parametrize(("language", "width"), WALKS)
def test_the_province_finds_a_remote_station_on_the_map_and_asks_why(
    walk_of: WalkOf, language: str, width: int
) -> None:
    with walk_of("bientap") as walk:
        page = walk.page
        walk.go("/bang")
        walk.arrive(walk.word("Bảng trạm"), "/bang")
        every = page.locator("a.tile:visible").count()
        page.locator("main nav.seg a[href*='/bang/ban-do']").click()
        walk.arrive(walk.word("Bảng trạm"), "/bang/ban-do")
        chip = page.locator(".chip", has_text=walk.word("Khu vực III"))
        told = int(chip.locator("[data-filter]").inner_text())
        chip.click()
        page.wait_for_url("**loc=zone3*")
        walk.arrive(walk.word("Bảng trạm"))
        lines = page.locator("li.ln:visible")
        expect(lines).to_have_count(told)
        assert 0 < told < every
        name = lines.locator("a.nm").first
        where = str(name.get_attribute("href"))
        name.click()
        walk.arrive(re.compile("."), where)
        why = page.locator(f"#vi-sao-{PAST_SLOT}")
        if not why.count():  # just after midnight it was yesterday
            page.locator("main a[href*='ngay=']").first.click()
        story = why.locator(".silence")
        expect(story).to_be_hidden()
        why.locator("summary", has_text=walk.word("Vì sao?")).click()
        expect(story).to_be_visible()
        expect(story).to_contain_text(walk.word(NO_STORY))


@pytest.mark.parametrize(("language", "width"), WALKS)
def test_an_auditor_takes_the_trail_home_and_can_change_nothing(
    walk_of: WalkOf, language: str, width: int
) -> None:
    with walk_of("kiemtra") as walk:
        page = walk.page
        walk.arrive(walk.word("Bảng trạm"), "/bang")
        walk.go("/nhat-ky")
        walk.arrive(walk.word("Nhật ký thao tác"), "/nhat-ky")
        assert page.locator("table.log tbody tr").count() > 10
        walk.press("Tải về thành tệp")
        with page.expect_download() as taken:
            walk.press("Tải về", page.locator("form[action='/nhat-ky/tai-ve']"))
        assert taken.value.suggested_filename.startswith("nhat-ky-ninh-thuan-")
        lines = Path(taken.value.path()).read_text(encoding="utf-8-sig").splitlines()
        assert walk.word("Đối tượng") in lines[0]
        assert any("bulletin.submit" in line for line in lines)
        walk.press("Kiểm tra nhật ký")
        walk.arrive(walk.word("Kiểm tra nhật ký"))
        walk.hears("Nhật ký nguyên vẹn.")
        walk.go("/bao-cao")
        walk.arrive(walk.word("Báo cáo"), "/bao-cao")
        expect(page.locator("dl.sums")).to_contain_text(walk.word("Phát được"))
        page.goto(f"/tram/{COMMUNE}")
        walk.arrive(re.compile("Phước Bình"))
        assert [one for one in walk.forms if not HARMLESS.fullmatch(one)] == []


@pytest.mark.parametrize(("language", "width"), WALKS)
def test_the_admin_adds_somebody_and_shuts_the_account_again(
    walk_of: WalkOf, language: str, width: int
) -> None:
    username, full_name = f"mai.{language}{width}", f"Pi Năng Thị Mai {language} {width}"
    with walk_of("quantri") as walk:
        page = walk.page
        walk.arrive(re.compile("."))
        walk.go("/nguoi-dung")
        walk.arrive(walk.word("Người dùng"), "/nguoi-dung")
        walk.press("Thêm người dùng")
        walk.arrive(walk.word("Thêm người dùng"), "/nguoi-dung/moi")
        page.fill("[name=full_name]", full_name)
        page.fill("[name=username]", username)
        page.select_option("[name=role]", label=walk.word("Cán bộ truyền thanh xã"))
        page.select_option("[name=place_id]", "bac-ai-phuoc-hoa")
        walk.press("Tạo tài khoản")
        walk.arrive(walk.word("Đã tạo tài khoản"))
        expect(page.locator(".handout dd").first).to_have_text(username)
        expect(page.locator(".handout .secret")).to_have_text(re.compile(r"\S{8,}"))
        walk.press("Xong")
        walk.arrive(full_name)
        walk.press("Khóa tài khoản", page.locator("form[action$='/khoa']"))
        walk.hears("Đã khóa tài khoản.")
        walk.arrive(full_name)
        expect(page.locator(".head .st.down")).to_have_text(walk.word("Đã khóa"))
        walk.go("/nguoi-dung")
        row = page.locator("tr", has=page.get_by_role("link", name=username, exact=True))
        expect(row).to_contain_text(walk.word("Đã khóa"))
