"""A bulletin airs on the dates on which it may, whatever its schedule says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.domain.schedule import Recurrence
from controller.domain.validity import Validity
from controller.errors import NotFoundError, OutsideValidityError
from controller.services.filing import Filing
from controller.services.schedule_findings import OutsideValidity
from controller.services.schedules import Editing
from controller.storage.models import BulletinRow, SlotRow
from tests.support.schedule_desk import TOMORROW, Desk, a_wish, desk
from tests.support.web import DISTRICT, OTHER_DISTRICT, words

LAST = TOMORROW + timedelta(days=5)
"""Tuesday 01/12/2026."""


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as built:
        yield built


def valid(at_desk: Desk, bulletin_id: str, first: date | None, last: date | None) -> None:
    """File it so, as its editor does."""
    with at_desk.centre.database.read() as session:
        seen = session.get_one(BulletinRow, bulletin_id).row_version
    filing = Filing(valid_from=first, valid_until=last)
    at_desk.centre.services.filing.file(at_desk.actor(), bulletin_id, filing, row_version=seen)


def airing(at_desk: Desk) -> list[str]:
    return [at_desk.local(slot.starts_at)[:5] for slot in at_desk.slots() if not slot.cancelled_at]


def cancelled(at_desk: Desk) -> list[SlotRow]:
    return [slot for slot in at_desk.slots() if slot.cancelled_at]


def test_dates_beyond_the_last_day_are_said_before_saving_and_do_not_air(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    valid(at_desk, bulletin_id, None, LAST)
    judgement = at_desk.schedules.preview(at_desk.actor(), a_wish(bulletin_id)).judgement
    (finding,) = [one for one in judgement.look_at if isinstance(one, OutsideValidity)]
    assert finding == OutsideValidity(Validity(None, LAST), date(2026, 12, 2), is_every=False)
    assert judgement.may_save
    assert judgement.count == 4
    saved = at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    assert saved.count == 4
    assert airing(at_desk) == ["26/11", "27/11", "30/11", "01/12"]
    assert len(cancelled(at_desk)) == 6


def test_a_schedule_with_no_date_inside_is_refused_and_nothing_is_kept(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    valid(at_desk, bulletin_id, TOMORROW + timedelta(days=30), None)
    wish = a_wish(bulletin_id)
    judgement = at_desk.schedules.preview(at_desk.actor(), wish).judgement
    (finding,) = judgement.must_fix
    assert isinstance(finding, OutsideValidity)
    assert finding.is_every
    with pytest.raises(OutsideValidityError):
        at_desk.schedules.save(at_desk.actor(), wish)
    once = a_wish(bulletin_id, recurrence=Recurrence.ONCE)
    with pytest.raises(OutsideValidityError):
        at_desk.schedules.save(at_desk.actor(), once)
    assert at_desk.slots() == []


def test_what_expires_later_is_cancelled_and_comes_back_when_it_is_extended(
    at_desk: Desk,
) -> None:
    bulletin_id = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    valid(at_desk, bulletin_id, None, LAST)
    assert "plan_refresh" in at_desk.centre.woken
    at_desk.materialise()
    assert airing(at_desk) == ["26/11", "27/11", "30/11", "01/12"]
    revisions = {slot.slot_id: slot.revision for slot in cancelled(at_desk)}
    assert set(revisions.values()) == {2}
    valid(at_desk, bulletin_id, None, LAST + timedelta(days=2))
    at_desk.materialise()
    assert airing(at_desk) == ["26/11", "27/11", "30/11", "01/12", "02/12", "03/12"]


def test_a_slot_cancelled_by_hand_stays_cancelled_when_the_bulletin_is_extended(
    at_desk: Desk,
) -> None:
    bulletin_id = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    at_desk.schedules.cancel_slot(at_desk.actor(), at_desk.slots()[0].slot_id, "họp")
    valid(at_desk, bulletin_id, None, LAST)
    at_desk.materialise()
    valid(at_desk, bulletin_id, None, None)
    at_desk.materialise()
    assert airing(at_desk)[0] == "27/11"
    assert len(cancelled(at_desk)) == 1


def test_tomorrows_slot_stays_cancelled_says_so_and_is_made_anew_by_one_press(
    at_desk: Desk,
) -> None:
    bulletin_id = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    valid(at_desk, bulletin_id, TOMORROW + timedelta(days=1), None)
    at_desk.materialise()
    operator = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    (lost,) = cancelled(at_desk)
    page = f"/lich/buoi/{lost.slot_id}"
    assert "Đặt lại thành buổi mới" not in words(operator.get(page))
    with at_desk.centre.database.read() as session:
        seen = session.get_one(BulletinRow, bulletin_id).row_version
    form = {"valid_from": "", "valid_until": "", "tags": "", "row_version": str(seen)}
    operator.post(f"/ban-tin/{bulletin_id}/nhan", **form)
    at_desk.materialise()
    told = words(operator.get(page))
    assert "Buổi 05:30 26/11/2026 vẫn hủy vì các trạm đã được báo" in told
    assert "Lúc đó buổi này ở ngoài hạn dùng của bản tin. Nay lịch lại có buổi này" in told
    operator.post(f"{page}/dat-lai")
    (again,) = [
        slot
        for slot in at_desk.slots()
        if slot.starts_at == lost.starts_at and not slot.cancelled_at
    ]
    assert again.slot_id != lost.slot_id
    assert len(at_desk.audited("slot.again")) == 1
    operator.post(f"{page}/dat-lai")
    assert len(at_desk.audited("slot.again")) == 1, "a second press makes no second one"


def test_a_slot_is_not_moved_out_of_the_validity(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    valid(at_desk, bulletin_id, None, LAST)
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    slot = at_desk.slots()[0]
    beyond = slot.starts_at + timedelta(days=10)
    with pytest.raises(OutsideValidityError):
        at_desk.move(slot, beyond)


def test_an_expired_bulletin_is_not_offered_but_its_schedule_can_be_ended(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    saved = at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    valid(at_desk, bulletin_id, None, TOMORROW)
    assert [one.bulletin_id for one in at_desk.schedules.bulletins(at_desk.actor())] == [
        bulletin_id
    ]
    at_desk.centre.clock.move(days=2)
    at_desk.materialise()
    assert at_desk.schedules.bulletins(at_desk.actor()) == ()
    page = at_desk.schedules.schedule(at_desk.actor(), saved.schedule_id)
    assert (page.airing, page.count) == (0, 8)
    version = at_desk.row(saved.schedule_id).row_version
    with pytest.raises(OutsideValidityError):
        at_desk.schedules.change(
            at_desk.actor(),
            a_wish(bulletin_id, starts_on=TOMORROW + timedelta(days=4)),
            Editing(saved.schedule_id, version),
        )
    at_desk.schedules.cancel_rest(at_desk.actor(), saved.schedule_id, "hết hạn")


def test_the_pages_say_why_a_slot_does_not_air(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    valid(at_desk, bulletin_id, None, LAST)
    saved = at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    browser = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    slot = words(browser.get(f"/lich/buoi/{cancelled(at_desk)[0].slot_id}"))
    assert "Bản tin chỉ dùng đến hết 01/12/2026." in slot
    schedule = words(browser.get(f"/lich/{saved.schedule_id}"))
    assert "Các buổi ngoài hạn không phát." in schedule
    form = browser.get(f"/lich/moi?ban-tin={bulletin_id}")
    assert "Buổi thứ Tư 02/12 là buổi đầu tiên ngoài hạn." in words(form)
    far = browser.post(
        "/lich/moi",
        bulletin_id=bulletin_id,
        airs_at="06:00",
        recurrence="once",
        starts_on="20/12/2026",
        target=DISTRICT,
        priority="ordinary",
    )
    assert far.status_code == 422
    assert "Bản tin chỉ dùng đến hết 01/12/2026" in words(far)
    assert "Không còn buổi nào trong hạn." in words(far)


def test_nobody_files_a_bulletin_of_another_district(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    stranger = at_desk.actor(Role.OPERATOR, OTHER_DISTRICT)
    with pytest.raises(NotFoundError):
        at_desk.centre.services.filing.file(stranger, bulletin_id, Filing("x"), row_version=1)
