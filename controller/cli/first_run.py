"""What the first start makes: database, places, keys, one administrator."""

from __future__ import annotations

import sys
from pathlib import Path

from controller import wiring
from controller.cli.console import say
from controller.services.accounts import Handout
from controller.settings import Settings


def prepare(controller: wiring.Controller) -> Handout | None:
    """The administrator made just now, with the password nobody will see again; None later on."""
    return controller.services.accounts.ensure_first_admin()


def tell(handout: Handout, settings: Settings, address: str) -> None:
    """Print the password once, and what to do next."""
    program = Path(sys.executable).with_name("vang-controller")
    say(
        "",
        "  First start. One administrator was made; this password is shown only now and must be",
        "  changed at the first sign-in:",
        "",
        f"    address   {address}",
        f"    name      {handout.username}",
        f"    password  {handout.password}",
        "",
        "  Next steps:",
        "    1. Sign in, change the password, make accounts for operators and approvers.",
        f"    2. For each station:  {program} station-config STATION --out station.toml",
        f"       (`{program} station-config --list` names the stations), copy the file to the",
        "       station, and start its agent there (docs/operations.md, “Enrol a station”).",
        f"    3. Back up {settings.folder / 'keys'} apart: stations trust these keys.",
        f"    4. {program} doctor  checks the settings.",
        "",
    )
