"""A place with one station: English says "1 station", and Vietnamese what it always says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.domain.accounts import Role
from tests.support.neighbours import Neighbours, neighbours
from tests.support.warnings import wish
from tests.support.web import Browser, words


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    """Two districts with one of everything, of which some read English."""
    with neighbours(tmp_path_factory.mktemp("counts")) as made:
        yield made


def _in_english(both: Neighbours, role: Role) -> Browser:
    browser = both.browser(both.there, role)
    browser.post("/ngon-ngu", language="en")
    return browser


def test_one_station_is_a_station_and_several_are_stations(both: Neighbours) -> None:
    assert "· 1 station " in words(_in_english(both, Role.COMMUNE_OFFICER).get("/lich"))
    assert "· 9 stations " in words(_in_english(both, Role.OPERATOR).get("/lich"))


def test_in_vietnamese_one_is_said_as_several_are(both: Neighbours) -> None:
    officer = both.browser(both.here, Role.COMMUNE_OFFICER)
    assert "· 1 trạm " in words(officer.get("/lich"))


def test_the_board_of_one_station_says_so(both: Neighbours) -> None:
    page = _in_english(both, Role.COMMUNE_OFFICER).get("/bang")
    assert "1 commune radio station," in words(page)
    assert 'aria-label="1 station by district"' in page.text


def test_a_warning_for_one_station_is_sent_to_one_station(both: Neighbours) -> None:
    district, desk = both.there, both.watch.live
    meant = wish(title="Xả lũ", target_ids=(district.commune_id,))
    emergency_id = desk.propose(district.operator, meant)
    page = _in_english(both, Role.APPROVER).get(f"/khan-cap/{emergency_id}")
    assert "Send to 1 station" in words(page)
    assert " 1 stations" not in words(page)
    form = _in_english(both, Role.OPERATOR).get("/khan-cap/soan")
    assert 'data-one="1 station chosen."' in form.text
