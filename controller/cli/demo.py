"""`vang-controller demo`: a whole province on this machine, in one folder."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from controller import wiring
from controller.cli.console import say, start_log
from controller.cli.demo_province import PEOPLE, TITLE, ZONE, Province
from controller.cli.demo_stations import chosen_stations, read_json, write_stations
from controller.cli.serve import only_one_in, web_child
from controller.cli.supervisor import Child, Supervisor
from controller.link.broker import BundledBroker
from controller.link.broker_access import write_private
from controller.link.processes import is_port_free, start_child
from controller.link.reach import web_address
from controller.link.supervision import is_broker_up
from controller.services.passwords import random_password
from controller.settings import Settings, SettingsError, load

FILE = "demo.json"
PASSWORDS_FILE = "accounts.json"
"""Written before the accounts are made, so that no password is lost if the start breaks off;
demo.json appears only once everything in it is true."""
USUAL_PORTS = range(8080, 8100)
STILL_COMING = timedelta(seconds=45)
"""A slot known from the last start counts as coming when it is at least so far ahead."""
LOG_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo made ready to run."""

    settings: Settings
    config: Path
    fleet: Path
    station_ids: tuple[str, ...]
    passwords: Mapping[str, str]
    first_slot_at: datetime


def run(args: argparse.Namespace, _settings: Settings) -> int:
    """Bring the province up, wait for Ctrl-C or SIGTERM, take everything down."""
    folder: Path = args.data.absolute()
    start_log("WARNING")
    if args.reset:
        reset(folder)
    with only_one_in(folder):
        say("Vang demo: preparing the province ...")
        demo, children = prepare(folder, args.port, args.stations)
        write_summary(demo, folder)
        supervisor = Supervisor(children, folder, _now)
        supervisor.run(on_started=lambda: tell(demo, folder))
        say("", "The demo has ended; its data stays in " + str(folder))
    return 0


def _now() -> datetime:
    return datetime.now(UTC)


def reset(folder: Path) -> None:
    """Remove the folder of an earlier demo. SettingsError when it is something else, or runs."""
    if not folder.exists():
        return
    is_demo = any((folder / name).is_file() for name in (FILE, PASSWORDS_FILE))
    if not is_demo and any(folder.iterdir()):
        raise SettingsError(f"{folder} does not look like a demo's folder: no {FILE}")
    with only_one_in(folder):
        shutil.rmtree(folder)


def prepare(folder: Path, port: int | None, stations: int | None) -> tuple[Demo, list[Child]]:
    """Everything that must stand before the processes start; nothing of it needs them."""
    known = read_json(folder / FILE)
    config = write_settings(folder, choose_port(port, known))
    settings = load(config, {})  # a demo takes nothing from settings meant for a real centre
    controller = wiring.build(settings)
    try:
        broker = BundledBroker(settings)
        access = broker.prepare(controller.services.stations.broker_users)
        demo = _furnish(controller, folder, config, stations, known)
    finally:
        controller.stop()
    children = [
        Child("broker", broker.spawn, is_ready=lambda: is_broker_up(access)),
        web_child(
            settings,
            config=config,
            environment={
                name: value for name, value in os.environ.items() if not name.startswith("VANG_")
            },
            output=lambda: log_file(folder, "controller"),
        ),
        fleet_child(demo.fleet, lambda: log_file(folder, "stations")),
    ]
    return demo, children


def _furnish(
    controller: wiring.Controller,
    folder: Path,
    config: Path,
    stations: int | None,
    known: Mapping[str, Any],
) -> Demo:
    province = Province(controller, _now)
    handed_out = known_passwords(known) | known_passwords(read_json(folder / PASSWORDS_FILE))
    passwords = {one.username: random_password() for one in PEOPLE} | handed_out
    write_private(folder / PASSWORDS_FILE, json.dumps({"accounts": rows_of(passwords)}))
    passwords = province.admit(passwords, handed_out)
    province.furnish()
    station_ids = chosen_stations(controller.services.places.tree(), stations)
    fleet = write_stations(controller, folder, station_ids)
    bulletin_id = province.bulletin()
    if "first_slot_at" not in known:
        province.schedule_workdays(bulletin_id, station_ids)
    first_slot_at = coming_slot(known, _now()) or province.schedule(bulletin_id, station_ids)
    return Demo(controller.settings, config, fleet, station_ids, passwords, first_slot_at)


def choose_port(wanted: int | None, known: Mapping[str, Any]) -> int:
    """The port asked for, or that of the last start, or the first free usual one.

    SettingsError when a port that was asked for is taken: whoever names one means it.
    """
    if wanted:
        if is_port_free("127.0.0.1", wanted):
            return wanted
        raise SettingsError(f"port {wanted} is taken by another program; choose another PORT")
    last: object = known.get("port")
    usual = ([last] if isinstance(last, int) else []) + list(USUAL_PORTS)
    for port in usual:
        if is_port_free("127.0.0.1", port):
            return port
    raise SettingsError("no port between 8080 and 8099 is free; choose one with PORT=")


def write_settings(folder: Path, port: int) -> Path:
    """The settings of the demo's centre, in a file that other commands can be given too."""
    path = folder / "controller.toml"
    lines = (
        "# Settings of the demo, written at each start.",
        f"data_folder = {json.dumps(str(folder / 'centre'))}",
        "[web]",
        f"port = {port}",
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def known_passwords(known: Mapping[str, Any]) -> dict[str, str]:
    """The passwords an earlier start handed out."""
    accounts = known.get("accounts", [])
    return {one["username"]: one["password"] for one in accounts}


def coming_slot(known: Mapping[str, Any], now: datetime) -> datetime | None:
    """The slot an earlier start scheduled, if it is still ahead."""
    with suppress(KeyError, ValueError, TypeError):
        first_slot_at = datetime.fromisoformat(known["first_slot_at"])
        if first_slot_at - now >= STILL_COMING:
            return first_slot_at
    return None


def fleet_child(fleet: Path, output: Callable[[], IO[bytes]]) -> Child:
    """The stations' own program, over their folders."""
    program = Path(sys.executable).parent / "vang-agent"

    def start() -> subprocess.Popen[bytes]:
        with output() as file:
            return start_child((program, "fleet", fleet), output=file)

    return Child("stations", start, grace_s=20)


def log_file(folder: Path, name: str) -> IO[bytes]:
    """A log to append to; begun anew when it has grown large."""
    path = folder / "log" / f"{name}.log"
    path.parent.mkdir(exist_ok=True)
    is_large = path.is_file() and path.stat().st_size > LOG_BYTES
    return path.open("wb" if is_large else "ab")


def write_summary(demo: Demo, folder: Path) -> None:
    """demo.json: what scripts need, and what the next start continues from."""
    summary = {
        "pid": os.getpid(),
        "address": web_address(demo.settings),
        "port": demo.settings.web.port,
        "started_at": _now().isoformat(),
        "first_slot_at": demo.first_slot_at.astimezone(UTC).isoformat(),
        "bulletin": TITLE,
        "stations": len(demo.station_ids),
        "station_ids": list(demo.station_ids),
        "config": str(demo.config),
        "accounts": rows_of(demo.passwords),
    }
    write_private(folder / FILE, json.dumps(summary, ensure_ascii=False, indent=2) + "\n")


def rows_of(passwords: Mapping[str, str]) -> list[dict[str, str]]:
    """The demo's accounts as demo.json lists them."""
    return [
        {
            "username": one.username,
            "password": passwords[one.username],
            "full_name": one.full_name,
            "role": one.role.value,
            "place_id": one.place_id,
        }
        for one in PEOPLE
    ]


def tell(demo: Demo, folder: Path) -> None:
    """Print where to go, under which names, and what will happen next."""
    first = demo.first_slot_at.astimezone(ZONE)
    say(
        "",
        f"  Open      {web_address(demo.settings)}",
        "",
        "  Accounts (passwords made at the first start, kept in this folder):",
        *(
            f"    {one.username:<12} {demo.passwords[one.username]:<20} {one.full_name}"
            for one in PEOPLE
        ),
        "",
        f"  Next      {len(demo.station_ids)} stations are starting; within a minute their tiles",
        "            say “trực tuyến”.",
        f"            {first:%H:%M} (Ninh Thuận time, in {_minutes(first)}): “{TITLE}”",
        "            sounds at all of them (virtual sound cards), and the board says “đã phát”.",
        "            Sign in as bientap to write and schedule, as duyet to approve.",
        "",
        f"  Data      {folder}  (make demo-reset forgets it)",
        f"  Logs      {folder / 'log'}",
        "  Ctrl-C stops everything.",
        "",
    )


def _minutes(at: datetime) -> str:
    left_s = max(0, round((at - _now()).total_seconds()))
    return f"{left_s // 60} min {left_s % 60:02d} s"
