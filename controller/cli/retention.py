"""`vang-controller retention`: what is kept, how long, when the oldest goes, what goes next."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from controller import wiring
from controller.cli.console import say
from controller.domain.schedule import local_date
from controller.services.places import Places
from controller.services.retention import Retention
from controller.services.sound_keeping import SoundKeeping, SoundRule
from controller.settings import Settings


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Print a line for each kind of record, and the sound that goes next; nothing is deleted."""
    database = wiring.open_database(settings)
    try:
        kept = Retention(database, wiring.utc_now, settings.keeping).kept()
        places = Places(database)
        rule = SoundKeeping(database, wiring.utc_now, places, settings.keeping).check()
    finally:
        database.close()
    for one in kept:
        since = f"since {local_date(one.oldest_at):%d/%m/%Y}" if one.oldest_at else "none yet"
        goes = f"; the oldest goes on {one.goes_on:%d/%m/%Y}" if one.goes_on else ""
        say(f"{one.what}: {one.rows}, {since}; kept {one.kept_for}{goes}")
    for line in _sound(rule):
        say(line)
    if args.list:
        for leaving in rule.leaving:
            say(f"  {leaving.bulletin_id}  {leaving.title}")
    return 0


def _sound(rule: SoundRule) -> Iterator[str]:
    if rule.before is None:
        yield "sound of bulletins: kept for ever"
        return
    yield (
        f"sound of bulletins: kept {rule.months} months behind the last use; not used since "
        f"{rule.before:%d/%m/%Y} and going tonight: {len(rule.leaving)} bulletins, "
        f"{rule.size_bytes / 1e6:.1f} MB; held by somebody: {rule.held}"
    )
    if rule.last is not None:
        yield (
            f"sound of bulletins: {rule.last.bulletins} bulletins, "
            f"{rule.last.size_bytes / 1e6:.1f} MB, went on {local_date(rule.last.at):%d/%m/%Y}"
        )
