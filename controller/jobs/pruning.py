"""Let go of what nobody can ask for any more, and of evidence that is older than its rule."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.pruning import Pruning
from controller.services.retention import Retention

NAME = "pruning"
EVERY_S = 86_400.0


def pruning(service: Pruning, retention: Retention) -> Callable[[], int]:
    """The job: once a day."""
    return lambda: service.prune() + retention.keep_to_it()
