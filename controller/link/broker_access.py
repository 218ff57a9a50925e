"""Where the broker is and how the centre proves itself there: written by the supervisor, read by
the worker, in a file only its owner may read."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from controller.errors import BrokerError
from controller.settings import Settings, SettingsError

CONTROLLER = "controller"
"""The centre's user name at the bundled broker."""
FILE = "access.json"


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """What the link needs to connect."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    client_id: str
    """Not guessable: any authenticated user can displace a session by using its client id."""
    is_tls: bool
    tls_ca: str
    """PEM file of the CA to trust; empty: the system's."""


def broker_folder(settings: Settings) -> Path:
    """Folder of the bundled broker: configuration, log, store, access."""
    return settings.folder / "broker"


def broker_access(settings: Settings) -> BrokerAccess:
    """How to reach the broker that is in force. BrokerError while the bundled one never started."""
    if settings.broker.mode == "bundled":
        return _read(broker_folder(settings) / FILE)
    if settings.broker.mode != "external":
        raise SettingsError(f"broker.mode is bundled or external, not {settings.broker.mode!r}")
    broker = settings.broker
    if not broker.port or not broker.password:
        raise SettingsError("an external broker needs broker.host, broker.port, broker.password")
    return BrokerAccess(
        host=broker.host,
        port=broker.port,
        user=broker.user,
        password=broker.password,
        client_id=new_client_id(broker.user),
        is_tls=bool(broker.tls_ca),
        tls_ca=broker.tls_ca,
    )


def new_client_id(name: str) -> str:
    """A client id that begins with a name and cannot be guessed."""
    return f"{name}-{secrets.token_hex(8)}"


def write_access(folder: Path, access: BrokerAccess) -> None:
    """Keep the access for the worker."""
    write_private(folder / FILE, json.dumps(asdict(access), indent=2) + "\n")


def _read(path: Path) -> BrokerAccess:
    try:
        return BrokerAccess(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BrokerError(f"the bundled broker has not been started yet: {path}") from error


def write_private(path: Path, text: str) -> None:
    """Replace a file at once; only its owner may read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
