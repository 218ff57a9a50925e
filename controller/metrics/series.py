"""Every Prometheus series of the centre, in one table. docs/metrics.md is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["gauge", "counter", "histogram"]
STATION_LABELS = ("station", "commune", "district")


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its full name, its type, the unit of its values, its labels, what it tells."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    help: str


def _station(name: str, kind: Kind, unit: str, text: str, *labels: str) -> Series:
    return Series(name, kind, unit, (*STATION_LABELS, *labels), text)


STATION_SERIES = (
    _station(
        "vang_station_registered",
        "gauge",
        "1",
        "1 for each station in use, from the controller's start.",
    ),
    _station(
        "vang_station_up",
        "gauge",
        "0/1",
        "Whether a sign of life came within 90 s. Present, and 0, for a station that never spoke.",
    ),
    _station(
        "vang_station_ready",
        "gauge",
        "0/1",
        "Whether the station is up and says that it could play now.",
    ),
    _station(
        "vang_station_on_air", "gauge", "0/1", "Whether the station said that something sounds."
    ),
    _station(
        "vang_station_in_maintenance",
        "gauge",
        "0/1",
        "Whether declared maintenance is in force: a silence in it needs nobody.",
    ),
    _station(
        "vang_station_last_heartbeat_timestamp_seconds",
        "gauge",
        "seconds since 1970, controller's clock",
        "When the last sign of life came. Absent for a station that never spoke.",
    ),
    _station(
        "vang_station_plan_version",
        "gauge",
        "version",
        "Newest plan made for the station; 0: none.",
    ),
    _station(
        "vang_station_plan_version_held",
        "gauge",
        "version",
        "Plan of the present epoch the station said it holds; 0: none.",
    ),
    _station("vang_station_required_assets", "gauge", "sounds", "Sounds the station's plan names."),
    _station(
        "vang_station_held_assets", "gauge", "sounds", "Of these, sounds it has and has verified."
    ),
    _station(
        "vang_station_clock_offset_seconds",
        "gauge",
        "seconds",
        "Controller's clock minus the station's, as last measured. Absent when not measured.",
    ),
    _station(
        "vang_station_clock_trusted",
        "gauge",
        "0/1",
        "Whether the station trusts its own clock; without trust nothing planned airs. Absent when "
        "not told.",
    ),
    _station(
        "vang_station_journal_behind_lines",
        "gauge",
        "lines",
        "Lines of the station's journal the controller had not stored at the last sign of life. "
        "Absent when not told.",
    ),
    _station(
        "vang_station_agent_outdated",
        "gauge",
        "0/1",
        "Whether the station's program is older than the controller. Absent when not told.",
    ),
    _station(
        "vang_station_emergency_unanswered_seconds",
        "gauge",
        "seconds",
        "Since when a running emergency (no drill), or the correction or all-clear of one the "
        "station took, is sent that it has neither accepted nor sounded; 0: none.",
    ),
    _station(
        "vang_station_disk_free_bytes",
        "gauge",
        "bytes",
        "Free space on the station's card. Absent when not told.",
    ),
    _station(
        "vang_station_refused_messages_total",
        "counter",
        "messages",
        "Messages the station did not obey since it booted, as it reports them.",
        "reason",
    ),
    _station(
        "vang_station_denied_publishes_total",
        "counter",
        "messages",
        "Publishes on a foreign topic that the broker refused, by the station whose credentials "
        "were used.",
    ),
    _station(
        "vang_slot_results_total",
        "counter",
        "slots",
        "Slots by outcome, counted once, when a slot first gets an outcome other than unknown. "
        "Rebuilt from the database at start. `reason` is empty for `aired`.",
        "outcome",
        "reason",
    ),
    _station(
        "vang_slot_corrections_total",
        "counter",
        "slots",
        "Outcomes changed afterwards, when a station's journal arrived late.",
        "from",
        "to",
    ),
)

CONTROLLER_SERIES = (
    Series("vang_controller_info", "gauge", "1", ("version",), "The version that runs."),
    Series("vang_broker_up", "gauge", "0/1", (), "Whether the broker answers on its port."),
    Series(
        "vang_broker_restarts_total",
        "counter",
        "starts",
        (),
        "Times the bundled broker was started again after it had died.",
    ),
    Series(
        "vang_link_connected",
        "gauge",
        "0/1",
        (),
        "Whether the controller itself is connected to the broker.",
    ),
    Series(
        "vang_messages_received_total",
        "counter",
        "messages",
        ("kind",),
        "Messages from stations, by kind, also those then refused.",
    ),
    Series(
        "vang_messages_refused_total",
        "counter",
        "messages",
        ("reason",),
        "Messages from stations that were dropped, by the reasons of docs/errors.md.",
    ),
    Series(
        "vang_messages_published_total",
        "counter",
        "messages",
        ("kind",),
        "Messages to stations that the broker has acknowledged, by kind.",
    ),
    Series(
        "vang_disk_free_bytes",
        "gauge",
        "bytes",
        (),
        "Free space on the disk of the data folder; uploads are refused below `disk_reserve_mb`.",
    ),
    Series(
        "vang_certificate_expiry_timestamp_seconds",
        "gauge",
        "seconds since 1970",
        ("listener",),
        "End of the TLS certificate of `web` or `broker`. Absent for a listener without one, and "
        "while its file cannot be read.",
    ),
    Series(
        "vang_backup_last_success_timestamp_seconds",
        "gauge",
        "seconds since 1970",
        (),
        "When the last backup was finished, by `backup.json` of the data folder. Absent until "
        "there is one.",
    ),
    Series(
        "vang_first_run_timestamp_seconds",
        "gauge",
        "seconds since 1970",
        (),
        "When this controller first ran over its database. Absent until it has run for a minute.",
    ),
    Series("vang_outbox_rows", "gauge", "messages", (), "Messages waiting to be published."),
    Series(
        "vang_outbox_oldest_age_seconds",
        "gauge",
        "seconds",
        (),
        "Age of the oldest waiting message; 0 when none waits.",
    ),
    Series("vang_job_runs_total", "counter", "runs", ("job",), "Runs of a job, also failed ones."),
    Series("vang_job_failures_total", "counter", "runs", ("job",), "Runs of a job that failed."),
    Series(
        "vang_job_last_success_timestamp_seconds",
        "gauge",
        "seconds since 1970",
        ("job",),
        "When a job last ended well.",
    ),
    Series("vang_job_duration_seconds", "histogram", "seconds", ("job",), "How long a run took."),
    Series(
        "vang_http_requests_total",
        "counter",
        "requests",
        ("method", "route", "status"),
        "Requests answered; `route` is the rule of the route, never an address.",
    ),
    Series(
        "vang_http_request_duration_seconds",
        "histogram",
        "seconds",
        (),
        "Time to answer a request, sounds and static files left out.",
    ),
    Series(
        "vang_ingest_jobs_total",
        "counter",
        "uploads",
        ("result",),
        "Uploads prepared for broadcast: `stored`, or the code of the refusal.",
    ),
    Series(
        "vang_ingest_duration_seconds", "histogram", "seconds", (), "Time to prepare an upload."
    ),
    Series(
        "vang_writer_wait_seconds",
        "histogram",
        "seconds",
        (),
        "Time a write waited for its turn at the database.",
    ),
    Series(
        "vang_border_errors_total",
        "counter",
        "errors",
        ("border",),
        "Unforeseen errors caught and logged at a border: `mqtt`, `job` or `http`.",
    ),
)

SERIES = (*STATION_SERIES, *CONTROLLER_SERIES)
BY_NAME = {series.name: series for series in SERIES}
