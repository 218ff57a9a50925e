"""Reports as pages and files: the right place, the right period, the same figures everywhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from zipfile import ZipFile

import pytest

from controller.domain.accounts import Role
from controller.domain.schedule import instant
from controller.storage.models import StationFlipRow, StationRow
from tests.support.web import COMMUNE, DISTRICT, OTHER_DISTRICT, PROVINCE, Centre, Clock

REGISTERED = datetime(2025, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    centre = Centre(tmp_path_factory.mktemp("reports"), clock=Clock(REGISTERED))
    with centre.database.write() as session:
        session.add(
            StationFlipRow(
                station_id=COMMUNE,
                at=instant(date(2025, 12, 14), time(23, 59)),
                state="ready",
                reasons=[],
                source="heartbeat",
            )
        )
        station = session.get(StationRow, COMMUNE)
        assert station is not None
        station.name = "=HYPERLINK(1)"
    centre.places.reload()
    centre.clock.at = instant(date(2025, 12, 17), time(9))
    centre.services.day_book.keep_up()
    yield centre
    centre.close()


def test_the_administrative_year_begins_on_the_15th_of_december(centre: Centre) -> None:
    auditor = centre.client(Role.AUDITOR)
    page = auditor.get("/bao-cao?co-so=administrative&do-dai=year&nam=2026&so=1").text
    assert "Năm 2026, kỳ hành chính (15/12/2025–14/12/2026)" in page
    assert "Kỳ chưa hết" in page
    assert "0<i>/65</i>" in page
    # one minute of the 14th is not service time; the 15th and 16th are, and four hours of today
    table = list(csv.reader(io.StringIO(_csv(centre, "do-dai=year&nam=2026&so=1"))))
    row = next(row for row in table if row[2] == COMMUNE)
    assert row[table[0].index("Phút sẵn sàng")] == str(960 * 2 + 240)


def _csv(centre: Centre, asked: str) -> str:
    answer = centre.client(Role.AUDITOR).get(f"/bao-cao/csv?co-so=administrative&{asked}")
    assert answer.status_code == 200
    assert answer.text.startswith("\ufeff")
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer.text.removeprefix("\ufeff")


def test_seven_districts_add_up_to_the_province(centre: Centre) -> None:
    def ready(place: str) -> int:
        actor = centre.actor(Role.AUDITOR, PROVINCE)
        from controller.domain.periods import Basis, Length, period

        year = period(Basis.ADMINISTRATIVE, Length.YEAR, 2026)
        report = centre.services.reports.of(actor, place, year)
        return report.figures.sums.settled.total_s

    districts = [place.place_id for place in centre.places.tree().children(PROVINCE)]
    assert len(districts) == 7
    assert sum(ready(place) for place in districts) == ready(PROVINCE)


def test_numbers_have_a_decimal_comma_and_texts_stay_texts(centre: Centre) -> None:
    table = list(csv.reader(io.StringIO(_csv(centre, "do-dai=month&nam=2026&so=1"))))
    shares = {row[table[0].index("Sẵn sàng, đã xác nhận (%)")] for row in table[1:]}
    assert shares == {"0", "100"}
    assert len(table) == 66


def test_a_workbook_opens_and_holds_no_formula(centre: Centre) -> None:
    answer = centre.client(Role.AUDITOR).get("/bao-cao/xlsx?do-dai=month&nam=2026&so=1")
    assert answer.status_code == 200
    with ZipFile(io.BytesIO(answer.data)) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 3
        text = book.read(sheets[0]).decode()
        assert "<f>" not in text
        assert "Xã Phước Bình" in text or "Phước Bình" in text


def test_a_district_without_a_coast_has_no_row_for_one(centre: Centre) -> None:
    asked = "co-so=calendar&do-dai=month&nam=2025&so=12"
    page = centre.client(Role.OPERATOR, PROVINCE).get(f"/bao-cao?{asked}").text
    assert "Riêng ven biển" in page
    inland = centre.client(Role.OPERATOR, DISTRICT).get(f"/bao-cao?{asked}").text
    assert "Riêng khu vực III" in inland
    assert "Riêng ven biển" not in inland


@pytest.mark.parametrize("path", ["", "/csv", "/xlsx", "/nhat-ky", "/nhat-ky/csv", "/nhat-ky/xlsx"])
def test_another_district_is_not_found(centre: Centre, path: str) -> None:
    operator = centre.client(Role.OPERATOR, DISTRICT)
    assert operator.get(f"/bao-cao{path}?noi={OTHER_DISTRICT}").status_code == 404
    assert operator.get(f"/bao-cao{path}?noi={DISTRICT}").status_code == 200
    assert operator.get(f"/bao-cao{path}?noi=khong-co").status_code == 404


@pytest.mark.parametrize(
    "asked", ["co-so=x", "do-dai=day", "do-dai=x", "nam=1x", "nam=2026&so=13", "nam=99999&so=1"]
)
def test_a_period_that_is_none_is_answered_without_a_fault(centre: Centre, asked: str) -> None:
    assert centre.client(Role.AUDITOR).get(f"/bao-cao?{asked}").status_code in {200, 404}


def test_what_was_taken_home_is_written_down(centre: Centre) -> None:
    _csv(centre, "do-dai=month&nam=2026&so=1")
    assert "Tải báo cáo" in centre.client(Role.AUDITOR).get("/nhat-ky").text


def test_the_log_of_a_day_without_slots_says_so(centre: Centre) -> None:
    page = centre.client(Role.COMMUNE_OFFICER, COMMUNE).get("/bao-cao/nhat-ky?ngay=16/12/2025")
    assert "Ngày này không có buổi nào." in page.text
    assert centre.client(Role.AUDITOR).get("/bao-cao/nhat-ky?ngay=2x").status_code == 422


def test_a_log_of_more_than_a_year_is_refused(centre: Centre) -> None:
    auditor = centre.client(Role.AUDITOR)
    assert auditor.get("/bao-cao/nhat-ky/csv?tu=01/01/2024&den=16/12/2025").status_code == 422
    assert auditor.get("/bao-cao/nhat-ky/csv?tu=16/12/2025&den=15/12/2025").status_code == 422
    refused = auditor.get("/bao-cao/nhat-ky/xlsx?tu=01/01/2025&den=16/12/2025")
    assert refused.status_code == 422
    assert "lấy tệp CSV" in refused.text
