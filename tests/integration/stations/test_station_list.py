"""The list of stations: found without marks, by district and by state."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from controller.domain.accounts import Role
from controller.services import station_list
from controller.services.contacts import Contact
from controller.storage.models import StationStateRow
from tests.support.owned import Owned
from tests.support.web import COMMUNE, DISTRICT, NOW, OTHER_COMMUNE, PROVINCE


def _found(page: str) -> list[str]:
    return re.findall(r'data-station="([^"]+)"', page)


def test_the_whole_place_is_listed_in_its_fixed_order(owned: Owned) -> None:
    page = owned.centre.client(Role.ADMIN).get("/dai").text
    assert len(_found(page)) == 65
    here = owned.centre.client(Role.OPERATOR, DISTRICT).get("/dai").text
    assert len(_found(here)) == 9
    assert OTHER_COMMUNE not in here
    assert "<th>Huyện</th>" in page
    assert "<th>Huyện</th>" not in here
    own = owned.centre.client(Role.COMMUNE_OFFICER, COMMUNE).get("/dai").text
    assert _found(own) == [COMMUNE]
    assert 'name="tim"' in here
    assert 'name="tim"' not in own


def test_a_long_list_comes_in_pages_that_keep_what_was_asked(
    owned: Owned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(station_list, "PAGE_LENGTH", 50)
    browser = owned.centre.client(Role.ADMIN)
    first = browser.get("/dai?tim=dai").text
    assert len(_found(first)) == 50
    assert re.search(r'Tất cả <span class="num">65<', first)
    (following,) = re.findall(r'href="(/dai\?[^"]*trang=2[^"]*)"', first)
    rest = browser.get(following.replace("&amp;", "&")).text
    assert len(_found(rest)) == 15
    assert 'value="dai"' in rest
    assert not set(_found(first)) & set(_found(rest))


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("tim=phuoc+binh", [COMMUNE]),
        ("tim=PHƯỚC+BÌNH", [COMMUNE]),
        ("tim=ma+noi+ninh+son", [OTHER_COMMUNE]),
        ("tim=khong+co+dai+nay", []),
    ],
)
def test_a_station_is_found_with_or_without_marks(
    owned: Owned, query: str, first: list[str]
) -> None:
    page = owned.centre.client(Role.ADMIN).get(f"/dai?{query}").text
    assert _found(page) == first
    assert ("Không có đài nào khớp" in page) is not bool(first)


def test_it_is_found_by_who_answers_the_phone(owned: Owned) -> None:
    admin = owned.centre.actor(Role.ADMIN, PROVINCE)
    contacts = [Contact("Chamaléa Thuận", "trưởng đài", "0912 345 678")]
    owned.centre.services.contacts.save(admin, COMMUNE, contacts, "", 1)
    browser = owned.centre.client(Role.ADMIN)
    for query in ("chamalea", "0912345678"):
        assert _found(browser.get(f"/dai?tim={query}").text) == [COMMUNE]


def test_district_and_state_narrow_the_list_and_each_state_is_counted(owned: Owned) -> None:
    with owned.centre.database.write() as session:
        session.execute(
            update(StationStateRow)
            .where(StationStateRow.station_id == COMMUNE)
            .values(shown_state="ready", last_heartbeat_at=NOW)
        )
    browser = owned.centre.client(Role.ADMIN)
    assert _found(browser.get("/dai?loc=ready").text) == [COMMUNE]
    page = browser.get(f"/dai?huyen={DISTRICT}").text
    assert len(_found(page)) == 9
    assert re.search(r'Trực tuyến <span class="num">1<', page)
    assert re.search(r'Chưa kết nối lần nào <span class="num">8<', page)
