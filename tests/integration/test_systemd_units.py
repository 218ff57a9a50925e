"""The service files are good, keep the programs in bounds, and the programs keep their side."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from controller.cli.notify import ALIVE, READY, STOPPING, tell_service_manager
from tests.support.brokers import Nats, broker_user
from tests.support.service_manager import ServiceManager
from tests.support.small_centre import Program, SmallCentre, wait_for

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
PROGRAM = shutil.which("systemd-analyze")
EXPOSURE = {"vang-agent.service": 25, "vang-backup.service": 25, "vang-controller.service": 25}
"""At most, in tenths of systemd's own figure: 100 is a service without any bound.

The controller's would be 20 if it did not let bubblewrap make namespaces for what decodes uploads.
"""

ONCE = {"vang-backup.service": "vang-controller"}
"""What runs and ends, and the program it runs."""

needs_systemd = pytest.mark.skipif(
    PROGRAM is None, reason="systemd-analyze is missing: make test installs it"
)


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    assert PROGRAM is not None
    return subprocess.run(
        [PROGRAM, *words], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The service files with programs that exist on this machine."""
    for name in EXPOSURE:
        text = (UNITS / name).read_text(encoding="utf-8")
        lines = [
            "ExecStart=/bin/true" if line.startswith("ExecStart=") else line
            for line in text.splitlines()
        ]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@needs_systemd
@pytest.mark.parametrize("name", sorted(EXPOSURE))
def test_systemd_understands_every_line(units: Path, name: str) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(units / name))
    ours = [line for line in done.stderr.splitlines() if name in line]
    assert ours == []


@needs_systemd
def test_the_backup_is_made_each_night_outside_broadcast_hours(units: Path) -> None:
    shutil.copy(UNITS / "vang-backup.timer", units)
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(units / "vang-backup.timer"))
    assert [line for line in done.stderr.splitlines() if "vang-backup" in line] == []
    text = (units / "vang-backup.timer").read_text(encoding="utf-8")
    (when,) = [line for line in text.splitlines() if line.startswith("OnCalendar=")]
    said = analyze("calendar", when.removeprefix("OnCalendar="))
    assert said.returncode == 0
    assert "01:30:00 Asia/Ho_Chi_Minh" in said.stdout


@needs_systemd
@pytest.mark.parametrize("name", sorted(EXPOSURE))
def test_the_service_is_kept_in_bounds(units: Path, name: str) -> None:
    done = analyze(
        "security",
        "--offline=true",
        f"--threshold={EXPOSURE[name]}",
        "--no-pager",
        str(units / name),
    )
    assert done.returncode == 0, done.stdout[-2_000:]


@pytest.mark.parametrize("name", sorted(EXPOSURE))
def test_the_service_runs_what_is_installed(name: str) -> None:
    text = (UNITS / name).read_text(encoding="utf-8")
    program = ONCE.get(name, name.removesuffix(".service"))
    (command,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    assert command.startswith(f"ExecStart=/opt/vang/.venv/bin/{program} ")
    kind = "Type=oneshot" if name in ONCE else "Type=notify"
    for line in (kind, "User=vang", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        assert line in text.splitlines()


def test_the_centre_says_the_words_systemd_waits_for(tmp_path: Path) -> None:
    with ServiceManager() as manager:
        for words in (READY, ALIVE, STOPPING):
            tell_service_manager(words, manager.environment)
        assert manager.heard() == ["READY=1", "WATCHDOG=1", "STOPPING=1"]
    tell_service_manager(READY, {})


@pytest.mark.real
def test_a_running_agent_says_that_it_is_ready_and_lives(tmp_path: Path) -> None:
    station = "bac-ai-phuoc-binh"
    broker = Nats(tmp_path / "broker", (broker_user(station, "ninh-thuan"),), None)
    broker.start()
    try:
        with SmallCentre(broker) as centre, ServiceManager(watchdog_s=4) as manager:
            config = centre.configure(tmp_path / "station", station)
            agent = Program(("run", "--config", str(config)), tmp_path / "agent.log")
            agent.start(**manager.environment)
            wait_for(lambda: manager.heard().count("WATCHDOG=1") >= 2)
            assert agent.stop() == 0
            assert manager.heard()[0] == "READY=1"
            assert manager.heard()[-1] == "STOPPING=1"
    finally:
        broker.stop()
