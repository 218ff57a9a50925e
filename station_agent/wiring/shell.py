"""The loop around the core: events in, effects out, in one thread and in order."""

from __future__ import annotations

import logging
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from station_agent.core.agent import Agent
from station_agent.core.effects import Effect, Persist, Send, Start
from station_agent.core.events import (
    Event,
    PersistFailed,
    PlayerProgress,
    PlayerReady,
    PlayerStarted,
    Stopping,
    Woke,
)
from station_agent.core.moment import Moment
from station_agent.hardware.light import StatusLight
from station_agent.health.status import RecentFaults, signal_of, status_of
from station_agent.health.watchdog import Watchdog
from station_agent.wiring.local import Inquiry
from station_agent.wiring.parts import Parts

logger = logging.getLogger(__name__)

TICK_S = 2.5
"""The longest the loop sleeps: a step of the wall clock is seen within this time."""

FIRST_MOMENT_S = 0.5
"""How long an emergency that was let go has the machine to itself: journal, answer and files wait.

Its intent is on the card by then, so nothing is lost with the power that was not lost before. On a
Pi with one core the first periods of the signal have no rival; where many agents share a machine,
nobody's bookkeeping stands before another's signal.
"""


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to be done when everything that came before it is dealt with."""

    do: Callable[[], object]


Item = Event | Inquiry | Errand
"""What stands in the main loop's queue."""


class Shell:
    """Runs one station until it is told to stop."""

    def __init__(
        self,
        agent: Agent,
        parts: Parts,
        events: queue.SimpleQueue[Item],
        *,
        now: Callable[[], Moment],
        watchdog: Watchdog | None = None,
        light: StatusLight | None = None,
        first_moment_s: float = FIRST_MOMENT_S,
    ) -> None:
        self._agent = agent
        self._parts = parts
        self._events = events
        self._now = now
        self._watchdog = watchdog
        self._light = light
        self._first_moment_s = first_moment_s
        self._put_off: deque[Item] = deque()
        self._faults = RecentFaults()
        self._is_closed = False

    def stop(self) -> None:
        """Ask for an orderly end; safe in a signal handler."""
        self._events.put(Stopping())

    def run(self, first: Event) -> None:
        """Handle events until Stopping; `first` says how the station found itself."""
        try:
            self.handle(first)
            self._parts.start()
            if self._watchdog is not None:
                self._watchdog.start()
            event: Item = first
            while not isinstance(event, Stopping):
                event = self._next()
                if isinstance(event, Inquiry):
                    self._tell(event)
                elif isinstance(event, Errand):
                    event.do()
                else:
                    self.handle(event)
                if self._watchdog is not None:
                    self._watchdog.tick()
        finally:
            self.close()

    def close(self) -> None:
        """End every part; a second time changes nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._watchdog is not None:
            self._watchdog.close()
        self._parts.close()
        if self._light is not None:
            self._light.close()

    def _tell(self, inquiry: Inquiry) -> None:
        inquiry.answer(status_of(self._agent, self._now(), self._faults.all()))

    def _next(self) -> Item:
        if self._put_off:
            return self._put_off.popleft()
        wait_s = self._agent.next_deadline().wait_s(self._now())
        try:
            return self._events.get(timeout=TICK_S if wait_s is None else min(wait_s, TICK_S))
        except queue.Empty:
            return Woke()

    def handle(self, event: Event) -> None:
        """Give one event to the core and do what it asks for."""
        failed = self._give(event)
        while failed is not None:
            failed = self._give(failed)
        if self._light is not None:
            self._light.show(signal_of(self._agent))

    def _give(self, event: Event) -> PersistFailed | None:
        """One event; what an emergency needs is done before anything else is even worked out."""
        first = self._agent.first(event, self._now())
        for effect in first:
            self._parts.carry_out(effect)
        if any(isinstance(effect, Start) for effect in first):
            self._leave_the_signal_alone()
        return self._carry_out(self._agent.rest())

    def _carry_out(self, effects: Iterable[Effect]) -> PersistFailed | None:
        """What could not be made durable, if anything: nothing that needed it was done then."""
        failed: PersistFailed | None = None
        for effect in effects:
            if isinstance(effect, Persist):
                self._faults.take(effect.entries)
                failed = self._parts.persist(effect) or failed
            elif failed is None or not isinstance(effect, Start | Send):
                self._parts.carry_out(effect)
        return failed

    def _leave_the_signal_alone(self) -> None:
        """Wait a moment; what the player says meanwhile is put off, and errands; anything else ends
        the wait."""
        until_s = time.monotonic() + self._first_moment_s
        while (left_s := until_s - time.monotonic()) > 0:
            try:
                event = self._events.get(timeout=left_s)
            except queue.Empty:
                return
            self._put_off.append(event)
            if not isinstance(event, PlayerReady | PlayerStarted | PlayerProgress | Errand):
                return
