"""Every setting of a station with its default and unit. Defaults < TOML file < environment.

The environment variable of `broker.port` is `VANG_BROKER_PORT`; a secret may also be given as the
path of a file that holds it, in `VANG_BROKER_PASSWORD_FILE` or as `password_file` in its section.
Relative paths count from the folder of the TOML file. No secret has a default.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit


class SettingsError(Exception):
    """A setting is missing, unknown or impossible; `key` names it."""

    code = "settings_bad"

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key


@dataclass(frozen=True, slots=True)
class StationSettings:
    """Which station this is."""

    id: str = ""
    """The station's id, as the centre knows it."""
    places: tuple[str, ...] = ()
    """Ids of the places above it; an order to one of them reaches this station."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """The MQTT broker."""

    host: str = "127.0.0.1"
    """Host name or address."""
    port: int = 1883
    """TCP port."""
    user: str = ""
    """User name; empty: the station's id."""
    password: str = field(default="", repr=False)
    """Password, 256 bits of chance."""
    client_id: str = ""
    """MQTT client id; empty: the station's id."""
    tls_ca: str = ""
    """PEM file of the CA that signed the broker's certificate; empty: no TLS."""
    allow_plaintext: bool = False
    """Permit a broker that is neither on this machine nor behind TLS."""


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """Where sound files come from."""

    over: str = "http"
    """`http`, or `mqtt` where only the broker's port can be reached."""
    allow_plaintext: bool = False
    """Permit an address that is neither on this machine nor https: the token crosses it openly."""
    url: str = ""
    """Address of the centre; the agent asks `<url>/sound/<sha256>`."""
    token: str = field(default="", repr=False)
    """Bearer token of this station."""
    tls_ca: str = ""
    """PEM file of the CA of the address; empty: the system's."""
    fetch_hours: tuple[str, ...] = ()
    """Hours at the station (UTC+7), also over midnight as in `22:00-05:00`, in which sound that is
    not needed within two hours is fetched; empty: at any hour."""
    fetch_mb_a_day: int = 0
    """Megabytes a day (UTC+7) for sound that is not needed within two hours; 0: no limit."""


@dataclass(frozen=True, slots=True)
class KeySettings:
    """Whose signatures are believed."""

    actual_public: str = ""
    """Ed25519 public key of live deeds, 64 hex digits."""
    exercise_public: str = ""
    """Ed25519 public key of drills, 64 hex digits."""


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What this station never exceeds until a signed `limits` message replaces it."""

    hours: tuple[str, ...] = ("05:00-21:00",)
    """Spans of wall time at the station (UTC+7) in which it may sound."""
    max_length_s: int = 3600
    """Longest slot, seconds."""
    volume_ceiling_percent: int = 100
    """Highest volume."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the station remembers."""

    folder: str = "data"
    """Folder of the journal, the plan and the sound files."""
    cache_bytes: int = 4_000_000_000
    """Most bytes of sound to keep."""


@dataclass(frozen=True, slots=True)
class PlayerSettings:
    """Where sound goes."""

    sink: str = "alsa"
    """`alsa`, `file` (WAV files) or `null` (real time, no sound)."""
    device: str = "default"
    """ALSA device name."""
    file: str = "sound.wav"
    """Where the file sink writes; the start of its stream is added to the name."""
    seed: int = 0
    """Rate error and phase of the virtual card behind `file` and `null`."""
    mixer: str = ""
    """ALSA control that sets the volume (`amixer scontrols`); empty: the samples are scaled."""
    mixer_device: str = "default"
    """ALSA device of that control, such as `hw:0`."""
    amplifier_pin: int = -1
    """BCM number of the GPIO pin that switches the amplifier; -1: none."""
    stop_pin: int = -1
    """BCM number of the GPIO pin of the stop button, a contact to ground; -1: none."""
    light_pin: int = -1
    """BCM number of the GPIO pin of the status light; -1: none."""


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """How far the station believes its own clock."""

    trust_last_known: bool = True
    """Whether slots may start by a clock vouched for in 14 days and since the machine's reboot."""


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """How people beside the station reach the running agent."""

    socket: str = ""
    """Unix socket of `vang-agent status` and `stop`; empty: `agent.sock` in the store's folder."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged."""

    level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Everything a station can be told."""

    station: StationSettings = StationSettings()
    broker: BrokerSettings = BrokerSettings()
    sound: SoundSettings = SoundSettings()
    keys: KeySettings = KeySettings()
    limits: LimitSettings = LimitSettings()
    store: StoreSettings = StoreSettings()
    player: PlayerSettings = PlayerSettings()
    clock: ClockSettings = ClockSettings()
    local: LocalSettings = LocalSettings()
    log: LogSettings = LogSettings()
    base: Path = Path()
    """Folder relative paths count from; not a setting of its own."""

    def path(self, text: str) -> Path:
        """A path of the settings as it is meant."""
        return self.base / Path(text).expanduser()

    def socket(self) -> Path:
        """Where the running agent can be asked."""
        chosen = self.local.socket or f"{self.store.folder}/agent.sock"
        return self.path(chosen)


SECRETS = frozenset({"broker.password", "sound.token"})


def load(path: Path, environment: Mapping[str, str]) -> AgentSettings:
    """The settings of a TOML file overridden by the environment, checked together.

    SettingsError names an unknown key with the nearest known one, or what is wrong with a value.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(str(path), str(error)) from error
    settings = replace(AgentSettings(), base=path.resolve().parent)
    settings = _filled(settings, document, "", settings.base)
    settings = _from_environment(settings, environment, "")
    check(settings)
    return settings


T = TypeVar("T")


def _keys(section: object) -> dict[str, Any]:
    known = {item.name: getattr(section, item.name) for item in fields(section)}  # type: ignore[arg-type]
    known.pop("base", None)
    return known


def _filled(section: T, values: Mapping[str, Any], prefix: str, base: Path) -> T:
    known = _keys(section)
    changes: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        secret = name.removesuffix("_file")
        if secret != name and secret in SECRETS:
            changes[key.removesuffix("_file")] = _secret(name, base / _typed(name, value, ""))
            continue
        if key not in known:
            raise SettingsError(name, _unknown(name, {f"{prefix}{item}" for item in known}))
        if is_dataclass(known[key]):
            if not isinstance(value, Mapping):
                raise SettingsError(name, "is a section, not a value")
            changes[key] = _filled(known[key], value, f"{name}.", base)
        else:
            changes[key] = _typed(name, value, known[key])
    return replace(section, **changes)  # type: ignore[type-var]


def _from_environment(section: T, environment: Mapping[str, str], prefix: str) -> T:
    changes: dict[str, Any] = {}
    for key, current in _keys(section).items():
        name = f"{prefix}{key}"
        if is_dataclass(current):
            changes[key] = _from_environment(current, environment, f"{name}.")
            continue
        variable = "VANG_" + name.replace(".", "_").upper()
        if name in SECRETS and f"{variable}_FILE" in environment:
            changes[key] = _secret(name, Path(environment[f"{variable}_FILE"]))
        elif variable in environment:
            changes[key] = _parsed(name, environment[variable], current)
    return replace(section, **changes)  # type: ignore[type-var]


def _secret(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(name, f"secret file {path}: {error}") from error


def _typed(name: str, value: Any, current: Any) -> Any:
    if isinstance(current, tuple):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise SettingsError(name, "must be a list of texts")
    if type(value) is not type(current):
        wanted, got = type(current).__name__, type(value).__name__
        raise SettingsError(name, f"must be {wanted}, not {got}")
    return value


def _parsed(name: str, text: str, current: Any) -> Any:
    if isinstance(current, tuple):
        return tuple(item.strip() for item in text.split(",") if item.strip())
    if isinstance(current, bool):
        if text.lower() not in {"true", "false"}:
            raise SettingsError(name, f"must be true or false, not {text!r}")
        return text.lower() == "true"
    try:
        return type(current)(text)
    except ValueError as error:
        wanted = type(current).__name__
        raise SettingsError(name, f"must be {wanted}, not {text!r}") from error


def _unknown(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return "unknown setting" + (f"; did you mean {near[0]!r}?" if near else "")


# --- what must fit together -----------------------------------------------------------------------

_ID = re.compile(r"[a-z0-9-]{1,40}")
_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_KEY = re.compile(r"[0-9a-f]{64}")


def spans(
    hours: tuple[str, ...], name: str = "limits.hours", *, over_midnight: bool = False
) -> tuple[tuple[int, int], ...]:
    """`05:00-21:00` as minutes after midnight; SettingsError."""
    found = []
    for text in hours:
        match = _SPAN.fullmatch(text)
        opens, closes = (0, 0)
        if match is not None:
            opens = int(match[1]) * 60 + int(match[2])
            closes = int(match[3]) * 60 + int(match[4])
        if not 0 <= min(opens, closes) < max(opens, closes) <= 1440 or (
            opens > closes and not over_midnight
        ):
            raise SettingsError(name, f"not a span like 05:00-21:00: {text!r}")
        found.append((opens, closes))
    return tuple(found)


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(settings: AgentSettings) -> None:
    """SettingsError for what cannot work, however it was typed."""
    for name, value, pattern in (
        ("station.id", settings.station.id, _ID),
        ("keys.actual_public", settings.keys.actual_public, _KEY),
        ("keys.exercise_public", settings.keys.exercise_public, _KEY),
    ):
        if not pattern.fullmatch(value):
            raise SettingsError(name, "is missing" if not value else f"is not valid: {value!r}")
    if not settings.broker.password:
        raise SettingsError("broker.password", "is missing")
    _check_one_of("player.sink", settings.player.sink, ("alsa", "file", "null"))
    _check_one_of("sound.over", settings.sound.over, ("http", "mqtt"))
    _check_one_of("log.level", settings.log.level, ("DEBUG", "INFO", "WARNING", "ERROR"))
    _check_sound(settings.sound)
    _check_limits(settings.limits)
    _check_plaintext(settings.broker)


def _check_one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(name, f"is {value!r}, not one of {', '.join(known)}")


def fetch_spans(sound: SoundSettings) -> tuple[tuple[int, int], ...]:
    """When sound that is not due soon is fetched; SettingsError."""
    return spans(sound.fetch_hours, "sound.fetch_hours", over_midnight=True)


def _check_sound(sound: SoundSettings) -> None:
    fetch_spans(sound)
    if sound.fetch_mb_a_day < 0:
        raise SettingsError("sound.fetch_mb_a_day", "must not be negative")
    if sound.over == "http" and not sound.url.startswith(("http://", "https://")):
        raise SettingsError("sound.url", "must begin with http:// or https://")
    if sound.over == "http" and not sound.token:
        raise SettingsError("sound.token", "is missing")
    address = urlsplit(sound.url)
    is_open = sound.over == "http" and address.scheme == "http"
    if is_open and not sound.allow_plaintext and not is_loopback(address.hostname or ""):
        problem = "would carry the token in the open: use https, or sound.allow_plaintext = true"
        raise SettingsError("sound.url", problem)


def _check_limits(limits: LimitSettings) -> None:
    spans(limits.hours)
    if not 0 <= limits.volume_ceiling_percent <= 100:
        raise SettingsError("limits.volume_ceiling_percent", "is not between 0 and 100")
    if not 0 < limits.max_length_s <= 86_400:
        raise SettingsError("limits.max_length_s", "is not between 1 and 86400")


def _check_plaintext(broker: BrokerSettings) -> None:
    if broker.tls_ca or broker.allow_plaintext or is_loopback(broker.host):
        return
    problem = "would carry secrets in the open: set broker.tls_ca, or broker.allow_plaintext = true"
    raise SettingsError("broker.host", problem)
