"""A province of real processes: controller, broker, and agents, each in its own folder.

Nothing here is faked but the sound cards. The test acts through the web, as people do; it looks
into the centre's database only to see that nothing was lost or doubled.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import psutil

from controller import wiring
from controller.cli.station_config import issue, write
from controller.domain.accounts import Role
from controller.link.processes import free_port
from controller.link.supervision import read_states
from controller.services.accounts import NewAccount
from controller.settings import Settings, WebSettings
from tests.support.outposts import deadly_at
from tests.support.person import PASSWORD, Person

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
HOURS_MARGIN = timedelta(hours=2)


def until(say: str, check: Callable[[], T], *, within_s: float = 30.0, every_s: float = 0.25) -> T:
    """The first truthy answer of `check`; AssertionError with `say` when there is none in time."""
    deadline = time.monotonic() + within_s
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:.0f} s: {say}")
        time.sleep(every_s)


@dataclass
class Program:
    """One of our programs as a child, its output in a file."""

    arguments: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
            )

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def family(self) -> list[psutil.Process]:
        """It and everything below it."""
        if self.process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def kill(self) -> None:
        """The power goes: SIGKILL to it and all below it."""
        for one in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        if self.process is not None:
            self.process.wait()

    def stop(self) -> list[psutil.Process]:
        """SIGTERM; what is left of the family afterwards (nothing should be)."""
        family = self.family()
        if self.process is not None and self.is_running:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
        _, alive = psutil.wait_procs(family, timeout=5)
        for one in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        return alive

    def said(self) -> str:
        """Everything it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@dataclass
class Province:
    """The centre, and the agents that were added. Use `with province(folder) as p`."""

    folder: Path
    settings: Settings
    server: Program
    agents: dict[str, Program] = field(default_factory=dict)
    _wiring: wiring.Controller | None = None

    @property
    def centre(self) -> wiring.Controller:
        """The services over the same database, without threads: to look, and to issue secrets."""
        if self._wiring is None:
            self._wiring = wiring.build(self.settings)
        return self._wiring

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.web.port}"

    def start_centre(self) -> None:
        """Start controller and broker and wait until both serve."""
        self.server.start()
        self.wait_for_centre()

    def wait_for_centre(self, within_s: float = 120.0) -> None:
        desk = Person(self.address)
        until("the centre serves", lambda: desk.is_well(), within_s=within_s)

    def command(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of the centre over its settings, to its end."""
        config = str(self.folder / "controller.toml")
        return subprocess.run(
            [sys.executable, "-m", "controller", name, *arguments, "--config", config],
            capture_output=True, text=True, timeout=300, check=False, cwd=ROOT,
        )  # fmt: skip

    def lose_centre(self) -> None:
        """Its machine is gone: every process at once, and everything in its data folder."""
        self.server.kill()
        if self._wiring is not None:
            self._wiring.close()
            self._wiring = None
        shutil.rmtree(self.settings.folder)

    def desk(self, role: Role, place_id: str) -> Person:
        """Somebody signed in with a browser."""
        username = f"{role.value.replace('_', '-')}.{place_id}"
        accounts = self.centre.services.accounts
        if accounts.by_name(username) is None:
            accounts.create(
                None, NewAccount(username, f"{role.value} {place_id}", role, place_id, PASSWORD)
            )
        desk = Person(self.address)
        desk.sign_in(username)
        return desk

    def add_station(
        self, station_id: str, *, sink: str = "null", **sections: Mapping[str, object]
    ) -> Path:
        """Write a station's folder; its agent is started by `start_agent` or `start_fleet`."""
        folder = self.folder / "stations" / station_id
        extra: dict[str, Mapping[str, object]] = {
            "store": {"folder": "data"},
            "player": {"sink": sink, "file": "sound/sound.wav", "seed": len(self.agents) + 7},
            "log": {"level": "INFO"},
        }
        folder.mkdir(parents=True, exist_ok=True)
        write(
            issue(self.centre, station_id, {**extra, **sections}),
            self.settings,
            folder / "station.toml",
        )
        return folder

    def start_agent(self, station_id: str) -> Program:
        """One agent in a process of its own."""
        folder = self.folder / "stations" / station_id
        agent = Program(
            ("station_agent", "run", "--config", str(folder / "station.toml")),
            folder / "agent.log",
        )
        agent.start()
        self.agents[station_id] = agent
        return agent

    def start_fleet(self, station_ids: list[str]) -> Program:
        """Many agents: one process each, below one parent."""
        fleet = self.folder / "fleet"
        fleet.mkdir()
        for station_id in station_ids:
            (fleet / station_id).symlink_to(self.folder / "stations" / station_id)
        program = Program(("station_agent", "fleet", str(fleet)), self.folder / "fleet.log")
        program.start()
        self.agents["fleet"] = program
        return program

    def broker_pid(self) -> int:
        """The bundled broker's process."""
        states = {state.name: state for state in read_states(self.settings.folder)}
        pid = states["broker"].pid
        assert pid is not None
        return pid

    def stop(self) -> None:
        """End everything; the test fails if a process outlives its parent."""
        left = [one for agent in self.agents.values() for one in agent.stop()]
        left += self.server.stop()
        if self._wiring is not None:
            self._wiring.close()
        assert not left, f"left behind: {left}"


@contextlib.contextmanager
def province(folder: Path, points: Sequence[str] = (), **settings: Any) -> Iterator[Province]:
    """A centre that serves at any hour of the day, with a dated exception when it must.

    It can be made to die at `points` (tests/support/deadly), armed by a file in `folder`.
    """
    chosen = Settings(
        data_folder=str(folder / "centre"), web=WebSettings(port=free_port("127.0.0.1")), **settings
    )
    config = folder / "controller.toml"
    config.write_text(
        f'data_folder = "{chosen.data_folder}"\n[web]\nport = {chosen.web.port}\n', encoding="utf-8"
    )
    server = Program(
        ("controller", "serve", "--config", str(config)),
        folder / "server.log",
        deadly_at(points, folder) if points else {},
    )
    made = Province(folder, chosen, server)
    _open_hours(made)
    try:
        made.start_centre()
        yield made
    finally:
        made.stop()


def _open_hours(made: Province) -> None:
    now = datetime.now(UTC)
    local_hour = (now + timedelta(hours=7)).hour
    if not 5 <= local_hour < 20:
        made.centre.services.hours.add_exception(
            None, "ninh-thuan", now, now + HOURS_MARGIN, "chạy thử ngoài khung giờ"
        )
