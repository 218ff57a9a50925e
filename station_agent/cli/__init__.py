"""The program `vang-agent`: one module per command, imported only when it is asked for."""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from station_agent.errors import StationAgentError
from station_agent.settings import SettingsError

EXIT_FAILED = 1
EXIT_SETTINGS = 2

_COMMANDS = {
    "run": ("run", "play this station's plan and report, until told to stop"),
    "fleet": ("fleet", "run every station of a folder, each in its own process"),
    "doctor": ("doctor", "look at device, clock, disk, link and keys, and say what to do"),
    "test-tone": ("tone", "sound the test tone for three seconds"),
    "status": ("status", "tell how the running agent stands, without network"),
    "stop": ("status", "end what sounds at this moment, like the stop button"),
}
_FOR_PEOPLE = ("doctor", "test-tone", "status", "stop")


def build_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(
        prog="vang-agent", description="Plays a station's plan, network or not, and reports."
    )
    parser.add_argument("--version", action="version", version=f"vang-agent {version('vang')}")
    children = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, words) in _COMMANDS.items():
        _add_options(name, children.add_parser(name, help=words, description=words))
    return parser


def _add_options(name: str, child: argparse.ArgumentParser) -> None:
    if name == "fleet":
        child.add_argument("folder", type=Path, help="holds one folder with station.toml each")
        return
    child.add_argument("--config", type=Path, required=True, metavar="FILE", help="station.toml")
    if name in _FOR_PEOPLE:
        words = "speak English; also where LANG asks for it"
        child.add_argument("--english", action="store_true", default=_is_english(), help=words)
    if name in ("status", "stop"):
        child.add_argument("--json", action="store_true", help="one line of JSON")


def _is_english() -> bool:
    asked = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    return asked.startswith("en")


def _imported(name: str) -> ModuleType:
    """The module of a command. Nothing of what is imported is garbage: nobody looks for any."""
    gc.disable()
    command = importlib.import_module(f"station_agent.cli.{name}")
    gc.freeze()
    gc.enable()
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; what went wrong is said in one line."""
    chosen = build_parser().parse_args(arguments)
    # numpy's algebra would start threads at import; a station has no use for them, a fork has none
    # either.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    command = _imported(_COMMANDS[chosen.command][0])
    try:
        return int(command.run(chosen))
    except SettingsError as error:
        sys.stderr.write(f"vang-agent: {error.code}: {error}\n")
        return EXIT_SETTINGS
    except StationAgentError as error:
        sys.stderr.write(f"vang-agent: {error.code}: {error}\n")
        return EXIT_FAILED
