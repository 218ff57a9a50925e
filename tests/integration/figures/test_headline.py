"""n/65 above the board: of months, by the bar printed beside it, read once a minute for all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time

import pytest
from sqlalchemy import event

from controller.domain.accounts import Role
from controller.domain.schedule import instant
from controller.services.board import Board
from controller.services.headlines import Headlines
from controller.storage.models import DayFigureRow
from tests.support.web import COMMUNE, DISTRICT, OTHER_COMMUNE, PROVINCE, Centre

UNHEARD = "bac-ai-phuoc-dai"
LAST, RUNNING = date(2026, 10, 30), date(2026, 11, 23)


def kept(station_id: str, day: date, ready_s: int, heard: int) -> DayFigureRow:
    return DayFigureRow(
        station_id=station_id,
        day=day,
        settled_ready_s=ready_s,
        settled_down_s=57_600 - ready_s,
        all_live_ready_s=86_400,
        heard_checks=heard,
        causes={},
        outages=[],
        outcomes={},
        heard_ms={},
        bulletins=[],
    )


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    made = Centre(tmp_path_factory.mktemp("headline"))
    made.add(board=Board(made.database, made.clock, made.places))
    with made.database.write() as session:
        for day in (LAST, RUNNING):
            session.add(kept(COMMUNE, day, 57_600, heard=1))
            session.add(kept(UNHEARD, day, 57_600, heard=0))
            session.add(kept(OTHER_COMMUNE, day, 50_000, heard=1))
    yield made
    made.close()


def test_the_board_tells_last_month_and_this_one_by_the_bar(centre: Centre) -> None:
    page = centre.client(Role.AUDITOR, PROVINCE).get("/bang").text
    last = "<b>1/3</b></a> trạm hoạt động hiệu quả tháng trước, tháng 10/2026 theo lịch"
    assert last in page
    assert page.index('class="tile') < page.index("hiệu quả tháng trước")
    assert "(tạm tính, chưa chốt)" in page
    running = "<b>1/3</b></a> tháng này, tháng 11/2026 theo lịch, tính đến hết hôm qua"
    assert running in page
    assert page.count("1 trạm chỉ thiếu kiểm tra nghe") == 2
    assert "sẵn sàng từ 99,0 % giờ phục vụ" in page
    assert (
        "/bao-cao?noi=ninh-thuan&amp;co-so=calendar&amp;do-dai=month&amp;nam=2026&amp;so=10" in page
    )


def test_a_district_sees_its_own_and_a_commune_none(centre: Centre) -> None:
    assert "<b>1/2</b>" in centre.client(Role.OPERATOR, DISTRICT).get("/bang").text
    page = centre.client(Role.COMMUNE_OFFICER, COMMUNE).get("/bang").text
    assert "hoạt động hiệu quả tháng trước" not in page


def test_it_is_read_once_a_minute_for_all_who_look(centre: Centre) -> None:
    headlines = Headlines(centre.database, centre.clock, centre.places, centre.services.figures)
    asked: list[str] = []
    event.listen(
        centre.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2])
    )
    for place_id in (PROVINCE, DISTRICT, PROVINCE):
        assert headlines.of(centre.actor(Role.AUDITOR, place_id)) is not None
    assert sum("FROM day_figure" in query for query in asked) == 2
    centre.clock.move(minutes=1)
    headlines.of(centre.actor(Role.AUDITOR, PROVINCE))
    assert sum("FROM day_figure" in query for query in asked) == 4


def test_nothing_is_claimed_before_the_first_day(tmp_path_factory: pytest.TempPathFactory) -> None:
    fresh = Centre(tmp_path_factory.mktemp("fresh"))
    fresh.clock.at = instant(date(2026, 11, 1), time(0, 5))
    assert fresh.services.headlines.of(fresh.actor(Role.AUDITOR, PROVINCE)) is None
    fresh.close()
