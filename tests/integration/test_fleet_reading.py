"""What Prometheus is told is what the database holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from controller.domain.places import Place, PlaceKind, PlaceTree
from controller.metrics.samples import StationSample
from controller.services.fleet import Fleet
from controller.storage.database import Database
from controller.storage.models import (
    Base,
    CentreRunRow,
    OutboxRow,
    PlaceRow,
    SlotResultChangeRow,
    SlotResultRow,
    StationRow,
    StationStateRow,
)

NOW = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)
STATION = "bac-ai-phuoc-binh"
PLACES = (
    ("ninh-thuan", PlaceKind.PROVINCE, None, "Ninh Thuận", "tỉnh"),
    ("bac-ai", PlaceKind.DISTRICT, "ninh-thuan", "Bác Ái", "huyện"),
    (STATION, PlaceKind.COMMUNE, "bac-ai", "Phước Bình", "xã"),
)


def place(place_id: str, kind: PlaceKind, parent: str | None, name: str, word: str) -> Place:
    return Place(
        place_id, kind, parent, "0", name, word, None, False, None, None, date(2021, 1, 1), None, 0
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'vang.db'}")
    Base.metadata.create_all(database.engine)
    with database.write() as session:
        for place_id, kind, parent, name, word in PLACES:
            session.add(
                PlaceRow(
                    place_id=place_id,
                    kind=kind.value,
                    parent_id=parent,
                    code="0",
                    name=name,
                    kind_word=word,
                    valid_from=date(2021, 1, 1),
                    position=0,
                )
            )
            session.flush()
        session.add(station(STATION))
    yield database
    database.close()


def station(station_id: str, retired_at: datetime | None = None) -> StationRow:
    return StationRow(
        station_id=station_id,
        place_id=STATION,
        name="Phước Bình",
        language_order=["vi"],
        max_length_ms=3_600_000,
        registered_at=NOW,
        retired_at=retired_at,
    )


def result(slot_id: str, outcome: str, reason: str | None, days_ago: int = 0) -> SlotResultRow:
    return SlotResultRow(
        station_id=STATION,
        slot_id=slot_id,
        outcome=outcome,
        reason=reason,
        title="Bản tin sáng",
        planned_at=NOW - timedelta(days=days_ago),
        planned_ms=60_000,
    )


def correction(slot_id: str, before: tuple[str, str | None], after: str) -> SlotResultChangeRow:
    return SlotResultChangeRow(
        station_id=STATION,
        slot_id=slot_id,
        at=NOW,
        kind="correction",
        from_outcome=before[0],
        from_reason=before[1],
        to_outcome=after,
    )


def fleet_of(database: Database) -> Fleet:
    tree = PlaceTree({row[0]: place(*row) for row in PLACES}, {})
    return Fleet(database, lambda: NOW, lambda: tree)


def only(fleet: Fleet) -> StationSample:
    (sample,) = fleet.snapshot().stations
    return sample


def add(database: Database, *rows: Base) -> None:
    with database.write() as session:
        for row in rows:
            session.add(row)
            session.flush()


def test_a_station_that_never_spoke_is_read_with_its_place(database: Database) -> None:
    sample = only(fleet_of(database))
    assert sample == StationSample(STATION, "xã Phước Bình", "huyện Bác Ái")


def test_a_station_no_longer_in_use_is_left_out(database: Database) -> None:
    add(database, station("bac-ai-cu", retired_at=NOW))
    assert only(fleet_of(database)).station_id == STATION


def test_what_a_station_last_said_is_read(database: Database) -> None:
    add(
        database,
        StationStateRow(
            station_id=STATION,
            last_heartbeat_at=NOW,
            health="ready",
            on_air_slot_id="a" * 26,
            clock_offset_ms=-1500.0,
            clock_level="none",
            agent_version="0.9",
            journal_id="j",
            journal_head=40,
            journal_stored_up_to=38,
            disk_free_bytes=123,
            plan_epoch_sent=5,
            plan_version_sent=12,
            plan_epoch_held=5,
            plan_version_held=11,
            required_assets=4,
            held_assets=3,
            denied_publishes=2,
            refused={"stale": 1},
        ),
    )
    sample = only(fleet_of(database))
    assert sample.last_heartbeat_at == NOW
    assert sample.is_ready
    assert sample.is_on_air
    assert sample.clock_offset_s == -1.5
    assert sample.is_clock_trusted is False
    assert (sample.agent_version, sample.journal_behind) == ("0.9", 2)
    assert (sample.plan_version, sample.plan_version_held) == (12, 11)
    assert (sample.required_assets, sample.held_assets) == (4, 3)
    assert (sample.disk_free_bytes, sample.denied_publishes) == (123, 2)
    assert sample.refused == {"stale": 1}


def test_a_plan_of_another_epoch_is_not_held(database: Database) -> None:
    add(
        database,
        StationStateRow(
            station_id=STATION,
            plan_epoch_sent=6,
            plan_version_sent=1,
            plan_epoch_held=5,
            plan_version_held=40,
        ),
    )
    assert only(fleet_of(database)).plan_version_held == 0


def test_slots_are_counted_once_however_old_and_the_unknown_not_at_all(database: Database) -> None:
    add(
        database,
        result("a", "aired", None),
        result("b", "aired", None, days_ago=300),
        result("c", "missed", "power_off", days_ago=41),
        result("d", "unknown", None),
        result("e", "sounding", None),
    )
    assert only(fleet_of(database)).results == {("aired", ""): 2, ("missed", "power_off"): 1}


def test_a_slot_is_counted_as_it_was_first_and_its_correction_apart(database: Database) -> None:
    add(
        database,
        result("a", "late", "late_recovery"),
        correction("a", ("missed", "unknown_timeout"), "aired"),
        correction("a", ("aired", None), "late"),
    )
    sample = only(fleet_of(database))
    assert sample.results == {("missed", "unknown_timeout"): 1}
    assert sample.corrections == {("missed", "aired"): 1, ("aired", "late"): 1}


def test_a_contradiction_that_changed_nothing_is_no_correction(database: Database) -> None:
    change = correction("a", ("aired", None), "missed")
    change.kind = "dispute"
    add(database, result("a", "aired", None), change)
    sample = only(fleet_of(database))
    assert (sample.results, sample.corrections) == ({("aired", ""): 1}, {})


def test_results_that_come_in_later_are_in_the_next_reading(database: Database) -> None:
    fleet = fleet_of(database)
    assert only(fleet).results == {}
    add(database, result("a", "aired", None))
    assert only(fleet).results == {("aired", ""): 1}


def test_the_first_run_of_the_centre_is_read(database: Database) -> None:
    fleet = fleet_of(database)
    assert fleet.snapshot().first_run_at is None
    for days in (3, 9, 1):
        at = NOW - timedelta(days=days)
        add(database, CentreRunRow(started_at=at, alive_until_at=at))
    assert fleet.snapshot().first_run_at == NOW - timedelta(days=9)


def test_what_waits_to_be_sent_is_counted_with_the_age_of_the_oldest(database: Database) -> None:
    fleet = fleet_of(database)
    assert (fleet.snapshot().outbox_rows, fleet.snapshot().outbox_oldest_at) == (0, None)
    for minutes in (5, 9):
        at = NOW - timedelta(minutes=minutes)
        row = OutboxRow(topic="t", payload=b"", qos=1, retain=False, created_at=at)
        add(database, row)
    snapshot = fleet.snapshot()
    assert (snapshot.outbox_rows, snapshot.outbox_oldest_at) == (2, NOW - timedelta(minutes=9))
