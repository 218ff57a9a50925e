"""`vang-controller doctor`: looks at the settings together and says what to do."""

from __future__ import annotations

import argparse
import os
import shutil
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from sqlalchemy.exc import SQLAlchemyError

from audio_library.errors import AudioError
from controller import wiring
from controller.cli.console import say
from controller.cli.exposure import plaintext_listeners
from controller.domain.exposure import is_loopback
from controller.domain.notices import Way
from controller.domain.policy import bands_of, minute_of
from controller.errors import ControllerError
from controller.link.broker import STATIONS_ADVISED, find_binary, running_pid
from controller.link.broker_access import broker_folder
from controller.link.processes import is_port_free
from controller.services.backups import last_made_at
from controller.services.ways import ways_of
from controller.settings import Settings, SettingsError

CERTIFICATE_WARN_DAYS = 30
BACKUP_OLD_H = 26
"""A night's backup that was not made is found out in the morning."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `is_bad`: the controller would not start, or not work."""

    words: str
    is_bad: bool = False
    is_doubtful: bool = False


def run(_args: argparse.Namespace, settings: Settings) -> int:
    """Print one line per finding; 1 when something must be changed."""
    findings = [finding for look in LOOKS for finding in look(settings)]
    for finding in findings:
        mark = "BAD  " if finding.is_bad else "look " if finding.is_doubtful else "ok   "
        say(f"{mark} {finding.words}")
    return 1 if any(finding.is_bad for finding in findings) else 0


def look_at_folder(settings: Settings) -> Iterator[Finding]:
    """The data folder can be written and has room."""
    folder = settings.folder
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    if not os.access(existing, os.W_OK):
        yield Finding(f"{folder} cannot be written: give it to this user, or set data_folder", True)
        return
    free_bytes = shutil.disk_usage(existing).free
    words = f"{folder}: {free_bytes / 1e9:.1f} GB free"
    yield Finding(words, is_doubtful=free_bytes < settings.sound.disk_low_mb * 1_000_000)
    if settings.sound.disk_reserve_mb > settings.sound.disk_low_mb:
        yield Finding(
            "sound.disk_reserve_mb is above sound.disk_low_mb: uploads end before any warning",
            is_doubtful=True,
        )


def look_at_sound(settings: Settings) -> Iterator[Finding]:
    """Where finished sound lies can be had, and a bucket answers."""
    try:
        store = wiring.sound_store(settings)
        store.has("0" * 64)
    except (SettingsError, AudioError, OSError, ValueError) as error:
        yield Finding(f"sound.store {settings.sound.store}: {error}", True)
        return
    where = settings.s3.bucket if settings.sound.store == "s3" else "the data folder"
    yield Finding(f"sound lies in {where}")


def look_at_exposure(settings: Settings) -> Iterator[Finding]:
    """Nothing can be overheard, or it was asked for."""
    sentences = plaintext_listeners(settings)
    for sentence in sentences:
        if settings.allow_plaintext:
            yield Finding(f"{sentence} (allow_plaintext is set)", is_doubtful=True)
        else:
            yield Finding(f"{sentence}; give it a certificate, or set allow_plaintext", True)
    if not sentences:
        yield Finding("no listener off loopback speaks without TLS")


def look_at_certificates(settings: Settings) -> Iterator[Finding]:
    """Each certificate fits its key and is valid for a while."""
    pairs = {
        "web": (settings.web.tls_cert, settings.web.tls_key),
        "broker": (settings.broker.tls_cert, settings.broker.tls_key),
    }
    for section, (cert, key) in pairs.items():
        if bool(cert) != bool(key):
            yield Finding(f"{section}.tls_cert and {section}.tls_key go together", True)
        elif cert:
            yield _certificate(section, Path(cert), Path(key))
    if settings.broker.tls_cert and not settings.broker.tls_ca:
        yield Finding("stations must know whom to trust: set broker.tls_ca", True)
    for name, path in (("broker", settings.broker.tls_ca), ("web", settings.web.tls_ca)):
        if path and not Path(path).is_file():
            yield Finding(f"{name}.tls_ca: there is no file {path}", True)


def _certificate(section: str, cert: Path, key: Path) -> Finding:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        ends_at = x509.load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        return Finding(f"{section}.tls_cert {cert} cannot be used: {error}", True)
    days = (ends_at - datetime.now(UTC)).days
    words = f"{section}.tls_cert ends on {ends_at:%d/%m/%Y} ({days} days)"
    return Finding(words, is_bad=days < 0, is_doubtful=0 <= days < CERTIFICATE_WARN_DAYS)


def look_at_broker(settings: Settings) -> Iterator[Finding]:
    """The broker can be started, or is fully described."""
    broker = settings.broker
    if broker.mode not in {"bundled", "external"}:
        yield Finding(f"broker.mode is bundled or external, not {broker.mode!r}", True)
    elif broker.mode == "external":
        missing = [key for key in ("host", "port", "user", "password") if not getattr(broker, key)]
        if missing:
            yield Finding(f"an outside broker needs broker.{', broker.'.join(missing)}", True)
        if not broker.log_file:
            yield Finding(
                "broker.log_file is empty: what the broker refuses is not shown", is_doubtful=True
            )
    else:
        yield from _bundled(settings)


def _bundled(settings: Settings) -> Iterator[Finding]:
    try:
        yield Finding(f"bundled broker: {find_binary()}")
    except ControllerError as error:
        yield Finding(str(error), True)
    broker = settings.broker
    busy = broker.port and not is_port_free(broker.host, broker.port)
    if busy and running_pid(broker_folder(settings)) is None:
        yield Finding(f"broker.port {broker.port} is taken by another program", True)
    if not is_loopback(broker.host) and not broker.port:
        yield Finding(
            "broker.port is 0: name one that a firewall can let through", is_doubtful=True
        )


def look_at_addresses(settings: Settings) -> Iterator[Finding]:
    """Stations elsewhere can be told where to go."""
    everywhere = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    if settings.web.host in everywhere and not settings.web.external_url:
        yield Finding("the web listens everywhere: name it in web.external_url", True)
    if settings.broker.host in everywhere and not settings.broker.external_host:
        yield Finding("the broker listens everywhere: name it in broker.external_host", True)


def look_at_hours(settings: Settings) -> Iterator[Finding]:
    """Broadcast hours are a span of a day."""
    try:
        opens, closes = minute_of(settings.plan.opens), minute_of(settings.plan.closes)
    except (ControllerError, ValueError) as error:
        yield Finding(f"plan.opens and plan.closes are times such as 05:00: {error}", True)
        return
    if opens >= closes:
        yield Finding("plan.opens must come before plan.closes", True)
    try:
        bands_of(settings.plan.volume_bands)
    except ValueError as error:
        yield Finding(f"plan.volume_bands are such as `19:00-21:00 60`: {error}", True)


def look_at_notices(settings: Settings) -> Iterator[Finding]:
    """Letters and calls are set up whole, and nobody on the way can read along."""
    try:
        ways = ways_of(settings)
    except SettingsError as error:
        yield Finding(str(error), True)
        return
    if Way.EMAIL not in ways:
        yield Finding("mail.host is empty: nobody is told by e-mail")
        return
    yield Finding(f"letters go out by {settings.mail.host}:{settings.mail.port}")
    if not settings.web.external_url:
        yield Finding(
            "web.external_url is empty: the links in letters work on this machine alone",
            is_doubtful=True,
        )


def look_at_database(settings: Settings) -> Iterator[Finding]:
    """The database opens and is whole; stations are few enough for the broker."""
    if not settings.database_url and not (settings.folder / "vang.db").is_file():
        yield Finding("no database yet: `vang-controller serve` makes it")
        return
    try:
        controller = wiring.build(settings)
    except SettingsError as error:
        yield Finding(f"the controller cannot be put together: {error}", True)
        return
    except (ControllerError, SQLAlchemyError, OSError) as error:
        yield Finding(f"the database cannot be used: {error}", True)
        return
    try:
        count = len(controller.services.places.tree().stations)
    finally:
        controller.stop()
    yield Finding(f"database in order, {count} stations")
    if settings.broker.mode == "bundled" and count > STATIONS_ADVISED:
        yield Finding(
            f"the bundled broker serves about {STATIONS_ADVISED} stations: use Mosquitto "
            "(`vang-controller broker-config`)",
            is_doubtful=True,
        )


def look_at_backup(settings: Settings) -> Iterator[Finding]:
    """When a copy was last made."""
    at = last_made_at(settings.folder)
    if at is None:
        yield Finding("no backup was ever made: vang-controller backup FOLDER", is_doubtful=True)
        return
    hours = (datetime.now(UTC) - at).total_seconds() / 3600
    yield Finding(f"the last backup is {hours:.0f} h old", is_doubtful=hours > BACKUP_OLD_H)


LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    look_at_folder,
    look_at_sound,
    look_at_exposure,
    look_at_certificates,
    look_at_broker,
    look_at_addresses,
    look_at_hours,
    look_at_notices,
    look_at_database,
    look_at_backup,
)
