"""Real brokers under the configuration our own code writes, and a plain MQTT client for them."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import paho.mqtt.client as mqtt

from controller.link import mosquitto
from controller.link.broker import BundledBroker, reload_users
from controller.link.broker_access import CONTROLLER, broker_folder
from controller.link.broker_log import LogTail, NatsConnections, parse_denial
from controller.link.processes import free_port
from controller.services.machine_secrets import BrokerUser, bcrypt_hash, pbkdf2_hash
from controller.settings import BrokerSettings, Settings
from tests.support.certificates import Certificates

WAIT_S = 60.0
"""A message that was on its way to a closing connection comes again after half a minute."""


def secret_of(name: str) -> str:
    """The password every test broker knows a user by."""
    return f"secret of {name}"


def broker_user(name: str, *places: str) -> BrokerUser:
    """A station with that password."""
    secret = secret_of(name)
    return BrokerUser(name, bcrypt_hash(secret), pbkdf2_hash(secret), places)


class Broker(Protocol):
    """What the conformance test needs of a broker."""

    port: int
    controller_password: str

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def set_users(self, users: tuple[BrokerUser, ...]) -> None: ...
    def denials(self) -> list[tuple[str, str, str]]: ...


class Nats:
    """The bundled broker."""

    def __init__(self, folder: Path, users: tuple[BrokerUser, ...], tls: Certificates | None):
        self._users = users
        broker = BrokerSettings()
        if tls is not None:
            broker = replace(
                broker, tls_cert=str(tls.cert), tls_key=str(tls.key), tls_ca=str(tls.ca)
            )
        self._settings = Settings(data_folder=str(folder), broker=broker)
        self._broker = BundledBroker(self._settings)
        self.port = 0
        self.controller_password = ""

    def start(self) -> None:
        access = self._broker.start(lambda: self._users)
        self.port, self.controller_password = access.port, access.password

    def stop(self) -> None:
        self._broker.stop()

    def kill(self) -> None:
        assert self._broker.pid is not None
        os.kill(self._broker.pid, signal.SIGKILL)
        self._broker.stop()

    def set_users(self, users: tuple[BrokerUser, ...]) -> None:
        self._users = users
        reload_users(self._settings, lambda: users)

    def denials(self) -> list[tuple[str, str, str]]:
        folder = broker_folder(self._settings)
        return _denials(folder / "nats.log", NatsConnections(folder).resolve)


class Mosquitto:
    """Debian's broker over the files `broker-config mosquitto` writes."""

    controller_password = secret_of(CONTROLLER)

    def __init__(self, folder: Path, users: tuple[BrokerUser, ...], tls: Certificates | None):
        self.port = free_port("127.0.0.1")
        self._config = mosquitto.MosquittoConfig(
            folder=folder,
            host="127.0.0.1",
            port=self.port,
            controller=broker_user(CONTROLLER),
            users=users,
            tls_cert=str(tls.cert) if tls else "",
            tls_key=str(tls.key) if tls else "",
        )
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        config, *_ = mosquitto.write_files(self._config)
        if os.geteuid() == 0:  # else it would become a user who cannot enter the test's folder
            config.write_text(config.read_text() + "user root\n")
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        assert program is not None, "Mosquitto is missing: make test installs it"
        output = (self._config.folder / "out").open("wb")
        with output:
            self._child = subprocess.Popen([program, "-c", config], stdout=output, stderr=output)
        _wait_until_open(self.port)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, signal_no: signal.Signals) -> None:
        if self._child is not None:
            self._child.send_signal(signal_no)
            self._child.wait(10)
            self._child = None

    def set_users(self, users: tuple[BrokerUser, ...]) -> None:
        self._config = replace(self._config, users=users)
        config, *_ = mosquitto.write_files(self._config)
        if os.geteuid() == 0:
            config.write_text(config.read_text() + "user root\n")
        assert self._child is not None
        self._child.send_signal(signal.SIGHUP)

    def denials(self) -> list[tuple[str, str, str]]:
        return _denials(self._config.folder / mosquitto.LOG, lambda denial: denial)


def _denials(log: Path, resolve: Callable[[Any], Any]) -> list[tuple[str, str, str]]:
    tail = LogTail(log, log.with_suffix(".place"))
    lines = tail.read()
    tail.close()
    found = [resolve(denial) for line in lines if (denial := parse_denial(line)) is not None]
    return [(denial.username, denial.action, denial.topic) for denial in found]


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"no broker answers on port {port}")


@dataclass
class Peer:
    """A plain MQTT client that keeps what happened to it."""

    client: mqtt.Client
    messages: queue.Queue[tuple[str, bytes, bool]] = field(default_factory=queue.Queue)
    connected: threading.Event = field(default_factory=threading.Event)
    refused: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)
    granted: queue.Queue[list[bool]] = field(default_factory=queue.Queue)

    def subscribe(self, *filters: str) -> list[bool]:
        """Whether each filter was granted."""
        assert self.connected.is_set(), "nobody subscribes who was refused"
        self.client.subscribe([(pattern, 1) for pattern in filters])
        return self.granted.get(timeout=WAIT_S)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1 and wait for the acknowledgement."""
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def next(self) -> tuple[str, bytes, bool]:
        """The next message: topic, payload, whether it was a retained one."""
        return self.messages.get(timeout=WAIT_S)

    def so_far(self) -> list[tuple[str, bytes, bool]]:
        """Every message that has come and was not taken yet."""
        return [self.messages.get() for _ in range(self.messages.qsize())]

    def drop(self) -> None:
        """Break the connection without saying goodbye."""
        connection = self.client.socket()
        assert connection is not None
        self.client.on_disconnect = None
        self.client.loop_stop()
        connection.close()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def connect(
    port: int,
    user: str,
    password: str,
    *,
    client_id: str | None = None,
    will: str | None = None,
    comes_back: bool = False,
    ca: Path | None = None,
) -> Peer:
    """A client that has been answered, with yes (`connected`) or no (`refused`)."""
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2,
        client_id=client_id or f"{user}-test",
        clean_session=True,
        reconnect_on_failure=comes_back,
    )
    peer = Peer(client)
    client.username_pw_set(user, password)
    client.reconnect_delay_set(1, 1)
    if will is not None:
        client.will_set(will, b"offline", qos=1, retain=True)
    if ca is not None:
        client.tls_set_context(ssl.create_default_context(cafile=str(ca)))
    client.on_connect = lambda _c, _u, _f, code, _p: (
        peer.refused if code.is_failure else peer.connected
    ).set()
    client.on_disconnect = lambda _c, _u, _f, _code, _p: peer.lost.set()
    client.on_subscribe = lambda _c, _u, _m, codes, _p: peer.granted.put(
        [not code.is_failure for code in codes]
    )
    client.on_message = lambda _c, _u, message: peer.messages.put(
        (message.topic, message.payload, message.retain)
    )
    client.connect("127.0.0.1", port)
    client.loop_start()
    deadline = time.monotonic() + WAIT_S
    while not (peer.connected.is_set() or peer.refused.is_set()):
        assert time.monotonic() < deadline, "the broker did not answer"
        time.sleep(0.01)
    return peer


def connect_when_known(port: int, user: str, password: str) -> Peer:
    """The same, tried again while the broker does not know the user yet.

    It reads its users some time after it was told to, and refuses new ones until then.
    """
    deadline = time.monotonic() + WAIT_S
    while True:
        peer = connect(port, user, password)
        if peer.connected.is_set():
            return peer
        peer.close()
        assert time.monotonic() < deadline, f"the broker never knew {user}"
        time.sleep(0.1)
