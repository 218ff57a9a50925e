"""What is said on the local channel, taken into the main loop, and answered from there."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass

from station_agent.core.events import Event, StopPressed
from station_agent.health.status import LocalStatus

ANSWER_S = 5.0
"""A loop that takes longer has worse trouble than a missing answer."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Somebody beside the station asks how it stands; answered in the main loop."""

    answer: Callable[[LocalStatus], None]


class LocalDesk:
    """The words of the channel: `status`, and `stop`, which ends what sounds and then tells."""

    def __init__(self, put: Callable[[Event | Inquiry], None]) -> None:
        self._put = put

    def answer(self, word: str) -> str:
        """The status as JSON; empty for a word that is none, or a loop that stands still."""
        if word not in {"status", "stop"}:
            return ""
        if word == "stop":
            self._put(StopPressed())
        answers: queue.SimpleQueue[LocalStatus] = queue.SimpleQueue()
        self._put(Inquiry(answers.put))
        try:
            return answers.get(timeout=ANSWER_S).model_dump_json()
        except queue.Empty:
            return ""
