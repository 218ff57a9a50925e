"""Prometheus and Alertmanager as Debian has them, over copies of the shipped configuration."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from controller.link.processes import free_port
from tests.support.serving import until

SHIPPED = Path(__file__).resolve().parents[2] / "deploy/prometheus"
HERE = "127.0.0.1"


def tool(name: str, package: str) -> str:
    """Where a program is; the tests cannot do without it."""
    program = shutil.which(name)
    assert program, f"{name} is missing; `make test` installs it (Debian package {package})"
    return program


def copy_of_the_shipped(folder: Path) -> Path:
    """The configuration in a folder of the test's own, with a token as operators put it there."""
    copy = folder / "prometheus"
    shutil.copytree(SHIPPED, copy)
    (copy / "vang.token").write_text("token of a test")
    return copy


@dataclass(frozen=True)
class Running:
    """One program that answers HTTP."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://{HERE}:{self.port}"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.address}{path}", timeout=10) as answer:  # noqa: S310 - ours
            return json.loads(answer.read())

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/-/ready", timeout=5):  # noqa: S310 - ours
                return True
        except OSError:
            return False


@contextmanager
def _running(words: Sequence[str | Path], port: int, folder: Path) -> Iterator[Running]:
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
    one = Running(port, process)
    try:
        until(one.is_ready, words=f"for {words[0]}: {(folder / f'{port}.log').read_text()}")
        yield one
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Receivers:
    """Where the letters and calls of a test go."""

    smtp_port: int
    watchdog_url: str
    hook_url: str = ""
    """Called beside each letter; "": nobody is."""


def told_to(folder: Path, receivers: Receivers, times: Mapping[str, str]) -> Path:
    """Alertmanager's configuration with the test's receivers and these times in every route."""
    path = folder / "alertmanager.yml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["global"] |= {
        "smtp_smarthost": f"{HERE}:{receivers.smtp_port}",
        "smtp_require_tls": False,
    }
    for key in ("smtp_auth_username", "smtp_auth_password_file"):
        del config["global"][key]
    for route in (config["route"], *config["route"]["routes"]):
        route |= times
    for receiver in config["receivers"]:
        if receiver["name"] == "watchdog":
            receiver["webhook_configs"][0]["url"] = receivers.watchdog_url
        elif receivers.hook_url:
            receiver["webhook_configs"] = [{"url": receivers.hook_url}]
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    return path


@contextmanager
def alertmanager(config: Path) -> Iterator[Running]:
    """An Alertmanager of its own, without others to agree with."""
    port = free_port(HERE)
    words = [
        tool("prometheus-alertmanager", "prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={config.parent / 'alertmanager'}",
        f"--web.listen-address={HERE}:{port}",
        "--cluster.listen-address=",
    ]
    with _running(words, port, config.parent) as one:
        yield one


@contextmanager
def prometheus(folder: Path, *, controller: str, alertmanager: str) -> Iterator[Running]:
    """A Prometheus that reads one controller (host:port) and tells one Alertmanager."""
    port = free_port(HERE)
    targets = {"controller": controller, "alertmanager": alertmanager}
    for name, address in targets.items():
        text = json.dumps([{"targets": [address], "labels": {"__scheme__": "http"}}])
        (folder / f"targets/{name}.yml").write_text(text)
    words = [
        tool("prometheus", "prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={HERE}:{port}",
    ]
    with _running(words, port, folder) as one:
        yield one


Alert = tuple[Mapping[str, str], Mapping[str, str]]
"""Labels and annotations."""


def fire(manager: Running, *alerts: Alert, over: bool = False) -> None:
    """Hand alerts over as Prometheus does, as begun just now, or as over.

    Alertmanager waits for the rest of a group only with what is younger than that wait.
    """
    now = datetime.now(UTC)
    begun = now - timedelta(hours=1) if over else now
    times = {"startsAt": begun.isoformat(), **({"endsAt": now.isoformat()} if over else {})}
    body = [
        {"labels": dict(labels), "annotations": dict(notes), **times} for labels, notes in alerts
    ]
    _post(manager, body)


def _post(manager: Running, body: list[dict[str, Any]]) -> None:
    request = urllib.request.Request(  # noqa: S310 - ours
        f"{manager.address}/api/v2/alerts",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - ours
        pass
