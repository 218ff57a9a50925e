"""What the first start makes: database, places, keys, one administrator."""

from __future__ import annotations

from controller import wiring
from controller.cli.console import say
from controller.services.accounts import Handout
from controller.settings import Settings


def prepare(controller: wiring.Controller) -> Handout | None:
    """The administrator made just now, with the password nobody will see again; None later on."""
    return controller.services.accounts.ensure_first_admin()


def tell(handout: Handout, settings: Settings, address: str) -> None:
    """Print the password once, and what to do next."""
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
        "    2. For each station:  vang-controller station-config STATION --out station.toml",
        "       (`vang-controller station-config --list` names the stations), copy the file to the",
        "       station, and there:  vang-agent run --config station.toml",
        f"    3. Back up {settings.folder / 'keys'} apart: stations trust these keys.",
        "    4. vang-controller doctor  checks the settings.",
        "",
    )
