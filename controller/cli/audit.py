"""`vang-controller check-audit`: whether the audit trail is as it was written."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from controller import wiring
from controller.cli.console import complain, say
from controller.errors import InvalidInputError
from controller.services.audit import AuditTrail, Deed
from controller.services.audit_chain import AuditChain, ChainState
from controller.services.audit_note import Head, head_of
from controller.settings import Settings
from controller.storage.database import Database


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Work every link of the chain out anew; 1 when a row was changed or taken out."""
    noted = _noted(args.noted)
    database = wiring.open_database(settings)
    try:
        chain = AuditChain(database, wiring.audit_note(settings))
        state = chain.examine(noted)
        if args.accept and state.found.broken_at is None:
            return _accept(database, chain, state)
    finally:
        database.close()
    if state.is_whole:
        found = state.found
        say(f"whole: {found.length} rows, {state.waiting} not linked yet, last link {found.head}")
        return 0
    complain(_amiss(state))
    return 1


def _noted(text: str | None) -> Head | None:
    if text is None:
        return None
    head = head_of(text)
    if head is None:
        raise InvalidInputError(f"{text!r} is no NUMBER:LINK", field="noted", problem="bad_link")
    return head


def _amiss(state: ChainState) -> str:
    found, noted = state.found, state.noted
    if found.broken_at is not None:
        return (
            f"BROKEN at row {found.broken_at}: {found.length} rows before it are as they were, "
            f"the last of them with link {found.head}"
        )
    if noted is not None and found.length < noted.number:
        return (
            f"SHORTENED: {noted.number} rows were linked once, {found.length} are there. "
            "If an older copy was put back: check-audit --accept"
        )
    return f"ANOTHER CHAIN: link {noted} was noted once and is not in its place"


def _accept(database: Database, chain: AuditChain, state: ChainState) -> int:
    before = chain.accept()
    facts = {"noted": str(before or ""), "rows": state.found.length}
    trail = AuditTrail(database, lambda: datetime.now(UTC))
    trail.refused(None, Deed("audit.accept", "audit", "", None, facts))
    say(f"accepted: {state.found.length} rows, last link {state.found.head}; written down")
    return 0
