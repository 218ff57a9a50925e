"""Why a slot stands at one station as it does: what the station told, and what the centre knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.reconcile import COMING, SOUNDING, UNKNOWN, Source
from station_protocol.messages import TraceFact

LOST_STATES = frozenset({"unknown", "down", "never"})
NOTICED_BEFORE = timedelta(minutes=10)
"""A link that was lost so shortly before a slot still belongs to its story."""


class Silence(StrEnum):
    """Why there is no word of the station itself."""

    COMING = "coming"
    UNDER_WAY = "under_way"
    NO_WORD = "no_word"
    TIMEOUT = "timeout"
    CENTRE = "centre"
    NO_TRACE = "no_trace"


class CentreCode(StrEnum):
    """What a fact of the centre is about."""

    SCHEDULED = "scheduled"
    RESCHEDULED = "rescheduled"
    APPROVED = "approved"
    MOVED = "moved"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    GOES_FIRST = "goes_first"
    GOES_SECOND = "goes_second"
    GAVE_WAY = "gave_way"
    STOPPED = "stopped"
    LINK_LOST = "link_lost"
    SOUND_HELD = "sound_held"
    PLAN_HELD = "plan_held"
    PLAN_LACKS = "plan_lacks"
    NO_PLAN = "no_plan"


@dataclass(frozen=True, slots=True)
class CentreFact:
    """One thing the centre knows of a slot at a station, by its own clock."""

    code: CentreCode
    at: datetime
    until_at: datetime | None = None
    """End of a span; None: it lasts, or it is no span."""
    who: str = ""
    why: str = ""
    version: int = 0
    newest: int = 0
    other: str = ""
    """The title of the item it is ordered with, or of the bulletin that was approved."""
    from_at: datetime | None = None
    """When it was to start."""
    to_at: datetime | None = None
    """When it is to start instead."""


@dataclass(frozen=True, slots=True)
class SlotStory:
    """The facts in the order in which they came about."""

    facts: tuple[TraceFact | CentreFact, ...]
    silence: Silence | None = None
    left_out: int = 0
    entry_no: int | None = None
    """The line of the station's journal that tells it."""


def silence_of(outcome: str, source: str, *, is_told: bool) -> Silence | None:
    """What to say instead, or None when the station has told its story."""
    if is_told:
        return None
    undecided = {
        COMING: Silence.COMING,
        SOUNDING: Silence.UNDER_WAY,
        UNKNOWN: Silence.NO_WORD,
    }
    decided = {Source.TIMEOUT: Silence.TIMEOUT, Source.CENTRE: Silence.CENTRE}
    return undecided.get(outcome) or decided.get(Source(source), Silence.NO_TRACE)


def lost_spans(
    flips: Iterable[tuple[datetime, str]], since: datetime, until: datetime
) -> tuple[tuple[datetime, datetime | None], ...]:
    """When the link was gone between two instants, from (at, state) in order of time."""
    spans: list[tuple[datetime, datetime | None]] = []
    lost_at: datetime | None = None
    for at, state in flips:
        if state in LOST_STATES:
            lost_at = lost_at or at
        elif lost_at is not None:
            spans.append((lost_at, at))
            lost_at = None
    if lost_at is not None:
        spans.append((lost_at, None))
    return tuple(span for span in spans if span[0] < until and (span[1] is None or span[1] > since))


def in_order(
    told: Sequence[TraceFact], known: Iterable[CentreFact]
) -> tuple[TraceFact | CentreFact, ...]:
    """The station's facts in its own order, each fact of the centre before what came after it."""
    facts: list[TraceFact | CentreFact] = list(told)
    for fact in sorted(known, key=lambda fact: fact.at, reverse=True):
        later = (
            index
            for index, other in enumerate(facts)
            if other.at > fact.at and (isinstance(other, CentreFact) or other.is_sure)
        )
        facts.insert(next(later, len(facts)), fact)
    return tuple(facts)
