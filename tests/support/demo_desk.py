"""The demo's province after some months of work, behind a plain listener, for a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from werkzeug.serving import make_server

from controller import wiring
from controller.cli.demo_province import PEOPLE, Province
from controller.settings import Settings
from tests.support.busy_province import BusyProvince
from tests.support.person import PASSWORD


@dataclass(frozen=True, slots=True)
class DemoDesk:
    """Where the pages are, and who puts more on them."""

    address: str
    busy: BusyProvince


@contextmanager
def demo_desk(folder: Path) -> Iterator[DemoDesk]:
    """The demo's people and data: no broker, no stations, the same password for everybody."""
    controller = wiring.build(Settings(data_folder=str(folder)))
    province = Province(controller, wiring.utc_now)
    everybody = {person.username: PASSWORD for person in PEOPLE}
    province.admit(everybody, everybody)
    province.furnish()
    bulletin_id = province.bulletin()
    stations = tuple(controller.services.places.tree().stations)
    province.schedule(bulletin_id, stations)
    province.schedule_workdays(bulletin_id, stations)
    busy = BusyProvince(controller, bulletin_id)
    busy.fill()
    server = make_server("127.0.0.1", 0, controller.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield DemoDesk(f"http://127.0.0.1:{server.server_port}", busy)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        controller.close()
