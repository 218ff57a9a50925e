"""Hours and loudness of a place are set on a page, reach the stations, and shut no slot unasked."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.storage.models import StationLimitsRow
from station_protocol import codec
from station_protocol.messages import StationLimits
from tests.support.owned import Owned
from tests.support.schedule_desk import a_wish
from tests.support.web import COMMUNE, DISTRICT, OTHER_COMMUNE, PROVINCE, words

PAGE = f"/lich/khung-gio/{DISTRICT}"
EMPTY = {
    **{f"{name}_{row}": "" for name in ("opens", "closes") for row in range(4)},
    **{f"{name}_{row}": "" for name in ("from", "until", "percent") for row in range(3)},
    "row_version": "0",
}
EVENING = EMPTY | {
    "opens_0": "05:00", "closes_0": "6h30", "opens_1": "17:00", "closes_1": "18:30",
    "from_0": "18:00", "until_0": "18:30", "percent_0": "60",
}  # fmt: skip


def _limits(owned: Owned, station_id: str) -> StationLimits:
    owned.plans.refresh()
    with owned.centre.database.read() as session:
        query = (
            select(StationLimitsRow.envelope)
            .where(StationLimitsRow.station_id == station_id)
            .order_by(StationLimitsRow.version.desc())
        )
        envelope = session.scalars(query).first()
    assert envelope is not None
    return codec.open_limits(envelope, owned.key_ring, station_id).message


def test_what_a_district_sets_holds_at_its_stations_and_nowhere_else(owned: Owned) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    answer = operator.post(PAGE, **EVENING)
    assert answer.status_code == 303
    assert owned.newest_deed().detail["hours"] == "05:00–06:30, 17:00–18:30"
    assert "18:00–18:30: 60 %" in words(operator.get(answer.location))
    told = _limits(owned, COMMUNE)
    assert [(span.opens_min, span.closes_min) for span in told.hours] == [(300, 390), (1020, 1110)]
    assert [(one.opens_min, one.ceiling_percent) for one in told.volume_bands] == [(1080, 60)]
    assert _limits(owned, OTHER_COMMUNE).volume_bands == ()
    assert "18:00–18:30: 60 %" in words(operator.get(f"/dai/{COMMUNE}"))


def test_a_commune_is_only_ever_stricter_than_its_district(owned: Owned) -> None:
    owned.centre.client(Role.OPERATOR, DISTRICT).post(PAGE, **EVENING)
    admin = owned.centre.client(Role.ADMIN)
    wide = EMPTY | {"opens_0": "00:00", "closes_0": "24:00", "from_0": "18:00", "until_0": "18:30"}
    admin.post(f"/lich/khung-gio/{COMMUNE}", **wide | {"percent_0": "90"})
    told = _limits(owned, COMMUNE)
    assert [(span.opens_min, span.closes_min) for span in told.hours] == [(300, 390), (1020, 1110)]
    assert sorted(one.ceiling_percent for one in told.volume_bands) == [60, 90]


def test_hours_that_would_shut_slots_are_saved_only_when_somebody_says_so(owned: Owned) -> None:
    owned.desk.schedules.save(owned.desk.actor(), a_wish(owned.desk.bulletin()))
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    late = EMPTY | {"opens_0": "17:00", "closes_0": "18:30"}
    answer = operator.post(PAGE, **late)
    assert answer.status_code == 422
    assert "10 buổi đã đặt sẽ nằm ngoài khung giờ mới" in answer.text
    assert answer.text.count("lúc 05:30") == 10
    assert "lúc 05:30 26/11/2026" in answer.text
    assert 'value="17:00"' in answer.text
    assert owned.desk.hours.of_place(DISTRICT).hours[0].opens_min == 300
    assert operator.post(PAGE, **late | {"anyway": "1"}).status_code == 303
    assert owned.newest_deed().detail["hours"] == "17:00–18:30"
    assert owned.newest_deed().detail["was"] == {"hours": ""}
    assert owned.desk.hours.of_place(DISTRICT).hours[0].opens_min == 1020
    assert "9 trạm sẽ không phát" in words(operator.get("/hom-nay"))


def test_a_lower_cap_names_the_slots_that_become_too_long_before_it_is_saved(owned: Owned) -> None:
    owned.desk.schedules.save(owned.desk.actor(), a_wish(owned.desk.bulletin(minutes=10)))
    admin = owned.centre.client(Role.ADMIN)
    fields = {
        "row_version": "1",
        "name": "Đài truyền thanh Phước Bình",
        "identifier_code": "",
        "longest_min": "9",
        "volume": "80",
    }
    answer = admin.post(f"/dai/{COMMUNE}/sua", **fields)
    assert answer.status_code == 422
    assert "10 buổi đã đặt dài hơn mức mới và trạm sẽ không phát: “Tiết kiệm" in answer.text
    before = owned.centre.places.tree().stations[COMMUNE].max_length_ms
    assert before > 540_000
    assert admin.post(f"/dai/{COMMUNE}/sua", **fields | {"anyway": "1"}).status_code == 303
    assert owned.centre.places.tree().stations[COMMUNE].max_length_ms == 540_000
    assert "1 trạm sẽ không phát" in words(admin.get("/hom-nay"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"opens_0": "sáng"}, "Gõ giờ và phút, như 05:30."),
        ({"closes_0": "04:00"}, "Giờ đóng phải sau giờ mở"),
        ({"percent_0": "120"}, "Ghi số từ 0 đến 100."),
        ({"until_0": "18:00"}, "Giờ bắt đầu và kết thúc phải khác nhau."),
    ],
)
def test_what_is_no_rule_is_refused_and_kept(
    owned: Owned, change: dict[str, str], sentence: str
) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    answer = operator.post(PAGE, **EVENING | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    (typed,) = change.values()
    assert f'value="{typed}"' in answer.text


def test_the_second_editor_is_told_and_a_stranger_finds_nothing(owned: Owned) -> None:
    operator = owned.centre.client(Role.OPERATOR, DISTRICT)
    admin = owned.centre.client(Role.ADMIN)
    assert admin.post(PAGE, **EVENING).status_code == 303
    late = operator.post(PAGE, **EVENING | {"percent_0": "40"})
    assert late.status_code == 409
    assert "admin.ninh-thuan vừa sửa mục này" in late.text
    assert 'value="40"' in late.text
    assert operator.get(f"/lich/khung-gio/{PROVINCE}").status_code == 404
    assert operator.post("/lich/khung-gio/ninh-son", **EVENING).status_code == 404
    officer = owned.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    assert officer.get(f"/lich/khung-gio/{COMMUNE}").status_code == 403
