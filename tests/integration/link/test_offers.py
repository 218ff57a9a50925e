"""Ordinary items from above are offered: a commune's no reaches its station, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.domain.accounts import Role
from controller.domain.offers import NoOffer
from controller.errors import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from controller.services.offers import Offers
from controller.storage.models import SlotRow
from station_protocol.vocabulary import Priority
from tests.support import wire
from tests.support.fleet import OTHER, STATION, Province
from tests.support.web import COMMUNE, DISTRICT, OTHER_COMMUNE, words

REASON = "trùng giờ họp dân"


def _offers(here: Province) -> Offers:
    return Offers(here.database, here.clock, here.places, here.centre.wake)


def _named(here: Province, station_id: str = STATION) -> list[str]:
    return [slot.slot_id for slot in here.plan_of(station_id).message.slots]


def _said_no(here: Province, *, all_to_come: bool = False) -> SlotRow:
    """A slot of the district that the commune of STATION declined before it was due."""
    here.schedule()
    here.plans.refresh()
    return _decline(here, all_to_come=all_to_come)


def _decline(here: Province, *, all_to_come: bool = False) -> SlotRow:
    slot = here.slots()[0]
    officer = here.centre.actor(Role.COMMUNE_OFFICER, COMMUNE)
    _offers(here).decline(officer, slot.slot_id, REASON, all_to_come=all_to_come)
    here.plans.refresh()
    return slot


def test_a_no_takes_the_slot_out_of_the_plan_of_this_station_alone(here: Province) -> None:
    slot = _said_no(here)
    rest = [one.slot_id for one in here.slots()[1:]]
    assert _named(here) == rest
    assert _named(here, OTHER) == [slot.slot_id, *rest]
    (said,) = here.desk.audited("slot.decline")
    assert (said.detail["reason"], said.place_id) == (REASON, COMMUNE)


def test_the_slots_page_counts_no_sound_that_a_declining_commune_does_not_need(
    town: Province,
) -> None:
    slot = _said_no(town)
    page = words(town.centre.client(Role.OPERATOR, DISTRICT).get(f"/lich/buoi/{slot.slot_id}"))
    assert "0/8 trạm đã giữ âm thanh" in page


def test_a_no_to_the_schedule_is_for_every_slot_to_come_also_later_ones(town: Province) -> None:
    _said_no(town, all_to_come=True)
    town.clock.move(days=7)
    town.plans.refresh()
    assert _named(town) == []
    assert len(_named(town, OTHER)) > 0


def test_taken_back_it_is_planned_again_and_airs(town: Province) -> None:
    slot = _said_no(town)
    officer = town.centre.actor(Role.COMMUNE_OFFICER, COMMUNE)
    _offers(town).accept(officer, slot.slot_id)
    town.plans.refresh()
    assert _named(town)[0] == slot.slot_id
    town.go_to(slot, seconds=1)
    town.as_run.reconcile()
    town.journal(wire.entry(town.ran(slot), no=1))
    assert town.verdict(slot) == ("aired", None)
    with pytest.raises(WrongStateError) as refused:
        _offers(town).accept(officer, town.slots()[1].slot_id)
    assert refused.value.facts["state"] == "accepted"


def test_declined_it_is_cancelled_by_the_commune_once_the_station_cannot_have_begun(
    here: Province,
) -> None:
    slot = _said_no(here)
    here.go_to(slot, seconds=1)
    here.as_run.reconcile()
    assert here.verdict(slot) == ("unknown", None)
    here.clock.move(seconds=360)
    here.beat()
    here.as_run.reconcile()
    assert here.verdict(slot) == ("cancelled", "declined_by_commune")
    assert here.verdict(slot, OTHER) == ("unknown", None)


def test_a_station_that_did_not_get_the_no_and_aired_it_has_aired_it(town: Province) -> None:
    town.schedule()
    town.plans.refresh()
    town.beat()
    held = town.plan_of().claims.version
    slot = _decline(town)
    town.go_to(slot, seconds=360)
    town.beat(plan_version=held)
    town.as_run.reconcile()
    assert town.verdict(slot) == ("unknown", None)
    town.journal(wire.entry(town.ran(slot), no=1))
    assert town.verdict(slot) == ("aired", None)


def test_priority_items_must_air_and_what_began_is_not_declined(town: Province) -> None:
    town.schedule(priority=Priority.PRIORITY)
    must, officer = town.slots()[0], town.centre.actor(Role.COMMUNE_OFFICER, COMMUNE)
    with pytest.raises(WrongStateError) as refused:
        _offers(town).decline(officer, must.slot_id, REASON, all_to_come=False)
    assert refused.value.facts["state"] == NoOffer.MUST_AIR
    town.go_to(must)
    offer = _offers(town).offer(officer, must.slot_id)
    assert offer is not None
    assert offer.no_offer is NoOffer.MUST_AIR


def test_only_the_commune_answers_for_its_station_and_with_a_reason(town: Province) -> None:
    town.schedule()
    slot, offers = town.slots()[0], _offers(town)
    elsewhere = town.centre.actor(Role.COMMUNE_OFFICER, OTHER_COMMUNE)
    with pytest.raises(NotFoundError):
        offers.decline(elsewhere, slot.slot_id, REASON, all_to_come=False)
    operator = town.centre.actor(Role.OPERATOR, DISTRICT)
    assert offers.offer(operator, slot.slot_id) is None
    with pytest.raises(ForbiddenError):
        offers.decline(operator, slot.slot_id, REASON, all_to_come=False)
    officer = town.centre.actor(Role.COMMUNE_OFFICER, COMMUNE)
    with pytest.raises(InvalidInputError):
        offers.decline(officer, slot.slot_id, "  ", all_to_come=False)
    offers.decline(officer, slot.slot_id, REASON, all_to_come=False)
    with pytest.raises(WrongStateError) as twice:
        offers.decline(officer, slot.slot_id, REASON, all_to_come=False)
    assert twice.value.facts["state"] == "declined"


def test_the_pages_offer_the_answer_and_show_it_to_who_made_the_schedule(town: Province) -> None:
    town.schedule()
    slot = town.slots()[0]
    page = f"/lich/buoi/{slot.slot_id}"
    officer = town.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    operator = town.centre.client(Role.OPERATOR, DISTRICT)
    assert "Không nhận phát" in officer.get(page).text
    assert "Không nhận phát" not in operator.get(page).text
    assert officer.post(f"{page}/khong-nhan", reason="").headers["Location"].endswith("#tra-loi")
    officer.post(f"{page}/khong-nhan", reason=REASON, scope="all")
    seen = operator.get(page).text
    assert f"“{REASON}”" in seen
    assert "xã không nhận phát" in seen
    row = seen[seen.index(REASON) :].partition("</tr>")[0]
    assert "đủ tệp" not in row
    assert seen.count("đủ tệp") == 8  # where it is to sound
    assert "Nhận lại cả lịch" in officer.get(page).text
    assert operator.post(f"{page}/nhan-lai").status_code == 403
    officer.post(f"{page}/nhan-lai")
    assert REASON not in operator.get(page).text


def test_a_declining_commune_is_not_waited_for(town: Province) -> None:
    slot = _said_no(town)
    town.clock.at = slot.starts_at - timedelta(hours=1)
    ready = town.centre.services.today.view(town.centre.actor(Role.OPERATOR, DISTRICT))
    (near,) = [one for one in ready.coming if one.slot_id == slot.slot_id]
    assert near.total == 8
    assert STATION not in {one.station_id for one in near.not_ready}
