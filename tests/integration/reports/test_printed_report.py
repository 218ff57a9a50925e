"""The report as a PDF file: the same figures as the page's, in the form an office signs."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from zipfile import ZipFile

import pytest
from sqlalchemy import insert, select

from controller.domain.accounts import Actor, Role
from controller.domain.effective import Share
from controller.domain.emergencies import Kind, State
from controller.domain.hazards import Hazard
from controller.domain.periods import Basis, Length, period
from controller.services.emergency_views import EmergencyView
from controller.services.press import printed
from controller.services.reports import Correction, Report, Warned
from controller.services.timeliness import StationTimes
from controller.settings import PaperSettings, SettingsError
from controller.storage.models import AuditRow, DayFigureRow, StationRow
from controller.web.paper import sayings
from controller.web.paper.report import report_document
from tests.integration.figures.test_golden_month import CUT, OCTOBER, REGISTERED, at
from tests.support.paper import fonts_of, pages_of
from tests.support.web import DISTRICT, OTHER_DISTRICT, PROVINCE, Centre

HOSTILE = '#panic("x") ] $ \\ *đậm* _nghiêng_ @nhãn <b>'
ADDRESS = "/bao-cao/pdf?co-so=calendar&do-dai=month&nam=2026&so=10"


@pytest.fixture(scope="module")
def auditor(province: Centre) -> Actor:
    return province.actor(Role.AUDITOR, PROVINCE)


@pytest.fixture(scope="module")
def october(province: Centre, auditor: Actor) -> Report:
    return province.services.reports.of(auditor, PROVINCE, OCTOBER)


def emergency(title: str, kind: Kind) -> EmergencyView:
    moment = at(12, "14:00")
    return EmergencyView(
        "e1", kind, Hazard.FLOOD_RELEASE, 3, title, "", PROVINCE, (PROVINCE,), 65, None, 3600,
        moment + timedelta(hours=1), State.SENT, "a", "Katơr Thị Mai", moment, "Trần Văn Lộc",
        None, moment, moment, None, None, {}, {},
    )  # fmt: skip


def eventful(province: Centre, report: Report) -> Report:
    """The month with an emergency, a drill, slow bulletins and a correction."""
    tree = province.places.tree()
    place = tree.places[CUT]
    slow = StationTimes(
        CUT, place, tree.district_of(CUT), at(2, "08:00"), at(2, "09:00"), at(4, "05:30")
    )
    station = next(one for one in report.figures.stations if one.station_id == CUT)
    then = station.sums
    now = replace(then, settled=replace(then.settled, down_s=0, degraded_s=0))
    return replace(
        report,
        warned=(Warned(emergency(HOSTILE, Kind.LIVE), 65, 60, 63, 58, 62),),
        drills=(Warned(emergency("Diễn tập xả lũ", Kind.DRILL), 9, 9, 9, 9, 9),),
        slowest=(slow,),
        bulletins=3,
        looked_at=3,
        corrections=(Correction(station, OCTOBER, then, now),),
    )


def test_the_report_says_how_many_stations_are_effective_and_by_which_bar(
    province: Centre, october: Report
) -> None:
    answer = province.client(Role.AUDITOR).get(ADDRESS)
    assert answer.status_code == 200
    pages = pages_of(answer.data)
    words = " ".join(pages)
    reached = sum(one.is_effective for one in october.figures.stations)
    assert (reached, len(october.figures.stations)) == (1, 65)
    assert "1/65 trạm hoạt động hiệu quả" in words
    assert "ỦY BAN NHÂN DÂN TỈNH NINH THUẬN" in words
    assert "Kỳ theo lịch tháng 10/2026 (01/10/2026–31/10/2026)" in words
    assert "sẵn sàng từ 99,0 % giờ phục vụ, phát được từ 98,0 % thời lượng" in words
    for district in ("Huyện Bác Ái", "Huyện Thuận Nam", "Thành phố Phan Rang-Tháp Chàm"):
        assert district in words
    assert "Trong đó: xã khu vực III 1/15" in words
    assert "NGƯỜI LẬP BIỂU" in pages[-1]
    assert "THỦ TRƯỞNG ĐƠN VỊ" in pages[-1]
    assert [f"Trang {n}/{len(pages)}" in page for n, page in enumerate(pages, start=1)] == [
        True
    ] * len(pages)
    assert all(name.startswith("LiberationSerif") for name in fonts_of(answer.data))


def test_the_page_leads_to_the_same_report_as_a_file(province: Centre) -> None:
    browser = province.client(Role.AUDITOR, DISTRICT)
    page = browser.get("/bao-cao?co-so=calendar&do-dai=month&nam=2026&so=10").text
    found = re.search(r'href="(/bao-cao/pdf[^"]*)"', page)
    assert found is not None
    words = " ".join(pages_of(browser.get(html.unescape(found.group(1))).data))
    assert "Kỳ theo lịch tháng 10/2026" in words
    assert "Cộng huyện Bác Ái" in words


def test_the_page_draws_what_the_file_draws_for_desk_and_phone(province: Centre) -> None:
    auditor = province.client(Role.AUDITOR)
    page = auditor.get("/bao-cao?co-so=calendar&do-dai=quarter&nam=2026&so=4").text
    boxes = r'<div class="pic-(broad|wide|narrow)"><svg [^>]*aria-labelledby="(\w+)-'
    drawn = re.findall(boxes, page)
    assert sorted(drawn) == [
        ("broad", "groups1180"), ("narrow", "causes328"), ("narrow", "groups328"),
        ("wide", "causes640"), ("wide", "groups640"),
    ]  # fmt: skip
    assert page.count(">Bác Ái: ") == 3, "each bar says whose it is and how far it goes"
    assert page.count(">Phan Rang-Tháp Chàm</text>") == 3, "the longest name is whole on a phone"
    assert "style=" not in page


def test_what_happened_in_the_period_is_told_in_words(province: Centre, october: Report) -> None:
    report = eventful(province, october)
    with province.app.test_request_context():
        facts = report_document(province.places.tree(), report)
    words = " ".join(pages_of(printed("document", facts, at=OCTOBER.ends_at)))
    assert HOSTILE in words
    assert "Xả lũ hồ chứa, cấp 3" in words
    assert "Khẩn cấp: có tiếng trong 10 giây 96,66 % 58/60 trạm có liên lạc" in words
    assert "Diễn tập xả lũ" in words
    assert "05:30 04/10/2026 1 ngày 21 giờ" in words
    assert "Xã Phước Bình 10/2026 99,50 % 100,00 %" in words


def test_a_year_of_which_a_part_has_passed_is_told_month_by_month(province: Centre) -> None:
    answer = province.client(Role.AUDITOR, DISTRICT).get(
        "/bao-cao/pdf?co-so=administrative&do-dai=year&nam=2026"
    )
    words = " ".join(pages_of(answer.data))
    assert "Kỳ hành chính năm 2026 (15/12/2025–14/12/2026)" in words
    assert "chưa chốt, còn có thể thay đổi" in words
    assert "UBND TỈNH NINH THUẬN UBND HUYỆN BÁC ÁI" in words
    assert "Tháng 10/2026 15/09/2026–14/10/2026 0/9" in words
    assert "Giờ phục vụ bị mất, tổng các trạm" in words


@pytest.mark.parametrize(
    "asked",
    [
        "co-so=lunar&do-dai=month&nam=2026&so=10",
        "co-so=calendar&do-dai=day&nam=2026&so=10",
        "co-so=calendar&do-dai=quarter&nam=2026&so=5",
        "co-so=calendar&do-dai=month&nam=2027&so=1",
        "",
    ],
)
def test_a_period_there_is_not_is_not_there(province: Centre, asked: str) -> None:
    assert province.client(Role.AUDITOR).get(f"/bao-cao/pdf?{asked}").status_code == 404


def test_another_district_is_not_there_and_who_took_the_own_is_written_down(
    province: Centre,
) -> None:
    reader = province.client(Role.OPERATOR, OTHER_DISTRICT)
    assert reader.get(f"{ADDRESS}&noi={DISTRICT}").status_code == 404
    assert reader.get(f"{ADDRESS}&noi={OTHER_DISTRICT}").status_code == 200
    with province.database.read() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "report.take")).all()
        taken = [row.detail for row in rows if row.place_id == OTHER_DISTRICT]
        assert taken == [{"kind": "pdf", "from": "2026-10-01", "until": "2026-10-31"}]


def test_a_share_below_the_bar_is_never_printed_as_the_bar(province: Centre) -> None:
    with province.app.test_request_context():
        assert sayings.percent(Share(989_999, 1_000_000)) == "98,99\u00a0%"
        assert sayings.percent(Share(1, 1)) == "100,00\u00a0%"
        assert sayings.percent(Share(0, 0)) == "–"


@pytest.mark.parametrize(
    ("basis", "length", "number", "words"),
    [
        (Basis.ADMINISTRATIVE, Length.MONTH, 1, "hành chính tháng 1/2026 (15/12/2025–14/01/2026)"),
        (Basis.CALENDAR, Length.QUARTER, 4, "theo lịch quý IV/2026 (01/10/2026–31/12/2026)"),
        (Basis.CALENDAR, Length.HALF, 2, "theo lịch 6 tháng cuối năm 2026 (01/07/2026–31/12/2026)"),
        (Basis.ADMINISTRATIVE, Length.YEAR, 1, "hành chính năm 2026 (15/12/2025–14/12/2026)"),
    ],
)  # fmt: skip
def test_a_period_is_printed_with_its_days(
    province: Centre, basis: Basis, length: Length, number: int, words: str
) -> None:
    with province.app.test_request_context():
        assert sayings.period_words(period(basis, length, 2026, number)) == f"Kỳ {words}"


@pytest.fixture
def year(province: Centre) -> Iterator[Centre]:
    """A whole year of every station, each day as the first of October."""
    days = [date(2025, 12, 15) + timedelta(n) for n in range(260)]
    with province.database.write() as session:
        model = session.scalars(select(DayFigureRow).where(DayFigureRow.station_id == CUT)).first()
        assert model is not None
        like = {
            column.name: getattr(model, column.name)
            for column in DayFigureRow.__table__.columns
            if column.name not in {"station_id", "day", "day_figure_id"}
        }
        stations = session.scalars(select(StationRow.station_id)).all()
        session.execute(
            insert(DayFigureRow),
            [{**like, "station_id": one, "day": day} for one in stations for day in days],
        )
    yield province
    with province.database.write() as session:
        session.query(DayFigureRow).filter(DayFigureRow.day < REGISTERED.date()).delete()


@pytest.mark.soak
def test_a_year_of_the_whole_province_is_printed(year: Centre) -> None:
    answer = year.client(Role.AUDITOR).get("/bao-cao/pdf?co-so=administrative&do-dai=year&nam=2026")
    assert answer.status_code == 200
    pages = pages_of(answer.data)
    assert f"Trang {len(pages)}/{len(pages)}" in pages[-1]
    assert " ".join(pages).count("Tháng ") >= 11


def test_who_issues_is_named_on_paper_in_the_workbook_and_on_a_printed_page(
    province: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation = "Trung tâm Văn hóa – Thể thao và Truyền thanh"
    paper = PaperSettings(district=organisation, station="Ban biên tập truyền thanh xã")
    chosen = replace(province.settings, paper=paper)
    monkeypatch.setitem(province.app.extensions, "vang.settings", chosen)
    browser = province.client(Role.AUDITOR, DISTRICT)
    asked = "co-so=calendar&do-dai=month&nam=2026&so=10"
    words = " ".join(pages_of(browser.get(f"/bao-cao/pdf?{asked}").data))
    issued = f"UBND HUYỆN BÁC ÁI {organisation.upper()}"
    assert issued in words.replace("\n", " ")
    assert "Số: ......./BC-TTVHTTTT" in words
    log = browser.get(f"/bao-cao/nhat-ky/pdf?tram={CUT}&nam=2026&thang=10")
    words = " ".join(pages_of(log.data))
    assert "UBND XÃ PHƯỚC BÌNH BAN BIÊN TẬP TRUYỀN THANH XÃ" in words
    assert "Số: ......./NK-BBTTTX" in words
    in_one_line = f"UBND HUYỆN BÁC ÁI, {organisation.upper()}"
    with ZipFile(io.BytesIO(browser.get(f"/bao-cao/xlsx?{asked}").data)) as book:
        assert in_one_line in book.read("xl/worksheets/sheet1.xml").decode()
    for path in (f"/bao-cao?{asked}", "/bao-cao/nhat-ky"):
        assert f'<p class="onpaper"><b>{in_one_line}</b></p>' in browser.get(path).text


def test_a_title_block_takes_one_line_that_fits() -> None:
    for wrong in ("x" * 121, "hai\ndòng"):
        with pytest.raises(SettingsError, match=r"paper\.district"):
            PaperSettings(district=wrong)
