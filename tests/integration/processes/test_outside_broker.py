"""A centre with a Mosquitto of its own instead of the bundled broker."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.cli import main
from controller.link.processes import free_port
from tests.support.brokers import connect
from tests.support.serving import agent_running, series, serving, until, write_config

pytestmark = pytest.mark.real

STATION, OTHER = "bac-ai-phuoc-binh", "bac-ai-phuoc-hoa"


@contextmanager
def mosquitto_over(config: Path) -> Iterator[None]:
    if os.geteuid() == 0:  # else it would become a user who cannot enter the test's folder
        config.write_text(config.read_text() + "user root\n")
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert program is not None, "Mosquitto is missing: make test installs it"
    with (config.parent / "out").open("wb") as output:
        process = subprocess.Popen([program, "-c", config], stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def test_stations_speak_through_mosquitto_and_forgers_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "mosquitto"
    settings = (
        f'[broker]\nmode = "external"\nhost = "127.0.0.1"\nport = {free_port("127.0.0.1")}\n'
        f'password = "secret of the centre"\nlog_file = "{folder / "mosquitto.log"}"\n'
    )
    config = str(write_config(tmp_path, settings))
    tomls = [tmp_path / name / "station.toml" for name in (STATION, OTHER)]
    for toml in tomls:
        name = toml.parent.name
        assert main(["station-config", name, "--config", config, "--out", str(toml)]) == 0
    assert main(["broker-config", "mosquitto", str(folder), "--config", config]) == 0
    with mosquitto_over(folder / "mosquitto.conf"), serving(tmp_path, settings) as served:
        until(served.healthy, words="for serve")
        assert [row.name() for row in served.children()].count("nats-server") == 0
        with agent_running(tomls[0]):
            until(lambda: series(served.metrics(), "vang_station_up", STATION) == 1.0)
        forger = tomllib.loads(tomls[1].read_text())["broker"]
        forging = connect(forger["port"], forger["user"], forger["password"])
        forging.publish(f"vang/1/u/{STATION}/journal", b"forged")
        forging.close()
        until(lambda: series(served.metrics(), "vang_station_denied_publishes_total", OTHER) == 1.0)
