"""Remarks about a bulletin: who reads them, what is refused, what stays when one is taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.domain.accounts import Actor, Role
from controller.errors import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from controller.services.comments import Comments, Thread
from controller.storage.models import AuditRow, BulletinCommentRow, BulletinRow
from tests.support.bulletins import Studio
from tests.support.web import DISTRICT, OTHER_DISTRICT, PROVINCE, Centre, words


@pytest.fixture
def talk(house: Centre, studio: Studio) -> Comments:
    return house.services.comments


def said(threads: tuple[Thread, ...]) -> list[tuple[str, list[str]]]:
    return [(one.first.text, [answer.text for answer in one.answers]) for one in threads]


def test_author_and_approver_talk_in_threads(
    house: Centre, studio: Studio, talk: Comments, author: Actor, approver: Actor
) -> None:
    bulletin_id = studio.draft(author)
    first = talk.say(approver, bulletin_id, "Tên thôn đọc chưa rõ\r\n  ở phút 02:10 ")
    house.clock.move(minutes=1)
    talk.say(approver, bulletin_id, "Còn lại tốt.")
    house.clock.move(minutes=1)
    talk.say(author, bulletin_id, "Đã thu lại.", first)
    assert said(talk.threads(author, bulletin_id)) == [
        ("Tên thôn đọc chưa rõ\n  ở phút 02:10", ["Đã thu lại."]),
        ("Còn lại tốt.", []),
    ]
    assert talk.counts(author, [bulletin_id, "other"]) == {bulletin_id: 3}
    (view,) = studio.bulletins.within(author)
    assert view.row_version == 1, "talk changes nothing of the bulletin"


def test_an_answer_in_the_same_instant_stands_behind_what_it_answers(
    house: Centre, studio: Studio, talk: Comments, author: Actor
) -> None:
    bulletin_id = studio.draft(author)
    for number in range(8):  # ids within one millisecond come in any order
        talk.say(author, bulletin_id, "lời đáp", talk.say(author, bulletin_id, f"lời {number}"))
    threads = said(talk.threads(author, bulletin_id))
    assert sorted(threads) == [(f"lời {number}", ["lời đáp"]) for number in range(8)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (" \n ", "comment_missing"),
        ("x" * 2001, "text_too_long"),
        ("a\0b", "hidden_characters"),
        ("tên \u202egnôht", "hidden_characters"),
    ],
)
def test_what_cannot_be_read_is_refused(
    studio: Studio, talk: Comments, author: Actor, text: str, problem: str
) -> None:
    bulletin_id = studio.draft(author)
    with pytest.raises(InvalidInputError) as refused:
        talk.say(author, bulletin_id, text)
    assert refused.value.facts["problem"] == problem
    assert talk.threads(author, bulletin_id) == ()


def test_what_is_taken_back_stays_as_such_and_only_once(
    house: Centre, studio: Studio, talk: Comments, author: Actor, approver: Actor
) -> None:
    bulletin_id = studio.draft(author)
    own = talk.say(author, bulletin_id, "Nói nhầm")
    house.clock.move(minutes=1)
    other = talk.say(approver, bulletin_id, "Góp ý")
    with pytest.raises(ForbiddenError):
        talk.withdraw(author, bulletin_id, other)
    house.clock.move(minutes=5)
    talk.withdraw(author, bulletin_id, own)
    with pytest.raises(WrongStateError):
        talk.withdraw(author, bulletin_id, own)
    gone, kept = talk.threads(approver, bulletin_id)
    assert (gone.first.is_own, kept.first.is_own) == (False, True)
    assert (gone.first.text, gone.first.withdrawn_by) == ("", "Katơr Thị Mai")
    assert gone.first.withdrawn_at == house.clock()
    assert kept.first.text == "Góp ý"
    assert talk.counts(author, [bulletin_id]) == {bulletin_id: 1}
    with house.database.read() as session:
        row = session.get_one(BulletinCommentRow, own)
        assert row.text == "Nói nhầm", "nothing is overwritten"
        actions = [one.action for one in session.query(AuditRow) if "comment" in one.action]
        facts = [str(one.detail) for one in session.query(AuditRow)]
    assert actions == ["bulletin.comment", "bulletin.comment", "bulletin.comment_withdraw"]
    assert not any("Nói nhầm" in one for one in facts), "the trail keeps the deed, not the words"


def test_an_approver_takes_back_what_others_said_in_the_own_place(
    studio: Studio, talk: Comments, author: Actor, approver: Actor
) -> None:
    bulletin_id = studio.draft(author)
    comment_id = talk.say(author, bulletin_id, "Số điện thoại của bà Tám: ...")
    talk.withdraw(approver, bulletin_id, comment_id)
    (thread,) = talk.threads(author, bulletin_id)
    assert thread.first.withdrawn_by == "Trần Văn Lộc"
    assert not thread.first.may_withdraw


def test_a_borrowing_district_talks_with_the_owners_and_hears_nothing_else(
    house: Centre,
    studio: Studio,
    talk: Comments,
    author: Actor,
    approver: Actor,
    stranger: Actor,
) -> None:
    bulletin_id = studio.draft(author)
    with house.database.write() as session:
        session.get_one(BulletinRow, bulletin_id).state = "approved"
    inside = talk.say(approver, bulletin_id, "Chuyện trong huyện")
    with pytest.raises(NotFoundError):
        talk.threads(stranger, bulletin_id)
    with pytest.raises(NotFoundError):
        talk.say(stranger, bulletin_id, "Cho mượn nhé")
    seen = studio.version(author, bulletin_id)
    house.services.sharing.share(author, bulletin_id, row_version=seen)
    assert talk.threads(stranger, bulletin_id) == ()
    with pytest.raises(NotFoundError):
        talk.say(stranger, bulletin_id, "Chen vào", inside)
    asked = talk.say(stranger, bulletin_id, "Đọc chậm lại được không?")
    talk.say(author, bulletin_id, "Được.", asked)
    assert said(talk.threads(stranger, bulletin_id)) == [("Đọc chậm lại được không?", ["Được."])]
    assert talk.counts(stranger, [bulletin_id]) == {bulletin_id: 2}
    third = house.actor(Role.OPERATOR, "thuan-nam")
    assert talk.threads(third, bulletin_id) == ()
    assert talk.counts(third, [bulletin_id]) == {}
    province = house.actor(Role.APPROVER, PROVINCE)
    assert len(talk.threads(province, bulletin_id)) == 2


def test_who_only_reads_writes_nothing(
    house: Centre, studio: Studio, talk: Comments, author: Actor
) -> None:
    bulletin_id = studio.draft(author)
    talk.say(author, bulletin_id, "Xong chưa?")
    auditor = house.client(Role.AUDITOR, DISTRICT)
    page = auditor.get(f"/ban-tin/{bulletin_id}")
    assert "Xong chưa?" in words(page)
    assert "Gửi ý kiến" not in words(page)
    sent = auditor.post(f"/ban-tin/{bulletin_id}/y-kien", comment="x")
    assert sent.status_code == 403


def test_the_page_shows_words_as_they_were_typed_and_keeps_a_refused_one(
    house: Centre, studio: Studio, author: Actor
) -> None:
    bulletin_id = studio.draft(author)
    desk = house.client(Role.OPERATOR, DISTRICT)
    address = f"/ban-tin/{bulletin_id}/y-kien"
    sent = desk.post(address, comment="<b>đậm</b> & <script>alert(1)</script>")
    assert (sent.status_code, sent.location) == (303, f"/ban-tin/{bulletin_id}#trao-doi")
    page = desk.get(f"/ban-tin/{bulletin_id}").text
    assert "&lt;b&gt;đậm&lt;/b&gt; &amp; &lt;script&gt;" in page
    assert "Nêu ý kiến" not in page, "the history tells of deeds, the thread of words"
    refused = desk.post(address, comment="ẩn\u200bký tự")
    assert refused.status_code == 422
    assert "Ô này có ký tự ẩn" in words(refused)
    assert "ẩn\u200bký tự</textarea>" in refused.text
    assert '<span class="talked num">' in desk.get("/ban-tin").text
    other = house.client(Role.OPERATOR, OTHER_DISTRICT)
    assert other.post(address, comment="Xin chào").status_code == 404


def test_a_remark_is_not_taken_for_the_edit_that_came_between(
    house: Centre, studio: Studio, talk: Comments, author: Actor, approver: Actor
) -> None:
    bulletin_id = studio.draft(author)
    stale = studio.version(author, bulletin_id) - 1
    talk.say(approver, bulletin_id, "Góp ý")
    desk = house.client(Role.OPERATOR, DISTRICT)
    answer = desk.post(
        f"/ban-tin/{bulletin_id}/nhan", row_version=stale, tags="x", valid_from="", valid_until=""
    )
    assert answer.status_code == 409
    assert "Trần Văn Lộc vừa sửa" not in words(answer)


def test_a_forgotten_draft_goes_with_what_was_said_about_it(
    house: Centre, studio: Studio, talk: Comments, author: Actor
) -> None:
    bulletin_id = studio.draft(author)
    first = talk.say(author, bulletin_id, "Để mai")
    talk.say(author, bulletin_id, "Ừ", first)
    house.clock.at += timedelta(days=91)
    assert studio.drafts.prune() == 1
    with house.database.read() as session:
        assert session.query(BulletinCommentRow).count() == 0
