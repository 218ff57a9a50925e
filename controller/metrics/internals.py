"""Counts of the centre's own work, kept while it runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from controller.metrics.series import BY_NAME


class Internals:
    """One object, made with the exporter and given to those who count."""

    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        self._registry = registry
        self._gauge("vang_controller_info").labels(version).set(1)
        self._broker_up = self._gauge("vang_broker_up")
        self._broker_restarts = self._counter("vang_broker_restarts_total")
        self._link_connected = self._gauge("vang_link_connected")
        self._disk_free = self._gauge("vang_disk_free_bytes")
        self._received = self._counter("vang_messages_received_total")
        self._refused = self._counter("vang_messages_refused_total")
        self._published = self._counter("vang_messages_published_total")
        self._job_runs = self._counter("vang_job_runs_total")
        self._job_failures = self._counter("vang_job_failures_total")
        self._job_success = self._gauge("vang_job_last_success_timestamp_seconds")
        self._job_seconds = self._histogram("vang_job_duration_seconds")
        self._requests = self._counter("vang_http_requests_total")
        self._request_seconds = self._histogram("vang_http_request_duration_seconds")
        self._ingests = self._counter("vang_ingest_jobs_total")
        self._ingest_seconds = self._histogram("vang_ingest_duration_seconds")
        self._writer_wait = self._histogram("vang_writer_wait_seconds")
        self._border_errors = self._counter("vang_border_errors_total")

    def watch_disk(self, free_bytes: Callable[[], float]) -> None:
        """Tell the free space whenever somebody asks."""
        self._disk_free.set_function(free_bytes)

    def _counter(self, name: str) -> Counter:
        series = BY_NAME[name]
        return Counter(name, series.help, series.labels, registry=self._registry)

    def _gauge(self, name: str) -> Gauge:
        series = BY_NAME[name]
        return Gauge(name, series.help, series.labels, registry=self._registry)

    def _histogram(self, name: str) -> Histogram:
        series = BY_NAME[name]
        return Histogram(name, series.help, series.labels, registry=self._registry)

    def set_broker_up(self, is_up: bool) -> None:
        """Say whether the broker answers."""
        self._broker_up.set(is_up)

    def count_broker_restart(self) -> None:
        """The bundled broker was started again."""
        self._broker_restarts.inc()

    def set_link_connected(self, is_connected: bool) -> None:
        """Say whether the centre's own client is connected."""
        self._link_connected.set(is_connected)

    def count_received(self, kind: str) -> None:
        """A message of this kind came from a station."""
        self._received.labels(kind).inc()

    def count_refused(self, reason: str) -> None:
        """A message from a station was dropped; `reason` from a ProtocolError."""
        self._refused.labels(reason).inc()

    def count_published(self, kind: str) -> None:
        """The broker has acknowledged a message of this kind."""
        self._published.labels(kind).inc()

    def job_ended(self, job: str, *, took_s: float, failed: bool, at: datetime) -> None:
        """One run of a job is over."""
        self._job_runs.labels(job).inc()
        self._job_seconds.labels(job).observe(took_s)
        failures = self._job_failures.labels(job)
        if failed:
            failures.inc()
        else:
            self._job_success.labels(job).set(at.timestamp())

    def request_ended(self, method: str, route: str, status: int, took_s: float | None) -> None:
        """A request was answered; None leaves its time out (sounds, static files)."""
        self._requests.labels(method, route, str(status)).inc()
        if took_s is not None:
            self._request_seconds.observe(took_s)

    def ingest_ended(self, result: str, took_s: float) -> None:
        """An upload was stored, or refused with this code."""
        self._ingests.labels(result).inc()
        self._ingest_seconds.observe(took_s)

    def writer_waited(self, waited_s: float) -> None:
        """A write waited so long for its turn."""
        self._writer_wait.observe(waited_s)

    def count_border_error(self, border: str) -> None:
        """Something unforeseen was caught at `mqtt`, `job` or `http`."""
        self._border_errors.labels(border).inc()
