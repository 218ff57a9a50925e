"""`vang-controller check-audit`: whether the audit trail is as it was written."""

from __future__ import annotations

import argparse

from controller import wiring
from controller.cli.console import complain, say
from controller.services.audit_chain import AuditChain
from controller.settings import Settings


def run(_args: argparse.Namespace, settings: Settings) -> int:
    """Work every link of the chain out anew; 1 when a row was changed or taken out."""
    database = wiring.open_database(settings)
    try:
        state = AuditChain(database).examine()
    finally:
        database.close()
    found = state.found
    if state.is_whole:
        say(f"whole: {found.length} rows, {state.waiting} not linked yet, last link {found.head}")
        return 0
    complain(
        f"BROKEN at row {found.broken_at}: {found.length} rows before it are as they were, "
        f"the last of them with link {found.head}"
    )
    return 1
