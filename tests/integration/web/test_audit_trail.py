"""The trail can only grow, what was done to it behind the database's back is found, and it is taken
home as a file that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError

from controller.cli import main
from controller.domain.accounts import Role
from controller.services.audit import Deed
from controller.services.audit_chain import AuditChain
from controller.services.audit_note import AuditNote, Head, head_of
from controller.storage import migrate
from controller.storage.database import Database
from controller.storage.models import AuditRow, AuditSealRow, PlaceRow
from tests.support.postgres import fresh_database
from tests.support.web import COMMUNE, DISTRICT, OTHER_DISTRICT, PROVINCE, Centre, centre, words


def _deeds(here: Centre, count: int, place_id: str = DISTRICT) -> None:
    for number in range(count):
        here.audit.refused(None, Deed("slot.cancel", "slot", f"{number}", place_id, {"n": number}))


def _behind_its_back(folder: Path, statement: str) -> None:
    """What somebody does who may do anything with the file."""
    with closing(sqlite3.connect(folder / "vang.db")) as file:
        for name in ("update", "delete"):
            file.execute(f"DROP TRIGGER IF EXISTS audit_no_{name}")
            file.execute(f"DROP TRIGGER IF EXISTS audit_seal_no_{name}")
        file.execute(statement)
        file.commit()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Centre]:
    """A centre over tables made by the migrations."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'vang.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database())
        database = Database(url)
        migrate.upgrade(database)
        database.close()
        built = Centre(tmp_path, url=url)
        stack.callback(built.close)
        yield built


def test_rows_are_linked_once_and_in_order_on_both_engines(both: Centre) -> None:
    chain = AuditChain(both.database)
    _deeds(both, 3, "ninh-thuan")
    assert chain.examine().waiting == 3
    assert chain.seal() == 3
    _deeds(both, 2, "ninh-thuan")
    assert chain.seal() == 2
    assert chain.seal() == 0
    state = chain.examine()
    assert (state.is_whole, state.found.length, state.waiting) == (True, 5, 0)


@pytest.mark.parametrize("model", [AuditRow, AuditSealRow])
def test_the_database_refuses_to_change_or_delete_a_row(
    both: Centre, model: type[AuditRow | AuditSealRow]
) -> None:
    _deeds(both, 1, "ninh-thuan")
    AuditChain(both.database).seal()
    column = "actor" if model is AuditRow else "link"
    for statement in (update(model).values({column: "x"}), delete(model)):
        with pytest.raises(DatabaseError, match="never changed"), both.database.write() as session:
            session.execute(statement)
    with both.database.read() as session:
        assert len(session.scalars(select(model)).all()) == 1


def test_a_row_whose_transaction_ended_late_is_linked_behind_the_others(here: Centre) -> None:
    chain = AuditChain(here.database)
    _deeds(here, 5)
    chain.seal()
    with here.database.write() as session:
        first = session.scalars(select(AuditRow).limit(1)).one()
        session.add(AuditRow(audit_id=900, at=first.at, actor="a", address="", action="slot.move",
                             object_kind="slot", object_id="x", detail={}))  # fmt: skip
    chain.seal()
    with here.database.write() as session:
        session.add(AuditRow(audit_id=800, at=first.at, actor="b", address="", action="slot.move",
                             object_kind="slot", object_id="y", detail={}))  # fmt: skip
    assert chain.seal() == 1
    assert chain.examine().is_whole


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'somebody.else' WHERE audit_id = 3",
        "UPDATE audit SET detail = '{\"n\": 7}' WHERE audit_id = 3",
        "DELETE FROM audit WHERE audit_id = 3",
    ],
)
def test_whoever_changes_the_file_itself_is_found_out_at_that_row(
    here: Centre, statement: str
) -> None:
    _deeds(here, 5)
    chain = AuditChain(here.database)
    chain.seal()
    head = chain.examine().found.head
    _behind_its_back(here.folder, statement)
    state = chain.examine()
    assert not state.is_whole
    assert (state.found.length, state.found.broken_at) == (2, 3)
    assert state.found.head != head
    page = words(here.client(Role.AUDITOR).get("/nhat-ky/kiem-tra"))
    assert "Nhật ký đã bị sửa từ dòng số 3." in page


LAST_ROWS = (
    "DELETE FROM audit WHERE audit_id > 3",
    "DELETE FROM audit_seal WHERE audit_id > 3",
)


def test_whoever_takes_out_the_last_rows_with_their_links_is_found_out_by_the_note(
    here: Centre,
) -> None:
    note = AuditNote(here.folder / "audit-head")
    chain = AuditChain(here.database, note)
    here.add(audit_chain=chain)
    _deeds(here, 5)
    chain.seal()
    noted = note.read()
    assert noted is not None
    assert noted.number == 5
    for statement in LAST_ROWS:
        _behind_its_back(here.folder, statement)
    assert AuditChain(here.database).examine().is_whole, "by itself a shorter chain is whole"
    auditor = here.client(Role.AUDITOR)
    chain.seal()  # deeds go on, and the note stays what it was
    state = chain.examine()
    assert (state.is_whole, state.found.broken_at, state.noted) == (False, None, noted)
    page = words(auditor.get("/nhat-ky/kiem-tra"))
    assert "Trước đây chuỗi đã đến mắt xích số 5, nay không còn mắt xích ấy." in page
    assert chain.accept() == noted
    assert chain.examine().is_whole


def test_whoever_makes_the_whole_chain_anew_is_found_out_by_a_link_kept_elsewhere(
    here: Centre,
) -> None:
    chain = AuditChain(here.database)
    _deeds(here, 5)
    chain.seal()
    kept = Head(5, chain.examine().found.head)
    _behind_its_back(here.folder, "UPDATE audit SET actor = 'x' WHERE audit_id = 2")
    _behind_its_back(here.folder, "DELETE FROM audit_seal")
    chain.seal()
    assert chain.examine().is_whole
    assert not chain.examine(kept).is_whole


def test_an_auditor_sees_that_it_is_whole(here: Centre) -> None:
    _deeds(here, 2)
    here.services.audit_chain.seal()
    page = words(here.client(Role.AUDITOR).get("/nhat-ky/kiem-tra"))
    assert "Nhật ký nguyên vẹn. Đã tính lại 2 dòng." in page
    assert here.client(Role.OPERATOR, DISTRICT).get("/nhat-ky/kiem-tra").status_code == 403


def _file(here: Centre, place_id: str = PROVINCE, **dates: str) -> list[list[str]]:
    answer = here.client(Role.AUDITOR, place_id).post(
        "/nhat-ky/tai-ve", **{"from": "25/11/2026", "to": "25/11/2026", **dates}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.data.startswith(b"\xef\xbb\xbf"), "or a spreadsheet spoils the marks"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_days_asked_for_are_taken_home_and_that_is_written_down(here: Centre) -> None:
    _deeds(here, 600)
    _deeds(here, 1, OTHER_DISTRICT)
    here.services.audit_chain.seal()
    header, *rows = _file(here)
    assert header[:3] == ["Số", "Lúc", "Người"]
    cancelled = [row for row in rows if row[5] == "slot.cancel"]
    assert [row[7] for row in cancelled] == [*map(str, range(600)), "0"]
    assert cancelled[0][1] == "25/11/2026 17:06:40"
    assert all(len(row[11]) == 64 for row in cancelled)
    assert "audit.export" in {row[5] for row in _file(here)}
    own = _file(here, DISTRICT)
    assert {row[8] for row in own[1:]} == {"Huyện Bác Ái"}
    here.clock.move(days=1)
    assert [
        row
        for row in _file(here, **{"from": "26/11/2026", "to": "26/11/2026"})
        if row[5] == "slot.cancel"
    ] == []


def test_the_province_still_reads_of_a_commune_that_is_no_more(here: Centre) -> None:
    day = date(2020, 1, 1)
    names = {"code": "", "name": "Cũ", "kind_word": "xã", "position": 99}
    dated = {"valid_from": day, "valid_until": date(2025, 7, 1)}
    gone = PlaceRow(place_id="xa-cu", kind="commune", parent_id=DISTRICT, **names, **dated)
    with here.database.write() as session:
        session.add(gone)
    _deeds(here, 1, "xa-cu")
    here.places.reload()
    pages = [here.client(Role.AUDITOR, place).get("/nhat-ky") for place in (PROVINCE, DISTRICT)]
    assert ["xa-cu" in page.text for page in pages] == [True, False]


def _shown(here: Centre, place_id: str = PROVINCE, **asked: str) -> list[str]:
    """What the lines of the page say was done."""
    answer = here.client(Role.AUDITOR, place_id).get("/nhat-ky", query_string=asked)
    assert answer.status_code == 200
    return re.findall(r'<td><b>([^<]+)</b><span class="under', answer.text)


def test_the_trail_is_searched_by_who_what_and_which_days(here: Centre) -> None:
    operator = here.client(Role.OPERATOR, DISTRICT)
    operator.get("/tai-khoan/khong-co")
    _deeds(here, 2)
    here.clock.move(days=2)
    here.audit.refused(None, Deed("slot.move", "slot", "7", DISTRICT, {}))
    assert _shown(here, viec="lich") == ["Dời buổi", "Hủy buổi", "Hủy buổi"]
    assert _shown(here, viec="lich", tu="25/11", den="26/11/2026") == ["Hủy buổi", "Hủy buổi"]
    assert _shown(here, viec="lich", tu="27/11/2026") == ["Dời buổi"]
    assert set(_shown(here, nguoi="OPERATOR.bac")) >= {"Đăng nhập"}
    assert _shown(here, nguoi="operator.bac", viec="lich") == []
    assert _shown(here, nguoi="o%r") == [], "a sign is a sign, not a pattern"
    assert _shown(here, cua="slot:7") == ["Dời buổi"]
    assert _shown(here, OTHER_DISTRICT, cua="slot:7") == []


def test_the_search_stays_from_page_to_page_and_in_the_file(here: Centre) -> None:
    _deeds(here, 35)
    auditor = here.client(Role.AUDITOR)
    page = auditor.get("/nhat-ky?viec=lich&tu=25/11/2026")
    (older,) = re.findall(r'href="(/nhat-ky\?truoc=[^"]+)"', page.text)
    second = auditor.get(older.replace("&amp;", "&")).text
    assert second.count("Hủy buổi") == 5
    assert "account.sign_in" not in second
    assert 'name="viec" value="lich"' in page.text, "the form of the file takes it along"
    rows = _file(here, viec="lich", nguoi="", cua="slot:3")[1:]
    assert [(row[5], row[7]) for row in rows] == [("slot.cancel", "3")]
    taken = here.audit.newest(limit=1)[0].detail
    assert (taken["sought_deeds"], taken["sought_object"]) == ("lich", "3")
    assert "chỉ việc: Lịch, buổi phát, khung giờ" in words(auditor.get("/nhat-ky"))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"tu": "31/02/2026"}, "Gõ ngày như 30/11/2026."),
        ({"tu": "25/11/2026", "den": "24/11/2026"}, "Ngày cuối phải sau ngày đầu."),
        ({"den": "31/12/9999"}, "Gõ ngày như 30/11/2026."),
        ({"nguoi": "khong.co.ai"}, "Không có việc nào khớp."),
    ],
)
def test_a_search_for_nothing_says_so_and_keeps_what_was_typed(
    here: Centre, asked: dict[str, str], sentence: str
) -> None:
    page = here.client(Role.AUDITOR).get("/nhat-ky", query_string=asked)
    assert page.status_code == 200
    assert sentence in page.text
    for one in asked.values():
        assert f'value="{one}"' in page.text


def test_a_deed_of_many_facts_shows_some_and_folds_the_rest(here: Centre) -> None:
    detail = {"title": "Tên", "percent": 60, "count": 3, "number": 2, "order": 1, "note": "Cuối"}
    here.audit.refused(None, Deed("bulletin.edit", "bulletin", "b", DISTRICT, detail))
    page = here.client(Role.AUDITOR).get("/nhat-ky").text
    shown, folded = page.split('<details class="also"><summary>2 chi tiết nữa</summary>')
    assert "bản: 2" in shown
    assert "ghi chú: Cuối" in folded


def test_a_station_is_called_by_its_name(here: Centre) -> None:
    deed = Deed("equipment.add", "station", COMMUNE, COMMUNE, {"station": COMMUNE})
    here.audit.refused(None, deed)
    page = words(here.client(Role.AUDITOR, PROVINCE).get("/nhat-ky"))
    assert "trạm: Xã Phước Bình Trạm Xã Phước Bình" in page
    assert COMMUNE not in page


def test_what_a_spreadsheet_would_work_out_is_shown_as_text(here: Centre) -> None:
    here.audit.refused(None, Deed("slot.cancel", "slot", "=1+1", DISTRICT, {}))
    assert "'=1+1" in {row[7] for row in _file(here)}


def test_a_spreadsheet_that_ends_cells_with_semicolons_works_nothing_out_either(
    here: Centre,
) -> None:
    for said in ("x;=1+1", "x;  +1", "x\n@A1", "x\t-1", "＝1+1", "buổi; không phát"):
        here.audit.refused(None, Deed("slot.cancel", "slot", said, DISTRICT, {"reason": said}))
    rows = _file(here)
    assert [
        cell for row in rows for cell in row if re.search(r"(^|[;\n\t])\s*[=+@＝-]", cell)
    ] == []
    assert "buổi; không phát" in {row[7] for row in rows}


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("31/02/2026", "25/11/2026", "Gõ ngày như 30/11/2026."),
        ("25/11/2026", "24/11/2026", "Ngày cuối phải sau ngày đầu."),
        ("", "", "Gõ ngày như 30/11/2026."),
    ],
)
def test_wrong_dates_are_told_beside_the_field_and_kept(
    here: Centre, first: str, last: str, sentence: str
) -> None:
    answer = here.client(Role.AUDITOR).post("/nhat-ky/tai-ve", **{"from": first, "to": last})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{first}"' in answer.text


def test_a_commune_takes_no_trail_home(here: Centre) -> None:
    client = here.client(Role.COMMUNE_OFFICER, COMMUNE)
    assert (
        client.post("/nhat-ky/tai-ve", **{"from": "1/1/2026", "to": "1/1/2026"}).status_code == 403
    )


def test_the_command_says_whether_it_is_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with centre(tmp_path) as built:
        _deeds(built, 4)
        built.services.audit_chain.seal()
        monkeypatch.setenv("VANG_DATA_FOLDER", str(tmp_path))
        with built.database.write() as session:
            session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            session.execute(
                text("INSERT INTO alembic_version VALUES (:now)"),
                {"now": migrate.newest_revision()},
            )
        assert main(["check-audit"]) == 0
        assert capsys.readouterr().out.startswith("whole: 4 rows, 0 not linked yet, last link ")
        _behind_its_back(tmp_path, "UPDATE audit SET address = '1.2.3.4' WHERE audit_id = 2")
        assert main(["check-audit"]) == 1
        assert "BROKEN at row 2: 1 rows before it" in capsys.readouterr().err


def test_the_command_finds_the_end_taken_out_and_accepts_an_older_copy_when_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with centre(tmp_path) as built:
        chain = AuditChain(built.database, AuditNote(tmp_path / "audit-head"))
        _deeds(built, 5)
        chain.seal()
        head = chain.examine().found.head
        monkeypatch.setenv("VANG_DATA_FOLDER", str(tmp_path))
        with built.database.write() as session:
            session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            session.execute(
                text("INSERT INTO alembic_version VALUES (:now)"),
                {"now": migrate.newest_revision()},
            )
        assert main(["check-audit", "--noted", f"5:{head}"]) == 0
        assert main(["check-audit", "--noted", f"4:{head}"]) == 1
        assert "ANOTHER CHAIN" in capsys.readouterr().err
        assert main(["check-audit", "--noted", "soon"]) == 1
        for statement in LAST_ROWS:
            _behind_its_back(tmp_path, statement)
        assert main(["check-audit"]) == 1
        assert "SHORTENED: 5 rows were linked once, 3 are there." in capsys.readouterr().err
        assert main(["check-audit", "--accept"]) == 0
        assert main(["check-audit"]) == 0
        newest = built.audit.newest(limit=1)[0]
        assert (newest.action, newest.detail["noted"]) == ("audit.accept", f"5:{head}")


@pytest.mark.parametrize("spoilt", ["", "5", "5:abc", "x" * 70, "5:" + "g" * 64])
def test_a_spoilt_note_notes_nothing(tmp_path: Path, spoilt: str) -> None:
    assert head_of(spoilt) is None
    (tmp_path / "audit-head").write_text(spoilt, encoding="ascii")
    assert AuditNote(tmp_path / "audit-head").read() is None
