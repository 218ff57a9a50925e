"""`vang-controller station-config`: everything one agent needs, written once."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from controller import wiring
from controller.cli.console import complain, say
from controller.cli.serve import web_address
from controller.domain.exposure import is_loopback
from controller.domain.policy import clock
from controller.link.broker import reload_users
from controller.link.broker_access import broker_folder, new_client_id
from controller.services.stations import StationConfig
from controller.settings import Settings, SettingsError

Document = Mapping[str, Mapping[str, object]]

BROKER_CA, SOUND_CA = "broker-ca.pem", "sound-ca.pem"
"""The authorities' certificates, put beside the configuration."""


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
    """Make new secrets, let the running broker know them, and give the whole configuration.

    `extra` adds keys to sections: what only this installation of the agent needs.
    """
    document = document_of(controller, controller.services.stations.issue_config(station_id))
    reload_users(controller.settings, controller.services.stations.broker_users)
    return {name: {**keys, **extra.get(name, {})} for name, keys in document.items()} | {
        name: keys for name, keys in extra.items() if name not in document
    }


def document_of(controller: wiring.Controller, config: StationConfig) -> Document:
    """The sections of the agent's configuration."""
    settings, keys = controller.settings, controller.keys
    hours = controller.services.hours.of_station(config.station_id).hours
    host, port = broker_address(settings)
    has_tls = _has_tls(settings)
    return {
        "station": {"id": config.station_id, "places": list(config.place_ids)},
        "broker": {
            "host": host,
            "port": port,
            "user": config.broker_user,
            "password": config.broker_password,
            "client_id": new_client_id(config.station_id),
            "tls_ca": BROKER_CA if has_tls else "",
            "allow_plaintext": not has_tls and not is_loopback(host) and settings.allow_plaintext,
        },
        "sound": {
            "over": config.sound_over,
            "url": web_address(settings),
            "allow_plaintext": is_open_abroad(web_address(settings)) and settings.allow_plaintext,
            "token": config.sound_token,
            "tls_ca": SOUND_CA if settings.web.tls_ca else "",
        },
        "keys": {
            "actual_public": keys.actual.public_hex(),
            "exercise_public": keys.exercise.public_hex(),
        },
        "limits": {
            "hours": [f"{clock(span.opens_min)}-{clock(span.closes_min)}" for span in hours],
            "max_length_s": config.max_length_ms // 1000,
            "volume_ceiling_percent": config.volume_ceiling_percent,
        },
    }


def is_open_abroad(url: str) -> bool:
    """Whether an address is neither https nor on this machine."""
    address = urlsplit(url)
    return address.scheme == "http" and not is_loopback(address.hostname or "")


def _has_tls(settings: Settings) -> bool:
    broker = settings.broker
    if broker.mode == "bundled" and broker.tls_cert and not broker.tls_ca:
        raise SettingsError("stations must know whom to trust: set broker.tls_ca")
    return bool(broker.tls_ca)


def broker_address(settings: Settings) -> tuple[str, int]:
    """Host and port stations connect to. SettingsError when they cannot be known."""
    broker = settings.broker
    host = broker.external_host or broker.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        raise SettingsError("the broker listens everywhere: name it in broker.external_host")
    if broker.port:
        return host, broker.port
    kept = broker_folder(settings) / "port"
    if broker.mode != "bundled" or not kept.is_file():
        raise SettingsError("the broker's port is not chosen yet: run `vang-controller serve` once")
    return host, int(kept.read_text(encoding="ascii"))


def authorities(settings: Settings) -> dict[str, Path]:
    """Certificates the station needs beside its configuration, by file name."""
    wanted = {BROKER_CA: settings.broker.tls_ca, SOUND_CA: settings.web.tls_ca}
    return {name: Path(path) for name, path in wanted.items() if path}


def write(document: Document, settings: Settings, path: Path) -> None:
    """Write the file, for its owner only, and the certificates beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(to_toml(document))
    for name, source in authorities(settings).items():
        shutil.copyfile(source, path.parent / name)


def to_toml(document: Document) -> str:
    """The document as TOML; its values are text, numbers, truths and lists of text."""
    lines: list[str] = []
    for name, keys in document.items():
        lines += [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in keys.items()), ""]
    return "\n".join(lines)


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
