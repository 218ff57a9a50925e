"""A station falls silent, somebody is told in Vietnamese, and told again when it is back.

Prometheus and Alertmanager are Debian's, over copies of the shipped files.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from controller.metrics.exporter import CONTENT_TYPE, Exporter
from controller.metrics.samples import FleetSnapshot, StationSample
from tests.support.alarms import (
    HERE,
    Receivers,
    alertmanager,
    copy_of_the_shipped,
    prometheus,
    told_to,
)
from tests.support.dashboards import expressions
from tests.support.post import Calls, MailBox, called_address, mail_server
from tests.support.serving import agent_running, series, serving, until
from tools import dashboards

pytestmark = pytest.mark.real

STATION = "bac-ai-phuoc-binh"
WHO = (STATION, "xã Phước Bình", "huyện Bác Ái")
TOLD_WITHIN = timedelta(minutes=5)


def told(calls: Calls, status: str) -> list[dict[str, Any]]:
    """What the address was called with about silent stations, in this state."""
    bodies = [json.loads(body) for body in list(calls.bodies)]
    return [
        one
        for body in bodies
        for one in body["alerts"]
        if one["labels"]["alertname"] == "StationDown" and one["status"] == status
    ]


def subjects(box: MailBox) -> list[str]:
    return [str(letter["Subject"]) for letter in list(box.letters)]


def hour_of(at: datetime) -> str:
    return (at + timedelta(hours=7)).strftime("%H:%M ngày %d/%m")


class Centre:
    """A centre in order, with one station whose last sign of life is what the test says."""

    def __init__(self) -> None:
        self.last_beat_at = datetime.now(UTC)
        self.exporter = Exporter(self._fleet, now=lambda: datetime.now(UTC), version="1")
        self.exporter.internals.set_broker_up(True)
        self.exporter.internals.set_link_connected(True)
        self.exporter.internals.watch_disk(lambda: 50e9)

    def _fleet(self) -> FleetSnapshot:
        return FleetSnapshot((StationSample(*WHO, last_heartbeat_at=self.last_beat_at),))


@contextmanager
def exporting(centre: Centre) -> Iterator[str]:
    """Host and port at which it answers."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.end_headers()
            self.wfile.write(centre.exporter.render())

        def log_message(self, *_line: object) -> None:
            """Readings are no news to a test."""

    server = ThreadingHTTPServer((HERE, 0), Door)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"{HERE}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def hurried(folder: Path) -> None:
    """Read and decide each second, and believe a silence after one."""
    for name, changes in {
        "prometheus.yml": {r"interval: 15s": "interval: 1s"},
        "vang.rules.yml": {r"(for: )\d+[mhd]": r"\g<1>1s"},
    }.items():
        path = folder / name
        text = path.read_text(encoding="utf-8")
        for pattern, words in changes.items():
            text = re.sub(pattern, words, text)
        path.write_text(text, encoding="utf-8")


def test_a_silence_and_its_end_travel_from_the_exporter_to_a_letter_and_a_call(
    tmp_path: Path,
) -> None:
    folder, centre = copy_of_the_shipped(tmp_path), Centre()
    hurried(folder)
    at_once = {"group_wait": "0s", "group_interval": "1s"}
    with mail_server() as letters, called_address() as calls, exporting(centre) as address:
        receivers = Receivers(letters.port, calls.url, hook_url=calls.url)
        with alertmanager(told_to(folder, receivers, at_once)) as manager:
            since = centre.last_beat_at = datetime.now(UTC) - timedelta(minutes=7)
            telling = f"{HERE}:{manager.port}"
            with prometheus(folder, controller=address, alertmanager=telling):
                (one,) = until(lambda: told(calls, "firing"), words="for the alarm")
                said = f"Trạm xã Phước Bình (huyện Bác Ái): mất liên lạc từ {hour_of(since)}"
                assert one["annotations"]["summary"] == said
                until(lambda: f"[Vang] {said}" in subjects(letters), words="for the letter")
                centre.last_beat_at = datetime.now(UTC)
                until(lambda: told(calls, "resolved"), words="for its end")


@pytest.mark.soak
def test_a_stopped_agent_is_told_within_five_minutes_and_its_return_too(
    tmp_path: Path, record_property: Any
) -> None:
    """In real time, with every file as shipped but for the addresses."""
    folder = copy_of_the_shipped(tmp_path)
    with mail_server() as letters, called_address() as calls, serving(tmp_path) as served:
        until(served.healthy, words="for serve")
        toml = tmp_path / "station.toml"
        assert served.command("station-config", STATION, "--out", str(toml)) == 0
        receivers = Receivers(letters.port, calls.url, hook_url=calls.url)
        with alertmanager(told_to(folder, receivers, {})) as manager:
            controller = served.address.removeprefix("http://")
            telling = f"{HERE}:{manager.port}"
            with prometheus(folder, controller=controller, alertmanager=telling) as reader:
                with agent_running(toml):
                    until(lambda: series(served.metrics(), "vang_station_up", STATION) == 1.0)
                    time.sleep(75)  # some readings of a station in order
                    assert not told(calls, "firing")
                    for name in dashboards.files():
                        for question in expressions(name):
                            path = f"/api/v1/query?query={quote(question)}"
                            assert reader.get(path)["status"] == "success", question
                stopped_at = datetime.now(UTC)
                (one,) = until(lambda: told(calls, "firing"), limit_s=400, words="for the alarm")
                took = datetime.now(UTC) - stopped_at
                record_property("told_after_s", round(took.total_seconds()))
                print(f"\ntold {took.total_seconds():.0f} s after the stop")  # noqa: T201 - the figure
                assert took <= TOLD_WITHIN
                assert one["labels"]["commune"] == "xã Phước Bình"
                said = one["annotations"]["summary"]
                assert said.startswith("Trạm xã Phước Bình (huyện Bác Ái): mất liên lạc từ ")
                until(lambda: f"[Vang] {said}" in subjects(letters), words="for the letter")
                with agent_running(toml):
                    back_at = datetime.now(UTC)
                    until(lambda: told(calls, "resolved"), limit_s=400, words="for its end")
                    took = datetime.now(UTC) - back_at
                    print(f"told {took.total_seconds():.0f} s after its return")  # noqa: T201 - the figure
                    over = f"[Vang: đã hết] {said}"
                    until(lambda: over in subjects(letters), words="for its letter")
                for status in ("firing", "resolved"):
                    (call,) = told(calls, status)
                    assert call["annotations"]["summary"] == said
                assert [one for one in subjects(letters) if said in one] == [f"[Vang] {said}", over]
                print(f"told once, and once that it is over: {said}")  # noqa: T201 - the words
