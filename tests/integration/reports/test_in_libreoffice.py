"""Exported tables opened in LibreOffice: every letter, every column, nothing worked out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.domain.schedule import instant
from controller.storage.models import SlotResultRow, StationFlipRow
from controller.web import workbook
from tests.support.office import Office, Sheet
from tests.support.web import COMMUNE, Centre, Clock

pytestmark = [pytest.mark.real, pytest.mark.soak]

DAY = date(2026, 11, 5)
TITLES = (
    "=1+1",
    "+84 912 345 678",
    "-5",
    "@x",
    "＝1+1",
    '=HYPERLINK("http://example.vn";"xem")',
    "Họp thôn ở xã Phước Bình, huyện Bác Ái",
    "Lịch cấp nước; buổi sáng",
    'Bài "Đường về quê", phần 1',
    "Ề Ở Ữ Ỵ ặ ẫ ễ ọ ự đ Đ",
    "x;=1+1",
    "05/11",
    "1e5",
)
UNTOUCHED = TITLES[6:10]
"""Those a person sees as they were typed; before the others stands a mark of text in CSV."""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    centre = Centre(
        tmp_path_factory.mktemp("office"), clock=Clock(datetime(2026, 10, 1, tzinfo=UTC))
    )
    with centre.database.write() as session:
        for number, title in enumerate(TITLES):
            at = instant(DAY, time(5)) + timedelta(minutes=15 * number)
            session.add(
                SlotResultRow(
                    station_id=COMMUNE,
                    slot_id=f"slot-{number}",
                    outcome="aired",
                    title=title,
                    planned_at=at,
                    planned_ms=600_000,
                    started_at=at,
                    played_ms=600_000 - number,
                    source="journal",
                )
            )
        for at, state in ((time(4), "ready"), (time(7, 1), "unknown"), (time(9), "ready")):
            flip = {"state": state, "reasons": [], "source": "heartbeat"}
            session.add(StationFlipRow(station_id=COMMUNE, at=instant(DAY, at), **flip))
    centre.clock.at = instant(DAY + timedelta(days=1), time(9))
    centre.services.day_book.keep_up()
    yield centre
    centre.close()


@pytest.fixture(scope="module", params=["vi-VN", "en-US"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("profile"), str(request.param))


def test_the_daily_log_opens_with_its_letters_and_columns(
    centre: Centre, office: Office, tmp_path: Path
) -> None:
    data = _download(centre, f"/bao-cao/nhat-ky/csv?tu={DAY:%d/%m/%Y}&den={DAY:%d/%m/%Y}")
    sheet = office.open_csv(_file(tmp_path / "nhat-ky.csv", data))
    wrote = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    rows = list(sheet.rows())
    assert len(wrote) == len(rows) == len(TITLES) + 1
    assert rows[0] == wrote[0]
    at = wrote[0].index("Nội dung")
    assert sheet.formulas == []
    assert {str(row[at]).removeprefix("'") for row in rows[1:]} >= set(TITLES[:4]) | set(UNTOUCHED)
    for row, line in zip(rows[1:], wrote[1:], strict=True):
        assert len(row) == len(line), line
        assert row[2:4] == [COMMUNE, "Xã Phước Bình"]
        assert row[7] == float(line[7]) == 600
    seen = [str(row[at]) for row in rows[1:]]
    assert seen[6:10] == list(UNTOUCHED)
    assert seen[:6] == [f"'{one}" for one in TITLES[:6]]


def test_the_report_has_the_same_figures_or_shows_that_it_cannot_read_them(
    centre: Centre, office: Office, tmp_path: Path
) -> None:
    """98,765 is no number of an English spreadsheet; it must not become ninety-eight thousand."""
    data = _download(centre, "/bao-cao/csv?co-so=calendar&do-dai=month&nam=2026&so=11")
    wrote = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    sheet = office.open_csv(_file(tmp_path / "bao-cao.csv", data))
    assert sheet.formulas == []
    rows = list(sheet.rows())
    assert rows[0] == wrote[0]
    assert len(rows) == 66
    mine = next(row for row in rows if row[2] == COMMUNE)
    assert mine[:2] == ["Huyện Bác Ái", "Xã Phước Bình"]
    assert any(re.fullmatch(r"\d+,\d{4}", cell) for line in wrote for cell in line)
    for row, line in zip(rows[1:], wrote[1:], strict=True):
        for cell, text in zip(row[7:], line[7:], strict=True):
            as_written = float(text.replace(",", ".")) if text else ""
            assert cell in {as_written, text}, (cell, text)


def test_the_daily_log_as_a_workbook_holds_the_titles_as_they_are(
    centre: Centre, office: Office, tmp_path: Path
) -> None:
    data = _download(centre, f"/bao-cao/nhat-ky/xlsx?tu={DAY:%d/%m/%Y}&den={DAY:%d/%m/%Y}")
    (sheet,) = office.open_workbook(_file(tmp_path / "nhat-ky.xlsx", data)).values()
    assert sheet.formulas == []
    rows = [list(map(str, row)) for row in sheet.rows()]
    assert {row[4] for row in rows if len(row) > 4} >= set(TITLES)


def test_a_workbook_holds_texts_and_numbers_and_nothing_to_work_out(
    centre: Centre, office: Office, tmp_path: Path
) -> None:
    data = _download(centre, "/bao-cao/xlsx?co-so=calendar&do-dai=month&nam=2026&so=11")
    file = _file(tmp_path / "bao-cao.xlsx", data)
    sheets = office.open_workbook(file)
    assert list(sheets) == ["Trạm", "Địa bàn", "Nguyên nhân"]
    assert [one.formulas for one in sheets.values()] == [[], [], []]
    stations = [row[:3] for row in sheets["Trạm"].rows()]
    assert ["Huyện Bác Ái", "Xã Phước Bình", COMMUNE] in stations
    texts = [path.read_text("utf-8") for path in office.as_csv(file)]
    assert len(texts) == 3
    assert any("Huyện Bác Ái,Xã Phước Bình," in text for text in texts)


def test_what_looks_like_a_formula_is_a_text_in_a_workbook(office: Office, tmp_path: Path) -> None:
    rows = [(title, 1.5) for title in TITLES]
    table = workbook.Sheet("Nhật ký", ("=1+1",), ("Nội dung", "Số"), rows)
    with workbook.workbook([table]) as made:
        sheets = office.open_workbook(_file(tmp_path / "cells.xlsx", made.read()))
    sheet: Sheet = sheets["Nhật ký"]
    assert sheet.formulas == []
    assert list(sheet.rows()) == [["=1+1", ""], ["Nội dung", "Số"], *([t, 1.5] for t in TITLES)]


def _download(centre: Centre, path: str) -> bytes:
    answer = centre.client(Role.AUDITOR).get(path)
    assert answer.status_code == 200, answer.text
    return answer.data


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
