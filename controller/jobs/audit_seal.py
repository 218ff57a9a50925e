"""Link what was done into the chain of the audit trail."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.audit_chain import AuditChain

NAME = "audit_seal"
EVERY_S = 5.0


def audit_seal(chain: AuditChain) -> Callable[[], int]:
    """The job: every few seconds."""
    return chain.seal
