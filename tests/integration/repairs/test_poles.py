"""Behind the code on a pole: what sounded here, and the button, for anybody."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.domain.notices import NoticeKind
from controller.services.notice_watch import NoticeWatch
from controller.services.station_desk import phrase
from controller.storage.models import (
    AuditRow,
    BulletinRow,
    BulletinVersionRow,
    FaultReportRow,
    PoleCodeRow,
    ScheduleRow,
    SlotResultRow,
    SlotRow,
    SpeakerClusterRow,
)
from controller.web import pole
from tests.support.bulletins import Studio
from tests.support.schedule_desk import a_wish, desk
from tests.support.web import COMMUNE, DISTRICT, NOW, OTHER_DISTRICT, PROVINCE, Centre, words

STATION = COMMUNE
SHEET = f"/dai/{STATION}/ma-loa"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with desk(tmp_path) as made:
        made.schedules.save(made.actor(), a_wish(made.bulletin("Nền")))
        with made.centre.database.write() as session:
            session.add(SpeakerClusterRow(station_id=STATION, number=91, name="Thôn Bạc Rây 1"))
        yield made.centre


def _code(centre: Centre, number: int | None = 91) -> str:
    """A code of a pole, made on the page."""
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    assert officer.post(SHEET).status_code == 303
    with centre.database.read() as session:
        return session.scalars(
            select(PoleCodeRow.code).where(
                PoleCodeRow.cluster_number.is_(None)
                if number is None
                else PoleCodeRow.cluster_number == number,
                PoleCodeRow.ended_at.is_(None),
            )
        ).one()


def _reports(centre: Centre) -> list[FaultReportRow]:
    with centre.database.read() as session:
        rows = list(session.scalars(select(FaultReportRow)))
        session.expunge_all()
        return rows


def _sounded(centre: Centre, title: str, *, outcome: str = "aired", days: float = 1) -> str:
    """A bulletin that was on the plan of the station some days ago; the SHA-256 of its sound."""
    file = centre.folder / "sound.opus"
    file.write_bytes(f"OggS {title}".encode())
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    Studio(centre, centre.folder).store.put(file)
    operator = centre.actor(Role.OPERATOR, DISTRICT)
    at = NOW - timedelta(days=days)
    with centre.database.write() as session:
        schedule_id = session.scalars(select(ScheduleRow.schedule_id)).first()
        bulletin = BulletinRow(
            bulletin_id=title, title=title, place_id=DISTRICT, author_id=operator.account_id,
            state="approved", created_at=at, updated_at=at,
        )  # fmt: skip
        session.add(bulletin)
        session.flush()
        session.add(
            BulletinVersionRow(
                bulletin_version_id=title, bulletin_id=title, language="vi", number=1,
                state="ready", source="upload", original_name="a.mp3", sha256=sha256,
                size_bytes=240_000, duration_ms=61_000, created_by=operator.account_id,
                created_at=at, approved_by=operator.account_id, approved_by_name="B",
                approved_at=at,
            )
        )  # fmt: skip
        slot_id = hashlib.sha256(title.encode()).hexdigest()[:26]
        session.add(
            SlotRow(
                slot_id=slot_id, schedule_id=schedule_id, airs_on=at.date(), starts_at=at,
                duration_ms=61_000, title=title, priority="ordinary", authority="district",
                lateness_s=300, items=[{"sha256": sha256, "bulletin_version_id": title}],
            )
        )  # fmt: skip
        session.flush()
        session.add(
            SlotResultRow(
                station_id=STATION, slot_id=slot_id, outcome=outcome, title=title,
                planned_at=at, planned_ms=61_000, started_at=at, played_ms=61_000,
            )
        )  # fmt: skip
    return sha256


def test_a_passer_by_hears_again_what_sounded_here_and_nothing_else(centre: Centre) -> None:
    aired = _sounded(centre, "Lich-tiem-chung")
    missed = _sounded(centre, "Khong-ai-nghe", outcome="missed")
    old = _sounded(centre, "Thang-truoc", days=8)
    taken_back = _sounded(centre, "Da-thu-hoi")
    with centre.database.write() as session:
        session.get_one(BulletinRow, "Da-thu-hoi").state = "withdrawn"
    code, anybody = _code(centre), centre.client().http
    page = anybody.get(f"/loa/{code}")
    assert page.status_code == 200
    assert "Xã Phước Bình" in words(page)
    assert "Thôn Bạc Rây 1" in words(page)
    assert "Lich-tiem-chung" in page.text
    assert "17:06 24/11/2026" in words(page)
    for other in ("Khong-ai-nghe", "Thang-truoc", "Da-thu-hoi"):
        assert other not in page.text
    path = f"/loa/{code}/nghe/{aired}"
    part = anybody.get(path, headers={"Range": "bytes=0-3"}, buffered=True)
    assert (part.status_code, part.data) == (206, b"OggS")
    assert "public" in part.headers["Cache-Control"]
    for sha256 in (missed, old, taken_back, "0" * 64, "../../vang.db"):
        assert anybody.get(f"/loa/{code}/nghe/{sha256}").status_code == 404


def test_the_page_is_light_needs_no_script_and_knows_nobody(centre: Centre) -> None:
    for number in range(14):
        _sounded(centre, f"Tin-so-{number}-{'x' * 80}")
    code, anybody = _code(centre), centre.client().http
    page = anybody.get(f"/loa/{code}")
    style = re.search(r'href="([^"]+pole.css[^"]+)"', page.text)
    assert style is not None
    squeezed = [
        anybody.get(path, headers={"Accept-Encoding": "gzip"}, buffered=True).data
        for path in (f"/loa/{code}", style.group(1))
    ]
    assert sum(map(len, squeezed)) < 15_000
    assert len(page.data) < 15_000, "also for a telephone that reads no gzip"
    assert "<script" not in page.text
    assert 'style="' not in page.text
    assert "Trần" not in page.text


def test_the_sheet_is_printed_by_a_button_and_says_when_not_to(centre: Centre) -> None:
    sheet = centre.client(Role.COMMUNE_OFFICER, COMMUNE).get(SHEET)
    assert re.search(r"<button[^>]* data-print hidden>", sheet.text) is None, "no code yet"
    _code(centre)
    sheet = centre.client(Role.COMMUNE_OFFICER, COMMUNE).get(SHEET)
    assert re.search(r"<button[^>]* data-print hidden>", sheet.text)
    assert re.search(r'<script src="[^"]+print.js[^"]*" type="module">', sheet.text)
    assert "Khoan in" in words(sheet), "the centre has no address outside"


def test_a_report_of_a_passer_by_is_one_ticket_however_often_it_comes(centre: Centre) -> None:
    code, anybody = _code(centre), centre.client()
    sent = anybody.post(f"/loa/{code}/hong", words="im <b>từ</b> sáng")
    assert sent.status_code == 303
    assert "Đã báo loa hỏng" in words(anybody.get(sent.headers["Location"]))
    centre.clock.move(minutes=60)
    assert anybody.post(f"/loa/{code}/hong", words="").status_code == 303
    assert anybody.post(f"/loa/{code}/hong", words="rè").status_code == 303
    (row,) = _reports(centre)
    assert (row.source, row.reported_by, row.public_reports) == ("public", None, 3)
    assert row.text == "im <b>từ</b> sáng / rè"
    assert row.cluster_number == 91
    for page in ("/hom-nay", "/sua-chua", f"/sua-chua/{row.fault_report_id}"):
        answer = centre.client(Role.OPERATOR, DISTRICT).get(page)
        assert "3 lượt người dân báo" in words(answer), page
        assert "<b>từ</b>" not in answer.text
    shown = words(centre.client().http.get(f"/loa/{code}"))
    assert "Đã có người báo loa này hỏng" in shown
    assert "rè" not in shown.replace("rè, hay nhỏ", ""), "nobody reads what others wrote"
    with centre.database.read() as session:
        deeds = session.scalars(select(AuditRow).where(AuditRow.action == "fault.public")).all()
        assert [(one.actor, one.address) for one in deeds] == [("vang", "")] * 3


def test_a_report_without_the_token_of_the_page_changes_nothing(centre: Centre) -> None:
    code = _code(centre)
    answer = centre.client().http.post(f"/loa/{code}/hong", data={"words": "x"})
    assert answer.status_code == 400
    assert _reports(centre) == []


def test_hidden_characters_are_refused_beside_the_field(centre: Centre) -> None:
    code = _code(centre)
    answer = centre.client().post(f"/loa/{code}/hong", words="im\u202egnas")
    assert answer.status_code == 422
    assert "ký tự ẩn" in words(answer)
    assert _reports(centre) == []


def test_one_address_and_one_code_report_only_so_often(centre: Centre) -> None:
    code, anybody = _code(centre), centre.client()
    for _number in range(pole.REPORTED_FROM.amount):
        assert anybody.post(f"/loa/{code}/hong").status_code == 303
    late = anybody.post(f"/loa/{code}/hong")
    assert late.status_code == 429
    assert "Chờ một lúc" in words(late)
    (row,) = _reports(centre)
    assert row.public_reports == pole.REPORTED_FROM.amount


def test_a_code_that_was_renewed_switched_off_or_never_was_says_so(centre: Centre) -> None:
    first, anybody = _code(centre), centre.client().http
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    assert officer.post(f"{SHEET}/91/doi").status_code == 303
    second = _code(centre)
    assert second != first
    old = anybody.get(f"/loa/{first}")
    assert (old.status_code, "mã mới" in words(old)) == (410, True)
    assert officer.post(f"{SHEET}/91/tat").status_code == 303
    off = anybody.get(f"/loa/{second}")
    assert (off.status_code, "không còn dùng" in words(off)) == (410, True)
    assert centre.client().post(f"/loa/{second}/hong").status_code == 404
    unknown = anybody.get("/loa/abcdefghjkmn")
    assert (unknown.status_code, "Không có mã này" in words(unknown)) == (404, True)
    assert officer.post(f"{SHEET}/7777/doi").status_code == 404


def test_the_code_of_a_retired_station_says_that_it_has_gone(centre: Centre) -> None:
    code, admin = _code(centre), centre.actor(Role.ADMIN, PROVINCE)
    name = centre.services.station_list.card(admin, STATION).station.name
    centre.services.station_desk.retire(admin, STATION, "dỡ", phrase(name))
    page = centre.client().http.get(f"/loa/{code}")
    assert page.status_code == 410
    assert "ngừng hẳn" in words(page)


def test_the_sheet_draws_each_code_and_is_the_own_stations_alone(centre: Centre) -> None:
    code, officer = _code(centre), centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    page = officer.get(SHEET)
    assert f"/loa/{code}" in page.text
    assert page.text.count('class="qr"') == 2 + _clusters(centre) - 1
    assert centre.client(Role.OPERATOR, OTHER_DISTRICT).get(SHEET).status_code == 404
    assert centre.client(Role.AUDITOR, DISTRICT).get(SHEET).status_code == 403


def _clusters(centre: Centre) -> int:
    with centre.database.read() as session:
        query = select(SpeakerClusterRow).where(SpeakerClusterRow.station_id == STATION)
        return len(session.scalars(query).all())


def test_those_concerned_are_told_once_and_no_more_when_it_is_mended(centre: Centre) -> None:
    code = _code(centre)
    operator = centre.actor(Role.OPERATOR, DISTRICT)
    elsewhere = centre.actor(Role.OPERATOR, OTHER_DISTRICT)
    watch = NoticeWatch(
        centre.database, centre.clock, centre.places, centre.wake, ways=frozenset(),
        station_down_after=timedelta(minutes=10),
    )  # fmt: skip
    watch.look()
    centre.client().post(f"/loa/{code}/hong", words="im")
    centre.client().post(f"/loa/{code}/hong", words="rè")
    assert watch.look() > 0
    assert watch.look() == 0
    (line,) = centre.services.notices.page(operator).lines
    assert line.kind is NoticeKind.PUBLIC_FAULT
    assert centre.services.notices.page(elsewhere).lines == ()
    shown = words(centre.client(Role.OPERATOR, DISTRICT).get("/thong-bao"))
    assert "Người dân báo loa hỏng ở xã Phước Bình" in shown
    centre.services.faults.mended(operator, _reports(centre)[0].fault_report_id)
    watch.look()
    (line,) = centre.services.notices.page(operator).lines
    assert line.closed_at is not None
