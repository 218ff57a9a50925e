"""`vang-controller retention`: what is kept, how long, and when the oldest of it goes."""

from __future__ import annotations

import argparse

from controller import wiring
from controller.cli.console import say
from controller.domain.schedule import local_date
from controller.services.retention import Retention
from controller.settings import Settings


def run(_args: argparse.Namespace, settings: Settings) -> int:
    """Print a line for each kind of record; nothing is deleted."""
    database = wiring.open_database(settings)
    try:
        kept = Retention(database, wiring.utc_now, settings.keeping).kept()
    finally:
        database.close()
    for one in kept:
        since = f"since {local_date(one.oldest_at):%d/%m/%Y}" if one.oldest_at else "none yet"
        goes = f"; the oldest goes on {one.goes_on:%d/%m/%Y}" if one.goes_on else ""
        say(f"{one.what}: {one.rows}, {since}; kept {one.kept_for}{goes}")
    return 0
