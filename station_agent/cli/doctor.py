"""`vang-agent doctor`: each thing a station needs, whether it is there, and what to do if not."""

from __future__ import annotations

import argparse
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from station_agent.health.probes import disk_free_bytes, kernel_synchronised
from station_agent.player.port import DeviceMissingError, SystemClock
from station_agent.settings import AgentSettings, load
from station_agent.store.marks import MarkFile
from station_agent.wiring.build import key_ring, open_sink

_TIMEOUT_S = 5.0
_LITTLE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice` is empty when all is well."""

    what: str
    found: str
    advice: str = ""


def run(chosen: argparse.Namespace) -> int:
    """Print what was found; 0 if nothing needs a hand."""
    settings = load(chosen.config, os.environ)
    findings = list(examine(settings))
    for finding in findings:
        sign = "!!" if finding.advice else "ok"
        sys.stdout.write(f"{sign}  {finding.what}: {finding.found}\n")
        if finding.advice:
            sys.stdout.write(f"      {finding.advice}\n")
    return 1 if any(finding.advice for finding in findings) else 0


def examine(settings: AgentSettings) -> Iterator[Finding]:
    """Look at everything, one after the other."""
    looks: tuple[Callable[[AgentSettings], Finding], ...] = (
        _keys,
        _disk,
        _clock,
        _device,
        _broker,
        _sound_source,
    )
    for look in looks:
        yield look(settings)


def _keys(settings: AgentSettings) -> Finding:
    try:
        ring = key_ring(settings)
    except ValueError as error:
        advice = "Write the configuration anew with `vang-controller station-config`."
        return Finding("keys", str(error), advice)
    return Finding("keys", "pinned " + ", ".join(sorted(ring.keys)))


def _disk(settings: AgentSettings) -> Finding:
    folder = settings.path(settings.store.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / "doctor.tmp"
        probe.write_bytes(b"vang")
        probe.unlink()
    except OSError as error:
        return Finding("store", str(error), f"Make {folder} writable for this user.")
    free = disk_free_bytes(folder) or 0
    advice = "" if free > _LITTLE_BYTES else "Free some space, or use a larger card."
    return Finding("store", f"{folder}, {free // 1_000_000} MB free", advice)


def _clock(settings: AgentSettings) -> Finding:
    mark = MarkFile(settings.path(settings.store.folder) / "mark").read()
    vouched = mark.vouched_at.isoformat() if mark and mark.vouched_at else "never"
    synchronised = kernel_synchronised()
    found = f"kernel synchronised: {synchronised}; vouched for by the centre: {vouched}"
    if synchronised or vouched != "never":
        return Finding("clock", found)
    return Finding("clock", found, "Connect the station to the centre once, or install chrony.")


def _device(settings: AgentSettings) -> Finding:
    sink = open_sink(settings, SystemClock())
    before = time.monotonic()
    try:
        sink.open()
    except DeviceMissingError as error:
        advice = "Plug the card in, see `aplay -L` for its name, set player.device."
        return Finding("sound device", str(error), advice)
    finally:
        sink.close()
    took_ms = (time.monotonic() - before) * 1000
    return Finding("sound device", f"{settings.player.sink}, opens in {took_ms:.0f} ms")


def _broker(settings: AgentSettings) -> Finding:
    broker = settings.broker
    where = f"{broker.host}:{broker.port}"
    try:
        with socket.create_connection((broker.host, broker.port), _TIMEOUT_S) as plain:
            if broker.tls_ca:
                context = ssl.create_default_context(cafile=settings.path(broker.tls_ca))
                with context.wrap_socket(plain, server_hostname=broker.host):
                    return Finding("broker", f"{where} answers, certificate is good")
    except ssl.SSLError as error:
        return Finding("broker", f"{where}: {error}", "Copy the centre's CA file: broker.tls_ca.")
    except OSError as error:
        advice = "Is the centre running? Is the network up? Is the port open in the firewall?"
        return Finding("broker", f"{where}: {error}", advice)
    return Finding("broker", f"{where} answers, without TLS")


def _sound_source(settings: AgentSettings) -> Finding:
    sound = settings.sound
    if sound.over == "mqtt":
        return Finding("sound", "comes over the broker")
    where = f"{sound.url.rstrip('/')}/sound/{'0' * 64}"
    pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT_S, ca_certs=_ca(settings))
    try:
        headers = {"Authorization": f"Bearer {sound.token}"}
        status = pool.request("GET", where, headers=headers, redirect=False).status
    except HTTPError as error:
        advice = "Is the centre running, and sound.url its address?"
        return Finding("sound", f"{urlsplit(sound.url).netloc}: {error}", advice)
    finally:
        pool.clear()
    if status in (401, 403):
        advice = "Write the configuration anew with `vang-controller station-config`."
        return Finding("sound", f"the centre does not know this station's token ({status})", advice)
    return Finding("sound", f"{sound.url} answers")


def _ca(settings: AgentSettings) -> str | None:
    ca = settings.sound.tls_ca
    return str(settings.path(ca)) if ca else None
