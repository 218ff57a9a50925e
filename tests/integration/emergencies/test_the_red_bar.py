"""The red bar: on every page while an emergency is live, with what sounds, where, and its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.domain.emergencies import Part
from controller.storage.models import SessionRow
from tests.support.warnings import Watch, watch, wish
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    OTHER_DISTRICT,
    PROVINCE,
    Browser,
    words,
)

SHOWS = "Đang phát khẩn cấp"


@pytest.fixture
def w(tmp_path: Path) -> Iterator[Watch]:
    with watch(tmp_path) as built:
        yield built


def bar_of(page: str) -> str:
    """The bar's own text, with what its buttons would send."""
    return "".join(re.findall(r'<aside class="sosline".*?</aside>', page, flags=re.DOTALL))


def operator(w: Watch, place: str = DISTRICT) -> Browser:
    return w.centre.client(Role.OPERATOR, place)


def province_wide(w: Watch) -> str:
    actor = w.centre.actor(Role.OPERATOR, PROVINCE)
    found = w.live.propose(actor, wish(target_ids=(PROVINCE,)))
    w.speak()
    w.live.confirm(w.province, found, "phát thật 65 trạm")
    return found


def test_every_page_tells_what_sounds_where_and_until_when(w: Watch) -> None:
    w.sent()
    browser = operator(w)
    pages = ("/chuong-trinh", "/tai-khoan", "/khan-cap", "/khan-cap/soan", "/khong-co-trang-nay")
    for path in pages:
        bar = bar_of(browser.get(path).text)
        assert "Xả lũ hồ Sông Cái" in bar, path
        assert "9 trạm: huyện Bác Ái" in bar
        assert "đến 18:06" in bar


def test_its_own_page_has_all_of_it_already(w: Watch) -> None:
    found = w.sent()
    assert bar_of(operator(w).get(f"/khan-cap/{found}").text) == ""
    assert bar_of(operator(w).get(f"/khan-cap/dang-phat?tru={found}").text) == ""


def test_one_deed_on_the_bar_stops_all_and_is_written_down(w: Watch) -> None:
    found = w.sent()
    browser = operator(w)
    bar = bar_of(browser.get("/chuong-trinh").get_data(as_text=True))
    action = re.search(r'action="([^"]+)" data-needs-hold hidden', bar)
    assert action is not None
    assert "Nhấn giữ 2 giây để dừng 9\u00a0trạm" in bar, "the number stays with its word"
    assert browser.post(action[1]).status_code == 303
    assert [(audience, deed) for audience, deed, _ in w.deeds()][-1] == (DISTRICT, "stop")
    (row,) = [one for one in w.centre.audit.newest() if one.action == "emergency.stop"]
    assert row.detail["stations"] == 9
    assert row.detail["at_places"] == [DISTRICT]
    assert bar_of(browser.get("/chuong-trinh").text) == ""
    assert w.live.running(w.composer) == ()
    assert found in row.object_id


def test_on_the_bar_a_district_or_a_station_can_be_chosen(w: Watch) -> None:
    found = province_wide(w)
    browser = operator(w, PROVINCE)
    bar = bar_of(browser.get("/chuong-trinh").text)
    offered = re.findall(r'<option value="([^"]*)"', bar)
    assert (offered[0], len(offered)) == ("", 1 + 7 + 65)
    for audience, stopped in ((offered[1], "district"), (offered[-1], "station")):
        browser.post(f"/khan-cap/{found}/dung", audience=audience)
        assert w.deeds()[-1][0] == audience, stopped
    assert SHOWS in words(browser.get("/chuong-trinh"))  # the others still sound


def test_correction_and_all_clear_are_two_clicks_from_any_page(w: Watch) -> None:
    browser = operator(w)
    for part, word in ((Part.CORRECTION, "đính chính"), (Part.ALL_CLEAR, "hết nguy")):
        found = w.sent()
        bar = bar_of(browser.get("/chuong-trinh").text)
        (fold,) = re.findall(r"<details.*?</details>", bar, flags=re.DOTALL)  # the first click
        assert f'name="part" value="{part.value}"' in fold  # the second
        assert word in fold
        sent = browser.post(f"/khan-cap/{found}/bao-yen", part=part.value)
        assert sent.status_code == 303
        assert part in w.live.get(w.composer, found).sent_parts


def test_the_bar_offers_to_each_what_is_theirs(w: Watch) -> None:
    province_wide(w)
    district = bar_of(operator(w).get("/chuong-trinh").text)
    assert "dừng 9 trạm" in district
    assert 'name="part"' not in district  # made above: not theirs to call off
    commune = bar_of(w.centre.client(Role.COMMUNE_OFFICER, COMMUNE).get("/tai-khoan").text)
    assert "Nhấn giữ 2 giây để dừng tin khẩn cấp" in commune
    assert commune.count("<form") == 1, "one way to stop the own loudspeaker, not three"
    looks = bar_of(w.centre.client(Role.AUDITOR, PROVINCE).get("/tai-khoan").text)
    assert "65 trạm" in looks
    assert "<form" not in looks
    nobody = w.centre.client().get("/dang-nhap").text
    assert SHOWS not in nobody


def test_whoever_stopped_the_own_station_reads_so_and_is_not_asked_again(w: Watch) -> None:
    found = province_wide(w)
    officer = w.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    before = officer.get("/khan-cap/dang-phat").text
    assert officer.post(f"/khan-cap/{found}/dung").status_code == 303
    after = officer.get("/khan-cap/dang-phat").text
    assert "Đã ra lệnh dừng ở đây" in bar_of(after)
    assert "<form" not in bar_of(after)
    version = re.compile(r'data-version="([^"]*)"')
    assert version.findall(before) != version.findall(after), "an open page takes the new bar"
    elsewhere = bar_of(operator(w).get("/chuong-trinh").text)
    assert "dừng 9 trạm" in elsewhere, "there it sounds on"


def test_what_concerns_another_district_is_not_on_its_bar(w: Watch) -> None:
    w.sent()
    stranger = operator(w, OTHER_DISTRICT)
    assert bar_of(stranger.get("/chuong-trinh").text) == ""
    assert bar_of(stranger.get("/khan-cap/dang-phat").text) == ""


def test_a_page_of_drills_lets_it_be_stopped_and_nothing_be_sent(w: Watch) -> None:
    w.sent()
    page = operator(w).get("/dien-tap").text
    assert "data-needs-hold" in bar_of(page)
    assert 'name="part"' not in page


def test_an_open_page_that_asks_for_the_bar_keeps_no_session_alive(w: Watch) -> None:
    browser = operator(w)

    def seen() -> object:
        with w.centre.database.read() as session:
            return session.scalars(select(SessionRow.last_seen_at)).one()

    before = seen()
    w.centre.clock.at += timedelta(minutes=10)
    assert browser.get("/khan-cap/dang-phat").status_code == 200
    assert seen() == before
    w.centre.clock.at += timedelta(minutes=25)
    assert browser.get("/khan-cap/dang-phat").status_code == 303
