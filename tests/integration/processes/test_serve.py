"""`vang-controller serve` as a process: what it starts, keeps, and takes down with it."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brokers import connect, connect_when_known
from tests.support.service_manager import ServiceManager
from tests.support.serving import Served, controller, gone, series, serving, until, write_config

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceManager]:
    """Stands where systemd would."""
    with ServiceManager() as listening:
        yield listening


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, manager: ServiceManager) -> Iterator[Served]:
    """One centre for all tests that leave it whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTIFY_SOCKET", manager.environment["NOTIFY_SOCKET"])
        with serving(tmp_path_factory.mktemp("served")) as one:
            until(one.healthy, words="for serve")
            yield one


def test_the_service_manager_hears_that_it_serves_and_lives(
    served: Served, manager: ServiceManager
) -> None:
    until(lambda: manager.heard().count("WATCHDOG=1") >= 2)
    assert manager.heard()[0] == "READY=1"
    assert manager.heard().count("READY=1") == 1


def test_the_first_start_prints_one_password_that_is_written_nowhere(served: Served) -> None:
    (password,) = re.findall(r"password +(\S+-\S+)", served.log)
    files = [path for path in served.data.rglob("*") if path.is_file()]
    assert not [path for path in files if password.encode() in path.read_bytes()]
    for name in ("keys/actual.key", "keys/exercise.key", "broker/access.json", "web.key"):
        assert stat.S_IMODE((served.data / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_ended_supervisor_leaves_no_process(number: signal.Signals, tmp_path: Path) -> None:
    with serving(tmp_path) as one:
        until(one.healthy, words="for serve")
        children = one.children()
        assert len(children) >= 3
        one.process.send_signal(number)
        status = one.process.wait(40)
        if number is signal.SIGTERM:
            assert status == 0
            assert gone(children)
        until(lambda: gone(children), words="for the children to end")


def test_a_killed_broker_comes_back_on_its_port_and_is_counted(served: Served) -> None:
    port = (served.data / "broker/port").read_text()
    starts = served.state_of("broker")["starts"]
    os.kill(served.state_of("broker")["pid"], signal.SIGKILL)
    until(lambda: served.state_of("broker")["starts"] == starts + 1)
    assert served.state_of("broker")["last_exit"] == "signal 9"
    assert "broker ended (signal 9)" in served.log
    assert (served.data / "broker/port").read_text() == port
    until(lambda: f"vang_broker_restarts_total {starts}.0" in served.metrics())
    until(served.healthy)


def test_a_killed_worker_comes_back(served: Served) -> None:
    starts = served.state_of("controller")["starts"]
    os.kill(served.state_of("controller")["pid"], signal.SIGKILL)
    until(lambda: served.state_of("controller")["starts"] == starts + 1)
    until(served.healthy)


def test_a_second_one_over_the_same_folder_is_refused(served: Served) -> None:
    answer = controller("serve", "--config", str(served.config))
    assert answer.returncode == 1
    assert f"in use by another vang-controller (process {served.process.pid})" in answer.stderr


def test_a_forged_publish_is_refused_counted_and_blamed_on_whose_secret_it_was(
    served: Served, tmp_path: Path
) -> None:
    forger = station_toml(served, "bac-ai-phuoc-binh", tmp_path)["broker"]
    victim = station_toml(served, "bac-ai-phuoc-hoa", tmp_path)["broker"]
    listening = connect_when_known(forger["port"], victim["user"], victim["password"])
    listening.subscribe("vang/1/d/bac-ai-phuoc-hoa/#")
    retained = {listening.next()[0] for _ in range(2)}
    assert retained == {f"vang/1/d/bac-ai-phuoc-hoa/{kind}" for kind in ("plan", "limits")}
    forging = connect_when_known(forger["port"], forger["user"], forger["password"])
    forging.publish("vang/1/d/bac-ai-phuoc-hoa/plan", b"forged plan")
    until(lambda: denied(served, "bac-ai-phuoc-binh") == 1.0, words="for the refusal")
    assert denied(served, "bac-ai-phuoc-hoa") == 0.0
    # The centre may send the genuine plan again at any time; the forged one never comes through.
    assert b"forged plan" not in [payload for _, payload, _ in listening.so_far()]
    for peer in (listening, forging):
        peer.close()


def denied(served: Served, station_id: str) -> float | None:
    return series(served.metrics(), "vang_station_denied_publishes_total", station_id)


def station_toml(served: Served, station_id: str, folder: Path) -> dict[str, dict[str, object]]:
    path = folder / f"{station_id}.toml"
    assert served.command("station-config", station_id, "--out", str(path)) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return tomllib.loads(path.read_text())


def test_new_secrets_of_a_station_shut_the_old_ones_out(served: Served, tmp_path: Path) -> None:
    old = station_toml(served, "bac-ai-phuoc-binh", tmp_path)["broker"]
    new = station_toml(served, "bac-ai-phuoc-binh", tmp_path)["broker"]
    until(lambda: connect_once(new))
    assert not connect_once(old)


def connect_once(broker: dict[str, object]) -> bool:
    peer = connect(broker["port"], broker["user"], broker["password"])
    peer.close()
    return peer.connected.is_set()


def test_an_account_is_made_and_reset_at_the_console(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    who = ("lan", "--full-name", "Lan", "--role", "operator", "--place", "bac-ai")
    assert served.command("add-user", *who) == 0
    made = re.findall(r"password +(\S{10,})", capsys.readouterr().out)
    assert served.command("reset-password", "lan") == 0
    again = re.findall(r"password +(\S{10,})", capsys.readouterr().out)
    assert len(made) == len(again) == 1
    assert made != again
    assert served.command("reset-password", "nobody") == 1
    assert "[not_found]" in capsys.readouterr().err


def test_doctor_finds_nothing_wrong_beside_a_running_centre(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert served.command("doctor") == 0
    assert "database in order, 65 stations" in capsys.readouterr().out


def test_a_damaged_database_is_left_alone_and_named(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    (tmp_path / "data").mkdir()
    damaged = b"SQLite format 3\0" + b"\xff" * 5000
    (tmp_path / "data/vang.db").write_bytes(damaged)
    answer = controller("serve", "--config", str(config))
    assert answer.returncode == 1
    assert "[database_damaged]" in answer.stderr
    assert str(tmp_path / "data/vang.db") in answer.stderr
    assert (tmp_path / "data/vang.db").read_bytes() == damaged


def test_help_loads_no_web_server() -> None:
    code = (
        "import sys; from controller.cli import build_parser; build_parser().format_help();"
        "sys.exit(any(name in sys.modules for name in ('flask', 'sqlalchemy', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
