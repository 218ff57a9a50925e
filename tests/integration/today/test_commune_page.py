"""A commune sees its loudspeaker on one page, stops it, and reports broken horns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.services.station_page import StationPages
from controller.storage.models import (
    AuditRow,
    FaultReportRow,
    SignedOrderRow,
    SpeakerClusterRow,
    StationStateRow,
)
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    NOW,
    OTHER_COMMUNE,
    PROVINCE,
    Centre,
    words,
)

STATION, OTHER_STATION = COMMUNE, OTHER_COMMUNE
PAGE = f"/xa/{STATION}"
STOP = f"/tram/{STATION}/dung"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    made.add(station_pages=StationPages(made.database, made.clock, made.places))
    with made.database.write() as session:
        if not session.scalars(
            select(SpeakerClusterRow).where(SpeakerClusterRow.station_id == STATION)
        ).all():
            session.add(SpeakerClusterRow(station_id=STATION, number=1, name="Thôn Bạc Rây 1"))
    yield made
    made.close()


def _cluster(centre: Centre) -> int:
    with centre.database.read() as session:
        query = select(SpeakerClusterRow.number).where(SpeakerClusterRow.station_id == STATION)
        return session.scalars(query.order_by(SpeakerClusterRow.number)).first() or 0


def test_a_commune_officer_starts_at_the_own_loudspeaker(centre: Centre) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    assert officer.get("/").headers["Location"] == "/xa"
    assert officer.get("/xa").headers["Location"] == PAGE
    answer = officer.get(PAGE)
    page = words(answer)
    assert 'href="/xa"' in answer.text, "the way back from every page"
    assert "Xã Phước Bình" in page
    assert "Dừng loa" in page
    assert re.search(r'<summary class="btn xl">.*?Báo loa hỏng</summary>', answer.text, re.DOTALL)
    assert "Thông báo của xã" in page


def test_who_has_many_stations_is_led_to_today(centre: Centre) -> None:
    assert centre.client(Role.OPERATOR, DISTRICT).get("/xa").headers["Location"] == "/hom-nay"


def test_what_is_on_air_stands_first_and_is_stopped_by_a_signed_order(centre: Centre) -> None:
    with centre.database.write() as session:
        session.merge(
            StationStateRow(
                station_id=STATION, shown_state="on_air", last_heartbeat_at=NOW,
                on_air_until_at=NOW + timedelta(minutes=8, seconds=20),
            )
        )  # fmt: skip
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    live = words(officer.get(f"{PAGE}/thay-doi"))
    assert "Đang phát trên loa" in live
    assert "đến 17:15:00" in live
    page = officer.get(PAGE).text
    assert f'action="{STOP}"' in page
    assert officer.post(STOP, back="commune").headers["Location"] == PAGE
    with centre.database.read() as session:
        assert session.scalars(select(SignedOrderRow.audience)).all() == [STATION]


def test_what_airs_by_itself_is_promised_only_where_it_may_be(centre: Centre) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    for state, sentence in (
        ("unknown", "Trạm vẫn tự phát theo lịch nếu có điện."),
        ("down", "Lịch không tự phát cho tới khi máy chạy lại."),
        ("never", "Trạm này chưa từng kết nối. Làm theo tờ hướng dẫn lắp máy, bước 1."),
    ):
        beat = None if state == "never" else NOW - timedelta(minutes=20)
        with centre.database.write() as session:
            session.merge(
                StationStateRow(station_id=STATION, shown_state=state, last_heartbeat_at=beat)
            )
        live = words(officer.get(f"{PAGE}/thay-doi"))
        assert sentence in live
        assert ("Trạm vẫn tự phát" in live) is (state == "unknown")
        page = words(officer.get(PAGE))
        assert "Trạm đang không nghe trung tâm." in page
        assert ("Muốn dừng ngay thì tắt loa ở máy của trạm." in page) is (state == "unknown")
        assert "Loa dừng ngay ở xã này." not in page


def test_a_report_reaches_the_district_and_stays_until_it_is_mended(centre: Centre) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    number = _cluster(centre)
    text = "Loa thôn im từ sáng"
    assert officer.post(f"{PAGE}/bao-hong", text=text, cluster=str(number)).status_code == 303
    assert "Đang hỏng, chưa hẹn ngày sửa" in words(officer.get(PAGE))
    district = centre.client(Role.OPERATOR, DISTRICT)
    today = words(district.get("/hom-nay"))
    assert f"“{text}”" in today
    assert "chưa hẹn ngày sửa" in today
    assert "Giao sửa" in today
    approver = words(centre.client(Role.APPROVER, DISTRICT).get("/hom-nay"))
    assert "Xem phiếu sửa" in approver, "who mends nothing is offered no mending"
    fault_id, _ = _fault(centre)
    district.post(f"/loa-hong/{fault_id}/hen", promised_on="27/11/2026")
    assert "Đang hỏng, hẹn sửa 27/11" in words(officer.get(PAGE))
    assert 'required value="27/11/2026"' in district.get("/hom-nay").text
    centre.clock.move(days=3)
    assert "quá hẹn 27/11/2026" in words(centre.client(Role.OPERATOR, DISTRICT).get("/hom-nay"))
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    answer = officer.post(f"/loa-hong/{fault_id}/xong", back="commune")
    assert answer.headers["Location"] == PAGE
    assert text not in words(officer.get(PAGE))
    assert text not in words(centre.client(Role.OPERATOR, DISTRICT).get("/hom-nay"))
    assert _deeds(centre) == ["fault.report", "fault.promise", "fault.mend"]


def _fault(centre: Centre) -> tuple[str, date | None]:
    """Id and promised day of the one report."""
    with centre.database.read() as session:
        row = session.scalars(select(FaultReportRow)).one()
        return row.fault_report_id, row.promised_on


def _deeds(centre: Centre) -> list[str]:
    with centre.database.read() as session:
        query = select(AuditRow.action).where(AuditRow.object_kind == "fault_report")
        return list(session.scalars(query.order_by(AuditRow.audit_id)))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": " ", "cluster": ""}, "Ghi nghe thấy gì, để người đi sửa biết."),
        ({"text": "im", "cluster": "99"}, "Trạm này không có cụm loa đó."),
        ({"text": "x" * 501, "cluster": ""}, "Nội dung ô này dài quá. Hãy viết ngắn lại."),
        ({"text": "ẩn\u202e", "cluster": ""}, "Ô này có ký tự ẩn. Gõ lại thay vì dán."),
    ],
)
def test_a_report_that_cannot_be_used_is_told_beside_the_field_and_kept(
    centre: Centre, fields: dict[str, str], sentence: str
) -> None:
    answer = centre.client(Role.COMMUNE_OFFICER, COMMUNE).post(f"{PAGE}/bao-hong", **fields)
    assert answer.status_code == 422
    assert sentence in words(answer)
    seen = fields["text"].replace("\u202e", "")  # no page turns the words beside it
    assert seen.strip()[:40] in answer.text


def test_the_same_horns_are_reported_once(centre: Centre) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    officer.post(f"{PAGE}/bao-hong", text="im", cluster="")
    again = officer.post(f"{PAGE}/bao-hong", text="vẫn im", cluster="")
    assert again.status_code == 422
    assert "Cụm này đã được báo hỏng. Xem ở trên." in words(again)


def test_a_day_that_is_over_is_no_promise(centre: Centre) -> None:
    centre.client(Role.COMMUNE_OFFICER, COMMUNE).post(f"{PAGE}/bao-hong", text="im", cluster="")
    district = centre.client(Role.OPERATOR, DISTRICT)
    for day, sentence in (
        ("24/11/2026", "Ngày này đã qua. Chọn hôm nay hoặc ngày sau."),
        ("mai", "Gõ ngày như 30/11/2026."),
    ):
        district.post(f"/loa-hong/{_fault(centre)[0]}/hen", promised_on=day)
        assert sentence in words(district.get("/hom-nay"))
    assert _fault(centre)[1] is None


def test_the_province_sees_what_a_commune_reported(centre: Centre) -> None:
    centre.client(Role.COMMUNE_OFFICER, COMMUNE).post(f"{PAGE}/bao-hong", text="im", cluster="")
    assert "“im”" in words(centre.client(Role.OPERATOR, PROVINCE).get("/hom-nay"))


def test_an_auditor_sees_the_page_without_its_deeds(centre: Centre) -> None:
    page = words(centre.client(Role.AUDITOR).get(PAGE))
    assert "Dừng loa" not in page
    assert "Báo loa hỏng" not in page
    assert 'class="pgrid"' not in centre.client(Role.AUDITOR).get(PAGE).text, "an empty row"
    assert centre.client(Role.AUDITOR).post(STOP).status_code == 403
