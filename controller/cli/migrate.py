"""`vang-controller migrate`: bring the database to the schema of this version."""

from __future__ import annotations

import argparse

from controller import wiring
from controller.cli.console import say
from controller.settings import Settings
from controller.storage.migrate import revision_of


def run(_args: argparse.Namespace, settings: Settings) -> int:
    """Make or upgrade the database; nothing happens when it is already there."""
    controller = wiring.build(settings)
    try:
        say(f"database at revision {revision_of(controller.database)}")
    finally:
        controller.stop()
    return 0
