"""The shipped web process with one page more: a plain list of 100 rows beside ours.

`python -m tests.bench.pages_worker CONFIG FLAG`. The peer's route stands in the same application,
behind the same session, in the same frame, and reads the same database. While the file FLAG is
there, every station says that it lives each 30 s through the inbox, as if by the broker.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import render_template_string
from sqlalchemy import select

from controller import wiring
from controller.cli.console import start_log
from controller.cli.web_process import WebProcess
from controller.domain.accounts import Permission
from controller.jobs.fleet_sweep import EVERY_S as SWEEP_EVERY_S
from controller.link.handlers import Handlers, Way
from controller.link.inbox import Inbox
from controller.settings import Settings, load
from controller.storage.models import PlaceRow, StationRow, StationStateRow
from controller.web.policy import requires
from station_protocol import codec, topics
from station_protocol.topics import Up
from station_protocol.vocabulary import StationHealth
from tests.bench.large_province import BOOT, LENGTH, PLAN, SOUNDING, is_lost
from tests.support import wire
from tests.support.fleet import internals

PEER = "/trang-thuong"
ROWS = 100
BEAT_EVERY_S = 30.0
BEATS_ON_AIR = 4
"""So many beats a station sounds, and so many it does not: a state changes each two minutes."""

_PEER_PAGE = """{% extends "base.html" %}{% block main %}
<div class="head"><div><h1>Danh sách</h1></div></div>
<div class="panel"><table class="log"><thead><tr><th>Đài</th><th>Xã</th><th>Khu vực</th>
<th>Trạng thái</th><th>Thấy lần cuối</th></tr></thead>
<tbody>{% for station, place, state in rows %}<tr>
<td><a href="{{ url_for('stations.show', station_id=station.station_id) }}">
{{ station.name }}</a></td>
<td>{{ place.name }}</td><td>{{ place.zone or "–" }}</td><td>{{ state.shown_state }}</td>
<td>{{ state.last_heartbeat_at|moment }}</td></tr>{% endfor %}</tbody></table></div>
{% endblock %}"""


def add_peer(controller: wiring.Controller) -> None:
    """A page as anybody would write it: join, order, a hundred rows, a table."""

    @requires(Permission.VIEW)
    def plain() -> str:
        query = (
            select(StationRow, PlaceRow, StationStateRow)
            .join(PlaceRow, PlaceRow.place_id == StationRow.place_id)
            .join(StationStateRow, StationStateRow.station_id == StationRow.station_id)
            .order_by(StationRow.station_id)
            .limit(ROWS)
        )
        with controller.database.read() as session:
            return render_template_string(_PEER_PAGE, rows=session.execute(query).all())

    controller.app.add_url_rule(PEER, view_func=plain)


class Fleet:
    """Every station's signs of life, spread over half a minute."""

    def __init__(self, controller: wiring.Controller, flag: Path) -> None:
        self._controller = controller
        self._flag = flag
        services = controller.services
        way = Way(lambda *_: True, lambda _want: None, lambda _job: None)
        handlers = Handlers(
            services.as_run, services.orders, controller.keys.actual, way, internals(), _now
        )
        self._inbox = Inbox(handlers, internals(), time.monotonic)

    def start(self) -> None:
        """Begin; nothing is said before the flag is there."""
        self._inbox.start()
        for work in (self._speak, self._sweep):
            threading.Thread(target=work, daemon=True).start()

    def _speak(self) -> None:
        for said in self._beats():
            while not self._flag.exists():
                time.sleep(0.5)
            self._inbox.receive(*said)

    def _beats(self) -> Iterator[tuple[str, bytes]]:
        ids = list(self._controller.services.places.tree().stations)
        pause_s = BEAT_EVERY_S / len(ids)
        due, number = time.monotonic(), 0
        while True:
            due = max(due + pause_s, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
            place = number % len(ids)
            if not is_lost(place):
                turn = (number // len(ids) + place) // BEATS_ON_AIR
                yield _beat(ids[place], is_on_air=turn % 2 == 0)
            number += 1

    def _sweep(self) -> None:
        while True:
            time.sleep(SWEEP_EVERY_S)
            if self._flag.exists():
                self._controller.services.as_run.sweep()


def _now() -> datetime:
    return datetime.now(UTC)


def _beat(station_id: str, *, is_on_air: bool) -> tuple[str, bytes]:
    now = _now()
    on_air: dict[str, Any] | None = None
    if is_on_air:
        on_air = {"slot_id": SOUNDING, "ends_at": now + LENGTH, "played_ms": 0}
    message = wire.beat(
        station_id=station_id,
        said_at=now,
        boot_id=BOOT,
        health=StationHealth.READY,
        reasons=(),
        on_air=on_air,
        wants_time=False,
        refused={},
        plan_epoch=1,
        plan_version=PLAN,
    )
    return topics.up(station_id, Up.BEAT), codec.encode_up(message)


class BenchProcess(WebProcess):
    """The shipped one, with the peer's page and stations that speak."""

    def __init__(self, settings: Settings, flag: Path) -> None:
        self._flag = flag
        super().__init__(settings)

    def load(self) -> Any:
        """The application and what stands beside ours in it."""
        app = super().load()
        assert self._controller is not None
        add_peer(self._controller)
        return app

    def post_worker_init(self, worker: Any) -> None:
        """The stations begin; planner and senders stay out, their work is no page's."""
        assert self._controller is not None
        Fleet(self._controller, self._flag).start()

    def worker_exit(self, _arbiter: Any, _worker: Any) -> None:
        """Nothing was started that must end in order."""


if __name__ == "__main__":
    chosen = load(Path(sys.argv[1]), os.environ)
    start_log(chosen.log_level)
    BenchProcess(chosen, Path(sys.argv[2])).run()
