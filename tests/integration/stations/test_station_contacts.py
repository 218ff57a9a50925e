"""Whom to phone about a station: several people in order, kept by those who know them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from controller.domain.accounts import Role
from tests.support.owned import Owned
from tests.support.schedule_desk import a_wish
from tests.support.web import COMMUNE, DISTRICT, OTHER_COMMUNE, words

PAGE = f"/dai/{COMMUNE}"
TWO = {
    "row_version": "1",
    "who_0": "Chamaléa Thuận",
    "role_0": "trưởng đài",
    "number_0": "0912 345 678",
    "who_1": "Katơr Thị Mai",
    "role_1": "",
    "number_1": "+84 (0)259 3 822 000",
    "who_2": "",
    "role_2": "",
    "number_2": "",
    "receiver_note": "Tủ sau ủy ban, chìa khóa ở anh Thuận.",
}


def test_the_commune_enters_whom_to_phone_and_readiness_names_them_in_order(owned: Owned) -> None:
    officer = owned.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    answer = officer.post(f"{PAGE}/lien-he", **TWO)
    assert answer.status_code == 303
    deed = owned.newest_deed()
    assert deed.action == "station.contacts"
    assert deed.detail["note"] == "Tủ sau ủy ban, chìa khóa ở anh Thuận."
    assert deed.detail["was"]["note"] == ""
    assert "Tủ sau ủy ban" in officer.get(PAGE).text
    owned.desk.schedules.save(owned.desk.actor(), a_wish(owned.desk.bulletin()))
    owned.desk.materialise()
    owned.centre.clock.at = owned.desk.slots()[0].starts_at - timedelta(hours=1)
    today = words(owned.centre.client(Role.OPERATOR, DISTRICT).get("/hom-nay"))
    assert (
        "0912 345 678 Chamaléa Thuận, trưởng đài hoặc +84 (0)259 3 822 000 Katơr Thị Mai" in today
    )
    station = owned.centre.client(Role.APPROVER, DISTRICT).get(f"/tram/{COMMUNE}").text
    assert station.index("Gọi Chamaléa Thuận") < station.index("Gọi Katơr Thị Mai")
    own = owned.centre.client(Role.COMMUNE_OFFICER, COMMUNE).get(f"/tram/{COMMUNE}").text
    assert "Gọi Chamaléa Thuận" not in own, "nobody is told to call themselves"
    assert "Gọi Katơr Thị Mai" in own


def test_a_row_is_moved_up_on_the_page_and_saved_only_then(owned: Owned) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    operator.post(f"{PAGE}/lien-he", **TWO)
    moved = operator.post(f"{PAGE}/lien-he", **TWO | {"row_version": "2", "len": "1"})
    assert moved.status_code == 200
    assert re.search(r'name="who_0"[^>]*value="Katơr Thị Mai"', moved.text)
    reader = owned.centre.client(Role.APPROVER, DISTRICT)
    stands = reader.get(f"/tram/{COMMUNE}").text
    assert stands.index("Gọi Chamaléa Thuận") < stands.index("Gọi Katơr Thị Mai")
    swapped = {
        "row_version": "2", "who_0": "Katơr Thị Mai", "number_0": "0987 654 321",
        "who_1": "Chamaléa Thuận", "number_1": "0912 345 678",
    }  # fmt: skip
    operator.post(f"{PAGE}/lien-he", **TWO | swapped)
    now = reader.get(f"/tram/{COMMUNE}").text
    assert now.index("Gọi Katơr Thị Mai") < now.index("Gọi Chamaléa Thuận")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"number_1": "gọi ủy ban"}, "Ghi số như 0912 345 678."),
        ({"number_1": ""}, "Ghi số điện thoại, hoặc để trống cả dòng."),
    ],
)
def test_a_number_nobody_can_call_is_refused_in_its_row(
    owned: Owned, change: dict[str, str], sentence: str
) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    answer = operator.post(f"{PAGE}/lien-he", **TWO | change)
    assert answer.status_code == 422
    assert re.search(rf'id="h-number_1">.*?{sentence}', answer.text, re.S)
    assert "Chamaléa Thuận" in answer.text
    assert "Gọi Chamaléa" not in operator.get(f"/tram/{COMMUNE}").text


def test_the_second_of_two_is_told_and_keeps_what_was_typed(owned: Owned) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    officer = owned.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    officer.post(f"{PAGE}/lien-he", **TWO)
    late = operator.post(f"{PAGE}/lien-he", **TWO | {"who_0": "Người khác"})
    assert late.status_code == 409
    assert "vừa sửa mục này" in late.text
    assert 'value="Người khác"' in late.text


def test_another_commune_and_the_auditor_keep_their_hands_off(owned: Owned) -> None:
    officer = owned.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    assert officer.post(f"/dai/{OTHER_COMMUNE}/lien-he", **TWO).status_code == 404
    auditor = owned.centre.client(Role.AUDITOR)
    assert auditor.post(f"{PAGE}/lien-he", **TWO).status_code == 403
    assert "Lưu liên hệ" not in auditor.get(PAGE).text
