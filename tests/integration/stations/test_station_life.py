"""A station is added, enrolled, put into service, retired and brought back; its past stays."""

from __future__ import annotations

import io
import re
import tomllib
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Actor, Role
from controller.services.as_run import AsRun
from controller.services.fleet import Fleet
from controller.services.station_desk import NewStation
from controller.settings import BrokerSettings, Settings
from controller.storage.models import (
    SlotResultRow,
    SlotRow,
    StationPlanRow,
    StationStateRow,
)
from tests.support.owned import Owned, owned_centre
from tests.support.schedule_desk import a_wish
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    OTHER_COMMUNE,
    PASSWORD,
    PROVINCE,
    Browser,
    words,
)

NEW = {"place_id": COMMUNE, "name": "Đài truyền thanh thôn Bạc Rây", "thu_tieng_1": "rog"}
NEW_ID = f"{COMMUNE}-2"
RETIRING = {"retire_why": "Sáp nhập vào đài huyện", "typed": "ngung han xa phuoc binh"}


def _admin(owned: Owned) -> Actor:
    return owned.centre.actor(Role.ADMIN, PROVINCE)


def _add(owned: Owned) -> str:
    wish = NewStation(COMMUNE, NEW["name"], ["rog", "vi"])
    return owned.centre.services.station_desk.add(_admin(owned), wish)


def _schedule(owned: Owned) -> None:
    """Ten slots at all nine communes of the district, the first tomorrow."""
    owned.desk.schedules.save(owned.desk.actor(), a_wish(owned.desk.bulletin()))


def _results(owned: Owned, station_id: str) -> list[tuple[str, str | None]]:
    with owned.centre.database.read() as session:
        query = (
            select(SlotResultRow.outcome, SlotResultRow.reason)
            .where(SlotResultRow.station_id == station_id)
            .order_by(SlotResultRow.planned_at)
        )
        return [(outcome, reason) for outcome, reason in session.execute(query)]


def _planned(owned: Owned, station_id: str) -> int:
    """How many slots the newest plan of a station names."""
    owned.plans.refresh()
    with owned.centre.database.read() as session:
        query = (
            select(StationPlanRow.slots)
            .where(StationPlanRow.station_id == station_id)
            .order_by(StationPlanRow.version.desc())
        )
        return len(session.scalars(query).first() or ())


def _stations_on_the_board(browser: Browser) -> set[str]:
    return set(re.findall(r'id="t-([^"]+)"', browser.get("/bang").text))


def test_a_new_station_waits_on_trial_and_nothing_counts_on_it(owned: Owned) -> None:
    _schedule(owned)
    admin = owned.centre.client(Role.ADMIN)
    answer = admin.post("/dai/moi", **NEW)
    assert (answer.status_code, answer.location) == (303, f"/dai/{NEW_ID}")
    page = words(admin.get(answer.location))
    assert "Chưa đưa vào sử dụng" in page
    assert "Các bước lắp đài" in page
    assert owned.newest_deed().action == "station.add"
    assert NEW_ID not in _stations_on_the_board(admin)
    assert _planned(owned, NEW_ID) == 0
    assert "Đài chưa đưa vào sử dụng." in words(admin.get(f"/tram/{NEW_ID}"))
    fleet = Fleet(owned.centre.database, owned.centre.clock, owned.centre.places.tree)
    assert NEW_ID not in {one.station_id for one in fleet.snapshot().stations}


def test_once_commissioned_schedules_air_there_and_it_is_counted(owned: Owned) -> None:
    _schedule(owned)
    _add(owned)
    admin = owned.centre.client(Role.ADMIN)
    answer = admin.post(f"/dai/{NEW_ID}/dua-vao-dung")
    assert "Đã đưa đài vào sử dụng." in admin.get(answer.location).text
    assert owned.newest_deed().action == "station.commission"
    assert NEW_ID in _stations_on_the_board(admin)
    assert _planned(owned, NEW_ID) == 10


def test_nothing_from_before_its_commissioning_is_held_against_it(owned: Owned) -> None:
    _schedule(owned)
    _add(owned)
    centre = owned.centre
    centre.clock.at = owned.desk.slots()[0].starts_at + timedelta(minutes=20)
    centre.services.station_desk.commission(_admin(owned), NEW_ID)
    AsRun(centre.database, centre.clock, centre.places, centre.settings.plan).reconcile()
    assert len(_results(owned, COMMUNE)) == 1
    assert _results(owned, NEW_ID) == []
    assert _planned(owned, NEW_ID) == 9


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"place_id": DISTRICT}, "Chọn một xã, phường hoặc thị trấn."),
        ({"name": " "}, "Ô này còn trống."),
        ({"name": "Đài truyền thanh xã PHƯỚC BÌNH"}, "Nơi này đã có đài tên như vậy."),
        ({"thu_tieng_1": ""}, "Ô này còn trống."),
        ({"place_id": OTHER_COMMUNE}, "Nơi đã chọn nằm ngoài địa bàn của bạn."),
    ],
)
def test_a_station_that_cannot_be_added_keeps_what_was_typed(
    owned: Owned, change: dict[str, str], sentence: str
) -> None:
    admin = owned.centre.client(Role.ADMIN, DISTRICT)
    answer = admin.post("/dai/moi", **NEW | {"receiver_note": "Tủ sau ủy ban"} | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Tủ sau ủy ban" in answer.text
    assert len(owned.centre.places.tree().stations) == 65


def test_only_admins_own_stations_and_another_district_is_not_there(owned: Owned) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    assert operator.get("/dai/moi").status_code == 403
    for deed in ("sua", "ngung", "dua-vao-dung", "cau-hinh", "chan-may", "dua-lai"):
        assert operator.post(f"/dai/{COMMUNE}/{deed}").status_code == 403
    admin = owned.centre.client(Role.ADMIN, DISTRICT)
    for deed in ("sua", "ngung", "dua-vao-dung", "cau-hinh", "chan-may", "lien-he", "bao-tri"):
        assert admin.post(f"/dai/{OTHER_COMMUNE}/{deed}", **RETIRING).status_code == 404
        assert owned.newest_deed().action == "refused.not_found"
    assert admin.get(f"/dai/{OTHER_COMMUNE}").status_code == 404


def test_a_retired_station_ends_its_slots_to_come_and_leaves_every_count(owned: Owned) -> None:
    _schedule(owned)
    first = owned.desk.slots()[0]
    owned.centre.clock.at = first.starts_at + timedelta(hours=1)
    owned.desk.ended(first, COMMUNE, "aired")
    admin = owned.centre.client(Role.ADMIN)
    answer = admin.post(f"/dai/{COMMUNE}/ngung", **RETIRING)
    assert answer.status_code == 303
    page = words(admin.get(answer.location))
    assert "Sáp nhập vào đài huyện (Quản Văn Trị)" in page
    assert owned.newest_deed().detail == {"why": "Sáp nhập vào đài huyện"}
    assert _results(owned, COMMUNE) == [("aired", None)] + [("cancelled", "station_retired")] * 9
    assert COMMUNE not in _stations_on_the_board(admin)
    assert COMMUNE not in owned.centre.places.tree().stations
    assert "Phước Bình" in admin.get(f"/lich/buoi/{first.slot_id}").text, "its word stays"
    second = owned.desk.slots()[1]
    day = first.starts_at + timedelta(hours=7)
    past = admin.get(f"/tram/{COMMUNE}?ngay={day:%Y-%m-%d}").text
    assert 'data-sign="aired"' in past
    ahead = second.starts_at + timedelta(hours=7)
    coming = admin.get(f"/tram/{COMMUNE}?ngay={ahead:%Y-%m-%d}").text
    assert "Đã hủy: đài đã ngừng hẳn" in words_of(coming)
    assert admin.post(f"/tram/{COMMUNE}/lenh", lenh="test_tone").status_code == 404


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"typed": "ngừng hẳn"}, "Gõ đúng câu ở trên"),
        ({"retire_why": " "}, "Ô này còn trống."),
    ],
)
def test_nobody_retires_a_station_by_one_press(
    owned: Owned, change: dict[str, str], sentence: str
) -> None:
    admin = owned.centre.client(Role.ADMIN)
    answer = admin.post(f"/dai/{COMMUNE}/ngung", **RETIRING | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert COMMUNE in owned.centre.places.tree().stations


def test_its_machine_is_let_in_until_it_holds_the_empty_plan(owned: Owned) -> None:
    _schedule(owned)
    stations = owned.centre.services.stations
    stations.issue_config(COMMUNE)
    _hold_newest(owned)
    owned.centre.clock.move(minutes=1)
    admin = owned.centre.client(Role.ADMIN)
    admin.post(f"/dai/{COMMUNE}/ngung", **RETIRING)
    assert "Máy ở trạm chưa biết." in admin.get(f"/dai/{COMMUNE}").text
    assert [user.username for user in stations.broker_users()] == [COMMUNE]
    assert _planned(owned, COMMUNE) == 0
    assert [user.username for user in stations.broker_users()] == [COMMUNE]
    _hold_newest(owned)
    assert stations.broker_users() == ()
    assert "Máy ở trạm chưa biết." not in admin.get(f"/dai/{COMMUNE}").text


def test_a_machine_that_never_comes_back_is_shut_out_when_its_plan_is_over(owned: Owned) -> None:
    stations = owned.centre.services.stations
    stations.issue_config(COMMUNE)
    admin = owned.centre.client(Role.ADMIN)
    admin.post(f"/dai/{COMMUNE}/ngung", **RETIRING)
    owned.centre.clock.move(days=14.9)
    assert len(stations.broker_users()) == 1
    owned.centre.clock.move(days=0.2)
    assert stations.broker_users() == ()


def _hold_newest(owned: Owned) -> None:
    """The station says that it holds its newest plan."""
    owned.plans.refresh()
    with owned.centre.database.write() as session:
        state = session.get_one(StationStateRow, COMMUNE)
        state.plan_epoch_held, state.plan_version_held = (
            state.plan_epoch_sent,
            state.plan_version_sent,
        )


def test_a_station_brought_back_is_tried_first_and_then_airs_what_is_still_to_come(
    owned: Owned,
) -> None:
    _schedule(owned)
    admin = owned.centre.client(Role.ADMIN)
    admin.post(f"/dai/{COMMUNE}/ngung", **RETIRING)
    owned.centre.clock.move(days=2)
    admin = owned.centre.client(Role.ADMIN)
    admin.post(f"/dai/{COMMUNE}/dua-lai")
    assert owned.newest_deed().action == "station.restore"
    assert "Chưa đưa vào sử dụng" in admin.get(f"/dai/{COMMUNE}").text
    assert _planned(owned, COMMUNE) == 0
    admin.post(f"/dai/{COMMUNE}/dua-vao-dung")
    assert _results(owned, COMMUNE) == [("cancelled", "station_retired")] * 2
    assert _planned(owned, COMMUNE) == 8
    assert admin.post(f"/dai/{COMMUNE}/dua-lai").status_code == 404


def test_a_station_changes_its_name_and_caps_and_the_second_editor_is_told(owned: Owned) -> None:
    admin, other = owned.centre.client(Role.ADMIN), owned.centre.client(Role.ADMIN, DISTRICT)
    fields = {
        "row_version": "1",
        "name": "Đài truyền thanh Phước Bình",
        "identifier_code": "NT-0412",
        "longest_min": "30",
        "volume": "80",
    }
    answer = admin.post(f"/dai/{COMMUNE}/sua", **fields)
    assert answer.status_code == 303
    station = owned.centre.places.tree().stations[COMMUNE]
    assert (station.name, station.max_length_ms, station.volume_ceiling_percent) == (
        "Đài truyền thanh Phước Bình",
        1_800_000,
        80,
    )
    detail = owned.newest_deed().detail
    assert (detail["code_of_station"], detail["was"]["code_of_station"]) == ("NT-0412", None)
    late = other.post(f"/dai/{COMMUNE}/sua", **fields | {"name": "Tên của người đến sau"})
    assert late.status_code == 409
    assert "admin.ninh-thuan vừa sửa mục này lúc 17:06" in late.text
    assert 'value="Tên của người đến sau"' in late.text
    assert "<h1>Đài truyền thanh Phước Bình</h1>" in late.text


def test_a_day_that_is_over_counts_the_stations_of_that_day(owned: Owned) -> None:
    _schedule(owned)
    owned.plans.refresh()
    owned.centre.clock.move(days=1)  # the first slot has aired, the second is to come
    admin = owned.centre.client(Role.ADMIN)
    admin.post(f"/dai/{COMMUNE}/ngung", **RETIRING)
    owned.centre.services.station_desk.commission(_admin(owned), _add(owned))
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    assert "9/9 trạm" in words(operator.get("/lich/ngay?ngay=26/11/2026"))
    day = owned.desk.schedules.day(owned.desk.actor(), date(2026, 11, 26))
    assert COMMUNE in day.slips[0].station_ids
    assert NEW_ID not in day.slips[0].station_ids
    later = owned.desk.schedules.day(owned.desk.actor(), date(2026, 11, 27))
    assert COMMUNE not in later.slips[0].station_ids
    assert NEW_ID in later.slips[0].station_ids


def test_what_a_station_on_trial_aired_is_not_counted_in_the_week(owned: Owned) -> None:
    _schedule(owned)
    owned.plans.refresh()
    _add(owned)
    with owned.centre.database.write() as session:
        slot = session.scalars(select(SlotRow).order_by(SlotRow.starts_at)).first()
        assert slot is not None
        session.add_all(
            SlotResultRow(
                station_id=station_id,
                slot_id=slot.slot_id,
                outcome="aired",
                title=slot.title,
                planned_at=slot.starts_at,
                planned_ms=slot.duration_ms,
                played_ms=slot.duration_ms,
            )
            for station_id in (COMMUNE, NEW_ID)
        )
        on, slot_id = slot.airs_on, slot.slot_id
    week = owned.desk.schedules.week(_admin(owned), on)
    (slip,) = [
        slip
        for band in week.bands
        for cell in band.cells
        for slip in cell.slips
        if slip.slot_id == slot_id
    ]
    assert (slip.tally.aired, slip.tally.total) == (1, 9)


def _config(owned: Owned, browser: Browser, **fields: str) -> tuple[int, bytes, str]:
    answer = browser.post(f"/dai/{COMMUNE}/cau-hinh", **{"password": PASSWORD} | fields)
    return answer.status_code, answer.data, answer.headers.get("Cache-Control", "")


def test_a_configuration_is_downloaded_once_by_who_types_the_own_password(owned: Owned) -> None:
    admin = owned.centre.client(Role.ADMIN)
    status, wrong, _ = _config(owned, admin, password="sai")  # noqa: S106 - a test's own
    assert (status, b"station.toml" in wrong) == (401, False)
    assert owned.centre.services.stations.broker_users() == ()
    status, content, kept = _config(owned, admin)
    assert (status, kept) == (200, "no-store")
    document = tomllib.loads(content.decode())
    assert document["station"]["id"] == COMMUNE
    assert document["broker"]["host"] == "vang.example.vn"
    assert owned.newest_deed().action == "station.issue_config"
    stations = owned.centre.services.stations
    assert stations.station_of_token(document["sound"]["token"]) == COMMUNE
    status, _refused, _ = _config(owned, admin)
    assert status == 422, "a second one breaks the first: it is asked for by name"
    status, content, _ = _config(owned, admin, sure="1")
    assert status == 200
    assert stations.station_of_token(document["sound"]["token"]) is None


def test_what_the_centre_does_not_know_costs_no_station_its_secrets(owned: Owned) -> None:
    admin = owned.centre.client(Role.ADMIN)
    _, content, _ = _config(owned, admin)
    token = tomllib.loads(content.decode())["sound"]["token"]
    owned.is_reachable = False
    status, page, _ = _config(owned, admin, sure="1")
    assert status == 422
    assert f"vang-controller station-config {COMMUNE}" in page.decode()
    assert owned.centre.services.stations.station_of_token(token) == COMMUNE


def test_no_secret_goes_over_a_line_others_can_read(owned: Owned) -> None:
    admin = owned.centre.client(Role.ADMIN)
    far = {"REMOTE_ADDR": "203.0.113.7"}
    page = admin.http.get(f"/dai/{COMMUNE}", environ_base=far).text
    assert "không mã hóa" in page
    assert f"vang-controller station-config {COMMUNE} --out station.toml" in page
    data = {"csrf_token": admin.csrf(), "password": PASSWORD}
    answer = admin.http.post(f"/dai/{COMMUNE}/cau-hinh", data=data, environ_base=far)
    assert answer.status_code == 422
    assert owned.centre.services.stations.broker_users() == ()


def test_the_authorities_certificates_go_along(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("CERT", encoding="ascii")
    broker = BrokerSettings(tls_ca=str(tmp_path / "ca.pem"))
    with owned_centre(tmp_path, Settings(broker=broker)) as owned:
        status, content, _ = _config(owned, owned.centre.client(Role.ADMIN))
        assert status == 200
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert sorted(archive.namelist()) == ["broker-ca.pem", "station.toml"]
            assert archive.read("broker-ca.pem") == b"CERT"


def test_a_lost_machine_is_shut_out_by_one_press(owned: Owned) -> None:
    owned.centre.services.stations.issue_config(COMMUNE)
    admin = owned.centre.client(Role.ADMIN)
    admin.post(f"/dai/{COMMUNE}/chan-may")
    assert owned.newest_deed().action == "station.revoke"
    assert owned.centre.services.stations.broker_users() == ()
