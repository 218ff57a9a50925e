"""The volume: what it should be, and whether it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from station_agent.core.effects import SetVolume
from station_agent.core.limits import volume
from station_agent.core.playout import Playout
from station_agent.core.station import Station
from station_agent.core.turn import Turn
from station_protocol.messages import FaultEntry

FAULT = "volume_not_set"

SETTLE_MS = 5_000
"""A reading sooner after setting may still be the old one."""

TOLERANCE_PERCENT = 5
"""Mixers have steps; some cards only sixteen."""

TELL_AGAIN_MS = 3_600_000
"""Somebody who keeps turning it back fills one line an hour."""


@dataclass(slots=True)
class Volume:
    """Keeps the volume at what was ordered, under the ceiling."""

    station: Station
    playout: Playout
    asked: int | None = None
    asked_mono_ms: int = 0
    told_mono_ms: int | None = None

    def advance(self, turn: Turn, at: datetime | None) -> None:
        """Ask for the volume that should be at this time: an emergency is as loud as may be."""
        rules = self.station.rules
        is_urgent = self.playout.is_urgent
        percent = volume(rules, self.station.memory.volume_percent, at)
        if is_urgent:
            percent = rules.volume_ceiling_percent
        if percent != self.asked:
            self._ask(turn, percent, is_urgent=is_urgent)

    def read_back(self, turn: Turn, percent: int | None) -> None:
        """Take in what the mixer says; a volume that is not what it should be is set again."""
        asked = self.asked
        if asked is None or percent is None or turn.now.mono_ms < self.asked_mono_ms + SETTLE_MS:
            return
        is_wrong = abs(percent - asked) > TOLERANCE_PERCENT
        self.station.is_volume_wrong = is_wrong
        if is_wrong:
            self._tell(turn, f"set {asked}, reads {percent}")
            self._ask(turn, asked)

    def _ask(self, turn: Turn, percent: int, *, is_urgent: bool = False) -> None:
        self.asked = percent
        self.asked_mono_ms = turn.now.mono_ms
        ask = turn.ask_at_once if is_urgent else turn.ask
        ask(SetVolume(percent))

    def _tell(self, turn: Turn, detail: str) -> None:
        told = self.told_mono_ms
        if told is None or turn.now.mono_ms >= told + TELL_AGAIN_MS:
            self.told_mono_ms = turn.now.mono_ms
            turn.note(FaultEntry(code=FAULT, detail=detail))
