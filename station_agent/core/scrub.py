"""Each held sound hashed again once a week: a card loses bytes that nobody asks for.

A sound is due when its own place in the week has come; its name is a hash, so that places spread
evenly. What a station that was switched off missed it makes up, one file at a time. How far the
week has come stands in the mark, which is written anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from station_agent.core.effects import CheckAsset
from station_agent.core.playout import Playout
from station_agent.core.records import ScrubMark
from station_agent.core.station import Station
from station_agent.core.turn import Turn

WEEK = timedelta(days=7)

APART_MS = 30_000
"""The least time between two files: a card and a small processor have other work."""

_PLACES = 16**8


def due_at(sha256: str, began_at: datetime) -> datetime:
    """When, in the week that began then, this sound is looked at."""
    return began_at + WEEK * (int(sha256[:8], 16) / _PLACES)


@dataclass(slots=True)
class Scrub:
    """Where in the week this station is."""

    station: Station
    playout: Playout
    next_mono_ms: int = 0

    def advance(self, turn: Turn, at: datetime) -> None:
        """Ask for the next sound whose place has come; never while something sounds."""
        if turn.now.mono_ms < self.next_mono_ms or self.playout.plays:
            return
        self.next_mono_ms = turn.now.mono_ms + APART_MS
        week = self._week(at)
        left = [sha256 for sha256 in self.station.held if sha256 > week.up_to]
        chosen = min(left, default=None)
        if chosen is not None and due_at(chosen, week.began_at) <= at:
            self.station.scrub = ScrubMark(began_at=week.began_at, up_to=chosen)
            turn.ask(CheckAsset(chosen))

    def _week(self, at: datetime) -> ScrubMark:
        """The week that runs; a new one when it is over and every sound was looked at."""
        week = self.station.scrub
        is_over = week is None or not week.began_at <= at
        if week is not None and not is_over:
            last = max(self.station.held, default="")
            is_over = at >= week.began_at + WEEK and week.up_to >= last
        if week is None or is_over:
            week = self.station.scrub = ScrubMark(began_at=at)
        return week
