"""Everything one agent needs to join this centre, made once: a configuration with fresh secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from controller.domain.accounts import Actor
from controller.domain.exposure import is_loopback
from controller.domain.policy import clock
from controller.services.hours import Hours
from controller.services.keys import SigningKeys
from controller.services.stations import StationConfig, Stations
from controller.settings import Settings, SettingsError

Document = Mapping[str, Mapping[str, object]]

FILE = "station.toml"
BROKER_CA, SOUND_CA = "broker-ca.pem", "sound-ca.pem"
"""The authorities' certificates, put beside the configuration."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a station finds the centre."""

    broker_host: str
    broker_port: int
    client_id: str
    sound_url: str


class Enrolment:
    """Makes configurations. `reach` is asked before any secret is made: it may not be known yet."""

    def __init__(
        self,
        settings: Settings,
        keys: SigningKeys,
        stations: Stations,
        hours: Hours,
        reach: Callable[[str], Reach],
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._stations = stations
        self._hours = hours
        self._reach = reach

    def obstacle(self, station_id: str) -> str | None:
        """Why no configuration can be made, in words for whoever runs the centre; None: it can."""
        try:
            self._reach(station_id)
            self._has_tls()
            self._certificates()
        except (SettingsError, OSError) as error:
            return str(error)
        return None

    def issue(
        self,
        actor: Actor | None,
        station_id: str,
        extra: Mapping[str, Mapping[str, object]] | None = None,
    ) -> Document:
        """The whole configuration with new secrets; those the station had are worth nothing.

        `extra` adds keys to sections: what only this installation of the agent needs.
        NotFoundError outside the actor's place; SettingsError, and nothing is made, while the
        centre does not know where it can be reached.
        """
        reach, has_tls, added = self._reach(station_id), self._has_tls(), extra or {}
        document = self._document(self._stations.issue_config(station_id, actor), reach, has_tls)
        return {name: {**keys, **added.get(name, {})} for name, keys in document.items()} | {
            name: keys for name, keys in added.items() if name not in document
        }

    def bundle(self, actor: Actor, station_id: str) -> dict[str, bytes]:
        """The files to put on a station's card, by name; their secrets are nowhere else."""
        certificates = self._certificates()
        text = to_toml(self.issue(actor, station_id))
        return {FILE: text.encode(), **certificates}

    def _certificates(self) -> dict[str, bytes]:
        return {name: path.read_bytes() for name, path in authorities(self._settings).items()}

    def _document(self, config: StationConfig, reach: Reach, has_tls: bool) -> Document:
        settings, host, url = self._settings, reach.broker_host, reach.sound_url
        hours = self._hours.of_station(config.station_id).hours
        return {
            "station": {"id": config.station_id, "places": list(config.place_ids)},
            "broker": {
                "host": host,
                "port": reach.broker_port,
                "user": config.broker_user,
                "password": config.broker_password,
                "client_id": reach.client_id,
                "tls_ca": BROKER_CA if has_tls else "",
                "allow_plaintext": not has_tls
                and not is_loopback(host)
                and settings.allow_plaintext,
            },
            "sound": {
                "over": config.sound_over,
                "url": url,
                "allow_plaintext": is_open_abroad(url) and settings.allow_plaintext,
                "token": config.sound_token,
                "tls_ca": SOUND_CA if settings.web.tls_ca else "",
            },
            "keys": {
                "actual_public": self._keys.actual.public_hex(),
                "exercise_public": self._keys.exercise.public_hex(),
            },
            "limits": {
                "hours": [f"{clock(span.opens_min)}-{clock(span.closes_min)}" for span in hours],
                "max_length_s": config.max_length_ms // 1000,
                "volume_ceiling_percent": config.volume_ceiling_percent,
            },
        }

    def _has_tls(self) -> bool:
        broker = self._settings.broker
        if broker.mode == "bundled" and broker.tls_cert and not broker.tls_ca:
            raise SettingsError("stations must know whom to trust: set broker.tls_ca")
        return bool(broker.tls_ca)


def is_open_abroad(url: str) -> bool:
    """Whether an address is neither https nor on this machine."""
    address = urlsplit(url)
    return address.scheme == "http" and not is_loopback(address.hostname or "")


def authorities(settings: Settings) -> dict[str, Path]:
    """Certificates the station needs beside its configuration, by file name."""
    wanted = {BROKER_CA: settings.broker.tls_ca, SOUND_CA: settings.web.tls_ca}
    return {name: Path(path) for name, path in wanted.items() if path}


def to_toml(document: Document) -> str:
    """The document as TOML; its values are text, numbers, truths and lists of text."""
    lines: list[str] = []
    for name, keys in document.items():
        lines += [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in keys.items()), ""]
    return "\n".join(lines)


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
