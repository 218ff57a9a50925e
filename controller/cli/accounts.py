"""`add-user` and `reset-password`: for whoever sits at the machine itself."""

from __future__ import annotations

import argparse

from controller import wiring
from controller.cli.console import say
from controller.domain.accounts import Role
from controller.errors import NotFoundError
from controller.services.accounts import Handout, NewAccount
from controller.settings import Settings


def add_user(args: argparse.Namespace, settings: Settings) -> int:
    """Make an account with a random password, shown once."""
    new = NewAccount(args.username, args.full_name, Role(args.role), args.place)
    controller = wiring.build(settings)
    try:
        _tell(controller.services.accounts.create(None, new))
    finally:
        controller.stop()
    return 0


def reset_password(args: argparse.Namespace, settings: Settings) -> int:
    """Give an account a new random password, unlock and enable it, end its sessions."""
    controller = wiring.build(settings)
    try:
        accounts = controller.services.accounts
        account = accounts.by_name(args.username)
        if account is None:
            raise NotFoundError(f"no account is named {args.username!r}")
        _tell(accounts.reset_from_console(account.account_id))
    finally:
        controller.stop()
    return 0


def _tell(handout: Handout) -> None:
    say(
        f"name      {handout.username}",
        f"password  {handout.password}",
        "It is shown only now and must be changed at the first sign-in.",
    )
