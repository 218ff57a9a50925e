"""What a station's tile and its day show, worked out from planned, held and sounded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from station_protocol.vocabulary import Outcome

STRIP_HOURS = 24
STRIP_UNITS = 144
"""The strip of a tile is drawn in units of ten minutes."""

WARNING_LOOKS = {"live": "emergency", "drill": "drill"}
"""How a station looks whose sound belongs to a warning or to a drill, by the kind."""
ON_AIR_LOOKS = frozenset({"on_air", *WARNING_LOOKS.values()})
ONLINE_STATES = frozenset({"ready", *ON_AIR_LOOKS})
TROUBLE_STATES = frozenset({"degraded", "unknown", "down", "never"})
WORST_FIRST = ("down", "unknown", "never", "degraded", "maint", "emergency", "drill", "on_air")
"""In which order states are told where one sign stands for several stations; ready is last."""


class Sign(StrEnum):
    """How one slot is drawn at one station; the closed outcomes and what has none yet."""

    AIRED = "aired"
    LATE = "late"
    CUT_SHORT = "cut_short"
    MISSED = "missed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"
    SOUNDING = "sounding"
    COMING = "coming"


@dataclass(frozen=True, slots=True)
class Planned:
    """One slot as it was meant for one station."""

    slot_id: str
    title: str
    starts_at: datetime
    duration_ms: int
    is_cancelled: bool
    sounds: tuple[str, ...]
    """SHA-256 of each sound it needs; empty when nothing approved is left of it."""
    is_scheduled: bool = True
    """Whether a schedule of ours named it; not what sounded by order, or was forgotten since."""
    is_offer: bool = False
    """Whether the commune may still say yes or no to it."""
    warning: str = ""
    """"live" or "drill" of what a warning's order made sound; empty for all else."""


@dataclass(frozen=True, slots=True)
class Sounded:
    """What is known of one slot at one station; outcome as stored, with "unknown", "sounding"."""

    outcome: str
    reason: str | None
    started_at: datetime | None
    start_error_ms: float | None
    played_ms: int


@dataclass(frozen=True, slots=True)
class DayLine:
    """Planned, held and sounded of one slot, side by side and never merged."""

    planned: Planned
    is_held: bool
    sounded: Sounded | None
    sign: Sign

    @property
    def ends_at(self) -> datetime:
        """When it ends if all goes as planned."""
        return self.planned.starts_at + timedelta(milliseconds=self.planned.duration_ms)


def sign_of(planned: Planned, sounded: Sounded | None, now: datetime) -> Sign:
    """The one sign of a slot: what the station said, else what the plan says of the future."""
    if sounded is not None and sounded.outcome != Sign.COMING:
        return Sign(sounded.outcome)
    if planned.is_cancelled:
        return Sign.CANCELLED
    return Sign.COMING if planned.starts_at > now else Sign.UNKNOWN


def day_line(
    planned: Planned, sounded: Sounded | None, held: frozenset[str], now: datetime
) -> DayLine:
    """One line of a station's day. Held means: every sound it needs is verified there."""
    is_held = bool(planned.sounds) and held.issuperset(planned.sounds)
    return DayLine(planned, is_held, sounded, sign_of(planned, sounded, now))


@dataclass(frozen=True, slots=True)
class StripMark:
    """A bar of the 24 h strip; place and width in units of ten minutes from its left end."""

    at: float
    width: float
    sign: Sign
    warning: str = ""
    """"live" or "drill" of what a warning's order made sound; empty for all else."""


def strip(marks: Iterable[tuple[datetime, int, Sign, str]], now: datetime) -> tuple[StripMark, ...]:
    """The bars of (planned instant, milliseconds, sign, warning) of the last 24 hours."""
    begin = now - timedelta(hours=STRIP_HOURS)
    unit = timedelta(minutes=10)
    bars = []
    for at, length_ms, sign, warning in marks:
        offset = (at - begin) / unit
        width = max(timedelta(milliseconds=length_ms) / unit, 2.0)
        if 0 <= offset <= STRIP_UNITS:
            left = round(min(offset, STRIP_UNITS - width), 2)
            bars.append(StripMark(left, round(width, 2), sign, warning))
    return tuple(bars)


def look_of(state: str, warning: str) -> str:
    """How a shown state looks: a sound that belongs to a warning or to a drill looks like one."""
    return WARNING_LOOKS.get(warning, state) if state == "on_air" else state


def worst(states: Iterable[str]) -> str | None:
    """The state that stands for several stations of one place; None for none."""
    rank = {state: number for number, state in enumerate(WORST_FIRST)}
    return min(states, key=lambda state: rank.get(state, len(rank)), default=None)


def is_aired(outcome: str) -> bool:
    """Whether the planned sound was heard to its end."""
    return outcome in {Outcome.AIRED, Outcome.LATE}
