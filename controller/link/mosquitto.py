"""The files of a deployed Mosquitto: configuration, passwords, who may write and read what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controller.link.broker_access import write_private
from controller.services.machine_secrets import BrokerUser
from station_protocol import topics

CONFIG, PASSWORDS, PERMISSIONS, LOG = "mosquitto.conf", "passwords", "permissions", "mosquitto.log"


@dataclass(frozen=True, slots=True)
class MosquittoConfig:
    """Everything the three files depend on."""

    folder: Path
    host: str
    port: int
    controller: BrokerUser
    users: tuple[BrokerUser, ...]
    tls_cert: str = ""
    tls_key: str = ""


def write_files(config: MosquittoConfig) -> tuple[Path, ...]:
    """Write the three files into the folder, for their owner only; their paths."""
    config.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    contents = {
        CONFIG: render_config(config),
        PASSWORDS: render_passwords(config),
        PERMISSIONS: render_permissions(config),
    }
    for name, text in contents.items():
        write_private(config.folder / name, text)
    return tuple(config.folder / name for name in contents)


def render_config(config: MosquittoConfig) -> str:
    """mosquitto.conf. Refused publishes are logged at the level `debug` only (2.0)."""
    folder = config.folder.absolute()
    lines = [
        f"listener {config.port} {config.host}",
        *_tls(config),
        "allow_anonymous false",
        # Nobody can displace another's session by using its client id.
        "use_username_as_clientid true",
        f"password_file {folder / PASSWORDS}",
        f"acl_file {folder / PERMISSIONS}",
        "message_size_limit 1048576",
        "persistence true",
        f"persistence_location {folder}/",
        "autosave_on_changes true",
        "autosave_interval 1",
        f"log_dest file {folder / LOG}",
        *(f"log_type {kind}" for kind in ("error", "warning", "notice", "debug")),
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
    ]
    return "\n".join(lines) + "\n"


def _tls(config: MosquittoConfig) -> list[str]:
    if not config.tls_cert:
        return []
    return [
        f"certfile {Path(config.tls_cert).absolute()}",
        f"keyfile {Path(config.tls_key).absolute()}",
    ]


def render_passwords(config: MosquittoConfig) -> str:
    """The password file, one hash a line."""
    everyone = (config.controller, *config.users)
    return "".join(f"{_safe(user.username)}:{user.mosquitto_hash}\n" for user in everyone)


def render_permissions(config: MosquittoConfig) -> str:
    """The access control list: a user's own lines follow its name."""
    centre = (
        f"user {_safe(config.controller.username)}",
        f"topic write {topics.ROOT}/d/#",
        f"topic write {topics.ROOT}/g/#",
        f"topic read {topics.ROOT}/u/#",
    )
    blocks = ["\n".join(centre), *map(_station_block, config.users)]
    return "\n\n".join(blocks) + "\n"


def _station_block(user: BrokerUser) -> str:
    reads = topics.station_filters(user.username, user.place_ids)
    lines = (
        f"user {user.username}",
        f"topic write {topics.ROOT}/u/{user.username}/#",
        *(f"topic read {pattern}" for pattern in reads),
    )
    return "\n".join(lines)


def _safe(name: str) -> str:
    topics.up(name, topics.Up.LINK)  # refuses any name that could be a pattern
    return name
