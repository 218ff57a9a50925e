"""`vang-controller serve`: the supervisor over broker and worker."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from controller import wiring
from controller.cli import first_run
from controller.cli.console import start_log
from controller.cli.exposure import check_exposure
from controller.cli.notify import ALIVE, READY, STOPPING, tell_service_manager
from controller.cli.options import ROLES
from controller.cli.supervisor import Child, Supervisor
from controller.link.broker import STATIONS_ADVISED, BundledBroker
from controller.link.processes import free_port, is_port_free, start_child
from controller.link.reach import kept_port, web_address
from controller.link.supervision import is_broker_up
from controller.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

PORT_WAIT_S = 10.0
"""How long the worker of an earlier supervisor may take to give its port back."""


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Serve until SIGTERM or Ctrl-C; leaves no process."""
    start_log(settings.log_level)
    roles = parse_roles(args.roles)
    check_exposure(settings)
    with only_one_in(settings.folder, roles):
        settings = with_web_port(settings) if "controller" in roles else settings
        children = prepare(settings, roles, config=args.config)
        supervisor = Supervisor(
            children,
            settings.folder,
            lambda: datetime.now(UTC),
            on_tick=lambda: tell_service_manager(ALIVE),
        )
        supervisor.run(on_started=lambda: _started(settings))
        tell_service_manager(STOPPING)
    return 0


def _started(settings: Settings) -> None:
    logger.info("serving address=%s", web_address(settings))
    tell_service_manager(READY)


def parse_roles(text: str) -> frozenset[str]:
    """The roles named in a comma list; SettingsError for an unknown one."""
    roles = frozenset(word.strip() for word in text.split(",") if word.strip())
    unknown = roles - set(ROLES)
    if unknown or not roles:
        raise SettingsError(f"--roles takes some of {', '.join(ROLES)}; not {text!r}")
    return roles


def prepare(settings: Settings, roles: frozenset[str], *, config: Path | None) -> list[Child]:
    """Make what the first start makes, and name the children to run."""
    controller = wiring.build(settings)
    children: list[Child] = []
    try:
        handout = first_run.prepare(controller)
        if "broker" in roles and settings.broker.mode == "bundled":
            warn_of_too_many(len(controller.services.places.tree().stations))
            broker = BundledBroker(settings)
            access = broker.prepare(controller.services.stations.broker_users)
            children.append(Child("broker", broker.spawn, is_ready=lambda: is_broker_up(access)))
    finally:
        controller.stop()
    if "controller" in roles:
        children.append(web_child(settings, config=config))
    if handout is not None:
        first_run.tell(handout, settings, web_address(settings))
    return children


def warn_of_too_many(stations: int) -> None:
    """Say when there are more stations than the bundled broker is meant for."""
    if stations > STATIONS_ADVISED:
        logger.warning(
            "the bundled broker serves about %s stations, there are %s: use Mosquitto "
            "(vang-controller broker-config)",
            STATIONS_ADVISED,
            stations,
        )


def web_child(
    settings: Settings,
    *,
    config: Path | None,
    environment: Mapping[str, str] = os.environ,
    output: Callable[[], IO[bytes]] | None = None,
) -> Child:
    """The worker as a program of its own, told the same settings and the port chosen."""
    options = ("--config", str(config)) if config else ()
    command = (sys.executable, "-m", "controller", "worker", *options)
    told = worker_environment(environment, settings)

    def start() -> subprocess.Popen[bytes]:
        if output is None:
            return start_child(command, environment=told)
        with output() as file:
            return start_child(command, environment=told, output=file)

    # Ready when the port is taken: nobody else could have it, we looked a moment ago.
    host, port = settings.web.host, settings.web.port
    return Child("controller", start, is_ready=lambda: not is_port_free(host, port))


def worker_environment(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Ours, with what we decided: the worker must not choose again."""
    told = {name: value for name, value in environment.items() if name != "NOTIFY_SOCKET"}
    return {**told, "VANG_WEB_PORT": str(settings.web.port)}


def with_web_port(settings: Settings) -> Settings:
    """The settings with a port that is free now. Port 0: a free one, kept for the next start."""
    port = settings.web.port
    if not port:
        port = kept_port(settings) or free_port(settings.web.host)
        (settings.folder / "web_port").write_text(f"{port}\n", encoding="ascii")
    deadline = time.monotonic() + PORT_WAIT_S
    while not is_port_free(settings.web.host, port):
        if time.monotonic() > deadline:
            raise SettingsError(
                f"port {port} on {settings.web.host} is taken by another program: stop it, "
                "or choose another web.port (VANG_WEB_PORT)"
            )
        time.sleep(0.2)
    return replace(settings, web=replace(settings.web, port=port))


@contextmanager
def only_one_in(folder: Path, roles: Iterable[str] = ROLES) -> Iterator[None]:
    """Hold these roles in the data folder; SettingsError when another supervisor has one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        for role in sorted(roles):
            _hold(
                held.enter_context((folder / f"serve.{role}.lock").open("a+", encoding="ascii")),
                folder,
                role,
            )
        yield


def _hold(lock: IO[str], folder: Path, role: str) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        raise SettingsError(
            f"{folder} is in use by another vang-controller (process {lock.read().strip()}), "
            f"which has the role {role}"
        ) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
