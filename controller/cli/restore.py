"""`vang-controller restore`: a centre made of a backup, or only a look whether it is whole."""

from __future__ import annotations

import argparse

from controller import wiring
from controller.cli.console import complain, say
from controller.services.backups import BROKER_PORT
from controller.services.restoring import Examined, Restored, examine, restore
from controller.settings import Settings


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Check, or check and put back; 1 when something is wrong, and then nothing was put back."""
    if args.check:
        return _check(examine(args.folder, args.snapshot))
    done = restore(args.folder, wiring.empty_target(settings), wiring.utc_now(), args.snapshot)
    _say_whole(done.examined)
    say(
        f"restored into {settings.folder}; epoch {done.epoch}, before {done.old_epoch}",
        f"  settings and certificates as they were: {done.examined.snapshot / 'settings'}",
    )
    _say_what_lacks(done)
    if not _knows_the_port(settings):
        complain(
            "the copy does not tell the port of the broker: set broker.port to the one in the",
            "stations' configurations, or none of them finds this centre",
        )
    say("  next: vang-controller doctor, then start the centre. Everybody signs in anew.")
    return 0


def _say_what_lacks(done: Restored) -> None:
    manifest = done.examined.manifest
    assert manifest is not None  # noqa: S101 - it was restored
    say(
        f"  of what was after {manifest.made_at:%Y-%m-%dT%H:%M:%SZ}",
        "  - comes back by itself from each station's journal as it connects: what it aired, with",
        "    outcome and reason, what sounded of emergencies, when it was in order; no slot sounds",
        "    again. Settled figures are then those of before, but that an outage counts from the",
        "    last sign of life, up to 90 s longer; live ones stay unknown.",
        "  - is lost: bulletins, schedules and what they would still have aired, accounts and",
        "    passwords, emergency records, listening checks, repairs, maintenance, audit trail.",
        "  - is to be done again, first: whatever was revoked or closed since then (stations,",
        "    tokens, accounts) is open again. Stations registered since need new configurations.",
    )


def _knows_the_port(settings: Settings) -> bool:
    broker = settings.broker
    is_told = broker.mode == "external" or broker.port != 0
    return is_told or (settings.folder / BROKER_PORT).is_file()


def _check(examined: Examined) -> int:
    if examined.problems:
        complain(f"NOT WHOLE: {examined.snapshot}", *(f"  {words}" for words in examined.problems))
        return 1
    _say_whole(examined)
    return 0


def _say_whole(examined: Examined) -> None:
    manifest = examined.manifest
    assert manifest is not None  # noqa: S101 - without problems there is one
    say(
        f"whole: {examined.snapshot}, of {manifest.made_at:%Y-%m-%dT%H:%M:%SZ}, "
        f"version {manifest.version}, {len(manifest.files)} files, "
        f"{manifest.rows.get('journal_entry', 0)} lines of evidence, "
        f"{manifest.rows.get('slot_result', 0)} results",
        *(f"  {words}" for words in examined.remarks),
    )
