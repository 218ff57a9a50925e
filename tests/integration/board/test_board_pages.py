"""The board and the station pages tell what was planned, held and sounded, inside one's place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from controller.domain.accounts import Role
from controller.services.board import Board
from controller.services.station_page import StationPages
from controller.storage.models import (
    BrokerDenialRow,
    HoldingRow,
    HoursExceptionRow,
    JournalEntryRow,
    ProgrammeRow,
    ScheduleRow,
    ScheduleTargetRow,
    SlotResultRow,
    SlotRow,
    StationStateRow,
)
from tests.support.web import DISTRICT, NOW, OTHER_COMMUNE, PROVINCE, Centre

STATION = "bac-ai-phuoc-binh"
SHA = "ab" * 32
PAST, PRESENT, NEXT = "a" * 26, "b" * 26, "c" * 26


def _minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    made.add(
        board=Board(made.database, made.clock, made.places),
        station_pages=StationPages(made.database, made.clock, made.places),
    )
    _plan(made)
    _state(made)
    yield made
    made.close()


def _plan(centre: Centre) -> None:
    """Three slots at all 65: one past, one now, one to come."""
    editor = centre.actor(Role.OPERATOR, PROVINCE)
    with centre.database.write() as session:
        session.add(
            ProgrammeRow(
                programme_id="p", title="Bản tin", place_id=PROVINCE,
                created_by=editor.account_id, created_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            ScheduleRow(
                schedule_id="s", programme_id="p", place_id=PROVINCE, authority="province",
                recurrence="once", airs_at=time(17), starts_on=NOW.date(),
                created_by=editor.account_id, created_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        session.add(ScheduleTargetRow(schedule_id="s", place_id=PROVINCE))
        for slot_id, at, title in (
            (PAST, NOW - _minutes(360), "Bản tin trưa"),
            (PRESENT, NOW - _minutes(5), "Chương trình tiếng Raglai"),
            (NEXT, NOW + _minutes(23), "Bản tin chiều tỉnh"),
        ):
            session.add(
                SlotRow(
                    slot_id=slot_id, schedule_id="s", airs_on=NOW.date(), starts_at=at,
                    duration_ms=900_000, title=title, priority="priority", authority="province",
                    lateness_s=300, items=[{"sha256": SHA, "size_bytes": 1_800_000}],
                )
            )  # fmt: skip


def _state(centre: Centre) -> None:
    """Everybody online but Phước Bình, which has fallen silent and missed the past slot."""
    with centre.database.write() as session:
        for number, station_id in enumerate(centre.places.tree().stations, start=1):
            is_lost = station_id == STATION
            session.merge(
                StationStateRow(
                    station_id=station_id,
                    shown_state="unknown" if is_lost else "ready",
                    shown_since_at=NOW - _minutes(45),
                    last_heartbeat_at=NOW - _minutes(45 if is_lost else 0.2),
                    plan_version_held=11 if is_lost else 12,
                    plan_version_sent=12,
                    change_no=number,
                )
            )
            session.merge(_result(station_id, PAST, "missed" if is_lost else "aired"))
            if not is_lost:
                session.merge(_result(station_id, PRESENT, "sounding"))
                session.merge(
                    HoldingRow(station_id=station_id, sha256=SHA, held=True, size_bytes=1, at=NOW)
                )


def _result(station_id: str, slot_id: str, outcome: str) -> SlotResultRow:
    planned_at = NOW - _minutes(360 if slot_id == PAST else 5)
    missed = outcome == "missed"
    return SlotResultRow(
        station_id=station_id,
        slot_id=slot_id,
        outcome=outcome,
        reason="offline_no_file" if missed else None,
        title="Bản tin trưa" if slot_id == PAST else "Chương trình tiếng Raglai",
        planned_at=planned_at,
        planned_ms=900_000,
        started_at=None if missed else planned_at,
        start_error_ms=None if missed else 0.4,
        played_ms=0 if missed else 900_000,
    )


def _touch(centre: Centre, station_id: str, change_no: int, **values: object) -> None:
    with centre.database.write() as session:
        row = session.get_one(StationStateRow, station_id)
        row.change_no = change_no
        for name, value in values.items():
            setattr(row, name, value)


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


def test_an_empty_day_offers_a_schedule_to_those_who_may_write_one(centre: Centre) -> None:
    with centre.database.write() as session:
        session.delete(session.get_one(SlotRow, NEXT))
    invitation = 'href="/lich/moi">Đặt lịch'
    assert invitation in centre.client(Role.OPERATOR, "bac-ai").get("/bang").text
    assert invitation not in centre.client(Role.AUDITOR, "bac-ai").get("/bang").text
    assert invitation not in centre.client(Role.APPROVER, "bac-ai").get("/bang").text


def test_a_station_that_has_said_nothing_is_not_counted_as_done(centre: Centre) -> None:
    with centre.database.write() as session:
        session.merge(_result(STATION, PRESENT, "coming"))
    page = centre.client(Role.OPERATOR, PROVINCE).get("/bang").text
    assert re.search(r"64/65</b>\s*trạm đang vang", page)
    assert "đã xong" not in page
    assert "Chưa rõ, chờ sổ của trạm" in page


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
    _touch(centre, STATION, cursor + 1, shown_state="ready")
    _touch(centre, OTHER_COMMUNE, cursor + 2, shown_state="down")
    answer = client.get(f"/bang/thay-doi?tu={cursor}").json
    assert list(answer["tiles"]) == [STATION]
    assert "Trực tuyến" in answer["tiles"][STATION]
    assert answer["districts"] == {DISTRICT: "9/9"}
    assert answer["cursor"] == cursor + 2


def test_an_open_exception_of_the_hours_is_said_aloud(centre: Centre) -> None:
    with centre.database.write() as session:
        session.add(
            HoursExceptionRow(
                place_id=PROVINCE, from_at=NOW - _minutes(5), until_at=NOW + _minutes(115),
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


def test_a_station_page_shows_another_day(centre: Centre) -> None:
    client = centre.client(Role.OPERATOR, DISTRICT)
    assert "data-slot" not in client.get(f"/tram/{STATION}?ngay=2026-11-24").text
    assert client.get(f"/tram/{STATION}?ngay=hôm-qua").status_code == 422


def test_refusals_and_denied_publishes_are_shown_at_the_station(centre: Centre) -> None:
    _touch(centre, STATION, 100, denied_publishes=1, refused={"signature_bad": 2})
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
