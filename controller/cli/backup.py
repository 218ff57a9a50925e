"""`vang-controller backup`: a copy of the whole centre, while it runs."""

from __future__ import annotations

import argparse
from importlib.metadata import version

from controller import wiring
from controller.cli.console import complain, say
from controller.services.backups import Backups, Made
from controller.services.restoring import refuse_unfinished
from controller.settings import Settings
from controller.storage.database import Database

INCOMPLETE = 3
"""Made and kept, but the centre itself lacks sound it should have."""


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Make a snapshot and say what was done; 1: none was made, 3: made, sound lacks."""
    refuse_unfinished(settings.folder)
    database = Database(settings.database)
    try:
        database.check()
        centre = wiring.centre_to_copy(settings, database, args.config)
        made = Backups(centre, args.folder, wiring.utc_now).make(
            version=version("vang"), keep=args.keep
        )
    finally:
        database.close()
    _tell(made)
    missing = made.manifest.missing_sounds
    if not missing:
        return 0
    complain(
        f"INCOMPLETE: {len(missing)} sounds the database names are not at the centre, or damaged:",
        *(f"  {sha256}" for sha256 in missing[:20]),
    )
    return INCOMPLETE


def _tell(made: Made) -> None:
    manifest = made.manifest
    total = sum(file.size_bytes for file in manifest.files)
    say(
        f"backup {made.snapshot}",
        f"  database of {manifest.engine}, schema {manifest.schema_revision}, "
        f"{sum(manifest.rows.values())} rows, one moment",
        f"  {len(manifest.files)} files, {_size(total)}; of the sound {made.copied_files} new, "
        f"{_size(made.copied_bytes)}",
    )
    if made.pruned:
        say(f"  {len(made.pruned)} old snapshots deleted: {', '.join(made.pruned)}")
    for name in manifest.secrets_elsewhere:
        say(f"  {name} is given by the environment and not in the copy")
    say("  SECRET: it holds the signing keys. Whoever has it can make every loudspeaker sound.")


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
