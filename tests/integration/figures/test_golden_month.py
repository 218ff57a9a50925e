"""A month added up by hand (golden_month.md) equals what the centre makes of the same evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.domain.effective import Short
from controller.domain.figures import Sums
from controller.domain.periods import Basis, Length, period
from controller.domain.schedule import instant, local_date
from controller.services.figures import PlaceFigures
from controller.services.listening_checks import Heard
from controller.storage.models import (
    JournalEntryRow,
    MaintenanceWindowRow,
    ProgrammeRow,
    ScheduleRow,
    SlotResultRow,
    SlotRow,
    StationFlipRow,
    StationRow,
    StationStateRow,
)
from tests.support.postgres import fresh_database
from tests.support.web import PROVINCE, Centre, Clock

GOLDEN = Path(__file__).with_name("golden_month.md")
REGISTERED = datetime(2026, 9, 1, tzinfo=UTC)
CUT, OFFLINE, NEVER = "bac-ai-phuoc-binh", "ninh-son-ma-noi", "thuan-nam-phuoc-ha"
OCTOBER = period(Basis.CALENDAR, Length.MONTH, 2026, 10)


def at(day: int, wall: str, month: int = 10) -> datetime:
    return instant(date(2026, month, day), time.fromisoformat(wall))


def golden(station: str) -> dict[str, float]:
    text = next(part for part in GOLDEN.read_text().split("\n## ") if part.startswith(station))
    rows = re.findall(r"^\| ([a-z ]+) \| ([\d.]+) \|", text, re.MULTILINE)
    return {name: float(value) for name, value in rows}


def open_centre(folder: Path, url: str = "") -> Centre:
    centre = Centre(folder, clock=Clock(REGISTERED), url=url)
    centre.clock.at = at(1, "00:00", month=11)
    return centre


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def centre(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Centre]:
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database()) if request.param == "postgres" else ""
        centre = open_centre(tmp_path_factory.mktemp("golden"), url)
        stack.callback(centre.close)
        yield centre


def flips(centre: Centre, station_id: str, *changes: tuple[datetime, str]) -> None:
    with centre.database.write() as session:
        for when, state in changes:
            session.add(
                StationFlipRow(
                    station_id=station_id, at=when, state=state, reasons=[], source="heartbeat"
                )
            )


def journal(centre: Centre, station_id: str, *lines: tuple[datetime, str]) -> None:
    with centre.database.write() as session:
        for number, (when, health) in enumerate(lines, start=1):
            session.add(
                JournalEntryRow(
                    station_id=station_id,
                    journal_id="j1",
                    entry_no=number,
                    at=when,
                    clock="controller",
                    kind="flip",
                    evidence={"kind": "flip", "health": health, "reasons": []},
                    received_at=when,
                )
            )
        state = session.get(StationStateRow, station_id) or StationStateRow(station_id=station_id)
        state.journal_id, state.journal_head = "j1", len(lines)
        state.journal_stored_up_to = len(lines)
        state.last_heartbeat_at = state.journal_told_at = centre.clock.at
        session.add(state)


def airing(centre: Centre, day: int, **how: object) -> None:
    planned = at(day, "05:30")
    values: dict[str, object] = {
        "outcome": "aired",
        "started_at": planned,
        "played_ms": 900_000,
    } | how
    with centre.database.write() as session:
        session.add(
            SlotRow(
                slot_id=f"slot{day}",
                schedule_id="rule",
                airs_on=date(2026, 10, day),
                starts_at=planned,
                duration_ms=900_000,
                title="Bản tin sáng",
                priority="ordinary",
                authority="commune",
                lateness_s=300,
                items=[],
            )
        )
        session.flush()
        session.add(
            SlotResultRow(
                station_id=CUT,
                slot_id=f"slot{day}",
                title="Bản tin sáng",
                planned_at=planned,
                planned_ms=900_000,
                **values,
            )
        )


@pytest.fixture(scope="module")
def october(centre: Centre) -> PlaceFigures:
    return lived_through(centre)


def lived_through(centre: Centre) -> PlaceFigures:
    ready = at(30, "20:00", month=9)
    flips(
        centre,
        CUT,
        (ready, "ready"),
        (at(10, "06:01:30"), "unknown"),
        (at(10, "08:29"), "degraded"),
        (at(10, "08:30"), "ready"),
    )
    journal(
        centre,
        CUT,
        (ready, "ready"),
        (at(10, "05:58"), "off"),
        (at(10, "08:29"), "starting"),
        (at(10, "08:30"), "ready"),
    )
    flips(
        centre,
        OFFLINE,
        (ready, "ready"),
        (at(12, "14:01:30"), "unknown"),
        (at(15, "09:00"), "ready"),
        (at(20, "08:00"), "maint"),
        (at(20, "10:00"), "ready"),
        (at(22, "05:00"), "degraded"),
        (at(22, "06:00"), "ready"),
    )
    journal(
        centre,
        OFFLINE,
        (ready, "ready"),
        (at(22, "05:00"), "degraded"),
        (at(22, "06:00"), "ready"),
    )
    officer = centre.actor(Role.AUDITOR, PROVINCE)
    with centre.database.write() as session:
        session.add(
            MaintenanceWindowRow(
                station_id=OFFLINE,
                from_at=at(20, "08:00"),
                until_at=at(20, "10:00"),
                why="thay tăng âm",
                declared_by="Trần Văn Lộc",
                declared_at=at(18, "08:00"),
            )
        )
        session.add(
            ProgrammeRow(
                programme_id="p",
                title="Bản tin sáng",
                place_id=CUT,
                created_by=officer.account_id,
                created_at=REGISTERED,
            )
        )
        session.flush()
        session.add(
            ScheduleRow(
                schedule_id="rule",
                programme_id="p",
                place_id=CUT,
                authority="commune",
                recurrence="weekly",
                airs_at=time(5, 30),
                starts_on=date(2026, 10, 1),
                created_by=officer.account_id,
                created_at=REGISTERED,
            )
        )
    for day in range(1, 32):
        how: dict[str, object] = {}
        if day == 17:
            how = {"outcome": "late", "reason": "late_recovery"}
            how["started_at"] = at(day, "05:30:08")
        if day == 18:
            how = {"outcome": "cut_short", "reason": "power_off", "played_ms": 300_000}
        if day == 19:
            how = {"outcome": "cancelled", "reason": "cancelled", "played_ms": 0}
            how["started_at"] = None
        airing(centre, day, **how)
    for station_id, day in ((CUT, 2), (OFFLINE, 3)):
        centre.clock.at = at(day, "05:36")
        centre.services.listening_checks.write(
            officer, station_id, Heard.HEARD, listened_at=at(day, "05:35")
        )
    centre.clock.at = at(1, "09:00", month=11)
    centre.services.day_book.keep_up()
    return centre.services.figures.of(officer, PROVINCE, OCTOBER)


def minutes(sums: Sums) -> dict[str, float]:
    named = {"live": sums.live, "settled": sums.settled}
    found = {
        f"{way} {state}": getattr(tally, f"{state}_s") / 60
        for way, tally in named.items()
        for state in ("ready", "degraded", "down", "unknown", "maint")
    }
    sent = sums.delivered
    return found | {
        "total": sums.settled.total_s / 60,
        "due": sent.due,
        "planned minutes": sent.planned_ms / 60_000,
        "played minutes": sent.played_ms / 60_000,
        "punctual": sent.punctual,
        "heard checks": sums.heard_checks,
        "verified": sent.verified,
    }


@pytest.mark.parametrize(
    ("station_id", "name"), [(CUT, "Phước Bình"), (OFFLINE, "Ma Nới"), (NEVER, "Phước Hà")]
)
def test_the_month_is_what_was_added_up_by_hand(
    october: PlaceFigures, station_id: str, name: str
) -> None:
    station = next(one for one in october.stations if one.station_id == station_id)
    counted, wanted = minutes(station.sums), golden(name)
    assert {key: counted[key] for key in wanted} == wanted
    assert len(wanted) > 2


def test_who_was_effective_and_why_not(october: PlaceFigures) -> None:
    short = {one.station_id: one.months[0].short for one in october.stations}
    assert short[CUT] == (Short.DELIVERY,)
    assert short[OFFLINE] == ()
    assert short[NEVER] == (Short.AVAILABILITY, Short.OUTAGE, Short.NOT_HEARD)
    assert october.effective[0].effective == 1
    assert october.effective[0].stations == 65


def test_districts_add_up_to_the_province(october: PlaceFigures) -> None:
    parts = list(october.districts().values())
    assert len(parts) == 7
    assert sum(one.settled.total_s for one in parts) == 65 * 29_760 * 60
    assert sum(one.live.ready_s for one in parts) == october.sums.live.ready_s


def test_a_closed_month_stays_as_published_and_says_what_came_later(tmp_path: Path) -> None:
    centre = open_centre(tmp_path)
    lived_through(centre)
    auditor = centre.actor(Role.AUDITOR, PROVINCE)
    centre.clock.at = at(5, "00:00:01", month=11)
    assert centre.services.figures.close_months([OCTOBER]) == 65
    assert centre.services.figures.close_months([OCTOBER]) == 0
    with centre.database.write() as session:
        row = session.get(SlotResultRow, (CUT, "slot18"))
        assert row is not None
        row.outcome, row.reason, row.played_ms = "aired", None, 900_000
        station = session.get(StationRow, CUT)
        assert station is not None
        station.name = "Tên mới"
    centre.places.reload()
    centre.services.day_book.rebuild(OCTOBER.first_on, OCTOBER.last_on)
    after = centre.services.figures.of(auditor, PROVINCE, OCTOBER)
    station = next(one for one in after.stations if one.station_id == CUT)
    assert after.is_final
    assert station.names.station != "Tên mới"
    assert station.sums.delivered.played_ms == 440 * 60_000, "as published"
    changed = station.months[0].now
    assert changed is not None
    assert changed.sums.delivered.played_ms == 450 * 60_000
    assert [one.station_id for one in after.stations if one.months[0].now] == [CUT]
    centre.close()


def test_a_year_of_months_is_the_sum_of_its_months(centre: Centre, october: PlaceFigures) -> None:
    auditor = centre.actor(Role.AUDITOR, PROVINCE)
    year = period(Basis.CALENDAR, Length.YEAR, 2026)
    found = centre.services.figures.of(auditor, PROVINCE, year)
    assert [len(one.months) for one in found.stations] == [3] * 65
    assert found.sums.settled.total_s > october.sums.settled.total_s
    assert timedelta(days=31) <= max(
        one.length for one in found.stations[0].outages or october.stations[-1].outages
    )


def test_the_report_tells_the_same_as_the_figures(centre: Centre, october: PlaceFigures) -> None:
    report = centre.services.reports.of(centre.actor(Role.AUDITOR, PROVINCE), PROVINCE, OCTOBER)
    assert report.figures.sums == october.sums
    assert len(report.groups) == 7
    assert sum(group.stations for group in report.groups) == 65
    assert report.remote.stations == 15
    assert report.worst[0].sums.availability.part == 0
    assert (report.repair.ended, report.repair.open) == (2, 63)


def test_the_log_has_each_slot_once_with_its_outcome(
    centre: Centre, october: PlaceFigures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.services.reports.LOGGED_AT_ONCE", 7)
    auditor = centre.actor(Role.AUDITOR, PROVINCE)
    lines = list(centre.services.reports.log(auditor, PROVINCE, OCTOBER.first_on, OCTOBER.last_on))
    assert [local_date(line.planned_at).day for line in lines] == list(range(1, 32))
    assert [line.outcome for line in lines if line.outcome != "aired"] == [
        "late",
        "cut_short",
        "cancelled",
    ]
