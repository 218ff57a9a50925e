"""Every setting of the centre with its default and unit. Defaults < TOML file < environment.

The environment variable of `web.port` is `VANG_WEB_PORT`; a secret may also be given as the path of
a file that holds it, in `VANG_METRICS_TOKEN_FILE`. No secret has a default.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_type_hints

LONGEST_ORGANISATION = 120
"""A title block has half the width of a sheet."""


class SettingsError(Exception):
    """A setting that is missing, unknown or impossible. Stands here: settings import nothing."""

    code: ClassVar[str] = "settings_bad"


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The web listener, used by people, by stations fetching sound, and by Prometheus."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8080
    """TCP port; 0 takes a free one."""
    threads: int = 32
    """Request threads."""
    external_url: str = ""
    """Address people and stations use, `https://vang.example.vn`; empty: from host and port."""
    tls_cert: str = ""
    """PEM certificate chain; with `tls_key` the listener speaks HTTPS."""
    tls_key: str = ""
    """PEM private key of `tls_cert`."""
    tls_ca: str = ""
    """PEM file of the CA stations trust for sound over HTTPS; empty: the system's."""
    trusted_proxies: int = 0
    """Number of reverse proxies in front whose X-Forwarded-* headers are believed."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """The MQTT broker: a bundled nats-server, or any MQTT 3.1.1 broker."""

    mode: str = "bundled"
    """`bundled` or `external`."""
    host: str = "127.0.0.1"
    """Where the bundled broker listens, or where the external one is."""
    port: int = 0
    """MQTT port; 0 lets the bundled broker take a free one (kept for the next start)."""
    external_host: str = ""
    """Host name written into station configurations; empty: `host`."""
    user: str = "controller"
    """User name of the centre at an external broker."""
    password: str = field(default="", repr=False)
    """Password of the centre at an external broker; the bundled one makes its own at each start."""
    tls_ca: str = ""
    """PEM file of the CA that signed the broker's certificate."""
    tls_cert: str = ""
    """PEM certificate the bundled broker shows; with `tls_key` it speaks TLS."""
    tls_key: str = ""
    """PEM private key of `tls_cert`."""
    log_file: str = ""
    """Log of an external Mosquitto on this machine, read for refused publishes; empty: not read."""


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """Uploads and the sound made of them."""

    upload_limit_mb: int = 200
    """Largest upload, MB."""
    longest_min: int = 60
    """Longest sound, minutes, counted by decoding."""
    store: str = "folder"
    """Where finished sound lies: `folder`, in the data folder, or `s3`, in the bucket of [s3]."""
    chime: bool = True
    """Whether the chime sounds before each voice."""
    disk_low_mb: int = 2000
    """Free disk below which the pages warn, MB."""
    disk_reserve_mb: int = 500
    """Free disk that uploads leave untouched, MB: one that would go below is refused (507)."""
    drafts_kept_days: int = 90
    """A draft never approved and never scheduled is deleted with its sound when nobody has changed
    it for so many days; 0: never."""


@dataclass(frozen=True, slots=True)
class S3Settings:
    """A bucket of an S3-compatible server for finished sound; needs the extra `s3`."""

    endpoint: str = ""
    """Address of the server, `https://s3.example.vn`; empty: Amazon's of the region."""
    region: str = "us-east-1"
    """Region that requests are signed for."""
    bucket: str = ""
    """Bucket, which must be there already."""
    prefix: str = ""
    """What the names of objects begin with; a bucket and prefix belong to one centre alone."""
    access_key: str = ""
    """Name of the key."""
    secret_key: str = field(default="", repr=False)
    """The key."""
    tls_ca: str = ""
    """PEM file of the CA that signed the server's certificate; empty: the system's."""
    cache_mb: int = 2000
    """Copies of sound kept on this machine, MB; those longest unread go first."""


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """Voices that read texts aloud."""

    engines: str = "gtts, own, espeak"
    """Engines in the order in which they are offered: `gtts` asks Google and needs the Internet,
    `own` is a voice of this centre's own, `espeak` is a robot on this machine; leave one out to
    have it never offered."""
    own_voice: str = ""
    """Folder of a Vietnamese VITS voice for sherpa-onnx that reads letters or has a lexicon
    (`model.onnx`, `tokens.txt`, perhaps `lexicon.txt`); needs the extra `voice`. Empty: none."""
    espeak_program: str = "espeak-ng"
    """Program of `espeak`: a name on the PATH, or a path; without it the library of the extra
    `espeak` is used."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What stations are told ahead of time."""

    days: int = 14
    """Days a station's plan reaches ahead."""
    opens: str = "05:00"
    """Default first minute of broadcast hours, wall time of the stations."""
    closes: str = "21:00"
    """Default end of broadcast hours, wall time of the stations."""
    volume_bands: str = ""
    """Hours with a lower volume at every station, as `19:00-21:00 60, 12:00-13:30 70` (wall time of
    the stations, percent); an emergency is not held to them."""
    commune_cap_min: int = 45
    """Longest slot in a commune or township, minutes."""
    ward_cap_min: int = 15
    """Longest slot in an urban ward, minutes."""
    lateness_s: int = 300
    """How late a slot may still start, seconds, unless its schedule says otherwise."""
    maintenance_month_h: int = 8
    """Maintenance that may be declared at a station in a month, hours; more of it would hide how
    often the station is down."""
    unknown_after_s: int = 120
    """A due slot nobody has reported for so long is shown as unknown, seconds."""


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """Sessions and the throttle on passwords."""

    idle_min: int = 30
    """A session ends after so many minutes without a request."""
    longest_h: int = 12
    """A session ends after so many hours whatever happens."""
    tries: int = 5
    """Wrong passwords before an account is locked."""
    lock_min: int = 15
    """Minutes an account stays locked."""


@dataclass(frozen=True, slots=True)
class NoticesSettings:
    """What people are told of by themselves."""

    station_down_after_min: int = 10
    """Minutes without a sign of life before somebody is told that a station is gone."""
    escalate_urgent_min: int = 3
    """Minutes an emergency that stations did not acknowledge waits for somebody to take it on
    before everybody of the place above is told; 0: never."""
    escalate_page_min: int = 30
    """The same for a station or a priority slot that failed, and for forged messages."""
    escalate_note_min: int = 0
    """The same for every other alarm."""
    kept_days: int = 90
    """Days a notice stays on the pages of those who were told."""


@dataclass(frozen=True, slots=True)
class FiguresSettings:
    """What a station must reach in a month to count as effective; printed beside each figure."""

    availability_per_mille: int = 990
    """Ready service time of all that counts, thousandths: 990 is 99.0 %."""
    delivery_per_mille: int = 980
    """Minutes that sounded of those planned, thousandths."""
    longest_outage_h: int = 72
    """Longest time a station may be out at a stretch, hours."""
    listening_checks_per_month: int = 1
    """How often somebody must have heard its loudspeakers."""
    repair_after_h: int = 6
    """Hours a station must be degraded, silent or down before the centre opens a repair for it."""


@dataclass(frozen=True, slots=True)
class KeepingSettings:
    """How long evidence and aired sound are kept."""

    evidence_months: int = 24
    """Whole months for which journals, results and states are kept, at least 24; 0: for ever.
    Figures by day and closed months always are."""
    aired_sound_months: int = 12
    """Months for which sound that was joined or made for a slot is kept behind it, at least 12; 0:
    for ever."""
    bulletin_sound_months: int = 12
    """Months for which the own sound of a bulletin is kept behind its last use, at least 12; 0: for
    ever. Its title, words and SHA-256 always are."""
    flips_days: int = 90
    """Days after which changes between ready and on air, which no figure needs, are dropped; at
    least 90."""

    def __post_init__(self) -> None:
        """SettingsError for less than what must be kept."""
        for name, least in (
            ("evidence_months", 24),
            ("aired_sound_months", 12),
            ("bulletin_sound_months", 12),
        ):
            if getattr(self, name) != 0 and getattr(self, name) < least:
                raise SettingsError(f"keeping.{name} is at least {least}, or 0 for ever")
        if self.flips_days < 90:
            raise SettingsError("keeping.flips_days is at least 90")


@dataclass(frozen=True, slots=True)
class PaperSettings:
    """Who issues reports and daily logs: what stands in their title block, by level of the place.

    Above it stands the people's committee of the place; with nothing set the committee issues them.
    """

    province: str = ""
    """Organisation that issues the reports of the province, as `Trung tâm Văn hóa`; empty: the
    people's committee."""
    district: str = ""
    """The same of each district."""
    commune: str = ""
    """The same of each commune."""
    station: str = "Đài truyền thanh"
    """Organisation that keeps the daily log of a station; empty: the people's committee."""

    def __post_init__(self) -> None:
        """SettingsError for what is no line of a title block."""
        for name in ("province", "district", "commune", "station"):
            text = getattr(self, name)
            if len(text) > LONGEST_ORGANISATION or not text.isprintable():
                raise SettingsError(
                    f"paper.{name} is one line of at most {LONGEST_ORGANISATION} letters"
                )


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The SMTP server that sends notices by e-mail."""

    host: str = ""
    """Name of the server; empty: no e-mail is sent."""
    port: int = 587
    """TCP port: 587 for `starttls`, 465 for `tls`, 25 for a server on this machine."""
    security: str = "starttls"
    """`starttls`, `tls` from the first byte, or `none`, which only a server on this machine may
    have."""
    user: str = ""
    """User name at the server; empty: it asks for none."""
    password: str = field(default="", repr=False)
    """Password of `user`."""
    sender: str = ""
    """Address the letters come from, `vang@ninhthuan.example.vn`."""
    tls_ca: str = ""
    """PEM file of the CA that signed the server's certificate; empty: the system's."""
    timeout_s: int = 15
    """Seconds to wait for each answer of the server."""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """An address of another program that is called with notices."""

    url: str = field(default="", repr=False)
    """`https://...`, or `http://` on this machine; empty: nobody is called. A bot's address holds
    its token: name it in a file."""
    secret: str = field(default="", repr=False)
    """Key of the signature in the header Vang-Signature; needed without a template."""
    template: str = ""
    """Body of a call: `telegram`, `zalo`, or a JSON file with fields like `{text}`; empty: the
    centre's own."""
    chat: str = ""
    """What `{chat}` stands for in the template: the chat to write to."""
    form: bool = False
    """Send the template as a form (`application/x-www-form-urlencoded`) instead of JSON."""
    header: str = field(default="", repr=False)
    """One more header, `Name: value`, as gateways ask for to know who calls."""
    tls_ca: str = ""
    """PEM file of the CA that signed the certificate of the address; empty: the system's."""
    timeout_s: int = 10
    """Seconds to wait for an answer."""


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """A program on this machine that is run with notices; off unless it is named."""

    path: str = ""
    """Absolute path of a file only root or the controller's own user can write; empty: none. It is
    run without a shell and without arguments, with the text on its standard input."""
    timeout_s: int = 20
    """Seconds until it is killed and tried again later, at most 120."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The JSON API for other programs."""

    requests_per_min: int = 600
    """Requests one personal token may make in a minute; more are refused (429)."""


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Access to /metrics and /healthz from other machines."""

    token: str = field(default="", repr=False)
    """Bearer token asked of anyone not on loopback; empty: others are refused."""


@dataclass(frozen=True, slots=True)
class CapSettings:
    """Alerts of the Common Alerting Protocol that others publish."""

    feeds: str = ""
    """Addresses of alerts or of Atom or RSS feeds of them, `https://`, separated by commas; what
    comes is offered as a draft and never sent by itself."""
    every_min: int = 5
    """How often they are asked, minutes."""
    tls_ca: str = ""
    """PEM file of the CA that signed their certificates; empty: the system's."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The feeds one by one."""
        return tuple(one.strip() for one in self.feeds.split(",") if one.strip())


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the centre can be told."""

    data_folder: str = "var/controller"
    """Folder of the database, keys, sounds and the broker's store."""
    database_url: str = ""
    """SQLAlchemy URL; empty: SQLite in the data folder."""
    allow_plaintext: bool = False
    """Permit listeners off loopback without TLS; said aloud at each start and on the board."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    web: WebSettings = WebSettings()
    broker: BrokerSettings = BrokerSettings()
    sound: SoundSettings = SoundSettings()
    s3: S3Settings = S3Settings()
    speech: SpeechSettings = SpeechSettings()
    plan: PlanSettings = PlanSettings()
    sign_in: SignInSettings = SignInSettings()
    notices: NoticesSettings = NoticesSettings()
    figures: FiguresSettings = FiguresSettings()
    keeping: KeepingSettings = KeepingSettings()
    paper: PaperSettings = PaperSettings()
    mail: MailSettings = MailSettings()
    webhook: WebhookSettings = WebhookSettings()
    command: CommandSettings = CommandSettings()
    api: ApiSettings = ApiSettings()
    metrics: MetricsSettings = MetricsSettings()
    cap: CapSettings = CapSettings()

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self.data_folder)

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{(self.folder / 'vang.db').absolute()}"

    @property
    def web_scheme(self) -> str:
        """`https` with a certificate, else `http`."""
        return "https" if self.web.tls_cert else "http"


SECRETS = frozenset(
    {
        "broker.password",
        "mail.password",
        "metrics.token",
        "s3.secret_key",
        "webhook.header",
        "webhook.secret",
        "webhook.url",
    }
)


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Which secrets the environment gives, by the names of their settings."""
    return tuple(
        name
        for name in sorted(SECRETS)
        for variable in ["VANG_" + name.replace(".", "_").upper()]
        if variable in environment or f"{variable}_FILE" in environment
    )


def load(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """The settings of a TOML file (None: defaults) overridden by the environment.

    SettingsError names an unknown key with the nearest known one, or a value of the wrong type.
    """
    document: dict[str, Any] = {}
    if path is not None:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"{path}: {error}") from error
    settings = _filled(Settings(), document, "")
    return _from_environment(settings, environment, "")


T = TypeVar("T")


def _filled(section: T, values: Mapping[str, Any], prefix: str) -> T:
    known = {item.name for item in fields(section)}  # type: ignore[arg-type]
    changes: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if key not in known:
            raise SettingsError(_unknown(name, {f"{prefix}{item}" for item in known}))
        current = getattr(section, key)
        if is_dataclass(current):
            if not isinstance(value, Mapping):
                raise SettingsError(f"{name} is a section, not a value")
            changes[key] = _filled(current, value, f"{name}.")
        else:
            changes[key] = _typed(name, value, type(current))
    return replace(section, **changes)  # type: ignore[type-var]


def _from_environment(section: T, environment: Mapping[str, str], prefix: str) -> T:
    changes: dict[str, Any] = {}
    for key in get_type_hints(type(section)):
        name = f"{prefix}{key}"
        current = getattr(section, key)
        if is_dataclass(current):
            changes[key] = _from_environment(current, environment, f"{name}.")
            continue
        variable = "VANG_" + name.replace(".", "_").upper()
        text = environment.get(variable)
        if name in SECRETS and f"{variable}_FILE" in environment:
            text = _secret(Path(environment[f"{variable}_FILE"]))
        if text is not None:
            changes[key] = _parsed(name, text, type(current))
    return replace(section, **changes)  # type: ignore[type-var]


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"secret file {path}: {error}") from error


def _typed(name: str, value: Any, wanted: type) -> Any:
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not wanted:
        raise SettingsError(f"{name} must be {wanted.__name__}, not {type(value).__name__}")
    return value


def _parsed(name: str, text: str, wanted: type) -> Any:
    if wanted is bool:
        if text.lower() not in {"true", "false"}:
            raise SettingsError(f"{name} must be true or false, not {text!r}")
        return text.lower() == "true"
    try:
        return wanted(text)
    except ValueError as error:
        raise SettingsError(f"{name} must be {wanted.__name__}, not {text!r}") from error


def _unknown(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"unknown setting {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
