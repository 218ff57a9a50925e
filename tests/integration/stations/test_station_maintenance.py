"""Maintenance is declared, told on the board and beside the slots, ended early, and capped."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from controller.domain.accounts import Role
from controller.services.as_run import AsRun
from controller.services.fleet import Fleet
from controller.storage.models import StationFlipRow, StationStateRow
from tests.support.owned import Owned
from tests.support.schedule_desk import a_wish
from tests.support.web import COMMUNE, DISTRICT, NOW, PROVINCE, Browser, words

TODAY = "25/11/2026"
SOON = {
    "from_at": "17:10",
    "from_on": TODAY,
    "until_at": "19:10",
    "until_on": TODAY,
    "why": "Thay quạt tủ tăng âm",
}
PAGE = f"/dai/{COMMUNE}"


def _sweep(owned: Owned) -> None:
    centre = owned.centre
    AsRun(centre.database, centre.clock, centre.places, centre.settings.plan).sweep()


def _beat(owned: Owned) -> None:
    """Every station is heard of now."""
    with owned.centre.database.write() as session:
        session.execute(
            update(StationStateRow).values(last_heartbeat_at=owned.centre.clock(), health="ready")
        )


def _flips(owned: Owned) -> list[tuple[str, datetime]]:
    with owned.centre.database.read() as session:
        rows = session.scalars(
            select(StationFlipRow)
            .where(StationFlipRow.station_id == COMMUNE)
            .order_by(StationFlipRow.station_flip_id)
        )
        return [(row.state, row.at) for row in rows]


def _tile(browser: Browser) -> str:
    found = re.search(rf'id="t-{COMMUNE}".*?</a>', browser.get("/bang").text, re.S)
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found.group(0)).split())


def test_declared_maintenance_comes_on_the_board_and_goes_by_itself(owned: Owned) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    _beat(owned)
    _sweep(owned)
    answer = operator.post(f"{PAGE}/bao-tri", **SOON)
    assert answer.status_code == 303
    assert "Không có buổi phát nào rơi vào lúc đó." in operator.get(answer.location).text
    assert owned.newest_deed().action == "station.maintenance"
    assert "Trực tuyến" in _tile(operator)
    assert "Sẽ bảo trì 17:10–19:10 25/11/2026" in words(operator.get(f"/tram/{COMMUNE}"))
    begins = NOW.replace(minute=10, second=0)
    owned.centre.clock.at = begins + timedelta(seconds=20)
    _sweep(owned)
    tile = _tile(operator)
    assert "Bảo trì" in tile
    assert "đến 19:10" in tile
    fleet = Fleet(owned.centre.database, owned.centre.clock, owned.centre.places.tree)
    worked_at = [one.station_id for one in fleet.snapshot().stations if one.is_in_maintenance]
    assert worked_at == [COMMUNE]
    assert "Bảo trì đến 19:10 25/11/2026: Thay quạt tủ tăng âm." in words(
        operator.get(f"/tram/{COMMUNE}")
    )
    owned.centre.clock.at = begins + timedelta(hours=2, seconds=20)
    _sweep(owned)
    assert "Mất kết nối" in _tile(owned.centre.client(Role.OPERATOR, DISTRICT))
    assert _flips(owned)[1:] == [("maint", begins), ("unknown", begins + timedelta(hours=2))]


def test_one_window_follows_another_with_what_was_between(owned: Owned) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    operator.post(f"{PAGE}/bao-tri", **SOON | {"until_at": "17:20"})
    operator.post(f"{PAGE}/bao-tri", **SOON | {"from_at": "17:40", "until_at": "17:50"})
    begins = NOW.replace(minute=10, second=0)
    for minute in range(60):
        owned.centre.clock.at = begins + timedelta(minutes=minute)
        _sweep(owned)
    at = [begins + timedelta(minutes=minute) for minute in (0, 10, 30, 40)]
    assert _flips(owned) == list(zip(("maint", "never", "maint", "never"), at, strict=True))


def test_it_is_ended_early_and_the_station_counts_from_then(owned: Owned) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    operator.post(f"{PAGE}/bao-tri", **SOON)
    owned.centre.clock.at = NOW.replace(minute=30)
    _beat(owned)
    _sweep(owned)
    page = operator.get(PAGE).text
    ending = re.search(r'action="(/dai/bao-tri/\d+/ket-thuc)"', page)
    assert ending
    assert "Kết thúc ngay" in page
    other = owned.centre.client(Role.OPERATOR, "ninh-son")
    assert other.post(ending.group(1)).status_code == 404
    operator.post(ending.group(1))
    assert owned.newest_deed().action == "station.maintenance_end"
    assert "Trực tuyến" in _tile(operator)
    assert "kết thúc sớm" in operator.get(PAGE).text
    assert (
        "Mục này vừa đổi trạng thái" in operator.get(operator.post(ending.group(1)).location).text
    )


def test_slots_in_maintenance_stand_and_readiness_says_so(owned: Owned) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    owned.desk.schedules.save(owned.desk.actor(), a_wish(owned.desk.bulletin()))
    night = {"from_at": "05:00", "from_on": "26/11/2026", "until_at": "06:00"}
    answer = operator.post(f"{PAGE}/bao-tri", **SOON | night | {"until_on": "26/11/2026"})
    assert "1 buổi rơi vào lúc đó" in operator.get(answer.location).text
    owned.centre.clock.at = datetime(2026, 11, 25, 22, 5, tzinfo=NOW.tzinfo)
    _beat(owned)
    _sweep(owned)
    page = words(owned.centre.client(Role.OPERATOR, DISTRICT).get("/hom-nay"))
    assert "0/9 trạm giữ đủ" in page, "nothing is held: the work at one does not hide it"
    assert "Bảo trì" in page


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"from_at": "17:00"}, "Bảo trì phải báo trước khi bắt đầu"),
        ({"until_at": "17:05"}, "Giờ kết thúc phải sau giờ bắt đầu."),
        ({"until_on": "26/11/2026"}, "Vượt số giờ bảo trì của tháng."),
        ({"from_at": "mai"}, "Gõ ngày và giờ, như 26/11/2026 và 05:30."),
        ({"why": ""}, "Ô này còn trống."),
    ],
)
def test_what_cannot_be_declared_is_said_beside_its_field_and_kept(
    owned: Owned, change: dict[str, str], sentence: str
) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    answer = operator.post(f"{PAGE}/bao-tri", **SOON | {"why": "Thay quạt"} | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert change.get("why", "Thay quạt") in answer.text
    assert f'value="{change.get("from_at", "17:10")}"' in answer.text
    assert (
        owned.centre.services.maintenance.page(
            owned.centre.actor(Role.ADMIN, PROVINCE), COMMUNE
        ).to_come
        == ()
    )


def test_a_commune_officer_declares_none(owned: Owned) -> None:
    officer = owned.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    assert officer.post(f"{PAGE}/bao-tri", **SOON).status_code == 403
    assert "Báo bảo trì" not in officer.get(PAGE).text
