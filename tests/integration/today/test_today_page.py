"""The first page says what waits, which stations lack the next slots, and what was not heard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.services.readiness import SlotReadiness
from controller.services.station_states import touch
from controller.storage.models import (
    BulletinRow,
    EmergencyRow,
    HoldingRow,
    ProgrammeRow,
    ScheduleRow,
    ScheduleTargetRow,
    SlotResultRow,
    SlotRow,
    StationContactRow,
    StationPlanRow,
    StationStateRow,
)
from tests.support.web import COMMUNE, DISTRICT, NOW, OTHER_DISTRICT, PROVINCE, Centre, words

STATION = "bac-ai-phuoc-binh"
SHA = "ab" * 32
SOON, TOMORROW = "a" * 26, "b" * 26
PHONE = "0912 345 678"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    _plan(made)
    yield made
    made.close()


def _plan(centre: Centre) -> None:
    """Two slots in Bác Ái, in 90 minutes and in 14 hours; everybody holds everything."""
    editor = centre.actor(Role.OPERATOR, DISTRICT)
    with centre.database.write() as session:
        session.add(
            ProgrammeRow(
                programme_id="p", title="Bản tin", place_id=DISTRICT,
                created_by=editor.account_id, created_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            ScheduleRow(
                schedule_id="s", programme_id="p", place_id=DISTRICT, authority="district",
                recurrence="once", airs_at=time(17), starts_on=NOW.date(),
                created_by=editor.account_id, created_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        session.add(ScheduleTargetRow(schedule_id="s", place_id=DISTRICT))
        for slot_id, ahead, title in (
            (SOON, timedelta(minutes=90), "Tin chiều"),
            (TOMORROW, timedelta(hours=14), "Tin sáng mai"),
        ):
            session.add(_slot(slot_id, NOW + ahead, title))
        for station in centre.places.tree().stations_in([DISTRICT]):
            session.merge(_state(station.station_id, "ready"))
            session.merge(_holding(station.station_id, held=True))


def _slot(slot_id: str, starts_at: datetime, title: str) -> SlotRow:
    return SlotRow(
        slot_id=slot_id, schedule_id="s", airs_on=starts_at.date(), starts_at=starts_at,
        duration_ms=300_000, title=title, priority="ordinary", authority="district",
        lateness_s=300, items=[{"sha256": SHA, "size_bytes": 9}],
    )  # fmt: skip


def _state(station_id: str, shown: str, *, held: int = 4, sent: int = 4) -> StationStateRow:
    return StationStateRow(
        station_id=station_id, shown_state=shown, shown_since_at=NOW - timedelta(hours=3),
        last_heartbeat_at=NOW, plan_epoch_held=1, plan_epoch_sent=1,
        plan_version_held=held, plan_version_sent=sent,
    )  # fmt: skip


def _holding(station_id: str, *, held: bool) -> HoldingRow:
    return HoldingRow(station_id=station_id, sha256=SHA, held=held, size_bytes=9, at=NOW)


_SAID = (HoldingRow, StationStateRow, StationPlanRow, SlotResultRow)
"""What a station says, or is sent, raises its number for live pages."""


def _put(centre: Centre, *rows: object) -> None:
    with centre.database.write() as session:
        for row in rows:
            session.merge(row)
        session.flush()
        touch(session, {row.station_id for row in rows if isinstance(row, _SAID)})


def _page(centre: Centre, role: Role = Role.OPERATOR, place_id: str = DISTRICT) -> str:
    answer = centre.client(role, place_id).get("/hom-nay")
    assert answer.status_code == 200
    return words(answer)


def _coming(centre: Centre) -> dict[str, SlotReadiness]:
    view = centre.services.today.view(centre.actor(Role.OPERATOR, DISTRICT))
    return {slot.slot_id: slot for slot in view.coming}


def test_where_all_hold_everything_nobody_has_to_phone(centre: Centre) -> None:
    page = _page(centre)
    assert page.count("9/9 trạm giữ đủ") == 2
    assert "chưa sẵn sàng phát" not in page
    assert "Không có buổi nào đến giờ." in page, "nothing is praised that was not due"
    past = NOW - timedelta(hours=5)
    _put(centre, _slot("c" * 26, past, "Tin trưa"), _result(STATION, "aired", None, past))
    assert "Không buổi nào bị bỏ hay bị ngắt." in _page(centre)
    assert "Không có buổi nào đến giờ." in _page(centre, place_id=OTHER_DISTRICT)


def test_a_slot_of_another_day_says_which(centre: Centre) -> None:
    page = _page(centre)
    assert re.search(r"18:36 còn 1 giờ 30 phút Tin chiều", page)
    assert re.search(r"07:06 Thứ Năm 26/11 còn 14 giờ Tin sáng mai", page)


def test_a_station_without_the_sound_is_named_with_its_phone_two_hours_before(
    centre: Centre,
) -> None:
    with centre.database.write() as session:
        session.add(
            StationContactRow(
                station_id=STATION, position=1, name="Anh Thuận", role="", number=PHONE
            )
        )
    _put(centre, _holding(STATION, held=False))
    page = _page(centre)
    assert "“Tin chiều”: 1 trạm chưa sẵn sàng phát." in page
    assert "Còn 1 giờ 30 phút" in page
    assert page.count("8/9 trạm giữ đủ") == 2
    assert "“Tin sáng mai”: 1 trạm" not in page, "fourteen hours are time enough"
    said = r"Phước Bình chưa đủ âm thanh từ 17:06 25/11/2026 Trực tuyến 0912 345 678 Anh Thuận"
    assert re.search(said, page)


def test_an_older_plan_that_has_the_slot_as_it_is_will_do(centre: Centre) -> None:
    _put(centre, _state(STATION, "ready", held=3))
    assert [one.station_id for one in _coming(centre)[SOON].not_ready] == [STATION]
    _put(
        centre,
        _plan_row(4, {SOON: "same", TOMORROW: "new"}),
        _plan_row(3, {SOON: "same", TOMORROW: "old"}),
    )
    coming = _coming(centre)
    assert coming[SOON].not_ready == ()
    (lacking,) = coming[TOMORROW].not_ready
    assert lacking.holding.gaps == ("plan",)
    assert lacking.since_at == NOW - timedelta(minutes=4), "since the newest was signed"
    _put(centre, _holding(STATION, held=False))
    (lacking,) = _coming(centre)[SOON].not_ready
    assert lacking.holding.gaps == ("sound",)
    assert lacking.since_at == NOW, "since the sound was lost: its plan has the slot as it is"


def _plan_row(version: int, slots: dict[str, str]) -> StationPlanRow:
    return StationPlanRow(
        station_id=STATION, epoch=1, version=version, content_hash=f"hash {version}",
        made_at=NOW - timedelta(minutes=version), covers_until_at=NOW + timedelta(days=14),
        not_after_at=NOW + timedelta(days=15), required_assets=[SHA], slots=slots, envelope=b"",
    )  # fmt: skip


def test_a_silent_station_that_holds_all_is_doubtful_and_the_slot_not_at_risk(
    centre: Centre,
) -> None:
    _put(centre, _state(STATION, "unknown"))
    slot = _coming(centre)[SOON]
    assert not slot.is_at_risk
    assert [one.station_id for one in slot.doubtful] == [STATION]
    assert slot.doubtful[0].since_at == NOW - timedelta(hours=3)
    page = _page(centre)
    said = r"sẽ tự phát nếu có điện Mất kết nối từ 14:06 25/11/2026"
    assert re.search(said, page), "the time is that of the silence, not of the airing"
    assert page.count("9/9 trạm giữ đủ trong đó 1 trạm cần xem") == 2
    assert (
        'class="st ok"'
        not in centre.client(Role.OPERATOR, DISTRICT)
        .get("/hom-nay")
        .text.split("Không phát trọn")[0]
    )


def test_a_stopped_station_that_holds_all_airs_nothing_by_itself(centre: Centre) -> None:
    """It said good-bye: power alone does not make it sound."""
    _put(centre, _state(STATION, "down"))
    page = _page(centre)
    assert "chỉ phát nếu máy chạy lại Ngừng" in page
    assert "sẽ tự phát nếu có điện" not in page


@pytest.mark.parametrize(
    ("trouble", "gap", "said"),
    [
        ("clock_untrusted", "clock", "đồng hồ ở trạm chưa tin được nên sẽ không tự phát"),
        ("audio_device_missing", "device", "không thấy thiết bị âm thanh"),
        ("disk_low", None, "giữ đủ âm thanh và lịch, nhưng thẻ nhớ sắp đầy"),
    ],
)
def test_a_station_that_says_it_will_be_silent_is_told_before_the_slot_is_missed(
    centre: Centre, trouble: str, gap: str | None, said: str
) -> None:
    state = _state(STATION, "degraded")
    state.health_reasons = [trouble]
    _put(centre, state)
    slot = _coming(centre)[SOON]
    lacking = [one.holding.gaps for one in slot.not_ready]
    assert lacking == ([(gap,)] if gap else [])
    assert slot.is_at_risk is (gap is not None)
    assert said in _page(centre)


def test_a_slot_nothing_approved_is_left_of_is_lacking_everywhere(centre: Centre) -> None:
    with centre.database.write() as session:
        session.get_one(SlotRow, SOON).items = []
    assert _coming(centre)[SOON].ready == 0
    assert "chưa có âm thanh nào được duyệt" in _page(centre)


def test_a_commune_and_another_district_see_their_own_stations_only(centre: Centre) -> None:
    assert "1/1 trạm giữ đủ" in _page(centre, Role.COMMUNE_OFFICER, COMMUNE)
    other = _page(centre, Role.OPERATOR, OTHER_DISTRICT)
    assert "24 giờ tới chưa có buổi phát nào." in other
    assert "Tin chiều" not in other


def test_what_was_not_heard_is_told_with_its_reason_and_where(centre: Centre) -> None:
    past = NOW - timedelta(hours=5)
    _put(centre, _slot("c" * 26, past, "Tin trưa"))
    for station_id, outcome, reason in (
        (STATION, "missed", "power_off"),
        ("bac-ai-phuoc-hoa", "aired", None),
        ("bac-ai-phuoc-tan", "unknown", None),
    ):
        _put(centre, _result(station_id, outcome, reason, past))
    page = _page(centre)
    assert re.search(r"12:06 Tin trưa .*Không phát: mất điện 1 trạm: Phước Bình", page)
    assert re.search(r"Chưa rõ 1 trạm: Phước Tân", page)
    failed = page[page.index("Không phát trọn") :]
    assert "Phước Hòa" not in failed
    centre.clock.move(hours=20)
    assert "Tin trưa" not in _page(centre), "a day later it is history"


def _result(station_id: str, outcome: str, reason: str | None, at: datetime) -> SlotResultRow:
    return SlotResultRow(
        station_id=station_id, slot_id="c" * 26, outcome=outcome, reason=reason, title="Tin trưa",
        planned_at=at, planned_ms=300_000, played_ms=0,
    )  # fmt: skip


def test_an_approver_finds_what_waits_and_an_author_what_was_returned(centre: Centre) -> None:
    author = centre.actor(Role.OPERATOR, DISTRICT)
    for title, state, why in (
        ("Chờ duyệt đây", "submitted", None),
        ("Sửa lại đi", "returned", "Sai ngày họp"),
    ):
        _put(
            centre,
            BulletinRow(
                bulletin_id=title, title=title, place_id=DISTRICT, author_id=author.account_id,
                state=state, return_reason=why, created_at=NOW, updated_at=NOW,
            ),
        )  # fmt: skip
    approver, writer = _page(centre, Role.APPROVER), _page(centre)
    assert "Chờ duyệt đây" in approver
    assert "Sửa lại đi" not in approver
    assert "Sửa lại đi “Sai ngày họp”" in writer
    assert "Chờ duyệt đây" not in writer


def test_an_emergency_that_waits_for_a_second_person_is_told_before_all_else(
    centre: Centre,
) -> None:
    author = centre.actor(Role.OPERATOR, DISTRICT)
    row = EmergencyRow(
        emergency_id="e", kind="live", hazard="flood", title="Lũ về", source="Đài KTTV",
        place_id=DISTRICT, target_ids=[DISTRICT], stations=9, lasts_s=600,
        until_at=NOW + timedelta(minutes=10), state="proposed",
        composed_by=author.account_id, composed_by_name=author.full_name, composed_at=NOW,
    )  # fmt: skip
    _put(centre, row)
    page = _page(centre, Role.APPROVER)
    assert page.index("Khẩn cấp chờ xác nhận: Lũ về 9 trạm") < page.index("Sẵn sàng phát?")
    assert "Lũ về" not in _page(centre, Role.AUDITOR), "who may not warn is not asked"


def test_each_role_starts_where_its_work_is(centre: Centre) -> None:
    starts = {
        (Role.OPERATOR, DISTRICT): "/hom-nay",
        (Role.COMMUNE_OFFICER, COMMUNE): "/xa",
        (Role.APPROVER, DISTRICT): "/hom-nay",
        (Role.OPERATOR, PROVINCE): "/bang",
        (Role.AUDITOR, PROVINCE): "/bang",
        (Role.ADMIN, PROVINCE): "/bang",
    }
    for (role, place_id), path in starts.items():
        assert centre.client(role, place_id).get("/").headers["Location"] == path


def test_the_inside_of_the_page_is_given_alone_for_pages_that_stay_open(centre: Centre) -> None:
    inside = centre.client(Role.OPERATOR, DISTRICT).get("/hom-nay/thay-doi").text
    assert "Sẵn sàng phát?" in inside
    assert "<html" not in inside
