"""`vang-controller demo`: up, down, and up again over the same folder."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from controller.link.processes import free_port
from controller.settings import load
from controller.storage.database import Database
from controller.storage.models import SlotResultRow
from tests.support.serving import PROGRAMS, Served, end, environment, gone, series, until

# Two minutes of waiting for a slot: may run beside the other real programs.
pytestmark = pytest.mark.real

STATIONS = 7


@contextmanager
def demo(folder: Path, port: int) -> Iterator[Served]:
    options = ("--data", folder, "--port", str(port), "--stations", str(STATIONS))
    with (folder.parent / "demo.log").open("ab") as log:
        process = subprocess.Popen(
            [PROGRAMS / "vang-controller", "demo", *options],
            env={**environment(), "VANG_DATABASE_URL": "sqlite:////nowhere/of/the/real.db"},
            stdout=log,
            stderr=log,
        )
    served = Served(folder, folder / "controller.toml", process, fixed_port=port)
    try:
        yield served
    finally:
        end(process)


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "demo.json").read_text())
    return found


def all_up(served: Served) -> bool:
    if not served.healthy():
        return False
    metrics = served.metrics()
    up = [series(metrics, "vang_station_up", one) for one in summary(served.folder)["station_ids"]]
    return up == [1.0] * STATIONS


def outcomes(folder: Path) -> list[str]:
    database = Database(load(folder / "controller.toml", {}).database)
    try:
        with database.read() as session:
            return [str(row.outcome) for row in session.query(SlotResultRow)]
    finally:
        database.close()


def test_a_demo_goes_on_where_it_stopped_and_its_bulletin_sounds_everywhere(tmp_path: Path) -> None:
    folder, port = tmp_path / "demo", free_port("127.0.0.1")
    with demo(folder, port) as first:
        until((folder / "demo.json").exists, words="for demo.json")
        before = summary(folder)
        assert before["address"] == f"http://127.0.0.1:{port}"
        until(lambda: all_up(first), words="for the stations")
        processes = psutil.Process(first.process.pid).children(recursive=True)
        assert len(processes) >= STATIONS + 3
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(60) == 0
        assert gone(processes)
    with demo(folder, port) as again:
        until(lambda: summary(folder)["pid"] == again.process.pid and all_up(again))
        after = summary(folder)
        assert after["accounts"] == before["accounts"]
        assert after["address"] == f"http://127.0.0.1:{port}"
        due_at = datetime.fromisoformat(after["first_slot_at"])
        left_s = (due_at - datetime.now(UTC)).total_seconds()
        until(lambda: outcomes(folder) == ["aired"] * STATIONS, limit_s=left_s + 60)
        processes = psutil.Process(again.process.pid).children(recursive=True)
        again.process.kill()
        again.process.wait()
        until(lambda: gone(processes), words="for the processes of a killed demo")


def test_a_port_somebody_else_has_is_said(tmp_path: Path) -> None:
    with somebody_listening() as port:
        answer = subprocess.run(
            [PROGRAMS / "vang-controller", "demo", "--data", tmp_path / "d", "--port", str(port)],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert answer.returncode == 1
    assert f"port {port} is taken by another program" in answer.stderr


@contextmanager
def somebody_listening() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_folder_that_is_no_demo_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    answer = subprocess.run(
        [PROGRAMS / "vang-controller", "demo", "--data", tmp_path, "--reset"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "does not look like a demo's folder" in answer.stderr
    assert (tmp_path / "letters.txt").exists()
