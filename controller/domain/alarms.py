"""Alarms: how bad each kind is, when nobody took it on, and what fell silent together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.notices import ALARMS, NoticeKind
from controller.domain.places import PlaceTree


class Severity(StrEnum):
    """How soon somebody has to act."""

    URGENT = "urgent"
    """Within minutes: people are not being warned."""
    PAGE = "page"
    """Now, also at night."""
    NOTE = "note"
    """In working hours."""


class Event(StrEnum):
    """What a message says of an alarm."""

    OPENED = "opened"
    ESCALATED = "escalated"
    """Nobody took it on in time; told to the place above."""
    OVER = "over"


_K = NoticeKind

SEVERITY: Mapping[NoticeKind, Severity] = {
    _K.UNHEARD: Severity.URGENT,
    _K.PRIORITY_FAILED: Severity.PAGE,
    _K.STATION_DOWN: Severity.PAGE,
    _K.FORGED: Severity.PAGE,
    _K.NOT_READY: Severity.NOTE,
    _K.SLOT_FAILED: Severity.NOTE,
    _K.PUBLIC_FAULT: Severity.NOTE,
    _K.STATION_FAULT: Severity.NOTE,
    _K.CENTRE: Severity.NOTE,
}
"""Of each alarm."""

PAIRED = frozenset({_K.UNHEARD, _K.STATION_DOWN, _K.STATION_FAULT, _K.CENTRE})
"""Those that last until something is put right, and are followed by word of it. The others tell of
what has happened: nothing makes a missed slot good."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each severity waits for somebody before the place above is told; zero: for ever."""

    urgent: timedelta = timedelta(minutes=3)
    page: timedelta = timedelta(minutes=30)
    note: timedelta = timedelta()

    def of(self, severity: Severity) -> timedelta:
        """For one severity."""
        return {
            Severity.URGENT: self.urgent,
            Severity.PAGE: self.page,
            Severity.NOTE: self.note,
        }[severity]

    def due(self, now: datetime) -> Mapping[NoticeKind, datetime]:
        """Alarms of these kinds that began at or before the instant have waited long enough."""
        waits = {kind: self.of(SEVERITY[kind]) for kind in ALARMS}
        return {kind: now - wait for kind, wait in waits.items() if wait}


def above(tree: PlaceTree, place_id: str) -> str:
    """The place that is told when nobody took it on; of the province itself."""
    return tree.places[place_id].parent_id or place_id


# --- what fell silent together --------------------------------------------------------------------

TOGETHER = timedelta(minutes=5)
"""Stations that fell silent within so long of each other probably have one cause. A lapse shows
90 s after the last beat of 30 s, so one cause spreads over half a minute; the rest is for a line
that dies piece by piece."""

SEVERAL = 3
"""So many make one cause likelier than chance."""


def began_together(began: Sequence[datetime]) -> bool:
    """Whether these are several, and all began within `TOGETHER`."""
    return len(began) >= SEVERAL and max(began) - min(began) <= TOGETHER


def silent_everywhere(
    began: Mapping[str, datetime], district_of: Mapping[str, str], in_service: int
) -> frozenset[str]:
    """The stations that fell silent together with half of all in service, in several districts.

    `began`: station -> since when it is silent. Empty: the centre has no part in it.
    """
    order = sorted(began, key=lambda station_id: (began[station_id], station_id))
    best: Sequence[str] = ()
    first = 0
    for last, station_id in enumerate(order):
        while began[station_id] - began[order[first]] > TOGETHER:
            first += 1
        if last + 1 - first > len(best):
            best = order[first : last + 1]
    districts = {district_of[one] for one in best if one in district_of}
    is_whole = len(best) >= SEVERAL and 2 * len(best) >= in_service and len(districts) > 1
    return frozenset(best) if is_whole else frozenset()
