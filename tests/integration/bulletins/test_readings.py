"""The table of abbreviations: everybody reads it, the province alone changes it."""

from __future__ import annotations

import pytest

from controller.domain.accounts import Actor, Role
from controller.errors import InvalidInputError, OutOfScopeError
from tests.support.bulletins import Studio
from tests.support.web import DISTRICT, PROVINCE, Browser, words


@pytest.fixture
def province(studio: Studio) -> Browser:
    return studio.centre.client(Role.OPERATOR, PROVINCE)


def read(studio: Studio, text: str) -> str:
    return studio.readings.read(text).text


def test_a_changed_reading_is_heard_from_then_on(studio: Studio, province: Browser) -> None:
    assert read(studio, "TTYT") == "Trung tâm Y tế"
    answer = province.post("/ban-tin/cach-doc", term="TTYT", reading="Trung tâm Y tế huyện")
    assert answer.status_code == 303
    assert read(studio, "TTYT") == "Trung tâm Y tế huyện"
    page = words(province.get("/ban-tin/cach-doc"))
    assert "TTYT Trung tâm Y tế huyện Trung tâm Y tế" in page
    province.post("/ban-tin/cach-doc/ve-mac-dinh", term="TTYT")
    assert read(studio, "TTYT") == "Trung tâm Y tế"


def test_a_new_abbreviation_is_one_line_however_it_was_typed(
    studio: Studio, province: Browser
) -> None:
    province.post("/ban-tin/cach-doc", term=" BQLDA ", reading="Ban quản lý\r\n dự án")
    assert read(studio, "BQLDA tỉnh") == "Ban quản lý dự án tỉnh"


def test_an_empty_reading_leaves_the_term_as_it_is_written(studio: Studio, editor: Actor) -> None:
    studio.readings.change(editor, "QR", "")
    assert read(studio, "mã QR") == "mã quy rờ"  # letters nobody could say are still spelled
    studio.readings.change(editor, "Covid-19", "")
    assert read(studio, "Covid-19") == "Covid-mười chín"


def test_a_district_reads_the_table_and_cannot_change_it(studio: Studio, author: Actor) -> None:
    district = studio.centre.client(Role.OPERATOR, DISTRICT)
    page = words(district.get("/ban-tin/cach-doc"))
    assert "Ủy ban nhân dân" in page
    assert "Lưu cách đọc" not in page
    answer = district.post("/ban-tin/cach-doc", term="UBND", reading="x")
    assert answer.status_code == 422
    with pytest.raises(OutOfScopeError):
        studio.readings.reset(author, "UBND")
    assert read(studio, "UBND") == "Ủy ban nhân dân"


@pytest.mark.parametrize(
    ("term", "reading", "field"),
    [
        ("", "x", "term"),
        ("&", "và", "term"),
        ("A" * 41, "x", "term"),
        ("UBND", "x" * 201, "reading"),
        ("UB\u202eND", "x", "term"),
    ],
)
def test_what_could_not_be_read_is_refused(
    studio: Studio, editor: Actor, term: str, reading: str, field: str
) -> None:
    with pytest.raises(InvalidInputError) as error:
        studio.readings.change(editor, term, reading)
    assert error.value.facts["field"] == field


def test_a_refused_reading_keeps_what_was_typed(province: Browser) -> None:
    answer = province.post("/ban-tin/cach-doc", term="", reading="Ban quản lý dự án")
    assert answer.status_code == 422
    assert "Gõ chữ viết tắt cần đổi cách đọc." in words(answer)
    assert "Ban quản lý dự án" in answer.text


def test_the_table_is_searched_without_accents(province: Browser) -> None:
    page = words(province.get("/ban-tin/cach-doc?tim=uy+ban"))
    assert "UBND" in page
    assert "TTYT" not in page


def test_who_changed_a_reading_stands_in_the_audit(studio: Studio, editor: Actor) -> None:
    studio.readings.change(editor, "TTYT", "Trung tâm Y tế huyện")
    (line,) = [one for one in studio.centre.audit.newest() if one.action == "reading.change"]
    assert line.detail == {
        "reading": "Trung tâm Y tế huyện",
        "was": {"reading": "Trung tâm Y tế"},
    }
    assert line.object_id == "TTYT"
