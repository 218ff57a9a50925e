"""What was not obeyed: counted always, written down at most once a minute for each reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from station_agent.core.events import What
from station_agent.core.reporter import Reporter
from station_agent.core.station import Station
from station_agent.core.turn import Turn
from station_protocol.messages import RefusalEntry

SPACING_MS = 60_000
"""Somebody who sends rubbish all day must not fill the journal with it."""


@dataclass(slots=True)
class Refusals:
    """The station's memory of what it has told about refusals."""

    station: Station
    reporter: Reporter
    told_mono_ms: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, turn: Turn, what: What, why: str, detail: str = "") -> None:
        """Count a refusal and tell it."""
        self.station.refused[why] += 1
        self.reporter.beat_soon(turn)
        last = self.told_mono_ms.get((what, why))
        if last is None or turn.now.mono_ms >= last + SPACING_MS:
            self.told_mono_ms[(what, why)] = turn.now.mono_ms
            turn.note(RefusalEntry(what=what, why=why, detail=detail[:300]))
