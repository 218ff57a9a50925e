"""What was not obeyed: counted always, written down at most once a minute for each reason.

A line stands for all that were refused since the line before: "(+57)" behind its detail.
"""

from __future__ import annotations

from collections import Counter
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
    told_mono_ms: dict[tuple[What, str], int] = field(default_factory=dict)
    untold: Counter[tuple[What, str]] = field(default_factory=Counter)

    def note(self, turn: Turn, what: What, why: str, detail: str = "") -> None:
        """Count a refusal and tell it."""
        self.station.refused[why] += 1
        self.reporter.beat_soon(turn)
        self.note_down(turn, what, why, detail)

    def note_down(self, turn: Turn, what: What, why: str, detail: str = "") -> None:
        """A line of evidence, or one more for the next line that says the same."""
        key, now_ms = (what, why), turn.now.mono_ms
        last = self.told_mono_ms.get(key)
        if last is not None and now_ms < last + SPACING_MS:
            self.untold[key] += 1
            return
        self.told_mono_ms[key] = now_ms
        self._tell(turn, what, why, detail)

    def _tell(self, turn: Turn, what: What, why: str, detail: str) -> None:
        more = self.untold.pop((what, why), 0)
        said = f"{detail[:270]} (+{more})" if more else detail[:300]
        turn.note(RefusalEntry(what=what, why=why, detail=said))

    def advance(self, turn: Turn) -> None:
        """Tell how many there were since the last line, once its minute is over."""
        for what, why in [key for key in self.untold if self._is_due(turn, key)]:
            self.told_mono_ms[what, why] = turn.now.mono_ms
            self._tell(turn, what, why, "")

    def _is_due(self, turn: Turn, key: tuple[What, str]) -> bool:
        return turn.now.mono_ms >= self.told_mono_ms[key] + SPACING_MS

    def mono_deadlines(self) -> list[int]:
        """When what was not told yet is."""
        return [self.told_mono_ms[key] + SPACING_MS for key in self.untold]
