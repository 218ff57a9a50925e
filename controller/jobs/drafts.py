"""Let old sound of bulletins go, delete drafts nobody came back to, and sound no row names."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.drafts import Drafts
from controller.services.sound_keeping import SoundKeeping

NAME = "drafts"
EVERY_S = 86_400.0


def drafts(service: Drafts, keeping: SoundKeeping) -> Callable[[], int]:
    """The job: once a day. The sweep comes last, for what the two before it let go."""
    return lambda: keeping.keep_to_it() + service.prune()
