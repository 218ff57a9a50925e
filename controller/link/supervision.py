"""What the supervisor knows of its children, kept in a file that the worker shows and counts."""

from __future__ import annotations

import fcntl
import json
import socket
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from controller.link.broker_access import BrokerAccess, write_private

FILE = "processes.json"
LOCK = "processes.lock"


@dataclass(frozen=True, slots=True)
class ChildState:
    """One supervised process."""

    name: str
    pid: int | None
    """None while it is down."""
    starts: int
    """How often this supervisor started it; the first start counts."""
    since_at: datetime
    """When it was last started, or when it ended."""
    last_exit: str
    """How it last ended: "status 1", "signal 9"; "" when it never did."""


def write_states(folder: Path, states: tuple[ChildState, ...]) -> None:
    """Write these down; what another supervisor, of another role, knows of its own stays."""
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = {state.name: state for state in (*read_states(folder), *states)}
        rows = [
            asdict(state) | {"since_at": state.since_at.isoformat()} for state in known.values()
        ]
        write_private(folder / FILE, json.dumps(rows, indent=2) + "\n")


def read_states(folder: Path) -> tuple[ChildState, ...]:
    """The children as last written; none when no supervisor ever ran here."""
    try:
        rows = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return tuple(
            ChildState(**row | {"since_at": datetime.fromisoformat(row["since_at"])})
            for row in rows
        )
    except (OSError, ValueError, TypeError, LookupError):
        return ()


def is_broker_up(access: BrokerAccess, *, limit_s: float = 2.0) -> bool:
    """Whether the broker's port answers."""
    try:
        socket.create_connection((access.host, access.port), timeout=limit_s).close()
    except OSError:
        return False
    return True


def broker_restarts(folder: Path) -> int:
    """How often this supervisor started the bundled broker again after it had died."""
    return sum(max(0, state.starts - 1) for state in read_states(folder) if state.name == "broker")
