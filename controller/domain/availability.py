"""How long a station was ready, from what it said itself: two figures, live and settled.

Every second of a station is in exactly one `UptimeState`. The live figure takes the changes the
centre saw, so a lost link is `UNKNOWN` and never counts as ready. The settled one lets the
station's own journal, which comes later, tell what lies under each `UNKNOWN`: it was ready without
a link, or it was off. What no journal tells stays unknown for ever.

Instants are cut to whole seconds before anything is added up, so that the parts of a span are
exactly its whole.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property

from controller.domain.schedule import instant
from controller.domain.station_state import OFF, ShownState
from station_protocol.vocabulary import StationHealth

DAY = timedelta(days=1)


class UptimeState(StrEnum):
    """What a second of a station counts as."""

    READY = "ready"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    MAINT = "maint"


NEVER_SEEN = "never"
"""Cause of a station that never said a word: it counts as down, not as missing."""

NO_LINK = "no_link"
"""Cause of a silence nobody has explained yet."""

STARTING = "starting"


@dataclass(frozen=True, slots=True)
class ShownFlip:
    """A change the centre saw: stamped with the instant it held from, UTC."""

    at: datetime
    state: ShownState
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnFlip:
    """A change in the station's own journal, in the journal's order.

    `is_sure`: whether the station trusted its clock as it wrote the line.
    """

    journal_id: str
    entry_no: int
    at: datetime
    health: str
    reasons: tuple[str, ...] = ()
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span in one state, `from_at <= at < until_at`, UTC."""

    from_at: datetime
    until_at: datetime
    state: UptimeState
    cause: str = ""

    def within(self, start: datetime, end: datetime) -> Stretch | None:
        """The part of it inside a span; None when nothing is."""
        begins, ends = max(self.from_at, start), min(self.until_at, end)
        return Stretch(begins, ends, self.state, self.cause) if begins < ends else None


_LIFE = frozenset({ShownState.READY, ShownState.ON_AIR, ShownState.DEGRADED, ShownState.DOWN})
"""Shown states a station has by its own word."""

Span = tuple[datetime, datetime]
"""From an instant until before another, UTC."""


# --- live -----------------------------------------------------------------------------------------


def live(flips: Sequence[ShownFlip], start: datetime, end: datetime) -> list[Stretch]:
    """What the centre saw from `start` to `end`, without a hole.

    `flips` in order of time; the last one before `start` says how it began. Before the first one
    the station had never spoken.
    """
    first = min(start, flips[0].at) if flips else start
    marks = [ShownFlip(first, ShownState.NEVER), *flips]
    ends = [*(flip.at for flip in flips), end]
    parts = (
        Stretch(flip.at, until, *_seen(flip)).within(start, end)
        for flip, until in zip(marks, ends, strict=True)
    )
    return [part for part in parts if part is not None]


def _seen(flip: ShownFlip) -> tuple[UptimeState, str]:
    first = flip.reasons[0] if flip.reasons else ""
    match flip.state:
        case ShownState.READY | ShownState.ON_AIR:
            return UptimeState.READY, ""
        case ShownState.DEGRADED:
            return UptimeState.DEGRADED, first
        case ShownState.DOWN:
            return UptimeState.DOWN, first
        case ShownState.NEVER:
            return UptimeState.DOWN, NEVER_SEEN
        case _:  # silent; maintenance is laid over it from what was declared
            return UptimeState.UNKNOWN, NO_LINK


# --- the station's own word -----------------------------------------------------------------------


def own(flips: Iterable[OwnFlip], told_until: Mapping[str, datetime]) -> list[Stretch]:
    """What a station's journals tell of its state, in order of time, with holes.

    `told_until` is, by journal, the instant up to which everything the station wrote has come.
    A change written by a clock nobody vouched for bounds nothing: around it nothing is told.
    """
    by_journal: dict[str, list[OwnFlip]] = {}
    for flip in flips:
        by_journal.setdefault(flip.journal_id, []).append(flip)
    found = [
        stretch
        for journal_id, lines in by_journal.items()
        for stretch in _told(lines, told_until.get(journal_id))
    ]
    return sorted(found, key=lambda stretch: stretch.from_at)


def _told(lines: Sequence[OwnFlip], until: datetime | None) -> list[Stretch]:
    ordered = _timed(sorted(lines, key=lambda line: line.entry_no))
    last = ordered[-1]
    ends: list[tuple[datetime, bool]] = [(line.at, line.is_sure) for line in ordered[1:]]
    ends.append((until if until is not None else last.at, True))
    found, latest = [], ordered[0].at
    for line, (end, end_is_sure) in zip(ordered, ends, strict=True):
        # A farewell is written at the next start and dated back to the last sign of life.
        begins = max(line.at, latest)
        if not (line.is_sure and end_is_sure):
            continue
        if begins < end:
            state, cause = _said(line)
            found.append(Stretch(begins, end, state, cause))
        latest = max(begins, latest)
    return found


def _timed(lines: Iterable[OwnFlip]) -> list[OwnFlip]:
    """The lines without those by an untrusted clock behind a farewell.

    A machine without a battery starts without the time; until it knows it, it was not ready.
    """
    found: list[OwnFlip] = []
    for line in lines:
        if line.is_sure or not found or found[-1].health != OFF:
            found.append(line)
    return found


def _said(line: OwnFlip) -> tuple[UptimeState, str]:
    first = line.reasons[0] if line.reasons else ""
    if line.health == OFF:
        return UptimeState.DOWN, first
    if line.health == StationHealth.READY:
        return UptimeState.READY, ""
    return UptimeState.DEGRADED, first or line.health


def settled(seen: Sequence[Stretch], told: Sequence[Stretch]) -> list[Stretch]:
    """The live stretches with what the journals tell under each unknown one."""
    found: list[Stretch] = []
    for stretch in seen:
        if stretch.state is not UptimeState.UNKNOWN:
            found.append(stretch)
            continue
        at = stretch.from_at
        for word in told:
            part = word.within(at, stretch.until_at)
            if part is None:
                continue
            if part.from_at > at:
                found.append(Stretch(at, part.from_at, stretch.state, stretch.cause))
            found.append(part)
            at = part.until_at
        if at < stretch.until_at:
            found.append(Stretch(at, stretch.until_at, stretch.state, stretch.cause))
    return found


# --- what is laid over it -------------------------------------------------------------------------


def in_maintenance(stretches: Sequence[Stretch], windows: Sequence[Span]) -> list[Stretch]:
    """The stretches with declared maintenance laid over them."""
    found = list(outside(stretches, windows))
    if stretches:
        start, end = stretches[0].from_at, stretches[-1].until_at
        for begins, ends in windows:
            part = Stretch(begins, ends, UptimeState.MAINT).within(start, end)
            if part is not None:
                found.append(part)
    return sorted(found, key=lambda stretch: stretch.from_at)


def outside(stretches: Iterable[Stretch], spans: Sequence[Span]) -> list[Stretch]:
    """What of the stretches lies in none of the spans (in order, none overlapping)."""
    left: list[Stretch] = []
    for stretch in stretches:
        at = stretch.from_at
        for begins, ends in spans:
            if ends <= at or begins >= stretch.until_at:
                continue
            if begins > at:
                left.append(Stretch(at, begins, stretch.state, stretch.cause))
            at = max(at, ends)
        if at < stretch.until_at:
            left.append(Stretch(at, stretch.until_at, stretch.state, stretch.cause))
    return left


def inside(stretches: Iterable[Stretch], spans: Sequence[Span]) -> list[Stretch]:
    """What of the stretches lies in the spans."""
    return [
        part
        for stretch in stretches
        for begins, ends in spans
        if (part := stretch.within(begins, ends)) is not None
    ]


# --- sums -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tally:
    """Whole seconds by state."""

    ready_s: int = 0
    degraded_s: int = 0
    down_s: int = 0
    unknown_s: int = 0
    maint_s: int = 0

    @property
    def total_s(self) -> int:
        """All of them: exactly the span that was counted."""
        return self.ready_s + self.degraded_s + self.down_s + self.unknown_s + self.maint_s

    @property
    def counted_s(self) -> int:
        """The denominator of availability: all but declared maintenance."""
        return self.total_s - self.maint_s

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.ready_s + other.ready_s,
            self.degraded_s + other.degraded_s,
            self.down_s + other.down_s,
            self.unknown_s + other.unknown_s,
            self.maint_s + other.maint_s,
        )


def tally(stretches: Iterable[Stretch]) -> Tally:
    """The whole seconds of stretches, by state."""
    sums: Counter[str] = Counter()
    for stretch in stretches:
        sums[stretch.state.value] += _length_s(stretch)
    return Tally(*(sums[state.value] for state in UptimeState))


def _length_s(stretch: Stretch) -> int:
    return int(stretch.until_at.timestamp()) - int(stretch.from_at.timestamp())


@dataclass(frozen=True, slots=True)
class Outage:
    """A span in which the station was not ready, though nobody had declared work at it, UTC."""

    from_at: datetime
    until_at: datetime
    state: UptimeState
    """How it began."""
    cause: str

    @property
    def length(self) -> timedelta:
        """How long."""
        return self.until_at - self.from_at


def outages(stretches: Iterable[Stretch]) -> list[Outage]:
    """Neighbouring stretches that are neither ready nor maintenance, joined, in order."""
    return joined(
        Outage(one.from_at, one.until_at, one.state, one.cause)
        for one in stretches
        if one.state not in (UptimeState.READY, UptimeState.MAINT)
    )


def joined(parts: Iterable[Outage]) -> list[Outage]:
    """Outages that days cut in pieces, as one again; `parts` in order."""
    found: list[Outage] = []
    for one in parts:
        if found and found[-1].until_at >= one.from_at:
            found[-1] = Outage(found[-1].from_at, one.until_at, found[-1].state, found[-1].cause)
        else:
            found.append(one)
    return found


# --- one day of one station -----------------------------------------------------------------------


@dataclass(frozen=True)
class History:
    """What is known of one station over a span of days; everything in order of time, UTC."""

    shown: Sequence[ShownFlip] = ()
    told: Sequence[Stretch] = ()
    """What its journals tell, by `own`."""
    maintenance: Sequence[Span] = ()
    away: Sequence[Span] = ()
    """When it was not in service: such time is in no sum at all."""

    @cached_property
    def alive_at(self) -> datetime | None:
        """The last change that was a word of the station."""
        return max((flip.at for flip in self.shown if flip.state in _LIFE), default=None)

    def shown_near(self, start: datetime, end: datetime) -> Sequence[ShownFlip]:
        """The changes of a span, and the last one before it."""
        begin = bisect_right(self.shown, start, key=lambda flip: flip.at)
        stop = bisect_left(self.shown, end, key=lambda flip: flip.at)
        return self.shown[max(begin - 1, 0) : stop]

    def told_near(self, start: datetime, end: datetime) -> Sequence[Stretch]:
        """What was told of a span. Journals of one station do not overlap."""
        begin = bisect_right(self.told, start, key=lambda stretch: stretch.from_at)
        stop = bisect_left(self.told, end, key=lambda stretch: stretch.from_at)
        return self.told[max(begin - 1, 0) : stop]


@dataclass(frozen=True, slots=True)
class DayUptime:
    """One local day of one station: service time and all 24 hours, live and settled."""

    day: date
    live_service: Tally
    settled_service: Tally
    live_all: Tally
    settled_all: Tally
    causes: Mapping[str, int]
    """Settled seconds of service time lost, by `state:cause`."""
    outages: tuple[Outage, ...]
    """Settled, of all 24 hours; cut at midnight."""
    may_settle: bool
    """Whether a silence is over whose journal has not come: the settled figure may rise."""


def day_span(day: date) -> Span:
    """Local midnight to local midnight, UTC."""
    begins = instant(day, time(0))
    return begins, begins + DAY


def service_spans(day: date, hours: Iterable[tuple[int, int]]) -> list[Span]:
    """The service time of a day: spans of minutes after local midnight, end exclusive."""
    begins, _ends = day_span(day)
    return [
        (begins + timedelta(minutes=opens), begins + timedelta(minutes=closes))
        for opens, closes in sorted(hours)
        if opens < closes
    ]


def day_stretches(history: History, day: date, until: datetime) -> list[Stretch]:
    """One local day as it is settled, maintenance laid over it; nothing of time out of service."""
    begins, ends = day_span(day)
    ends = max(min(ends, until), begins)
    seen = live(history.shown_near(begins, ends), begins, ends)
    return _counted(history, settled(seen, history.told_near(begins, ends)))


def day_uptime(
    history: History, day: date, hours: Iterable[tuple[int, int]], until: datetime
) -> DayUptime:
    """The figures of one day, of a day in progress up to `until`."""
    begins, ends = day_span(day)
    ends = max(min(ends, until), begins)
    seen = live(history.shown_near(begins, ends), begins, ends)
    known = settled(seen, history.told_near(begins, ends))
    live_all = _counted(history, seen)
    settled_all = _counted(history, known)
    service = service_spans(day, hours)
    lost = inside(settled_all, service)
    return DayUptime(
        day=day,
        live_service=tally(inside(live_all, service)),
        settled_service=tally(lost),
        live_all=tally(live_all),
        settled_all=tally(settled_all),
        causes=_causes(lost),
        outages=tuple(outages(settled_all)),
        may_settle=_may_settle(settled_all, history.alive_at),
    )


def _counted(history: History, stretches: Sequence[Stretch]) -> list[Stretch]:
    return outside(in_maintenance(stretches, history.maintenance), history.away)


def _causes(stretches: Iterable[Stretch]) -> Mapping[str, int]:
    sums: Counter[str] = Counter()
    for one in stretches:
        if one.state not in (UptimeState.READY, UptimeState.MAINT):
            sums[f"{one.state.value}:{one.cause}"] += _length_s(one)
    return {key: seconds for key, seconds in sorted(sums.items()) if seconds}


def _may_settle(known: Sequence[Stretch], alive_at: datetime | None) -> bool:
    return alive_at is not None and any(
        one.state is UptimeState.UNKNOWN and one.until_at <= alive_at for one in known
    )
