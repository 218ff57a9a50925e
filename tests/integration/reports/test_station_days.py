"""A station's days and hours as drawings show them, from the same evidence as its figures."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from controller.domain.accounts import Actor, Role
from controller.domain.availability import Tally, UptimeState, tally
from controller.domain.periods import Basis, Length, period_of
from controller.domain.pictures.calendar_of_days import DayState, day_state
from controller.errors import NotFoundError
from controller.services import day_figures
from controller.services.day_figures import Today
from controller.services.station_days import StationDays
from controller.web.pictures import day_picture, sounding_picture, year_picture
from tests.integration.figures.test_golden_month import CUT, NEVER, OCTOBER, OFFLINE, at
from tests.support.paper import pages_of
from tests.support.web import OTHER_DISTRICT, PROVINCE, Centre


@pytest.fixture(scope="module")
def days(province: Centre) -> StationDays:
    return province.services.station_days


@pytest.fixture(scope="module")
def auditor(province: Centre) -> Actor:
    return province.actor(Role.AUDITOR, PROVINCE)


def october_of(days: StationDays, actor: Actor, station_id: str) -> dict[date, DayState]:
    found = days.settled(actor, station_id, OCTOBER.first_on, OCTOBER.last_on)
    return {day: day_state(one) for day, one in found.items()}


def test_each_day_is_called_by_what_its_own_journal_settled(
    days: StationDays, auditor: Actor
) -> None:
    cut = october_of(days, auditor, CUT)
    assert Counter(cut.values()) == {DayState.WHOLE: 30, DayState.PARTLY: 1}
    assert cut[date(2026, 10, 10)] is DayState.PARTLY
    assert set(october_of(days, auditor, NEVER).values()) == {DayState.OUT}
    assert october_of(days, auditor, OFFLINE)[date(2026, 10, 13)] is DayState.WHOLE, "it was ready"


def test_the_hours_of_a_day_add_up_to_its_figures(days: StationDays, auditor: Actor) -> None:
    found = days.day(auditor, OFFLINE, date(2026, 10, 20))
    assert sum((one.until_at - one.from_at for one in found.stretches), timedelta()) == timedelta(1)
    maintenance = [one for one in found.stretches if one.state is UptimeState.MAINT]
    (window,) = maintenance
    assert (window.from_at, window.until_at) == (at(20, "08:00"), at(20, "10:00"))
    assert tally(found.stretches) == Tally(ready_s=22 * 3600, maint_s=2 * 3600)
    cut = days.day(auditor, CUT, date(2026, 10, 18))
    assert [one.outcome for one in cut.airings] == ["cut_short"]


def test_a_page_reads_the_day_in_progress_once_and_tells_the_same(
    days: StationDays, province: Centre, auditor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = day_figures.evidence_of, list[date]()
    monkeypatch.setattr(
        day_figures, "evidence_of", lambda *asked: reads.append(asked[2]) or read(*asked)
    )
    so_far = days.today(auditor, CUT)
    period = period_of(Basis.CALENDAR, Length.MONTH, so_far.day)
    figures = province.services.figures

    def told(today: Today | None) -> object:
        year = days.settled(auditor, CUT, so_far.day - timedelta(364), so_far.day, today)
        day = days.day(auditor, CUT, so_far.day, today)
        return year, day, figures.of_station(auditor, CUT, period, today)

    shared = told(so_far)
    assert reads == [so_far.day]
    assert shared == told(None)
    with pytest.raises(NotFoundError):
        days.today(province.actor(Role.OPERATOR, OTHER_DISTRICT), CUT)


def test_a_station_of_another_district_has_no_days(days: StationDays, province: Centre) -> None:
    stranger = province.actor(Role.OPERATOR, OTHER_DISTRICT)
    with pytest.raises(NotFoundError):
        days.settled(stranger, CUT, OCTOBER.first_on, OCTOBER.last_on)
    with pytest.raises(NotFoundError):
        days.day(stranger, CUT, OCTOBER.first_on)


@pytest.mark.parametrize(
    ("language", "ready", "month"),
    [("vi", "Sẵn sàng cả ngày: 30", "Th 10"), ("en", "Ready all day: 30", "M10")],
)
def test_drawings_speak_the_language_of_the_page(
    province: Centre, days: StationDays, auditor: Actor, language: str, ready: str, month: str
) -> None:
    headers = {"Cookie": f"vang_language={language}"}
    with province.app.test_request_context(headers=headers):
        year = year_picture(
            days.settled(auditor, CUT, OCTOBER.first_on, OCTOBER.last_on),
            (OCTOBER.first_on, OCTOBER.last_on),
            "Phước Bình",
        )
        hours = day_picture(days.day(auditor, CUT, date(2026, 10, 18)))
        times = sounding_picture([0.4, 10.0, 400.0, None])
    assert ready in year
    assert month in year
    assert ("05:30 Bị ngắt: mất điện" in hours) is (language == "vi")
    assert (">0,5: 1<" in times) is (language == "vi")
    assert (">0.5: 1<" in times) is (language == "en")
    assert ">&gt; 300: 1<" in times


def test_the_report_of_one_station_draws_its_days(province: Centre) -> None:
    address = f"/bao-cao/pdf?noi={CUT}&co-so=calendar&do-dai=quarter&nam=2026&so=4"
    words = " ".join(pages_of(province.client(Role.AUDITOR).get(address).data))
    assert "2. Từng ngày" in words
    assert "Sẵn sàng cả ngày" in words
    assert "UBND HUYỆN BÁC ÁI UBND XÃ PHƯỚC BÌNH" in words
    assert "Báo cáo hoạt động truyền thanh cơ sở xã Phước Bình, quý IV/2026" in words
    assert "Theo địa bàn" not in words, "one station is set beside no other"
    assert "kém sẵn sàng nhất" not in words
