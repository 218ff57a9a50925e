"""The board as a map: the same stations, states and filters as the tiles, drawn where they are."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from controller.domain.accounts import Role
from controller.storage.models import PlaceRow, StationRow, StationStateRow
from tests.support.busy_board import STATION, busy_centre, minutes, touch
from tests.support.web import DISTRICT, NOW, OTHER_COMMUNE, OTHER_DISTRICT, PROVINCE, Centre, words

MAP, NEWS = "/bang/ban-do", "/bang/ban-do/thay-doi"
TOWN = "phan-rang-thap-cham"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with busy_centre(tmp_path) as made:
        yield made


def marks(page: TestResponse) -> dict[str, tuple[str, str]]:
    """Key of each mark of a map -> (look, what it says)."""
    found = re.findall(r'class="mk (\w+)" id="m-([^"]+)"[^>]*>\s*<title>([^<]*)</title>', page.text)
    return {key: (look, said) for look, key, said in found}


def lines(page: TestResponse) -> dict[str, bool]:
    """Station id of each line of the list -> whether it is shown."""
    found = re.findall(r'<li class="ln \w+" id="r-([^"]+)" data-of="[^"]*"( hidden)?>', page.text)
    return {station_id: not hidden for station_id, hidden in found}


def line(page: TestResponse, station_id: str) -> str:
    found = re.search(rf'id="r-{re.escape(station_id)}".*?</li>', page.text, re.S)
    assert found, station_id
    return " ".join(re.sub(r"<[^>]+>", " ", found[0].partition(">")[2]).split())


def add_station(centre: Centre, station_id: str, place_id: str, **more: object) -> None:
    with centre.database.write() as session:
        session.add(
            StationRow(
                station_id=station_id, place_id=place_id, name=f"Đài {station_id}",
                language_order=["vi"], max_length_ms=1, registered_at=NOW, **more,
            )
        )  # fmt: skip
        session.flush()
        session.add(StationStateRow(station_id=station_id, shown_state="ready", change_no=70))
    centre.places.reload()


def add_commune(centre: Centre, place_id: str, **more: object) -> None:
    """A commune that is younger than the outlines."""
    with centre.database.write() as session:
        session.add(
            PlaceRow(
                place_id=place_id, kind="commune", parent_id=DISTRICT, code="22795", position=99,
                name="Bác Ái Mới", kind_word="xã", valid_from=date(2025, 7, 1), **more,
            )
        )  # fmt: skip


def test_each_commune_says_its_state_in_colour_sign_and_words(centre: Centre) -> None:
    touch(centre, OTHER_COMMUNE, 66, shown_state="degraded", shown_since_at=NOW - minutes(3))
    page = centre.client(Role.OPERATOR, PROVINCE).get(MAP)
    shown = marks(page)
    assert len(shown) == 65
    assert shown[STATION] == ("lost", "Xã Phước Bình: Mất kết nối từ 16:21")
    assert shown[OTHER_COMMUNE] == ("warn", "Xã Ma Nới: Trục trặc từ 17:03")
    mark = re.search(rf'<a class="mk lost" id="m-{STATION}".*?</a>', page.text, re.S)
    assert mark
    assert f'href="/tram/{STATION}"' in mark[0]
    assert 'aria-label="Xã Phước Bình: Mất kết nối từ 16:21"' in mark[0]
    assert "#lost" in mark[0].partition("<use")[2]
    assert "Mất kết nối" in mark[0].partition("</g><text")[2]
    assert mark[0].count('<g class="halo" aria-hidden="true"><text') == 1, "legible on hatching"
    assert re.search(r"Mất kết nối 1\b", words(page)), "in the legend"


def test_the_list_below_tells_the_same_and_what_comes_next(centre: Centre) -> None:
    page = centre.client(Role.OPERATOR, PROVINCE).get(MAP)
    assert set(lines(page).values()) == {True}
    assert len(lines(page)) == 65
    told = line(page, STATION)
    assert told.startswith("X. Phước Bình Mất kết nối từ 16:21, đã 45 phút")
    assert "Buổi tới: 17:29 Bản tin chiều tỉnh" in told


def test_small_wards_of_the_town_stand_in_a_drawing_of_their_own(centre: Centre) -> None:
    page = centre.client(Role.OPERATOR, PROVINCE).get(MAP).text
    main, inset = page.split('<figure class="inset"')
    assert len(re.findall(r'id="m-', main)) == 49
    assert len(re.findall(rf'id="m-{TOWN}-', inset)) == 16
    assert "Thành phố Phan Rang-Tháp Chàm: xem ô vẽ riêng" in main
    one = centre.client(Role.OPERATOR, PROVINCE).get(f"{MAP}?huyen={TOWN}")
    assert len(marks(one)) == 16
    assert 'class="inset"' not in one.text


def test_filters_are_those_of_the_tiles_and_both_views_keep_them(centre: Centre) -> None:
    client = centre.client(Role.AUDITOR, PROVINCE)
    for loc in ("look", "zone3", "coastal", "missed", "unknown", "ready", "nonsense"):
        tiles = set(re.findall(r'id="t-([^"]+)"', client.get(f"/bang?loc={loc}").text))
        page = client.get(f"{MAP}?loc={loc}")
        drawn = {key for key, (look, _) in marks(page).items() if look != "off"}
        assert drawn == tiles == {key for key, is_shown in lines(page).items() if is_shown}, loc
    both = f"loc=zone3&amp;huyen={DISTRICT}"
    assert f'href="/bang?{both}"' in client.get(f"{MAP}?loc=zone3&huyen={DISTRICT}").text
    assert f'href="{MAP}?{both}"' in client.get(f"/bang?loc=zone3&huyen={DISTRICT}").text
    assert len(re.findall(r'id="t-', client.get(f"/bang?huyen={DISTRICT}").text)) == 9


def test_what_a_filter_leaves_out_is_drawn_without_its_state(centre: Centre) -> None:
    page = centre.client(Role.AUDITOR, PROVINCE).get(f"{MAP}?loc=look")
    assert marks(page)[OTHER_COMMUNE] == ("off", "Xã Ma Nới")


def test_nothing_of_a_neighbour_is_on_a_districts_map(centre: Centre) -> None:
    touch(centre, OTHER_COMMUNE, 66, shown_state="down")
    for role, place in ((Role.OPERATOR, DISTRICT), (Role.COMMUNE_OFFICER, STATION)):
        client = centre.client(role, place)
        for address in (MAP, f"{MAP}?huyen={OTHER_DISTRICT}", f"{MAP}?loc=down"):
            page = client.get(address)
            assert len(marks(page)) == len(lines(page)) == (9 if place == DISTRICT else 1)
            assert all(key.startswith(DISTRICT) for key in marks(page))
            assert "Ma Nới" not in page.text
            assert "Ninh Sơn" not in page.text
            assert OTHER_COMMUNE not in page.text
            assert 'class="mk down"' not in page.text
        for asked in ("tu=0", f"tu=0&huyen={OTHER_DISTRICT}", "tu=0&loc=down"):
            news = client.get(f"{NEWS}?{asked}")
            assert all(
                key.startswith(DISTRICT) for key in {**news.json["marks"], **news.json["lines"]}
            )
            assert "Ma Nới" not in news.text
    ground = re.search(r'<g class="ground".*?</g>', page.text, re.S)
    assert ground
    assert set(re.findall(r"<(\w+)", ground[0])) == {"g", "path"}


def test_a_poll_brings_the_marks_and_lines_that_changed(centre: Centre) -> None:
    client = centre.client(Role.OPERATOR, DISTRICT)
    first = client.get(f"{NEWS}?tu=0").json
    asked = f"{NEWS}?tu={first['cursor']}&dau={first['seen']}"
    still = client.get(asked).json
    assert (still["marks"], still["lines"]) == ({}, {})
    touch(centre, STATION, first["cursor"] + 1, shown_state="ready")
    touch(centre, OTHER_COMMUNE, first["cursor"] + 2, shown_state="down")
    news = client.get(asked).json
    assert list(news["marks"]) == list(news["lines"]) == [STATION]
    assert "Xã Phước Bình: Trực tuyến" in news["marks"][STATION]
    assert "Trực tuyến" in news["lines"][STATION]
    assert "9<i>/9" in news["summary"]
    looking = client.get(f"{asked}&loc=look").json
    assert 'class="mk off"' in looking["marks"][STATION], "it no longer matches the filter"
    assert " hidden" in looking["lines"][STATION]


def test_a_new_schedule_reaches_the_lines_of_an_open_map(centre: Centre) -> None:
    client = centre.client(Role.OPERATOR, DISTRICT)
    first = client.get(f"{NEWS}?tu=0").json
    centre.clock.move(minutes=25)  # the slot to come has begun
    news = client.get(f"{NEWS}?tu={first['cursor']}&dau={first['seen']}").json
    assert len(news["lines"]) == 9
    assert "24 giờ tới chưa có buổi phát nào." in news["lines"][STATION]
    assert news["seen"] != first["seen"]


def test_several_stations_of_a_commune_are_one_mark_with_the_worst_state(centre: Centre) -> None:
    add_station(centre, "thon-bo-lang", STATION)
    page = centre.client(Role.OPERATOR, DISTRICT).get(MAP)
    assert marks(page)[STATION] == (
        "lost",
        "Xã Phước Bình, 2 trạm: Mất kết nối 1, Trực tuyến 1",
    )
    mark = re.search(rf'id="m-{STATION}".*?</a>', page.text, re.S)
    assert mark
    assert f'href="#r-{STATION}"' in mark[0]
    assert re.search(r'class="many"[^>]*>2<', mark[0])
    assert re.findall(r'id="r-([^"]+)" data-of="bac-ai-phuoc-binh"', page.text) == [
        STATION, "thon-bo-lang",
    ]  # fmt: skip
    assert "Đài thon-bo-lang" in line(page, "thon-bo-lang")
    only = centre.client(Role.OPERATOR, DISTRICT).get(f"{MAP}?loc=ready")
    assert marks(only)[STATION][0] == "ok", "the one the filter lets through"


def test_a_station_where_there_is_no_outline_is_a_point_or_a_line_of_the_list(
    centre: Centre,
) -> None:
    add_commune(centre, "bac-ai-moi")
    add_station(centre, "co-toa-do", "bac-ai-moi", latitude=11.9, longitude=108.9)
    add_station(centre, "khong-toa-do", "bac-ai-moi")
    add_station(centre, "o-ha-noi", "bac-ai-moi", latitude=21.03, longitude=105.85)
    page = centre.client(Role.OPERATOR, DISTRICT).get(MAP)
    assert marks(page)["co-toa-do.diem"][0] == "ok"
    assert "<circle" in page.text.partition('id="m-co-toa-do.diem"')[2].partition("</a>")[0]
    assert len(marks(page)) == 10
    assert "2 trạm không vẽ được" in words(page)
    for station_id in ("khong-toa-do", "o-ha-noi"):
        assert "không vẽ được" in line(page, station_id)
    assert "không vẽ được" not in line(page, "co-toa-do")


def test_a_commune_without_an_outline_lends_its_stations_its_own_point(centre: Centre) -> None:
    add_commune(centre, "bac-ai-moi", latitude=11.9, longitude=108.9)
    add_station(centre, "moi", "bac-ai-moi")
    assert marks(centre.client(Role.OPERATOR, DISTRICT).get(MAP))["moi.diem"][0] == "ok"


def test_the_map_weighs_little_on_a_village_line(centre: Centre) -> None:
    client = centre.client(Role.OPERATOR, PROVINCE)
    answer = client.get(MAP, headers={"Accept-Encoding": "gzip"})
    page = gzip.decompress(answer.data).decode()
    files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    own = [one for one in files if re.search(r"board|map|icons", one)]
    assert len(own) == 5
    weight = len(answer.data) + sum(
        len(client.get(one, headers={"Accept-Encoding": "gzip"}).data) for one in own
    )
    assert weight < 60_000
    assert 'src="http' not in page
