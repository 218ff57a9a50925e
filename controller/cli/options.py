"""The options of each command, apart from its code: `--help` should not load a web server."""

from __future__ import annotations

import argparse
from pathlib import Path

from controller.domain.accounts import Role

ROLES = ("broker", "controller")
DEMO_FOLDER = Path("var/demo")


def serve(parser: argparse.ArgumentParser) -> None:
    """Options of `serve`."""
    parser.add_argument(
        "--roles",
        default=",".join(ROLES),
        help="what runs here, by default `broker,controller` (web, planner and link are one)",
    )


def demo(parser: argparse.ArgumentParser) -> None:
    """Options of `demo`."""
    parser.add_argument("--data", type=Path, default=DEMO_FOLDER, help="folder of the demo")
    parser.add_argument(
        "--port", type=int, help="port of the screens; else 8080, or the next free one"
    )
    parser.add_argument("--stations", type=int, help="how many stations run, by default all 65")
    parser.add_argument(
        "--reset", action="store_true", help="forget the folder's data before starting"
    )


def station_config(parser: argparse.ArgumentParser) -> None:
    """Options of `station-config`."""
    parser.add_argument("station", nargs="?", help="id of the station")
    parser.add_argument("--out", type=Path, help="file to write; else standard output")
    parser.add_argument("--list", action="store_true", help="name the stations instead")


def revoke_station(parser: argparse.ArgumentParser) -> None:
    """Options of `revoke-station`."""
    parser.add_argument("station", help="id of the station")


def broker_config(parser: argparse.ArgumentParser) -> None:
    """Options of `broker-config`."""
    parser.add_argument("kind", choices=["mosquitto"], help="which broker")
    parser.add_argument("folder", type=Path, help="folder the files are written into")
    parser.add_argument("--listen", default="127.0.0.1", help="address the broker listens on")


def check_audit(parser: argparse.ArgumentParser) -> None:
    """Options of `check-audit`."""
    parser.add_argument(
        "--noted",
        metavar="NUMBER:LINK",
        help="a link noted elsewhere, as in an export; else what the centre noted itself",
    )
    parser.add_argument(
        "--accept",
        action="store_true",
        help="after an older copy was put back: go on from here, which is written down",
    )


def backup(parser: argparse.ArgumentParser) -> None:
    """Options of `backup`."""
    parser.add_argument("folder", type=Path, help="folder of the backups, best on another disk")
    parser.add_argument(
        "--keep",
        type=_count,
        default=30,
        metavar="N",
        help="how many snapshots stay, by default 30; older ones go once the new one is safe",
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def restore(parser: argparse.ArgumentParser) -> None:
    """Options of `restore`."""
    parser.add_argument("folder", type=Path, help="folder of the backups")
    parser.add_argument(
        "--check", action="store_true", help="only look whether the copy is whole; changes nothing"
    )
    parser.add_argument(
        "--snapshot", metavar="NAME", help="which one, as 20261126T190000Z; else the newest"
    )


def add_user(parser: argparse.ArgumentParser) -> None:
    """Options of `add-user`."""
    parser.add_argument("username", help="name to sign in with")
    parser.add_argument("--full-name", required=True, help="name of the person")
    parser.add_argument("--role", required=True, choices=[role.value for role in Role], help="role")
    parser.add_argument("--place", required=True, help="id of the place the role is bound to")


def reset_password(parser: argparse.ArgumentParser) -> None:
    """Options of `reset-password`."""
    parser.add_argument("username", help="name of the account")


def none(_parser: argparse.ArgumentParser) -> None:
    """A command without options of its own."""


def retention(parser: argparse.ArgumentParser) -> None:
    """Of `retention`."""
    parser.add_argument(
        "--list", action="store_true", help="name each bulletin whose sound goes tonight"
    )
