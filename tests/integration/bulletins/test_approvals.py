"""The approver's queue: hear, decide, next; two who decide at once; who sees what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from controller.domain.accounts import Actor, Role
from controller.domain.schedule import Recurrence
from controller.errors import DecidedAlreadyError, ForbiddenError
from controller.storage.models import BulletinRow
from tests.support.bulletins import Studio
from tests.support.schedule_desk import TOMORROW, Desk, a_wish, desk
from tests.support.web import DISTRICT, NOW, OTHER_DISTRICT, PROVINCE, Browser, Centre, words


def queue_field(browser: Browser, bulletin_id: str, name: str) -> str:
    page = browser.get(f"/cho-duyet/{bulletin_id}").text
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, page[-2000:]
    return found.group(1)


def _sent(house: Centre, studio: Studio, author: Actor, title: str = "Họp dân") -> str:
    """A bulletin that waits, without the work its sound would take."""
    bulletin_id = studio.draft(author, title)
    with house.database.write() as session:
        session.get_one(BulletinRow, bulletin_id).state = "submitted"
    return bulletin_id


@pytest.fixture
def judge(house: Centre, studio: Studio, approver: Actor) -> Browser:
    return house.client(Role.APPROVER, DISTRICT)


def test_each_decision_leads_to_the_next_one_until_nothing_waits(
    house: Centre, studio: Studio, judge: Browser, author: Actor, voice_wav: bytes
) -> None:
    first = studio.submitted(author, voice_wav, title="Tiêm phòng cho trẻ")
    house.clock.move(minutes=1)
    second = _sent(house, studio, author, "Họp dân thôn Tà Lú")
    page = judge.get("/cho-duyet")
    assert "Chờ duyệt, 1/2" in words(page)
    assert "<h1" in page.text
    assert words(page).index("Tiêm phòng cho trẻ") < words(page).index("Họp dân thôn Tà Lú")
    assert "data-player" in page.text
    assert "Độ to đã được chỉnh vừa" in words(page)

    seen, then = (queue_field(judge, first, name) for name in ("row_version", "then"))
    refused = judge.post(f"/cho-duyet/{first}/duyet", row_version=seen, then=then)
    assert refused.status_code == 422
    assert "Nghe hết bản tin rồi mới duyệt." in words(refused)
    done = judge.post(f"/cho-duyet/{first}/duyet", row_version=seen, then=then, heard="1")
    assert (done.status_code, done.location) == (303, f"/cho-duyet/{second}")
    page = judge.get(done.location)
    assert "Đã duyệt “Tiêm phòng cho trẻ”." in words(page)
    assert "Chờ duyệt, 1/1" in words(page)

    seen = queue_field(judge, second, "row_version")
    empty = judge.post(f"/cho-duyet/{second}/tra-lai", row_version=seen, reason=" ")
    assert empty.status_code == 422
    assert "Ghi lý do trả lại" in words(empty)
    done = judge.post(f"/cho-duyet/{second}/tra-lai", row_version=seen, reason="Sai ngày")
    page = judge.get(done.location)
    assert "Không có bản tin nào chờ duyệt." in words(page)
    states = {one.title: one.state.value for one in studio.bulletins.within(author)}
    assert states == {"Tiêm phòng cho trẻ": "approved", "Họp dân thôn Tà Lú": "returned"}


def test_the_second_of_two_approvers_is_told_who_decided_and_when(
    house: Centre, studio: Studio, judge: Browser, author: Actor
) -> None:
    bulletin_id = _sent(house, studio, author)
    seen = queue_field(judge, bulletin_id, "row_version")
    other = house.actor(Role.APPROVER, PROVINCE)
    house.clock.move(minutes=3)
    studio.bulletins.return_(other, bulletin_id, "Đọc sai tên thôn", row_version=int(seen))
    late = judge.post(f"/cho-duyet/{bulletin_id}/duyet", row_version=seen, heard="1")
    assert late.status_code == 303
    said = "Trần Văn Lộc đã trả lại bản tin này lúc 17:09 25/11/2026."
    assert said in words(judge.get(late.location))
    from_its_page = judge.post(f"/ban-tin/{bulletin_id}/duyet", row_version=seen, heard="1")
    assert from_its_page.status_code == 409
    assert said in words(from_its_page)


def test_what_the_author_changed_meanwhile_has_to_be_heard_again(
    studio: Studio, approver: Actor, author: Actor, voice_wav: bytes, other_wav: bytes
) -> None:
    bulletin_id = studio.submitted(author, voice_wav)
    seen = studio.version(approver, bulletin_id)
    studio.bulletins.keep_text(author, bulletin_id, "Lời khác")
    studio.bulletins.submit(author, bulletin_id, row_version=studio.version(author, bulletin_id))
    with pytest.raises(Exception, match="changed meanwhile"):
        studio.bulletins.approve(approver, bulletin_id, row_version=seen)
    studio.bulletins.approve(
        approver, bulletin_id, row_version=studio.version(approver, bulletin_id)
    )
    with pytest.raises(DecidedAlreadyError) as told:
        studio.bulletins.approve(approver, bulletin_id, row_version=seen)
    assert told.value.facts["deed"] == "bulletin.approve"


def test_nobody_is_asked_about_the_own_sound_or_another_district(
    house: Centre, studio: Studio, author: Actor, approver: Actor
) -> None:
    bulletin_id = _sent(house, studio, author)
    queue = house.services.approvals
    assert [one.bulletin_id for one in queue.waiting(approver)] == [bulletin_id]
    stranger = house.actor(Role.APPROVER, OTHER_DISTRICT)
    assert queue.waiting(stranger) == ()
    browser = house.client(Role.APPROVER, OTHER_DISTRICT)
    assert browser.get(f"/cho-duyet/{bulletin_id}").status_code == 404
    with pytest.raises(ForbiddenError):
        queue.waiting(author)
    with house.database.write() as session:
        session.execute(update(BulletinRow).values(author_id=approver.account_id))
    assert queue.waiting(approver) == (), "the own one is somebody else's to judge"


def test_only_an_approver_is_led_to_the_queue(
    house: Centre, studio: Studio, judge: Browser, author: Actor
) -> None:
    bulletin_id = _sent(house, studio, author)
    today = judge.get("/hom-nay").text
    assert 'href="/cho-duyet"' in today
    assert f'href="/cho-duyet/{bulletin_id}"' in today
    desk = house.client(Role.OPERATOR, DISTRICT)
    assert "/cho-duyet" not in desk.get("/hom-nay").text
    assert desk.get("/cho-duyet").status_code == 403


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as built:
        Studio(built.centre, tmp_path)
        yield built


def test_what_airs_soonest_comes_first_with_the_airing_it_must_make(at_desk: Desk) -> None:
    editor = at_desk.actor(Role.OPERATOR, PROVINCE)
    ids = {name: at_desk.bulletin(name) for name in ("Không lịch", "Ngày kia", "Sáng mai")}
    for name, days, at in (("Ngày kia", 1, time(5, 30)), ("Sáng mai", 0, time(6, 0))):
        wish = a_wish(
            ids[name],
            recurrence=Recurrence.ONCE,
            starts_on=TOMORROW + timedelta(days=days),
            airs_at=at,
            target_ids=(DISTRICT, OTHER_DISTRICT),
        )
        at_desk.schedules.save(editor, wish)
    for one in ids.values():
        with at_desk.centre.database.write() as session:
            session.get_one(BulletinRow, one).state = "submitted"
    approver = at_desk.actor(Role.APPROVER)
    waiting = at_desk.centre.services.approvals.waiting(approver)
    assert [one.title for one in waiting] == ["Sáng mai", "Ngày kia", "Không lịch"]
    nearest = waiting[0].nearest
    assert nearest is not None
    assert (at_desk.local(nearest.starts_at), nearest.stations) == ("26/11 06:00", 9)
    assert waiting[2].nearest is None
    page = words(at_desk.centre.client(Role.APPROVER, DISTRICT).get("/cho-duyet"))
    assert "Buổi gần nhất cần bản này: 06:00 26/11/2026, còn 12 giờ 53 phút." in page
    assert "Sáng mai, 9 trạm." in page
    assert "Chưa có lịch nào dùng bản này." not in page


def test_a_cancelled_airing_is_none_to_make(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id, recurrence=Recurrence.ONCE))
    (slot,) = at_desk.slots()
    assert slot.starts_at > NOW
    at_desk.schedules.cancel_slot(at_desk.actor(), slot.slot_id, "họp")
    with at_desk.centre.database.write() as session:
        session.get_one(BulletinRow, bulletin_id).state = "submitted"
    (one,) = at_desk.centre.services.approvals.waiting(at_desk.actor(Role.APPROVER))
    assert one.nearest is None
