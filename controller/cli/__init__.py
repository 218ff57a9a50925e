"""The program `vang-controller`: one module per command."""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from controller.cli import options
from controller.cli.console import complain
from controller.errors import ControllerError
from controller.settings import Settings, SettingsError, load

DEFAULT_CONFIG = Path("var/controller.toml")

Deed = Callable[[argparse.Namespace, Settings], int]


@dataclass(frozen=True, slots=True)
class Command:
    """A command and where its code is: only what is asked for is imported."""

    name: str
    words: str
    module: str
    add_options: Callable[[argparse.ArgumentParser], None] = options.none
    deed: str = "run"
    takes_settings: bool = True


COMMANDS = (
    Command("serve", "run the centre: broker, web, planner, link", "serve", options.serve),
    Command(
        "demo",
        "a whole province on this machine, in one folder",
        "demo",
        options.demo,
        takes_settings=False,
    ),
    Command(
        "station-config",
        "write everything one station's agent needs, with fresh secrets",
        "station_config",
        options.station_config,
    ),
    Command(
        "revoke-station",
        "shut a station out: what a stolen machine holds opens nothing any more",
        "station_config",
        options.revoke_station,
        "revoke",
    ),
    Command(
        "broker-config",
        "write the files of a broker of your own, from the station table",
        "broker_config",
        options.broker_config,
    ),
    Command(
        "add-user",
        "make an account with a random password",
        "accounts",
        options.add_user,
        "add_user",
    ),
    Command(
        "reset-password",
        "give an account a new random password and unlock it",
        "accounts",
        options.reset_password,
        "reset_password",
    ),
    Command("migrate", "make the database, or bring it to this version", "migrate"),
    Command(
        "backup",
        "copy the whole centre while it runs: database, sound, keys, settings",
        "backup",
        options.backup,
    ),
    Command(
        "restore",
        "make a centre of a backup in an empty data folder, or look whether one is whole",
        "restore",
        options.restore,
    ),
    Command(
        "retention",
        "tell what is kept, how long, when the oldest goes and what goes tonight; deletes nothing",
        "retention",
        options.retention,
    ),
    Command(
        "check-audit",
        "work out anew whether the audit trail is as it was written",
        "audit",
        options.check_audit,
    ),
    Command("doctor", "look at the settings together and say what to do", "doctor"),
    Command("version", "print the version", "console", deed="show_version", takes_settings=False),
)
INTERNAL = (Command("worker", "what `serve` starts", "web_process"),)


def build_parser(commands: Sequence[Command] = COMMANDS) -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(
        prog="vang-controller", description="Plans what each station airs, and proves that it did."
    )
    children = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in commands:
        child = children.add_parser(command.name, help=command.words, description=command.words)
        if command.takes_settings:
            child.add_argument(
                "--config", type=Path, help=f"settings in TOML; else {DEFAULT_CONFIG}, if it exists"
            )
        command.add_options(child)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. What went wrong is said in a sentence, with its code."""
    args = build_parser((*COMMANDS, *INTERNAL)).parse_args(arguments)
    command = next(item for item in (*COMMANDS, *INTERNAL) if item.name == args.command)
    try:
        settings = _settings(args) if command.takes_settings else Settings()
        module = importlib.import_module(f"controller.cli.{command.module}")
        return cast("Deed", getattr(module, command.deed))(args, settings)
    except (ControllerError, SettingsError) as error:
        complain(f"vang-controller: {error} [{error.code}]")
        return 1
    except KeyboardInterrupt:
        return 130


def _settings(args: argparse.Namespace) -> Settings:
    """Those in force; `args.config` becomes the file they are from, if any."""
    if args.config is None and DEFAULT_CONFIG.is_file():
        args.config = DEFAULT_CONFIG
    return load(args.config, os.environ)
