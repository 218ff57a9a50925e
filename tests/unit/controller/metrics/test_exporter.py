"""What Prometheus is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller.metrics.exporter import Exporter
from controller.metrics.samples import FleetSnapshot, StationSample
from controller.metrics.series import BY_NAME, CONTROLLER_SERIES, SERIES, STATION_LABELS

NOW = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)
WHO = {
    "station": "bac-ai-phuoc-binh",
    "commune": "xã Phước Bình",
    "district": "huyện Bác Ái",
}
SPOKEN = StationSample(
    *WHO.values(),
    last_heartbeat_at=NOW - timedelta(seconds=20),
    is_ready=True,
    is_on_air=True,
    plan_version=12,
    plan_version_held=11,
    required_assets=5,
    held_assets=4,
    clock_offset_s=-0.25,
    is_clock_trusted=True,
    journal_behind=4,
    agent_version="1.2.0",
    emergency_unanswered_s=42.0,
    disk_free_bytes=7_000_000,
    denied_publishes=3,
    refused={"signature_bad": 2, "oversized": 1},
    results={("aired", ""): 40, ("missed", "power_off"): 2},
    corrections={("missed", "aired"): 1},
)
SILENT = StationSample("thuan-nam-phuoc-dinh", "xã Phước Dinh", "huyện Thuận Nam")


def exporter_of(*stations: StationSample, outbox_oldest_at: datetime | None = None) -> Exporter:
    fleet = FleetSnapshot(stations, 2, outbox_oldest_at, first_run_at=NOW - timedelta(days=3))
    return Exporter(lambda: fleet, now=lambda: NOW, version="1.2.3")


def read(exporter: Exporter) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(exporter.render().decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(exporter: Exporter, name: str, **labels: str) -> float | None:
    return read(exporter).get((name, frozenset(labels.items())))


def test_a_station_that_spoke_within_90_seconds_is_up() -> None:
    for age_s, is_up in ((0, 1), (90, 1), (91, 0)):
        sample = StationSample(*WHO.values(), last_heartbeat_at=NOW - timedelta(seconds=age_s))
        assert value(exporter_of(sample), "vang_station_up", **WHO) == is_up


def test_a_registered_station_that_never_spoke_is_there_and_down() -> None:
    exporter = exporter_of(SILENT)
    who = dict(
        zip(
            STATION_LABELS,
            ("thuan-nam-phuoc-dinh", "xã Phước Dinh", "huyện Thuận Nam"),
            strict=True,
        )
    )
    assert value(exporter, "vang_station_registered", **who) == 1
    assert value(exporter, "vang_station_up", **who) == 0
    assert value(exporter, "vang_station_last_heartbeat_timestamp_seconds", **who) is None
    assert value(exporter, "vang_station_disk_free_bytes", **who) is None


def test_a_silent_station_is_neither_ready_nor_on_air_whatever_it_said_last() -> None:
    old = NOW - timedelta(minutes=5)
    sample = StationSample(*WHO.values(), last_heartbeat_at=old, is_ready=True, is_on_air=True)
    exporter = exporter_of(sample)
    assert value(exporter, "vang_station_ready", **WHO) == 0
    assert value(exporter, "vang_station_on_air", **WHO) == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vang_station_ready", 1),
        ("vang_station_on_air", 1),
        ("vang_station_last_heartbeat_timestamp_seconds", NOW.timestamp() - 20),
        ("vang_station_plan_version", 12),
        ("vang_station_plan_version_held", 11),
        ("vang_station_required_assets", 5),
        ("vang_station_held_assets", 4),
        ("vang_station_clock_offset_seconds", -0.25),
        ("vang_station_clock_trusted", 1),
        ("vang_station_journal_behind_lines", 4),
        ("vang_station_agent_outdated", 1),
        ("vang_station_emergency_unanswered_seconds", 42),
        ("vang_station_disk_free_bytes", 7_000_000),
        ("vang_station_denied_publishes_total", 3),
    ],
)
def test_a_station_is_told_with_its_place_in_its_own_letters(name: str, expected: float) -> None:
    assert value(exporter_of(SPOKEN), name, **WHO) == expected


def test_slots_refusals_and_corrections_are_counted_by_their_kinds() -> None:
    told = exporter_of(SPOKEN)
    results, refused = "vang_slot_results_total", "vang_station_refused_messages_total"
    assert value(told, results, **WHO, outcome="aired", reason="") == 40
    assert value(told, results, **WHO, outcome="missed", reason="power_off") == 2
    assert value(told, refused, **WHO, reason="oversized") == 1
    change = {"from": "missed", "to": "aired"}
    assert value(told, "vang_slot_corrections_total", **WHO, **change) == 1


def test_what_alarms_is_there_at_zero_before_it_first_happens() -> None:
    quiet = exporter_of(StationSample(*WHO.values()))
    missed = {"outcome": "missed", "reason": "unknown_timeout"}
    assert value(quiet, "vang_slot_results_total", **WHO, **missed) == 0
    assert value(quiet, "vang_station_refused_messages_total", **WHO, reason="signature_bad") == 0
    assert value(quiet, "vang_station_denied_publishes_total", **WHO) == 0


def test_the_outbox_tells_its_length_and_the_age_of_its_oldest_message() -> None:
    waiting = exporter_of(outbox_oldest_at=NOW - timedelta(seconds=75))
    assert value(waiting, "vang_outbox_rows") == 2
    assert value(waiting, "vang_outbox_oldest_age_seconds") == 75
    assert value(exporter_of(), "vang_outbox_oldest_age_seconds") == 0


@pytest.mark.parametrize(
    ("agent", "is_old"),
    [
        ("1.2.3", 0),
        ("1.2.2", 1),
        ("1.10", 0),
        ("1.2.3.dev4", 0),
        ("2", 0),
        ("", 1),
        ("x", 1),
        ("9" * 5000, 1),
    ],
)
def test_an_agent_is_old_by_its_numbers_and_what_says_none_is_old_too(
    agent: str, is_old: int
) -> None:
    told = exporter_of(StationSample(*WHO.values(), agent_version=agent))
    assert value(told, "vang_station_agent_outdated", **WHO) == is_old


def test_a_station_that_told_nothing_of_itself_is_neither_trusted_nor_old() -> None:
    quiet = exporter_of(StationSample(*WHO.values()))
    for name in ("clock_trusted", "journal_behind_lines", "agent_outdated"):
        assert value(quiet, f"vang_station_{name}", **WHO) is None
    assert value(quiet, "vang_station_emergency_unanswered_seconds", **WHO) == 0


def test_the_first_run_is_told_until_it_is_known_as_nothing() -> None:
    name = "vang_first_run_timestamp_seconds"
    assert value(exporter_of(), name) == (NOW - timedelta(days=3)).timestamp()
    unborn = Exporter(lambda: FleetSnapshot(), now=lambda: NOW, version="1")
    assert value(unborn, name) is None


def test_a_name_with_quotes_and_line_ends_stays_one_label() -> None:
    commune = 'Xã "A"\\B\nC'
    sample = StationSample("x", commune, "H")
    told = value(exporter_of(sample), "vang_station_up", station="x", commune=commune, district="H")
    assert told == 0


def test_the_centre_counts_its_own_work() -> None:
    exporter = exporter_of()
    work = exporter.internals
    work.set_broker_up(True)
    work.count_broker_restart()
    work.set_link_connected(True)
    work.count_received("beat")
    work.count_refused("malformed")
    work.count_published("plan")
    work.job_ended("pruning", took_s=0.5, failed=False, at=NOW)
    work.job_ended("pruning", took_s=0.5, failed=True, at=NOW + timedelta(hours=1))
    work.request_ended("GET", "/bulletins/", 200, 0.01)
    work.request_ended("GET", "/sound/<sha256>", 206, None)
    work.ingest_ended("stored", 3.0)
    work.writer_waited(0.002)
    work.count_border_error("job")
    told = read(exporter)

    def of(name: str, **labels: str) -> float | None:
        return told.get((name, frozenset(labels.items())))

    assert of("vang_controller_info", version="1.2.3") == 1
    assert of("vang_broker_up") == 1
    assert of("vang_broker_restarts_total") == 1
    assert of("vang_link_connected") == 1
    assert of("vang_messages_received_total", kind="beat") == 1
    assert of("vang_messages_refused_total", reason="malformed") == 1
    assert of("vang_messages_published_total", kind="plan") == 1
    assert of("vang_job_runs_total", job="pruning") == 2
    assert of("vang_job_failures_total", job="pruning") == 1
    assert of("vang_job_last_success_timestamp_seconds", job="pruning") == NOW.timestamp()
    assert of("vang_job_duration_seconds_count", job="pruning") == 2
    assert of("vang_http_requests_total", method="GET", route="/bulletins/", status="200") == 1
    assert of("vang_http_request_duration_seconds_count") == 1
    assert of("vang_ingest_jobs_total", result="stored") == 1
    assert of("vang_ingest_duration_seconds_sum") == 3
    assert of("vang_writer_wait_seconds_count") == 1
    assert of("vang_border_errors_total", border="job") == 1


def test_a_job_that_only_fails_shows_its_failures_from_zero() -> None:
    exporter = exporter_of()
    exporter.internals.job_ended("pruning", took_s=1, failed=False, at=NOW)
    assert value(exporter, "vang_job_failures_total", job="pruning") == 0


def test_all_that_is_exported_stands_in_the_table_and_the_other_way_round() -> None:
    families = text_string_to_metric_families(exporter_of(SPOKEN).render().decode())
    told = {family.name: family for family in families if family.name.startswith("vang_")}
    for series in SERIES:
        family = told.pop(series.name.removesuffix("_total"))
        assert family.type == series.kind
        assert family.documentation == series.help
        for sample in family.samples:
            if series.kind != "histogram":
                assert set(sample.labels) == set(series.labels)
    assert not told


def test_names_say_their_unit_and_are_there_once() -> None:
    assert len(BY_NAME) == len(SERIES)
    for series in CONTROLLER_SERIES:
        assert series.name.endswith("_total") == (series.kind == "counter")
