"""`vang-controller retention`: what is kept, how long, when the oldest goes, what goes next."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from controller import wiring
from controller.cli.console import say
from controller.domain.schedule import local_date
from controller.services.places import Places
from controller.services.retention import Kept, Kind, Retention
from controller.services.sound_keeping import SoundKeeping, SoundRule
from controller.settings import Settings

WORDS = {
    Kind.JOURNALS: "journals of stations",
    Kind.RESULTS: "results of slots",
    Kind.STATES: "changes of states",
    Kind.MADE_SOUND: "joined sound and announcements",
    Kind.VERSIONS: "versions of bulletins",
    Kind.SLOTS: "slots",
    Kind.DAY_FIGURES: "figures by day",
    Kind.CLOSED_MONTHS: "closed months",
    Kind.AUDIT: "audit trail",
}
GONE = {
    Kind.EVIDENCE: "rows of evidence",
    Kind.BULLETIN_SOUND: "bulletins, their sound",
    Kind.DRAFTS: "forgotten drafts",
}


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Print a line for each kind of record, and the sound that goes next; nothing is deleted."""
    database = wiring.open_database(settings)
    try:
        kept = Retention(database, wiring.utc_now, settings.keeping).kept()
        places = Places(database)
        removed = Retention(database, wiring.utc_now, settings.keeping).removed()
        rule = SoundKeeping(database, wiring.utc_now, places, settings.keeping).check()
    finally:
        database.close()
    for one in kept:
        since = f"since {local_date(one.oldest_at):%d/%m/%Y}" if one.oldest_at else "none yet"
        goes = f"; the oldest goes on {one.goes_on:%d/%m/%Y}" if one.goes_on else ""
        say(f"{WORDS[one.kind]}: {one.rows}, {since}; kept {_period(one)}{goes}")
    for gone in removed:
        size = f", {gone.size_bytes / 1e6:.1f} MB" if gone.size_bytes is not None else ""
        say(f"last gone: {GONE[gone.kind]}: {gone.rows}{size}, on {local_date(gone.at):%d/%m/%Y}")
    for line in _sound(rule):
        say(line)
    if args.list:
        for leaving in rule.leaving:
            say(f"  {leaving.bulletin_id}  {leaving.title}")
    return 0


def _period(one: Kept) -> str:
    if not one.months:
        return "for ever"
    behind = " behind the last slot" if one.kind is Kind.MADE_SOUND else ""
    return f"{one.months} months{behind}"


def _sound(rule: SoundRule) -> Iterator[str]:
    if rule.before is None:
        yield "sound of bulletins: kept for ever"
        return
    yield (
        f"sound of bulletins: kept {rule.months} months behind the last use; not used since "
        f"{rule.before:%d/%m/%Y} and going tonight: {len(rule.leaving)} bulletins, "
        f"{rule.size_bytes / 1e6:.1f} MB; held by somebody: {rule.held}"
    )
