"""What is wrong with the centre itself: its disk, its certificates, its backup, old agents."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from controller.services.alarm_finds import agents_behind
from controller.services.room import Room
from controller.settings import Settings
from controller.storage.database import Database

CERTIFICATE_SOON = timedelta(days=21)
"""Time enough to ask an office for another one."""

BACKUP_LATE = timedelta(hours=26)
"""A daily backup that takes its time is no news; one that was left out is."""

BACKUP_STAMP = "backup.json"
"""In the data folder: `made_at` of the last backup, ISO 8601 with its zone. No file: no backup is
set up here, which `doctor` speaks of."""

Signs = Mapping[str, Mapping[str, str]]


class CentreSigns:
    """Looks at everything each time it is asked."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], settings: Settings, room: Room
    ) -> None:
        self._database = database
        self._now = now
        self._settings = settings
        self._room = room

    def __call__(self) -> Signs:
        """What is wrong -> its facts; empty when nothing is."""
        found: dict[str, Mapping[str, str]] = {}
        room = self._room.view()
        if room.is_low:
            found["disk"] = {"free_bytes": str(room.free_bytes)}
        for section, path in (
            ("web", self._settings.web.tls_cert),
            ("broker", self._settings.broker.tls_cert),
        ):
            ends_at = certificate_ends_at(Path(path)) if path else None
            if ends_at is not None and ends_at - self._now() < CERTIFICATE_SOON:
                found[f"certificate_{section}"] = {"until": ends_at.isoformat()}
        made_at = backup_made_at(self._settings.folder)
        if made_at is not None and self._now() - made_at > BACKUP_LATE:
            found["backup"] = {"made_at": made_at.isoformat()}
        with self._database.read() as session:
            behind = agents_behind(session)
        if behind is not None:
            found["agents"] = behind
        return found


def certificate_ends_at(path: Path) -> datetime | None:
    """Until when the first certificate of a PEM file holds; None when it cannot be read."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None  # the listener that needs it says so itself, and does not start


def backup_made_at(folder: Path) -> datetime | None:
    """When the last backup was made by its stamp; None without one that says so."""
    try:
        said = json.loads((folder / BACKUP_STAMP).read_text(encoding="utf-8"))
        made_at = datetime.fromisoformat(said["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return made_at if made_at.tzinfo is not None else None
