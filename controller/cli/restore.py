"""`vang-controller restore`: a centre made of a backup, or only a look whether it is whole."""

from __future__ import annotations

import argparse

from controller import wiring
from controller.cli.console import complain, say
from controller.services.restoring import Examined, examine, restore
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
        "  next: vang-controller doctor, then start the centre. Everybody signs in anew; what was",
        "  changed after the copy (passwords, revoked stations and tokens) is to be done again.",
    )
    return 0


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
