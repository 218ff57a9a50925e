"""Delete drafts nobody came back to, and sound that no row names."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.drafts import Drafts

NAME = "drafts"
EVERY_S = 86_400.0


def drafts(service: Drafts) -> Callable[[], int]:
    """The job: once a day."""
    return service.prune
