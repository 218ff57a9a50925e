"""The folders of the demo's stations: one configuration each, written as for a real one."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from controller import wiring
from controller.cli.station_config import issue, write
from controller.domain.places import PlaceTree
from controller.link.reach import broker_address, web_address

FILE = "station.toml"


def chosen_stations(tree: PlaceTree, wanted: int | None) -> tuple[str, ...]:
    """The stations that run: all, or so many of them, district by district in turn."""
    by_district: dict[str, list[str]] = {}
    for station in sorted(tree.stations.values(), key=lambda item: item.station_id):
        district = tree.district_of(station.place_id)
        by_district.setdefault(district.place_id if district else "", []).append(station.station_id)
    ordered: list[str] = []
    while any(by_district.values()):
        ordered += [stations.pop(0) for stations in by_district.values() if stations]
    return tuple(sorted(ordered[:wanted]))


def write_stations(
    controller: wiring.Controller, folder: Path, station_ids: tuple[str, ...]
) -> Path:
    """Write what is missing or out of date; the folder the fleet is started over.

    A station that already has a fitting configuration keeps it with its secrets.
    """
    stations, fleet = folder / "stations", folder / "fleet"
    for number, station_id in enumerate(sorted(controller.services.places.tree().stations)):
        if station_id in station_ids:
            _write_station(controller, stations / station_id / FILE, station_id, number)
    fleet.mkdir(parents=True, exist_ok=True)
    for link in fleet.iterdir():
        link.unlink()
    for station_id in station_ids:
        (fleet / station_id).symlink_to(Path("..") / "stations" / station_id)
    return fleet


def _write_station(controller: wiring.Controller, path: Path, station_id: str, number: int) -> None:
    if _fits(controller, path, station_id):
        return
    extra: dict[str, dict[str, object]] = {
        "store": {"folder": "data"},
        "player": {"sink": "null", "seed": number + 1},
        "log": {"level": "WARNING"},
    }
    write(issue(controller, station_id, extra), controller.settings, path)


def _fits(controller: wiring.Controller, path: Path, station_id: str) -> bool:
    """Whether the configuration there still leads to this centre."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        broker, sound = document["broker"], document["sound"]
        there = (broker["host"], broker["port"], sound["url"], sound["over"])
        key = document["keys"]["actual_public"]
    except (OSError, tomllib.TOMLDecodeError, KeyError):
        return False
    settings = controller.settings
    over = controller.services.places.tree().stations[station_id].sound_over
    here = (*broker_address(settings), web_address(settings), over)
    return bool(there == here and key == controller.keys.actual.public_hex())


def read_json(path: Path) -> dict[str, object]:
    """The object in a JSON file; empty when there is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
