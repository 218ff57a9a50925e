"""The shipped programs, started as a person would start them, over a folder of the test's own."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from controller.cli import main

PROGRAMS = Path(sys.executable).parent
START_S = 60.0


def until(what: Callable[[], Any], *, limit_s: float = START_S, words: str = "") -> Any:
    """The first true answer; AssertionError when none comes in time."""
    deadline = time.monotonic() + limit_s
    while True:
        if answer := what():
            return answer
        assert time.monotonic() < deadline, f"waited {limit_s} s in vain {words}"
        time.sleep(0.1)


@dataclass
class Served:
    """A running `vang-controller serve`."""

    folder: Path
    config: Path
    process: subprocess.Popen[bytes]
    ca: Path | None = None
    """The authority of its certificates, when it speaks TLS."""
    fixed_port: int = 0

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text(errors="replace")

    @property
    def address(self) -> str:
        scheme = "http" if self.ca is None else "https"
        port = self.fixed_port or int((self.data / "web_port").read_text())
        return f"{scheme}://127.0.0.1:{port}"

    def children(self) -> list[psutil.Process]:
        """Every process below the supervisor."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def state_of(self, name: str) -> dict[str, Any]:
        rows = json.loads((self.data / "processes.json").read_text())
        return next(row for row in rows if row["name"] == name)

    def healthy(self) -> bool:
        """Whether the web answers and says that the link is there."""
        try:
            return bool(self.get("/healthz"))
        except (OSError, ValueError):
            return False

    def metrics(self) -> str:
        return self.get("/metrics")

    def get(self, path: str) -> str:
        context = ssl.create_default_context(cafile=str(self.ca)) if self.ca else None
        url = f"{self.address}{path}"
        with urllib.request.urlopen(url, timeout=10, context=context) as answer:  # noqa: S310 - ours
            return str(answer.read().decode())

    def command(self, name: str, *arguments: str) -> int:
        """Another command over the same settings, in this process: its exit status."""
        return main([name, "--config", str(self.config), *arguments])


def environment() -> dict[str, str]:
    """Ours, without settings somebody may have in theirs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("VANG_")}


def controller(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the centre that ends by itself."""
    return subprocess.run(
        [PROGRAMS / "vang-controller", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )


def write_config(folder: Path, text: str = "") -> Path:
    """Settings of a centre on free ports in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "controller.toml"
    web = "" if "[web]" in text else "[web]\nport = 0\n"
    path.write_text(f'data_folder = "{folder / "data"}"\n{text}\n{web}')
    return path


@contextmanager
def serving(folder: Path, text: str = "", *, ca: Path | None = None) -> Iterator[Served]:
    """`vang-controller serve` until the end of the block; nothing of it is left behind."""
    config = write_config(folder, text)
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAMS / "vang-controller", "serve", "--config", config],
            env=environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    served = Served(folder, config, process, ca)
    try:
        yield served
    finally:
        end(served.process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a supervisor, and if it cannot, every process below it."""
    if process.poll() is not None:
        return
    below = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in below:
        if child.is_running():
            child.kill()


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more."""
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


@contextmanager
def agent_running(toml: Path) -> Iterator[Path]:
    """`vang-agent run` until the end of the block; its log."""
    path = toml.with_suffix(".log")
    with path.open("wb") as log:
        agent = subprocess.Popen(
            [PROGRAMS / "vang-agent", "run", "--config", toml],
            env=environment(),
            stdout=log,
            stderr=log,
        )
    try:
        yield path
    finally:
        agent.send_signal(signal.SIGTERM)
        try:
            agent.wait(20)
        except subprocess.TimeoutExpired:
            agent.kill()
            agent.wait()


def series(metrics: str, name: str, station_id: str) -> float | None:
    """The value of a series of one station; None when it is not there."""
    values = (
        line.split()[-1]
        for line in metrics.splitlines()
        if line.startswith(f"{name}{{") and f'station="{station_id}"' in line
    )
    return next((float(value) for value in values), None)
