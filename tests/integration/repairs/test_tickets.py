"""From an outage or a report to who mended it, with what, at what cost, and how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.services.equipment import ItemWish
from controller.services.outage_tickets import OutageTickets
from controller.services.station_desk import phrase
from controller.storage.models import (
    AuditRow,
    DayFigureRow,
    EquipmentItemRow,
    FaultReportRow,
    StationFlipRow,
    StationStateRow,
)
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    NOW,
    OTHER_COMMUNE,
    OTHER_DISTRICT,
    PROVINCE,
    Centre,
    words,
)

STATION = COMMUNE
AFTER = timedelta(hours=6)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    yield made
    made.close()


def _tickets(centre: Centre) -> OutageTickets:
    return OutageTickets(centre.database, centre.clock, centre.places, after=AFTER)


def _flip(centre: Centre, state: str, at: datetime, *reasons: str) -> None:
    with centre.database.write() as session:
        session.add(
            StationFlipRow(
                station_id=STATION, at=at, state=state, reasons=list(reasons), source="heartbeat"
            )
        )
        session.merge(StationStateRow(station_id=STATION, shown_state=state, shown_since_at=at))


def _rows(centre: Centre) -> list[FaultReportRow]:
    with centre.database.read() as session:
        rows = list(session.scalars(select(FaultReportRow)))
        session.expunge_all()
        return rows


def test_an_outage_opens_one_ticket_after_its_hours_and_closes_it_when_it_is_over(
    centre: Centre,
) -> None:
    tickets = _tickets(centre)
    _flip(centre, "ready", NOW - timedelta(days=2))
    _flip(centre, "degraded", NOW - timedelta(hours=5), "amplifier_missing")
    assert tickets.look() == (0, 0), "not yet"
    centre.clock.move(minutes=30)
    _flip(centre, "unknown", centre.clock())
    assert tickets.look() == (0, 0), "silence goes on with it, and begins nothing"
    centre.clock.move(minutes=31)
    assert tickets.look() == (1, 0)
    assert tickets.look() == (0, 0)
    (row,) = _rows(centre)
    assert (row.source, row.cause) == ("health", "degraded:amplifier_missing")
    assert row.outage_from_at == NOW - timedelta(hours=5)
    centre.clock.move(minutes=59)
    back = centre.clock()
    _flip(centre, "ready", back)
    centre.clock.move(minutes=5)
    assert tickets.look() == (0, 1)
    (row,) = _rows(centre)
    assert (row.mended_at, row.mended_by) == (back, None)
    page = words(centre.client(Role.OPERATOR, DISTRICT).get(f"/sua-chua/{row.fault_report_id}"))
    assert "trạm tự báo sẵn sàng" in page
    assert "mất 7 giờ" in page
    with centre.database.read() as session:
        done = session.scalars(select(AuditRow.action).order_by(AuditRow.audit_id)).all()
    assert [one for one in done if one.startswith("fault")] == ["fault.outage", "fault.outage_over"]


def test_declared_work_and_a_station_not_in_service_open_nothing(centre: Centre) -> None:
    _flip(centre, "maint", NOW - timedelta(days=2))
    assert _tickets(centre).look() == (0, 0)
    _flip(centre, "down", NOW - timedelta(days=1))
    admin = centre.actor(Role.ADMIN, PROVINCE)
    card = centre.services.station_list.card(admin, STATION)
    centre.services.station_desk.retire(admin, STATION, "dỡ", phrase(card.station.name))
    assert _tickets(centre).look() == (0, 0)


def test_a_repair_says_who_goes_there_what_it_cost_and_what_was_replaced(centre: Centre) -> None:
    officer = centre.actor(Role.COMMUNE_OFFICER, COMMUNE)
    services = centre.services
    fault = services.faults.report(officer, STATION, None, "loa im từ sáng")
    old = services.equipment.add(officer, STATION, ItemWish("amplifier", "cũ"))
    new = services.equipment.add(officer, STATION, ItemWish("amplifier", "mới"))
    operator, path = centre.client(Role.OPERATOR, DISTRICT), f"/sua-chua/{fault}"
    assert operator.post(f"{path}/giao", assigned_to="").status_code == 422
    sent = operator.post(f"{path}/giao", assigned_to="Thợ Năm", promised_on="27/11/2026")
    assert sent.status_code == 303
    listed = words(operator.get("/sua-chua"))
    assert "Thợ Năm đi sửa" in listed
    assert listed.index("loa im từ sáng") < listed.index("Sửa gì trước"), "what waits comes first"
    assert 'name="promised_on" type="text" value="27/11/2026"' in operator.get(path).text
    centre.clock.move(minutes=120)
    mender = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    done = mender.post(
        f"{path}/xong",
        repair_note="Cháy tầng công suất, thay tăng âm",
        repair_cost_vnd="4.350.000",
        removed=[old],
        installed=[new],
    )
    assert done.status_code == 303, done.text
    page = words(mender.get(f"/dai/{STATION}/thiet-bi"))
    assert "mất 2 giờ" in page
    assert "4.350.000 đ" in page
    assert "tháo Tăng âm cũ; lắp Tăng âm mới" in page
    with centre.database.read() as session:
        retired = session.get_one(EquipmentItemRow, old)
        assert retired.retired_on is not None
        assert retired.retired_why == "Cháy tầng công suất, thay tăng âm"
        assert session.get_one(EquipmentItemRow, new).retired_on is None
    whole = words(centre.client(Role.OPERATOR, DISTRICT).get("/sua-chua"))
    assert "trung vị của 1 lần" in whole
    assert "Chi phí sửa đã ghi 4.350.000 đ" in whole


def test_parts_of_another_station_are_refused_and_the_ticket_stays_open(centre: Centre) -> None:
    services = centre.services
    there = services.equipment.add(
        centre.actor(Role.COMMUNE_OFFICER, OTHER_COMMUNE), OTHER_COMMUNE, ItemWish("horn")
    )
    officer = centre.actor(Role.COMMUNE_OFFICER, COMMUNE)
    fault = services.faults.report(officer, STATION, None, "rè")
    mender = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    answer = mender.post(f"/sua-chua/{fault}/xong", removed=[there])
    assert answer.status_code == 422
    assert "không có trong sổ của đài" in words(answer)
    own = services.equipment.add(officer, STATION, ItemWish("horn"))
    both = mender.post(f"/sua-chua/{fault}/xong", removed=[own], installed=[own])
    assert (both.status_code, "vừa tháo ra vừa lắp vào" in words(both)) == (422, True)
    (row,) = _rows(centre)
    assert row.mended_at is None


def test_what_to_repair_first_is_ranked_by_the_minutes_it_gives_back(centre: Centre) -> None:
    _flip(centre, "down", NOW - timedelta(hours=20), "power_off")
    assert _tickets(centre).look() == (1, 0)
    with centre.database.write() as session:
        for day in range(1, 11):
            session.add(
                DayFigureRow(
                    station_id=STATION, day=date(2026, 11, 25) - timedelta(days=day),
                    settled_ready_s=57_000, settled_down_s=600, causes={"down:power_off": 600},
                )
            )  # fmt: skip
        session.add(
            DayFigureRow(
                station_id=OTHER_COMMUNE, day=date(2026, 11, 20), settled_ready_s=0,
                settled_unknown_s=57_600, causes={"unknown:no_link": 57_600},
                outages=[[1_795_000_000, 1_795_007_200, "unknown", "no_link"]],
            )
        )  # fmt: skip
    answer = centre.client(Role.OPERATOR, PROVINCE).get("/sua-chua")
    assert "2\u00a0giờ" in answer.get_data(as_text=True), "a number stays with its unit"
    page = words(answer)
    first, second = page.index("đang hỏng 100,0 28.800,0"), page.index("960,0 960,0")
    assert first < second, "ten minutes a day, but it lasts: all service time of a month"
    assert "2 giờ trung vị của 1 lần trong 30 ngày" in page
    district = words(centre.client(Role.OPERATOR, OTHER_DISTRICT).get("/sua-chua"))
    assert "960,0 960,0" in district
    assert "28.800,0" not in district


def test_a_station_that_broke_on_its_first_day_is_among_what_to_repair_first(
    centre: Centre,
) -> None:
    _flip(centre, "down", NOW - timedelta(hours=7), "power_off")
    assert _tickets(centre).look() == (1, 0)
    with centre.database.write() as session:
        session.add(DayFigureRow(station_id=OTHER_COMMUNE, day=date(2026, 11, 24),
                                 settled_ready_s=57_600))  # fmt: skip
    page = words(centre.client(Role.OPERATOR, PROVINCE).get("/sua-chua"))
    assert "đang hỏng 0,0 28.800,0" in page, "a day as long as those of the others"
