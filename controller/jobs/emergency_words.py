"""Send the words of an emergency after a signal that did not wait for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

NAME = "emergency_words"
EVERY_S = 30.0
"""It is woken whenever a sound is finished."""


class Desk(Protocol):
    """Emergencies, or drills."""

    def send_words(self) -> int: ...


def emergency_words(desks: Sequence[Desk]) -> Callable[[], int]:
    """The job, for both kinds."""
    return lambda: sum(desk.send_words() for desk in desks)
