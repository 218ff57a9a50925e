"""The board and the station pages tell what was planned, held and sounded, inside one's place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from controller.domain.accounts import Role
from controller.storage.models import (
    BrokerDenialRow,
    HoldingRow,
    HoursExceptionRow,
    JournalEntryRow,
    SlotRow,
    StationContactRow,
)
from tests.support.busy_board import (
    NEXT,
    PAST,
    PRESENT,
    SHA,
    STATION,
    busy_centre,
    minutes,
    result,
    touch,
)
from tests.support.web import DISTRICT, NOW, OTHER_COMMUNE, PROVINCE, Centre, words


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with busy_centre(tmp_path) as made:
        yield made


def test_the_province_sees_65_tiles_in_7_districts_and_counts_who_is_online(
    centre: Centre,
) -> None:
    page = centre.client(Role.OPERATOR, PROVINCE).get("/bang").text
    assert len(re.findall(r'id="t-', page)) == 65
    assert len(re.findall(r'class="dist"', page)) == 7
    assert re.search(r"64<i>/65</i>.*?trạm trực tuyến", page, re.S)
    assert "hoạt động hiệu quả" not in page


def test_a_district_sees_its_own_nine(centre: Centre) -> None:
    page = centre.client(Role.OPERATOR, DISTRICT).get("/bang").text
    assert len(re.findall(r'id="t-', page)) == 9
    assert "8<i>/9</i>" in page
    assert "Ma Nới" not in page


def test_a_silent_station_is_shown_with_since_when_and_the_plan_it_holds(centre: Centre) -> None:
    page = centre.client(Role.OPERATOR, PROVINCE).get("/bang").text
    tile = re.search(rf'id="t-{STATION}".*?</a>', page, re.S)
    assert tile is not None
    assert "Mất kết nối" in tile[0]
    assert "đã 45 phút" in tile[0]
    assert "bản 11/12" in tile[0]


def test_the_next_slot_names_who_is_not_ready(centre: Centre) -> None:
    page = centre.client(Role.OPERATOR, PROVINCE).get("/bang").text
    assert "Bản tin chiều tỉnh" in page
    assert re.search(r"64/65</b>\s*trạm giữ đúng âm thanh và lịch", page)
    assert re.search(r"64/65</b>\s*trạm đang vang", page)


def test_a_connected_station_is_named_with_what_it_lacks_of_the_next_slot(centre: Centre) -> None:
    with centre.database.write() as session:
        session.delete(session.get_one(HoldingRow, ("bac-ai-phuoc-dai", SHA)))
    page = centre.client(Role.OPERATOR, PROVINCE).get("/bang").text
    row = re.search(r">Phước Đại</a>(.*?)</li>", page)
    assert row is not None
    assert "chưa đủ âm thanh" in row[1]


def test_an_empty_day_offers_a_schedule_to_those_who_may_write_one(centre: Centre) -> None:
    with centre.database.write() as session:
        session.delete(session.get_one(SlotRow, NEXT))
    invitation = 'href="/lich/moi">Đặt lịch'
    assert invitation in centre.client(Role.OPERATOR, "bac-ai").get("/bang").text
    assert invitation not in centre.client(Role.AUDITOR, "bac-ai").get("/bang").text
    assert invitation not in centre.client(Role.APPROVER, "bac-ai").get("/bang").text


def test_a_station_that_has_said_nothing_is_not_counted_as_done(centre: Centre) -> None:
    with centre.database.write() as session:
        session.merge(result(STATION, PRESENT, "coming"))
    page = centre.client(Role.OPERATOR, PROVINCE).get("/bang").text
    assert re.search(r"64/65</b>\s*trạm đang vang", page)
    assert "đã xong" not in page
    assert "Chưa rõ, chờ sổ của trạm" in page


def test_who_does_not_sound_is_named_with_whom_to_call_until_it_should_end(centre: Centre) -> None:
    with centre.database.write() as session:
        session.merge(result(STATION, PRESENT, "coming"))
        session.add(
            StationContactRow(
                station_id=STATION, position=0, name="Katơr", role="", number="0900 000 007"
            )
        )
    client = centre.client(Role.OPERATOR, PROVINCE)
    page = client.get("/bang").text
    assert re.search(r"Đang phát</span><span class=\"num\">17:01, đến 17:1\d:\d\d<", page)
    row = re.search(r"Chưa rõ, chờ sổ của trạm</span>(.*?)</li>", page)
    assert row is not None
    assert 'href="tel:0900000007">0900 000 007' in row[1]
    touch(centre, STATION, 99, shown_state="never")
    told = re.search(r'class="who-list">.*?</ul>', client.get("/bang").text, re.S)
    assert told is not None
    assert "Chưa kết nối lần nào" in told[0]
    assert "sổ của trạm" not in told[0]


def test_a_filter_leaves_only_the_stations_it_names(centre: Centre) -> None:
    client = centre.client(Role.AUDITOR, PROVINCE)
    look = client.get("/bang?loc=look").text
    assert re.findall(r'id="t-([a-z-]+)"', look) == [STATION]
    assert len(re.findall(r'id="t-', client.get("/bang?loc=zone3").text)) == 15
    assert len(re.findall(r'id="t-', client.get("/bang?loc=nonsense").text)) == 65


def test_a_poll_brings_only_what_changed_since_the_cursor(centre: Centre) -> None:
    client = centre.client(Role.OPERATOR, DISTRICT)
    cursor = client.get("/bang/thay-doi?tu=0").json["cursor"]
    assert client.get(f"/bang/thay-doi?tu={cursor}").json["tiles"] == {}
    touch(centre, STATION, cursor + 1, shown_state="ready")
    touch(centre, OTHER_COMMUNE, cursor + 2, shown_state="down")
    answer = client.get(f"/bang/thay-doi?tu={cursor}").json
    assert list(answer["tiles"]) == [STATION]
    assert "Trực tuyến" in answer["tiles"][STATION]
    assert answer["districts"] == {DISTRICT: "9/9"}
    assert answer["cursor"] == cursor + 2


def test_an_open_exception_of_the_hours_is_said_aloud(centre: Centre) -> None:
    with centre.database.write() as session:
        session.add(
            HoursExceptionRow(
                place_id=PROVINCE, from_at=NOW - minutes(5), until_at=NOW + minutes(115),
                why="trình diễn", created_by="vang", created_at=NOW,
            )
        )  # fmt: skip
    page = centre.client(Role.OPERATOR, DISTRICT).get("/bang").text
    assert "Được phát ngoài khung giờ đến 19:01 25/11/2026" in page


def test_a_station_page_gives_the_reason_of_what_did_not_sound(centre: Centre) -> None:
    page = centre.client(Role.OPERATOR, DISTRICT).get(f"/tram/{STATION}").text
    assert "Đài truyền thanh xã Phước Bình" in page
    assert "Không phát: chưa nhận được tệp" in page
    assert "Trạm vẫn tự phát theo lịch đang giữ." in page
    assert "bản 11 / 12" in page
    signs = dict(re.findall(r'data-slot="(\w+)" data-sign="(\w+)"', page))
    assert signs == {PAST: "missed", PRESENT: "unknown", NEXT: "coming"}
    hours = re.findall(r'<text class="ax[^>]*>(\d\d:00)</text>', page)
    assert hours[:2] == ["04:00", "06:00"], "the strip of the day names its hours"
    assert hours[-1] == "22:00"


def test_what_a_station_holds_now_is_not_told_of_an_airing_that_is_over(centre: Centre) -> None:
    with centre.database.write() as session:
        session.merge(HoldingRow(station_id=STATION, sha256=SHA, held=True, size_bytes=1, at=NOW))
    page = centre.client(Role.OPERATOR, DISTRICT).get(f"/tram/{STATION}").text
    rows = {
        slot: " ".join(re.sub(r"<[^>]+>", " ", row).split())
        for slot, row in re.findall(r'data-slot="(\w+)"(.*?)</tr>', page, re.S)
    }
    assert "Không phát: chưa nhận được tệp" in rows[PAST]
    assert "đủ tệp" not in rows[PAST]
    assert "đủ tệp" in rows[PRESENT]
    assert "15 phút" in rows[NEXT], "a length does not read as a time of day"
    assert page.count('class="held"') == 2
    assert re.search(r'<i class="key missed"></i>không phát</span>', page)
    assert 'class="key cut_short"' not in page, "only what the day has"


def test_the_day_so_far_tells_what_still_sounds(centre: Centre) -> None:
    page = words(centre.client(Role.OPERATOR, PROVINCE).get("/tram/ninh-son-ma-noi"))
    assert "1/2 buổi 1 đang phát , 0 chưa rõ, 0 không phát" in page


def test_an_order_to_a_station_that_hears_nothing_says_so_and_whom_to_call(centre: Centre) -> None:
    client = centre.client(Role.OPERATOR, DISTRICT)
    calls = "Trạm đang không nghe trung tâm. Muốn dừng ngay thì gọi xã."
    assert calls in words(client.get(f"/tram/{STATION}"))
    client.post(f"/tram/{STATION}/dung")
    assert f"Đã gửi lệnh dừng loa. {calls}" in words(client.get("/bang"))
    client.post(f"/tram/{STATION}/lenh", lenh="test_tone")
    assert "chỉ nhận được nếu sớm nối lại" in words(client.get("/bang"))
    officer = centre.client(Role.COMMUNE_OFFICER, STATION)
    assert "tắt loa ở máy của trạm" in words(officer.get(f"/tram/{STATION}"))
    touch(centre, STATION, 100, shown_state="ready")
    assert calls not in words(client.get(f"/tram/{STATION}"))
    client.post(f"/tram/{STATION}/dung")
    assert "Phần còn lại của buổi không phát lại." in words(client.get("/bang"))


def test_a_station_that_said_it_was_stopping_airs_nothing_by_itself(centre: Centre) -> None:
    touch(centre, STATION, 100, shown_state="down")
    page = words(centre.client(Role.OPERATOR, DISTRICT).get(f"/tram/{STATION}"))
    assert "Máy của trạm đã báo dừng lúc 16:21 25/11/2026. Lịch không tự phát" in page
    assert "Trạm vẫn tự phát" not in page


def test_a_station_page_shows_another_day(centre: Centre) -> None:
    client = centre.client(Role.OPERATOR, DISTRICT)
    assert "data-slot" not in client.get(f"/tram/{STATION}?ngay=2026-11-24").text
    assert client.get(f"/tram/{STATION}?ngay=hôm-qua").status_code == 422


def test_refusals_and_denied_publishes_are_shown_at_the_station(centre: Centre) -> None:
    touch(centre, STATION, 100, denied_publishes=1, refused={"signature_bad": 2})
    with centre.database.write() as session:
        session.add(
            BrokerDenialRow(
                station_id=STATION, username=STATION, action="publish",
                topic="vang/1/d/ninh-son-ma-noi/plan", at=NOW,
            )
        )  # fmt: skip
        session.add(
            JournalEntryRow(
                station_id=STATION, journal_id="j", entry_no=1, at=NOW, clock="controller",
                kind="refusal", received_at=NOW,
                evidence={"kind": "refusal", "what": "plan", "why": "stale", "detail": ""},
            )
        )  # fmt: skip
    page = centre.client(Role.AUDITOR, PROVINCE).get(f"/tram/{STATION}").text
    assert "1 lần dùng mật khẩu của trạm này gửi vào kênh không được phép" in page
    assert "vang/1/d/ninh-son-ma-noi/plan" in page
    assert 'data-trouble="stale"' in page
    assert "không đúng chữ ký: 2" in page


def test_an_auditor_may_look_but_not_stop(centre: Centre) -> None:
    client = centre.client(Role.AUDITOR, PROVINCE)
    assert "Dừng loa" not in client.get(f"/tram/{STATION}").text
    assert client.post(f"/tram/{STATION}/dung").status_code == 403


def test_a_tile_never_loses_the_day_it_is_drawn_for(centre: Centre) -> None:
    page = centre.client(Role.OPERATOR, DISTRICT).get("/bang").text
    tile = re.search(rf'id="t-{STATION}".*?</a>', page, re.S)
    assert tile is not None
    assert 'class="missed"' in tile[0]
    assert datetime.fromisoformat(re.findall(r'data-since="([^"]+)"', tile[0])[0]) < NOW


def test_a_broker_that_does_not_answer_is_said_on_the_board(centre: Centre) -> None:
    client = centre.client(Role.OPERATOR, DISTRICT)
    assert "máy chủ nhắn tin" not in client.get("/bang").text
    centre.app.extensions["vang.probes"] = SimpleNamespace(checks={"link": lambda: False})
    assert "Trung tâm không nối được máy chủ nhắn tin." in client.get("/bang").text
    assert "Trạm vẫn tự phát" in client.get("/bang/thay-doi?tu=0").json["summary"]
