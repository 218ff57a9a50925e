"""`vang-controller station-config`: everything one agent needs, written once."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from controller import wiring
from controller.cli.console import complain, say
from controller.link.broker import reload_users
from controller.services.enrolment import Document, authorities, to_toml
from controller.settings import Settings


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Write one configuration with fresh secrets; the former ones stop working."""
    controller = wiring.build(settings)
    try:
        if args.list or not args.station:
            return _list(controller)
        document = issue(controller, args.station, {})
    finally:
        controller.stop()
    if args.out is not None:
        write(document, settings, args.out)
        say(f"written: {args.out} (its secrets are shown nowhere else)")
        return 0
    sys.stdout.write(to_toml(document))
    for name, path in authorities(settings).items():
        complain(f"copy {path} beside the configuration as {name}")
    return 0


def revoke(args: argparse.Namespace, settings: Settings) -> int:
    """Make the station's secrets worthless, for the running broker too."""
    controller = wiring.build(settings)
    try:
        controller.services.stations.revoke(None, args.station)
        reload_users(settings, controller.services.stations.broker_users)
    finally:
        controller.stop()
    say(f"revoked: {args.station}; station-config lets a new machine in")
    if settings.broker.mode == "external":
        say("the broker is not ours: write its files again (broker-config) and send it SIGHUP")
    return 0


def _list(controller: wiring.Controller) -> int:
    tree = controller.services.places.tree()
    for station in sorted(tree.stations.values(), key=lambda item: item.station_id):
        say(f"{station.station_id:<32} {tree.places[station.place_id].full_name}")
    return 0


def issue(
    controller: wiring.Controller, station_id: str, extra: Mapping[str, Mapping[str, object]]
) -> Document:
    """Make new secrets, let the running broker know them, and give the whole configuration."""
    document = controller.services.enrolment.issue(None, station_id, extra)
    reload_users(controller.settings, controller.services.stations.broker_users)
    return document


def write(document: Document, settings: Settings, path: Path) -> None:
    """Write the file, for its owner only, and the certificates beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(to_toml(document))
    for name, source in authorities(settings).items():
        shutil.copyfile(source, path.parent / name)
