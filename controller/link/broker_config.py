"""The configuration of the bundled nats-server, made of the station table.

Each station may publish only under its own `u/`, and hear only its own `d/` and the orders of its
places. MQTT topics are NATS subjects with dots for slashes; a filter `x/#` needs permission for
`x` and for `x.>`, and QoS 1 deliveries come through `$MQTT.sub.>` (a stranger's deliveries cannot
be guessed: their last token is random).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from controller.link.broker_access import CONTROLLER
from controller.services.machine_secrets import BrokerUser
from station_protocol import topics

LOG_BYTES = 4_000_000
LOG_FILES = 3
_DELIVERIES = "$MQTT.sub.>"
_ROOT = topics.ROOT.replace("/", ".")


@dataclass(frozen=True, slots=True)
class BrokerConfig:
    """Everything the configuration file depends on."""

    folder: Path
    host: str
    port: int
    controller_hash: str
    users: tuple[BrokerUser, ...]
    tls_cert: str = ""
    tls_key: str = ""


def render_config(config: BrokerConfig) -> str:
    """The nats-server configuration file.

    Only MQTT users exist, so that the NATS port (a free one on loopback: it cannot be switched
    off) admits nobody. The monitoring port, on loopback too, tells whose connection was refused.
    """
    folder = config.folder.absolute()
    users = [_controller_user(config.controller_hash), *map(_station_user, config.users)]
    lines = (
        "server_name: vang",
        'listen: "127.0.0.1:-1"',
        'http: "127.0.0.1:-1"',
        f"ports_file_dir: {_quoted(folder)}",
        f"pid_file: {_quoted(folder / 'nats.pid')}",
        f"log_file: {_quoted(folder / 'nats.log')}",
        "logtime_utc: true",
        f"logfile_size_limit: {LOG_BYTES}",
        f"logfile_max_num: {LOG_FILES}",
        "max_payload: 1MB",
        # Correctness never rests on the broker's store (the centre sends again what a station
        # lacks), so a second of it may be lost to a power cut; kill -9 loses nothing.
        f"jetstream {{ store_dir: {_quoted(folder / 'store')}, sync_interval: 1s }}",
        # All sessions are clean: how far each has come need not outlive the broker, and a file for
        # each of 65 stations would be written whenever an order goes to all of them.
        f"mqtt {{ listen: {_quoted(_address(config.host, config.port))}{_tls(config)},"
        " consumer_memory_storage: true }",
        "authorization { users: [",
        *(f"  {user}" for user in users),
        "] }",
    )
    return "\n".join(lines) + "\n"


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _tls(config: BrokerConfig) -> str:
    if not config.tls_cert:
        return ""
    cert, key = (_quoted(Path(name).absolute()) for name in (config.tls_cert, config.tls_key))
    return f", tls {{ cert_file: {cert}, key_file: {key} }}"


def _controller_user(hashed: str) -> str:
    return _user(
        CONTROLLER,
        hashed,
        publish=(f"{_ROOT}.d.>", f"{_ROOT}.g.>"),
        subscribe=(f"{_ROOT}.u.>", _DELIVERIES),
    )


def _station_user(user: BrokerUser) -> str:
    own = f"{_ROOT}.d.{user.username}"
    orders = (topics.group_order(place).replace("/", ".") for place in user.place_ids)
    return _user(
        user.username,
        user.password_hash,
        publish=(f"{_ROOT}.u.{user.username}.>",),
        subscribe=(own, f"{own}.>", *orders, _DELIVERIES),
    )


def _user(name: str, hashed: str, *, publish: tuple[str, ...], subscribe: tuple[str, ...]) -> str:
    topics.up(name, topics.Up.LINK)  # refuses any name that could be a pattern
    entry = {
        "user": name,
        "password": hashed,
        "allowed_connection_types": ["MQTT"],
        "permissions": {"publish": {"allow": publish}, "subscribe": {"allow": subscribe}},
    }
    return json.dumps(entry)


def _quoted(value: Path | str) -> str:
    return json.dumps(str(value))
