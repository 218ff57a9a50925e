"""The daily log of a station as a PDF file: the words as they were typed, for its own people."""

from __future__ import annotations

import html
import io
import re
from dataclasses import replace
from zipfile import ZipFile

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.services import press
from controller.services.reports import LogLine
from controller.storage.models import AuditRow, SlotResultRow
from controller.web.paper import blocks
from controller.web.paper.daily_log import log_document
from tests.integration.figures.test_golden_month import CUT, OCTOBER
from tests.support.paper import fonts_of, pages_of
from tests.support.web import DISTRICT, OTHER_DISTRICT, Browser, Centre

HOSTILE = '#eval("1+1") ] } $x$ \\u{41} *đậm* <b> 😀 \u202eđảo'
ADDRESS = f"/bao-cao/nhat-ky/pdf?tram={CUT}&nam=2026&thang=10"


@pytest.fixture(scope="module")
def centre(province: Centre) -> Centre:
    with province.database.write() as session:
        row = session.scalars(select(SlotResultRow).where(SlotResultRow.slot_id == "slot2")).one()
        row.title = HOSTILE
    return province


@pytest.fixture(scope="module")
def inspector(centre: Centre) -> Browser:
    return centre.client(Role.AUDITOR, DISTRICT)


@pytest.fixture(scope="module")
def book(inspector: Browser) -> bytes:
    answer = inspector.get(ADDRESS)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/pdf"
    return answer.data


@pytest.fixture(scope="module")
def words(book: bytes) -> str:
    return " ".join(pages_of(book))


def test_the_page_of_a_day_sets_the_level_apart_from_the_title(inspector: Browser) -> None:
    page = inspector.get(f"/bao-cao/nhat-ky?noi={CUT}&ngay=18/10/2026").text
    said = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert re.search(r" · (huyện|tỉnh|xã|lệnh) ", said)
    assert "Đã phát: 05:00 / 15:00" in said


def test_the_log_is_taken_as_a_workbook_of_texts_too(inspector: Browser) -> None:
    asked = f"noi={CUT}&tu=01/10/2026&den=31/10/2026"
    with ZipFile(io.BytesIO(inspector.get(f"/bao-cao/nhat-ky/xlsx?{asked}").data)) as book:
        (sheet,) = (name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
        text = book.read(sheet).decode()
    lines = inspector.get(f"/bao-cao/nhat-ky/csv?{asked}").data.decode("utf-8-sig")
    assert "Nhật ký phát" in text
    assert "01/10/2026 – 31/10/2026" in text
    assert text.count("<row ") == 4 + len(lines.splitlines())
    assert len(lines.splitlines()) == 1 + 31
    assert "<f>" not in text


def test_what_sounds_by_an_order_is_named_and_claims_no_length_yet(centre: Centre) -> None:
    tree = centre.places.tree()
    station = tree.station(CUT)
    assert station is not None
    at = OCTOBER.starts_at
    line = LogLine(
        station_id=CUT, planned_at=at, planned_ms=0, title="", authority="", approved_by=(),
        started_at=at, played_ms=0, outcome="sounding", reason=None, corrected=0,
    )  # fmt: skip
    with centre.app.test_request_context():
        facts = log_document(tree, station, OCTOBER, [line], organisation="")
    (row,) = [one for one in facts["blocks"][-1]["rows"] if one["kind"] == ""]
    assert list(row["cells"][2:]) == ["– / –", "Tin phát theo lệnh", "Lệnh", "Đang phát"]


def test_each_slot_stands_under_its_day_with_outcome_and_reason_in_words(words: str) -> None:
    assert "NHẬT KÝ PHÁT" in words
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in words
    assert "Tháng 10/2026 (01/10/2026–31/10/2026)" in words
    assert "Chủ nhật 18/10/2026 · 1 buổi" in words
    assert "Bị ngắt: mất điện" in words
    assert "05:30:08" in words
    assert "Phát muộn: máy bật lại giữa buổi" in words
    assert "Đã phát 440,0 phút trên 450,0 phút phải phát (97,78 %)" in words
    assert words.count("Đã phát") > 27
    assert "THỦ TRƯỞNG ĐƠN VỊ" in words


def test_a_title_that_looks_like_a_command_is_printed_as_it_stands(words: str) -> None:
    assert '#eval("1+1") ] } $x$ \\u{41} *đậm* <b> □ đảo' in words


def test_pages_are_numbered_by_how_many_there_are(book: bytes, words: str) -> None:
    pages = len(pages_of(book))
    assert pages == 2
    assert f"Trang 1/{pages}" in words
    assert f"Trang {pages}/{pages}" in words


def test_of_what_is_unknown_no_length_is_claimed(centre: Centre) -> None:
    tree = centre.places.tree()
    station = tree.station(CUT)
    assert station is not None
    line = LogLine(
        station_id=CUT, planned_at=OCTOBER.starts_at, planned_ms=30_000, title="Tiêm chủng",
        authority="district", approved_by=(), started_at=None, played_ms=0, outcome="unknown",
        reason=None, corrected=0,
    )  # fmt: skip
    with centre.app.test_request_context():
        facts = log_document(tree, station, OCTOBER, [line], organisation="")
    (row,) = [one for one in facts["blocks"][-1]["rows"] if one["kind"] == ""]
    assert row["cells"][2] == "– / 00:30"
    assert row["cells"][5] == "Chưa rõ"
    begun = replace(line, started_at=line.planned_at)
    with centre.app.test_request_context():
        facts = log_document(tree, station, OCTOBER, [begun], organisation="")
    (row,) = [one for one in facts["blocks"][-1]["rows"] if one["kind"] == ""]
    assert row["cells"][5] == "Chưa rõ: đã bắt đầu, chưa có báo hết"


@pytest.mark.parametrize("rows", [8, 28, 32])
def test_nobody_signs_an_empty_page(rows: int, centre: Centre) -> None:
    tree = centre.places.tree()
    station = tree.station(CUT)
    assert station is not None
    with centre.app.test_request_context():
        facts = dict(log_document(tree, station, OCTOBER, [], organisation=""))
    table = facts["blocks"][-1]
    numbered = [blocks.row("", "", "", f"Bản tin {n}", "", "") for n in range(rows)]
    facts["blocks"] = [{**table, "rows": [blocks.group_row("Chủ nhật"), *numbered]}]
    pages = pages_of(press.printed("document", facts, at=OCTOBER.ends_at))
    assert "NGƯỜI GHI NHẬT KÝ" in pages[-1]
    assert f"Bản tin {rows - 1}" in pages[-1]
    assert pages[-1].count("Kết quả và lý do") == pages[-1].count("Chủ nhật") == 1
    assert " ".join(pages).count("Bản tin ") == rows


def test_the_same_month_gives_the_same_bytes(inspector: Browser, book: bytes) -> None:
    assert inspector.get(ADDRESS).data == book


def test_it_is_kept_with_its_fonts_and_nothing_of_the_machine(book: bytes) -> None:
    assert fonts_of(book) <= {"LiberationSerif", "LiberationSerif-Bold", "LiberationSerif-Italic"}
    metadata = PdfReader(io.BytesIO(book)).xmp_metadata
    assert metadata is not None
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in metadata.stream.get_data()


@pytest.mark.parametrize(
    "asked",
    [
        f"tram={CUT}&nam=2026&thang=13",
        f"tram={CUT}&nam=2027&thang=01",
        f"tram={CUT}&nam=&thang=1",
        "tram=&nam=2026&thang=10",
    ],
)
def test_a_month_or_station_there_is_not_is_not_there(inspector: Browser, asked: str) -> None:
    assert inspector.get(f"/bao-cao/nhat-ky/pdf?{asked}").status_code == 404


def test_the_log_of_another_district_is_not_there(centre: Centre) -> None:
    assert centre.client(Role.AUDITOR, OTHER_DISTRICT).get(ADDRESS).status_code == 404


def test_who_took_it_home_is_written_down(centre: Centre, book: bytes) -> None:
    assert book
    with centre.database.read() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "report.take")).all()
        taken = [row.detail for row in rows if row.object_id == CUT]
    assert {"kind": "log.pdf", "from": "2026-10-01", "until": "2026-10-31"} in taken


def test_the_page_of_the_log_leads_to_the_book_of_its_month(inspector: Browser) -> None:
    page = inspector.get(f"/bao-cao/nhat-ky?noi={CUT}&ngay=18/10/2026").text
    found = re.search(r'href="(/bao-cao/nhat-ky/pdf[^"]*)"', page)
    assert found is not None
    answer = inspector.get(html.unescape(found.group(1)))
    assert "tháng 10/2026" in " ".join(pages_of(answer.data))
    assert "/bao-cao/nhat-ky/pdf" not in inspector.get("/bao-cao/nhat-ky").text, "many stations"


def test_a_press_that_fails_says_so_and_prints_the_next(
    inspector: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(press, "LONGEST_S", 0.001)
        answer = inspector.get(ADDRESS)
    assert answer.status_code == 503
    assert "Chưa lập được tệp PDF" in answer.text
    assert inspector.get(ADDRESS).status_code == 200


def test_the_fonts_have_every_letter_of_vietnamese() -> None:
    marks = [
        base + mark
        for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
        for mark in "\u0301\u0300\u0309\u0303\u0323"
    ]
    letters = "".join(marks) + "đĐ–…≥≤×·“”"
    assert "□" not in press.legible(letters)
    assert press.legible("Chăm ꨀ, 😀, \ue000, a\x00b\u200bc") == "Chăm □, □, □, abc"
