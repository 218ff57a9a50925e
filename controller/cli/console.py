"""What a command says to the person who called it."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from importlib.metadata import version

from controller.settings import Settings


def say(*lines: str) -> None:
    """Write lines to standard output at once."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def complain(*lines: str) -> None:
    """Write lines to standard error."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def start_log(level: str) -> None:
    """Program logging to standard error, in UTC."""
    formatter = logging.Formatter(
        "%(asctime)sZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("alembic.runtime.migration", "apscheduler", "gtts"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def show_version(_args: argparse.Namespace, _settings: Settings) -> int:
    """Print the version of the program."""
    say(f"vang {version('vang')}")
    return 0
