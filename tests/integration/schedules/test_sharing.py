"""A bulletin one district shares: the others hear and schedule it, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from controller.domain.accounts import Actor, Role
from controller.errors import NotFoundError, OutOfScopeError, WrongStateError
from controller.services.bulletins import Draft
from controller.services.filing import Filing
from controller.services.library import Search
from controller.storage.models import BulletinRow
from tests.support.bulletins import Studio
from tests.support.schedule_desk import Desk, a_wish, desk
from tests.support.web import COMMUNE, DISTRICT, OTHER_COMMUNE, OTHER_DISTRICT, PROVINCE, words


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as built:
        Studio(built.centre, tmp_path)
        yield built


@pytest.fixture
def stranger(at_desk: Desk) -> Actor:
    return at_desk.actor(Role.OPERATOR, OTHER_DISTRICT)


def version(at_desk: Desk, bulletin_id: str) -> int:
    with at_desk.centre.database.read() as session:
        return session.get_one(BulletinRow, bulletin_id).row_version


def shared(at_desk: Desk, bulletin_id: str) -> str:
    seen = version(at_desk, bulletin_id)
    at_desk.centre.services.sharing.share(at_desk.actor(), bulletin_id, row_version=seen)
    return bulletin_id


def found(at_desk: Desk, actor: Actor, **wish: bool) -> list[str]:
    page = at_desk.centre.services.library.search(actor, Search(**wish))  # type: ignore[arg-type]
    return [one.bulletin_id for one in page.bulletins]


def test_what_is_not_shared_another_district_neither_sees_hears_nor_schedules(
    at_desk: Desk, stranger: Actor
) -> None:
    bulletin_id = at_desk.bulletin()
    services = at_desk.centre.services
    assert found(at_desk, stranger) == found(at_desk, stranger, is_shared=True) == []
    with pytest.raises(NotFoundError):
        services.bulletins.get(stranger, bulletin_id)
    with pytest.raises(NotFoundError):
        services.uses.read(stranger, bulletin_id)
    with pytest.raises(OutOfScopeError):
        at_desk.schedules.preview(stranger, a_wish(bulletin_id, target_ids=(OTHER_DISTRICT,)))
    with pytest.raises(OutOfScopeError):
        at_desk.schedules.save(stranger, a_wish(bulletin_id, target_ids=(OTHER_DISTRICT,)))
    assert at_desk.schedules.bulletins(stranger) == ()
    browser = at_desk.centre.client(Role.OPERATOR, OTHER_DISTRICT)
    for page in (f"/ban-tin/{bulletin_id}", f"/ban-tin/{bulletin_id}/nghe/x"):
        assert browser.get(page).status_code == 404


def test_what_is_shared_they_find_and_schedule_in_their_own_place(
    at_desk: Desk, stranger: Actor
) -> None:
    bulletin_id = shared(at_desk, at_desk.bulletin())
    assert found(at_desk, stranger) == []
    assert found(at_desk, stranger, is_shared=True) == [bulletin_id]
    (choice,) = at_desk.schedules.bulletins(stranger)
    assert (choice.bulletin_id, choice.is_lent) == (bulletin_id, True)
    at_desk.schedules.save(stranger, a_wish(bulletin_id, target_ids=(OTHER_DISTRICT,)))
    assert len(at_desk.slots()) == 10
    officer = at_desk.actor(Role.COMMUNE_OFFICER, OTHER_COMMUNE)
    at_desk.schedules.preview(officer, a_wish(bulletin_id, target_ids=(OTHER_COMMUNE,)))
    with pytest.raises(OutOfScopeError):
        at_desk.schedules.save(stranger, a_wish(bulletin_id, target_ids=(DISTRICT,)))


def test_what_is_shared_they_cannot_change(at_desk: Desk, stranger: Actor) -> None:
    bulletin_id = shared(at_desk, at_desk.bulletin())
    services, seen = at_desk.centre.services, version(at_desk, bulletin_id)
    view = services.bulletins.get(stranger, bulletin_id)
    assert view.is_foreign
    assert view.history == ()
    draft = Draft("Khác", "", "", OTHER_DISTRICT)
    for deed in (
        lambda: services.bulletins.edit(stranger, bulletin_id, draft, row_version=seen),
        lambda: services.bulletins.keep_text(stranger, bulletin_id, "Khác"),
        lambda: services.bulletins.withdraw(stranger, bulletin_id, row_version=seen),
        lambda: services.filing.file(stranger, bulletin_id, Filing("x"), row_version=seen),
        lambda: services.sharing.share(stranger, bulletin_id, row_version=seen),
        lambda: services.sharing.end(stranger, bulletin_id, row_version=seen),
        lambda: services.sharing.elsewhere(stranger, bulletin_id),
    ):
        with pytest.raises(NotFoundError):
            deed()
    browser = at_desk.centre.client(Role.OPERATOR, OTHER_DISTRICT)
    page = browser.get(f"/ban-tin/{bulletin_id}")
    assert "Huyện Bác Ái dùng chung bản tin này" in words(page)
    assert "Đặt lịch" in words(page)
    for deed_address in ("rut", "nhan", "am-thanh", "giong-doc", "thoi-dung-chung"):
        address = f"/ban-tin/{bulletin_id}/{deed_address}"
        assert address not in page.text
        assert browser.post(address, text="a", row_version=seen).status_code in {404, 422}
    assert version(at_desk, bulletin_id) == seen


def test_only_what_is_approved_is_shared_and_seen(at_desk: Desk, stranger: Actor) -> None:
    waiting = at_desk.bulletin(is_approved=False)
    with pytest.raises(WrongStateError):
        shared(at_desk, waiting)
    bulletin_id = shared(at_desk, at_desk.bulletin())
    unshared = at_desk.bulletin()
    with pytest.raises(WrongStateError):
        at_desk.centre.services.sharing.end(at_desk.actor(), unshared, row_version=1)
    at_desk.withdraw_approval(bulletin_id)
    assert found(at_desk, stranger, is_shared=True) == []
    with pytest.raises(NotFoundError):
        at_desk.centre.services.bulletins.get(stranger, bulletin_id)


def test_ending_it_says_who_loses_it_and_ends_their_schedules_alone(
    at_desk: Desk, stranger: Actor
) -> None:
    bulletin_id = shared(at_desk, at_desk.bulletin())
    editor = at_desk.actor(Role.OPERATOR, PROVINCE)
    lost = at_desk.schedules.save(stranger, a_wish(bulletin_id, target_ids=(OTHER_DISTRICT,)))
    own = at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id, target_ids=(COMMUNE,)))
    above = at_desk.schedules.save(
        editor, a_wish(bulletin_id, target_ids=(OTHER_COMMUNE,), airs_at=time(7, 0))
    )
    sharing = at_desk.centre.services.sharing
    told = {one.place.place_id: one for one in sharing.elsewhere(at_desk.actor(), bulletin_id)}
    assert set(told) == {OTHER_DISTRICT, PROVINCE}
    assert (told[OTHER_DISTRICT].schedules, told[OTHER_DISTRICT].by_sharing) == (1, True)
    assert not told[PROVINCE].by_sharing
    browser = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    page = words(browser.get(f"/ban-tin/{bulletin_id}"))
    assert "Huyện Ninh Sơn (1 lịch) đang đặt lịch bản này. Thôi dùng chung thì" in page
    both = "Tỉnh Ninh Thuận (1 lịch) và huyện Ninh Sơn (1 lịch) đang đặt lịch bản này. Rút thì"
    assert both in page
    seen = version(at_desk, bulletin_id)
    answer = browser.post(f"/ban-tin/{bulletin_id}/thoi-dung-chung", row_version=seen)
    assert answer.status_code == 303
    told_after = words(browser.get(answer.headers["Location"]))
    assert "Đã dừng lịch ở: Huyện Ninh Sơn (1 lịch)." in told_after
    assert all(slot.cancelled_at for slot in at_desk.slots(lost.schedule_id))
    for kept in (own, above):
        assert not any(slot.cancelled_at for slot in at_desk.slots(kept.schedule_id))
    at_desk.centre.clock.move(days=3)
    at_desk.materialise()
    assert all(slot.cancelled_at for slot in at_desk.slots(lost.schedule_id))
    (row,) = at_desk.audited("bulletin.unshare")
    assert row.detail["place_ids"] == [OTHER_DISTRICT]
    with pytest.raises(OutOfScopeError):
        at_desk.schedules.save(stranger, a_wish(bulletin_id, target_ids=(OTHER_DISTRICT,)))


def test_the_slot_they_lost_says_why(at_desk: Desk, stranger: Actor) -> None:
    bulletin_id = shared(at_desk, at_desk.bulletin())
    at_desk.schedules.save(stranger, a_wish(bulletin_id, target_ids=(OTHER_DISTRICT,)))
    seen = version(at_desk, bulletin_id)
    at_desk.centre.services.sharing.end(at_desk.actor(), bulletin_id, row_version=seen)
    browser = at_desk.centre.client(Role.OPERATOR, OTHER_DISTRICT)
    page = words(browser.get(f"/lich/buoi/{at_desk.slots()[0].slot_id}"))
    assert "Katơr Thị Mai thôi dùng chung bản tin này." in page


def test_a_district_shares_on_its_page_and_the_others_find_it_there(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin("Tiết kiệm nước")
    browser = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    other = at_desk.centre.client(Role.OPERATOR, OTHER_DISTRICT)
    assert "dung-chung" not in other.get("/ban-tin").text
    seen = version(at_desk, bulletin_id)
    done = browser.post(f"/ban-tin/{bulletin_id}/dung-chung", row_version=seen)
    assert done.status_code == 303
    assert "Dùng chung 1" in words(other.get("/ban-tin"))
    assert "Tiết kiệm nước" in words(other.get("/ban-tin?dung-chung=co"))
    form = words(other.get("/lich/moi"))
    assert "Tiết kiệm nước · 10 phút · dùng chung, Huyện Bác Ái" in form
