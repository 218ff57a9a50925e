"""Where a bulletin is used and where it aired, told to whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.domain.board import Sign
from controller.domain.programmes import Chimes, ItemKind, Joints
from controller.domain.schedule import Recurrence
from controller.errors import NotFoundError
from controller.services.bulletin_uses import AIRINGS_SHOWN, Uses
from controller.services.bulletin_views import reach
from controller.services.programmes import ItemWish, ProgrammeWish
from tests.support.bulletins import Studio
from tests.support.schedule_desk import TOMORROW, Desk, a_wish, desk
from tests.support.web import COMMUNE, DISTRICT, OTHER_COMMUNE, OTHER_DISTRICT, PROVINCE, words


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as built:
        Studio(built.centre, tmp_path)
        yield built


def uses(at_desk: Desk, bulletin_id: str, place_id: str = DISTRICT, **pages: int) -> Uses:
    actor = at_desk.actor(Role.AUDITOR, place_id)
    return at_desk.centre.services.uses.read(actor, bulletin_id, **pages)


def test_schedules_are_listed_with_those_that_run_in_front(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    ended = a_wish(bulletin_id, recurrence=Recurrence.ONCE)
    first = at_desk.schedules.save(at_desk.actor(), ended).schedule_id
    at_desk.centre.clock.move(days=3)
    running = a_wish(bulletin_id, starts_on=TOMORROW + timedelta(days=4), target_ids=(COMMUNE,))
    second = at_desk.schedules.save(at_desk.actor(), running).schedule_id
    other = at_desk.bulletin("Khác")
    later = a_wish(other, recurrence=Recurrence.ONCE, starts_on=TOMORROW + timedelta(days=9))
    at_desk.schedules.save(at_desk.actor(), later)
    found = uses(at_desk, bulletin_id)
    assert [(use.schedule.schedule_id, use.has_ended) for use in found.schedules] == [
        (second, False),
        (first, True),
    ]


def test_an_airing_tells_who_sounded_it_and_how_it_ended_elsewhere(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    slot = at_desk.slots()[0]
    assert uses(at_desk, bulletin_id).airings == ()
    at_desk.centre.clock.move(days=1)
    at_desk.ended(slot, "bac-ai-phuoc-binh", "aired")
    at_desk.ended(slot, "bac-ai-phuoc-hoa", "missed", "power_off")
    (airing,) = uses(at_desk, bulletin_id).airings
    assert [place.place_id for place in airing.sounded_at] == [COMMUNE]
    assert airing.counts == {Sign.AIRED: 1, Sign.MISSED: 1, Sign.UNKNOWN: 7}
    assert airing.stations == 9


def test_a_slot_cancelled_before_it_sounded_is_no_airing(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    first, second = at_desk.slots()[:2]
    for slot in (first, second):
        at_desk.schedules.cancel_slot(at_desk.actor(), slot.slot_id, "họp")
    at_desk.ended(second, "bac-ai-phuoc-binh", "aired")
    at_desk.centre.clock.move(days=3)
    found = uses(at_desk, bulletin_id).airings
    assert [airing.slot_id for airing in found] == [second.slot_id]


def test_a_long_history_comes_in_pages(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    wish = a_wish(bulletin_id, weekdays=127, ends_on=TOMORROW + timedelta(days=24))
    at_desk.schedules.save(at_desk.actor(), wish)
    at_desk.materialise(days=30)
    at_desk.centre.clock.move(days=30)
    first = uses(at_desk, bulletin_id)
    last = uses(at_desk, bulletin_id, airing_page=2)
    assert (len(first.airings), len(last.airings)) == (AIRINGS_SHOWN, 5)
    assert first.airings[0].starts_at > first.airings[-1].starts_at > last.airings[0].starts_at
    browser = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    page = browser.get(f"/ban-tin/{bulletin_id}?trang=2")
    assert "Trang 2 / 2" in words(page)
    assert page.text.count("data-airing=") == 5


def test_each_sees_only_what_concerns_the_own_place(at_desk: Desk) -> None:
    own = at_desk.bulletin()
    editor = at_desk.actor(Role.OPERATOR, PROVINCE)
    wide = at_desk.schedules.save(editor, a_wish(own, target_ids=(DISTRICT, OTHER_DISTRICT)))
    elsewhere = a_wish(own, target_ids=(OTHER_DISTRICT,), airs_at=time(7, 0))
    at_desk.schedules.save(editor, elsewhere)
    slot = at_desk.slots(wide.schedule_id)[0]
    at_desk.centre.clock.move(days=1)
    at_desk.ended(slot, "bac-ai-phuoc-binh", "aired")
    at_desk.ended(slot, OTHER_COMMUNE, "aired")
    here = uses(at_desk, own)
    assert [use.schedule.schedule_id for use in here.schedules] == [wide.schedule_id]
    (airing,) = here.airings
    assert [place.place_id for place in airing.sounded_at] == [COMMUNE]
    assert airing.stations == 9
    everywhere = uses(at_desk, own, PROVINCE)
    assert len(everywhere.schedules) == 2
    places = {place.place_id for one in everywhere.airings for place in one.sounded_at}
    assert places == {COMMUNE, OTHER_COMMUNE}
    stranger = at_desk.actor(Role.OPERATOR, OTHER_DISTRICT)
    with pytest.raises(NotFoundError):
        at_desk.centre.services.uses.read(stranger, own)


def test_the_page_names_schedules_and_airings(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    browser = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    assert "Lịch dùng bản này" not in browser.get(f"/ban-tin/{bulletin_id}").text
    saved = at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    at_desk.centre.clock.move(days=1)
    at_desk.ended(at_desk.slots()[0], "bac-ai-phuoc-binh", "aired")
    browser = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    page = browser.get(f"/ban-tin/{bulletin_id}")
    assert f'href="/lich/{saved.schedule_id}"' in page.text
    told = words(page)
    assert "05:30 26/11" in told
    assert "Xã Phước Bình" in told
    assert "Đã phát 1/9" in told
    assert "Chưa rõ 8/9" in told


def test_a_programme_that_changed_since_leaves_what_its_bulletins_aired(at_desk: Desk) -> None:
    old, new = at_desk.bulletin("Cũ", minutes=12), at_desk.bulletin("Mới", minutes=15)
    programmes, actor = at_desk.centre.services.programmes, at_desk.actor()
    wish = ProgrammeWish("Sáng", (ItemWish(ItemKind.BULLETIN, old),), Joints(Chimes.FIRST))
    programme_id = programmes.create(actor, wish)
    at_desk.schedules.save(actor, a_wish("", programme_id=programme_id))
    first, second, *_later = at_desk.slots()
    at_desk.centre.clock.at = first.starts_at + timedelta(hours=1)
    at_desk.ended(first, "bac-ai-phuoc-binh", "aired")
    changed = replace(wish, items=(ItemWish(ItemKind.BULLETIN, new),))
    assert programmes.change(actor, programme_id, changed, row_version=1) == 1
    at_desk.materialise()
    at_desk.centre.clock.at = second.starts_at + timedelta(hours=1)
    at_desk.ended(second, "bac-ai-phuoc-binh", "aired")
    then, now = uses(at_desk, old), uses(at_desk, new)
    assert [airing.slot_id for airing in then.airings] == [first.slot_id]
    assert [airing.slot_id for airing in now.airings] == [second.slot_id]
    assert (len(then.schedules), len(now.schedules)) == (0, 1)
    with at_desk.centre.database.read() as session:
        assert [reach(session, one, ()).airings for one in (old, new)] == [1, 1]
