"""The library: one finds a bulletin by what one remembers of it."""

from __future__ import annotations

import pytest

from controller.domain.accounts import Actor, Role
from controller.domain.bulletins import BulletinState, Language
from controller.services.bulletins import Draft
from controller.services.filing import Filing
from controller.services.library import PAGE_LENGTH, Library, Search
from tests.support.bulletins import Studio
from tests.support.web import COMMUNE, DISTRICT, Browser, words


@pytest.fixture
def library(studio: Studio) -> Library:
    return Library(studio.centre.database, studio.centre.clock, studio.centre.places)


def write(studio: Studio, author: Actor, title: str, text: str = "", category: str = "") -> str:
    return studio.bulletins.create(author, Draft(title, category, text, author.place_id))


def titles(library: Library, actor: Actor, **wish: object) -> list[str]:
    return [one.title for one in library.search(actor, Search(**wish)).bulletins]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sought", ["chay rung", "CHÁY RỪNG", "rừng mùa khô", "phong  chay", "đốt nương", "dot nuong"]
)
def test_title_and_text_are_found_with_or_without_marks(
    studio: Studio, library: Library, author: Actor, sought: str
) -> None:
    write(studio, author, "Phòng cháy rừng mùa khô", "Bà con không đốt nương lúc gió to.")
    write(studio, author, "Tiêm phòng cho trẻ")
    assert titles(library, author, words=sought) == ["Phòng cháy rừng mùa khô"]


def test_what_was_edited_is_found_by_its_new_words_alone(
    studio: Studio, library: Library, author: Actor
) -> None:
    bulletin_id = write(studio, author, "Họp thôn")
    changed = Draft("Họp xã", "", "Mời bà con", author.place_id)
    studio.bulletins.edit(author, bulletin_id, changed, row_version=1)
    assert titles(library, author, words="thon") == []
    assert titles(library, author, words="hop xa moi") == ["Họp xã"]
    studio.speech.order(author, bulletin_id, "online:vi", "Nội dung khác")
    assert titles(library, author, words="noi dung") == ["Họp xã"]


def test_signs_of_the_database_are_only_signs(
    studio: Studio, library: Library, author: Actor
) -> None:
    write(studio, author, "Giảm 50% học phí")
    write(studio, author, "Giảm 500 đồng")
    assert titles(library, author, words="50%") == ["Giảm 50% học phí"]
    assert titles(library, author, words="_") == []


def test_subject_language_and_state_narrow_it_down(
    studio: Studio, library: Library, author: Actor, voice_wav: bytes
) -> None:
    raglai = studio.draft(author, "Bản Raglai", sound=voice_wav, language="rog")
    write(studio, author, "Bản Việt", category="digital")
    assert titles(library, author, language=Language.ROG) == ["Bản Raglai"]
    assert titles(library, author, category="digital") == ["Bản Việt"]
    studio.bulletins.submit(author, raglai, row_version=studio.version(author, raglai))
    page = library.search(author, Search(state=BulletinState.SUBMITTED))
    assert [one.title for one in page.bulletins] == ["Bản Raglai"]
    assert (page.counts[BulletinState.DRAFT], page.total) == (1, 2)


def test_nobody_finds_what_lies_outside_the_own_place(
    studio: Studio, library: Library, author: Actor, stranger: Actor, editor: Actor
) -> None:
    write(studio, author, "Tin Bác Ái")
    officer = studio.centre.actor(Role.COMMUNE_OFFICER, COMMUNE)
    assert titles(library, stranger) == titles(library, officer) == []
    assert titles(library, editor, words="bac ai") == ["Tin Bác Ái"]


def test_a_long_library_comes_in_pages(studio: Studio, library: Library, author: Actor) -> None:
    for number in range(PAGE_LENGTH + 5):
        write(studio, author, f"Tin số {number}")
    first = library.search(author, Search())
    second = library.search(author, Search(page=2))
    assert (len(first.bulletins), len(second.bulletins), second.leaf.pages) == (PAGE_LENGTH, 5, 2)
    assert not {one.title for one in first.bulletins} & {one.title for one in second.bulletins}
    assert library.search(author, Search(page=99)).leaf.page == 2
    assert library.search(author, Search(page=-1)).leaf.page == 1


def test_the_page_keeps_what_was_sought_when_a_state_is_chosen(
    studio: Studio, author: Actor
) -> None:
    write(studio, author, "Phòng cháy rừng")
    desk: Browser = studio.centre.client(Role.OPERATOR, DISTRICT)
    page = desk.get("/ban-tin?tim=chay+rung&tieng=xx&trang-thai=nothing")
    assert "Phòng cháy rừng" in words(page)
    assert 'href="/ban-tin?tim=chay+rung' in page.text.replace("&amp;", "&")
    nothing = words(desk.get("/ban-tin?tim=khong+co+gi"))
    assert "Không tìm thấy bản tin nào như vậy." in nothing


def test_tags_are_found_by_a_search_and_narrow_the_list_down(
    studio: Studio, library: Library, author: Actor
) -> None:
    draft = Draft("Phòng cháy", "", "", author.place_id)
    studio.bulletins.create(author, draft, filing=Filing("Mùa khô, rừng"))
    other = write(studio, author, "Vay vốn")
    studio.centre.services.filing.file(author, other, Filing("mùa khô"), row_version=1)
    assert set(titles(library, author, words="mua kho")) == {"Vay vốn", "Phòng cháy"}
    assert titles(library, author, tag="RUNG") == ["Phòng cháy"]
    assert titles(library, author, tag="mua") == []
    assert library.search(author, Search()).tags == ("Mùa khô", "rừng")
    studio.bulletins.edit(
        author, other, Draft("Vay vốn", "", "Lãi", author.place_id), row_version=2
    )
    assert titles(library, author, words="mua kho lai") == ["Vay vốn"]
    studio.centre.services.filing.file(author, other, Filing(), row_version=3)
    assert titles(library, author, words="mua kho") == ["Phòng cháy"]
    filed = [one.detail for one in studio.centre.audit.newest() if one.action == "bulletin.file"]
    assert (filed[0]["tags"], filed[0]["was"]) == ([], {"tags": ["mùa khô"]})


def test_what_has_expired_is_said_and_found_on_its_own(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.approved(author, approver, voice_wav)
    write(studio, author, "Bản nháp khác")
    desk: Browser = studio.centre.client(Role.OPERATOR, DISTRICT)
    at = f"/ban-tin/{bulletin_id}"
    seen = studio.version(author, bulletin_id)
    saved = desk.post(f"{at}/nhan", tags="mùa khô", valid_until="26/11", row_version=seen)
    assert saved.status_code == 303
    assert "het-han" not in desk.get("/ban-tin").text
    studio.centre.clock.move(days=2)
    desk = studio.centre.client(Role.OPERATOR, DISTRICT)
    page = words(desk.get(at))
    assert "Hết hạn ngày 26/11/2026" in page
    assert "Bản tin hết hạn ngày 26/11/2026 nên không đặt lịch được nữa." in page
    assert "Đã duyệt" in page
    listed = words(desk.get("/ban-tin?het-han=co"))
    assert "Phòng cháy rừng mùa khô" in listed
    assert "Bản nháp khác" not in listed


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"valid_until": "hôm nào"}, "Gõ ngày như 30/11/2026."),
        ({"valid_from": "30/11/2026", "valid_until": "29/11/2026"}, "Ngày cuối phải sau ngày đầu."),
        ({"tags": "x" * 31}, "Mỗi nhãn dài tối đa 30 chữ"),
    ],
)
def test_what_cannot_be_filed_is_said_at_its_field_and_stays_typed(
    studio: Studio, author: Actor, typed: dict[str, str], said: str
) -> None:
    bulletin_id = write(studio, author, "Họp thôn")
    desk: Browser = studio.centre.client(Role.OPERATOR, DISTRICT)
    for address in (f"/ban-tin/{bulletin_id}/nhan", "/ban-tin/moi"):
        answer = desk.post(address, title="Họp thôn", row_version=1, **typed)
        assert answer.status_code == 422
        assert said in words(answer)
        assert "open" in answer.text[answer.text.index('class="more"') :][:30]
        assert all(f'value="{value}"' in answer.text for value in typed.values())
