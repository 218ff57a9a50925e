"""The real player in its own thread, in real time."""

from __future__ import annotations

import queue
import time
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from station_agent.player.engine import PlayerEngine
from station_agent.player.port import Cue, PlayerEvent, Sink, Sound

E = TypeVar("E", bound=PlayerEvent)


class Deck:
    """A running player and what it says."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.events: queue.Queue[PlayerEvent] = queue.Queue()
        self.player = PlayerEngine(sink, self.events.put)
        self.player.run_thread()

    def play(self, *sounds: Sound, in_s: float = 1.5, play_id: str = "news") -> Cue:
        cue = Cue(play_id, sounds, datetime.now(UTC) + timedelta(seconds=in_s))
        self.player.prepare(cue)
        self.player.start(play_id)
        return cue

    def next(self, kind: type[E]) -> E:
        deadline = time.monotonic() + 30
        while True:
            event = self.events.get(timeout=max(0.1, deadline - time.monotonic()))
            if isinstance(event, kind):
                return event
