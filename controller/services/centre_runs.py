"""When the centre itself was running: reports tell its own outages beside the stations'."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from controller.storage.database import Database
from controller.storage.models import CentreRunRow


class CentreRuns:
    """Notes that this run is alive."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._run_id: int | None = None

    def alive(self) -> None:
        """Begin the row of this run, or move its end; called each minute."""
        now = self._now()
        with self._database.write() as session:
            row = session.get(CentreRunRow, self._run_id) if self._run_id is not None else None
            if row is None:
                row = CentreRunRow(started_at=now, alive_until_at=now)
                session.add(row)
                session.flush()
                self._run_id = row.centre_run_id
            row.alive_until_at = max(row.alive_until_at, now)
