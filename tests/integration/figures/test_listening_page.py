"""Somebody stands below the horns with a phone: three buttons, and what they lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from controller.domain.accounts import Role
from controller.services.station_page import StationPages
from controller.storage.models import ListeningCheckRow, SlotResultRow
from controller.web import today
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    NOW,
    OTHER_COMMUNE,
    OTHER_DISTRICT,
    PROVINCE,
    Centre,
)

PAGE = f"/xa/{COMMUNE}/nghe"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    made = Centre(tmp_path_factory.mktemp("listening"))
    made.add(station_pages=StationPages(made.database, made.clock, made.places))
    with made.database.write() as session:
        for hours, outcome, played_ms in ((1, "sounding", 0), (26, "aired", 900_000)):
            started = NOW - timedelta(hours=hours) + timedelta(minutes=55)
            session.add(
                SlotResultRow(
                    station_id=COMMUNE,
                    slot_id=f"slot{hours}",
                    outcome=outcome,
                    title=f"Bản tin {hours}",
                    planned_at=started,
                    planned_ms=900_000,
                    started_at=started,
                    played_ms=played_ms,
                )
            )
    yield made
    made.close()


def test_what_sounds_is_told_and_one_press_writes_a_check_down_once(centre: Centre) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    page = officer.get(PAGE).text
    assert "“Bản tin 1” 17:01" in page
    assert "nghe thấy loa 0 lần, cần 1 lần" in page
    assert officer.post(PAGE, nghe="heard", cluster="").status_code == 303
    assert officer.post(PAGE, nghe="heard", cluster="").status_code == 303
    with centre.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ListeningCheckRow)) == 1
    page = officer.get(PAGE).text
    assert "đã có 1/1 lần nghe thấy loa" in page
    assert "trạm ghi đã phát “Bản tin 1” 17:01" in page


def test_not_heard_where_the_station_aired_leads_to_a_fault_in_one_press(centre: Centre) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    answer = officer.post(
        PAGE, nghe="not_heard", nghe_ngay="24/11/2026", nghe_luc="16:05", note="ở chợ"
    )
    assert answer.status_code == 303
    page = officer.get(PAGE).text
    assert "Báo loa hỏng ngay" in page
    assert "“ở chợ”" in page
    assert "Báo loa hỏng ngay" not in centre.client(Role.AUDITOR).get(PAGE).text
    text = "Không nghe thấy loa lúc 16:05"
    assert text in page
    officer.post(f"/xa/{COMMUNE}/bao-hong", cluster="", text=text)
    page = officer.get(PAGE).text
    assert "Báo loa hỏng ngay" not in page
    assert "Đã báo hỏng, xem ở trang của xã" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"nghe": ""}, "Chọn nghe rõ"),
        ({"nghe": "heard", "nghe_luc": "23:00"}, "Lúc này chưa tới."),
        ({"nghe": "heard", "nghe_luc": "05:30", "nghe_ngay": "20/11/2026"}, "trong 3 ngày qua"),
        ({"nghe": "heard", "nghe_luc": "sáng"}, "Gõ giờ và phút"),
        ({"nghe": "heard", "cluster": "99"}, "không có cụm loa đó"),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(
    centre: Centre, typed: dict[str, str], said: str
) -> None:
    answer = centre.client(Role.AUDITOR).post(PAGE, note="đứng ở trường", **typed)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="đứng ở trường"' in answer.text


def test_the_district_sees_which_communes_nobody_has_heard(centre: Centre) -> None:
    page = centre.client(Role.OPERATOR, OTHER_DISTRICT).get("/hom-nay").text
    assert "Chưa kiểm tra nghe tháng này" in page
    assert f"/xa/{OTHER_COMMUNE}/nghe" in page
    assert f"/xa/{COMMUNE}/nghe" not in centre.client(Role.OPERATOR, DISTRICT).get("/hom-nay").text


def test_of_very_many_communes_the_first_are_named_and_the_rest_counted(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today, "MOST_UNHEARD", 2)
    page = centre.client(Role.OPERATOR, OTHER_DISTRICT).get("/hom-nay").text
    more = len(centre.places.tree().stations_in([OTHER_DISTRICT])) - 2
    assert len(re.findall(r'href="/xa/[a-z-]+/nghe"', page)) == 2
    assert f"và {more} trạm nữa" in page


def test_who_neither_reports_nor_inspects_writes_nothing(centre: Centre) -> None:
    approver = centre.client(Role.APPROVER, PROVINCE)
    assert approver.post(PAGE, nghe="heard").status_code == 403
    page = approver.get(PAGE).text
    assert "Nghe rõ</span></button>" not in page
    assert "nghe rồi bấm" not in page, "nobody is told to press what is not there"
    stranger = centre.client(Role.COMMUNE_OFFICER, OTHER_COMMUNE)
    assert stranger.post(PAGE, nghe="heard").status_code == 404
    assert stranger.get(PAGE).status_code == 404
