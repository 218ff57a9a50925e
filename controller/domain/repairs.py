"""Outages that become tickets, how long repairs take, and which of them gives most back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.domain.availability import NO_LINK, ShownFlip, Span
from controller.domain.figures import quantile
from controller.domain.station_state import ShownState

LOOKED_BACK_DAYS = 30
"""Over so many days lost minutes are added up, and for as many a gain is worked out."""

_BROKEN = frozenset({ShownState.DEGRADED, ShownState.UNKNOWN, ShownState.DOWN})
_WELL = frozenset({ShownState.READY, ShownState.ON_AIR})


@dataclass(frozen=True, slots=True)
class Begun:
    """An outage that lasts: since when, and how it began as `state:cause`."""

    from_at: datetime
    cause: str


def lasting(flips: Sequence[ShownFlip]) -> Begun | None:
    """The outage a station is in after these changes, in order of time; None: it is in none.

    It goes on from degraded to silent to down. Declared work and a station that never spoke are
    no outages; what breaks right behind the work is a new one.
    """
    begun: Begun | None = None
    for flip in flips:
        if flip.state not in _BROKEN:
            begun = None
        elif begun is None:
            first = flip.reasons[0] if flip.reasons else ""
            cause = NO_LINK if flip.state is ShownState.UNKNOWN else first
            begun = Begun(flip.at, f"{flip.state.value}:{cause}")
    return begun


def ended_at(flips: Iterable[ShownFlip], from_at: datetime) -> datetime | None:
    """When a station was ready again after an outage that began then; None: it has not been."""
    return next((flip.at for flip in flips if flip.at > from_at and flip.state in _WELL), None)


@dataclass(frozen=True, slots=True)
class RepairTimes:
    """How long it took until what had failed was mended."""

    ended: int
    median: timedelta | None
    p90: timedelta | None


def repair_times_of(spans: Iterable[Span]) -> RepairTimes:
    """The times of repairs by nearest rank, from when a fault was known until it was mended."""
    lengths = sorted(ends - begins for begins, ends in spans if ends >= begins)
    return RepairTimes(len(lengths), quantile(lengths, 0.5), quantile(lengths, 0.9))


# --- what to repair first -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Losses:
    """One station over the days looked at, service time alone."""

    station_id: str
    causes: Mapping[str, int]
    """Seconds lost by `state:cause`."""
    counted_s: int
    """Seconds that were counted, less declared maintenance."""
    days: int
    open_cause: str | None = None
    """`state:cause` of an outage that lasts now."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One cause at one station, and what mending it would give back."""

    station_id: str
    cause: str
    lost_s: int
    """Service time it cost in the days looked at."""
    gain_s: int
    """Service time it would cost in as many days to come.

    Of a cause that is over: as much as it cost before. Of one that lasts: all service time.
    """
    is_open: bool


def repair_first(losses: Iterable[Losses]) -> list[Candidate]:
    """Causes by what mending them gives back, the most first."""
    found = [one for station in losses for one in _candidates(station)]
    return sorted(found, key=lambda one: (-one.gain_s, -one.lost_s, one.station_id, one.cause))


def _candidates(station: Losses) -> Iterable[Candidate]:
    whole_s = station.counted_s * LOOKED_BACK_DAYS // station.days if station.days else 0
    causes = dict(station.causes)
    if station.open_cause is not None:
        causes.setdefault(station.open_cause, 0)
    for cause, lost_s in causes.items():
        is_open = cause == station.open_cause
        gain_s = max(whole_s, lost_s) if is_open else lost_s
        if gain_s:
            yield Candidate(station.station_id, cause, lost_s, gain_s, is_open)
