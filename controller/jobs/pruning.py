"""Let go of what nobody can ask for any more. Evidence and results stay for ever."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.pruning import Pruning

NAME = "pruning"
EVERY_S = 86_400.0


def pruning(service: Pruning) -> Callable[[], int]:
    """The job: once a day."""
    return service.prune
