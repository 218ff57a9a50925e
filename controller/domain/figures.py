"""The official figures of a station over some days, as sums that add up to districts and years.

Every share is a numerator and a denominator; a district's is the sum of its stations', never the
mean of their percentages.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.domain.availability import Outage, Tally, UptimeState, joined
from controller.domain.delivery import Delivered, added
from controller.domain.effective import Bar, Measured, Share, Short, shortfalls

NOTHING = Tally()
NOT_OWED = Delivered()


@dataclass(frozen=True, slots=True)
class Sums:
    """What was counted over a span: one station's days, or those of many."""

    live: Tally = NOTHING
    """Service time as the centre saw it: a silence counts as down."""
    settled: Tally = NOTHING
    """Service time after the stations' own journals came."""
    all_live: Tally = NOTHING
    all_settled: Tally = NOTHING
    """All 24 hours: what an emergency would have found."""
    delivered: Delivered = NOT_OWED
    causes: Mapping[str, int] = field(default_factory=dict)
    """Settled seconds of service time lost, by `state:cause`."""
    heard_checks: int = 0
    bulletin_plays: Mapping[str, int] = field(default_factory=dict)
    """How often each bulletin sounded."""
    days: int = 0
    """Days of stations that were added up."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.live + other.live,
            self.settled + other.settled,
            self.all_live + other.all_live,
            self.all_settled + other.all_settled,
            self.delivered + other.delivered,
            added(self.causes, other.causes),
            self.heard_checks + other.heard_checks,
            added(self.bulletin_plays, other.bulletin_plays),
            self.days + other.days,
        )

    @property
    def availability(self) -> Share:
        """Settled ready seconds of service time, less declared maintenance."""
        return Share(self.settled.ready_s, self.settled.counted_s)

    @property
    def live_availability(self) -> Share:
        """The same as it was seen at the time."""
        return Share(self.live.ready_s, self.live.counted_s)

    @property
    def availability_at_most(self) -> Share:
        """The upper end of what is possible: every unexplained silence taken for ready."""
        return Share(self.settled.ready_s + self.settled.unknown_s, self.settled.counted_s)

    @property
    def reach(self) -> Share:
        """Seconds of all 24 hours with a fresh sign of life."""
        return Share(self.all_live.ready_s + self.all_live.degraded_s, self.all_live.counted_s)

    @property
    def round_the_clock(self) -> Share:
        """Settled ready seconds of all 24 hours."""
        return Share(self.all_settled.ready_s, self.all_settled.counted_s)

    @property
    def delivery(self) -> Share:
        """Milliseconds that sounded of those that were owed."""
        return Share(self.delivered.played_ms, self.delivered.planned_ms)

    @property
    def punctuality(self) -> Share:
        """Starts within 5 s of those that were owed."""
        return Share(self.delivered.punctual, self.delivered.due)

    @property
    def verified(self) -> Share:
        """Airings somebody heard of those that sounded."""
        return Share(self.delivered.verified, self.delivered.plays)

    @property
    def variety(self) -> Share:
        """Different bulletins of all airings of bulletins: 1 of 1 never repeats."""
        return Share(len(self.bulletin_plays), sum(self.bulletin_plays.values()))


def total(sums: Iterable[Sums]) -> Sums:
    """All of them as one."""
    found = Sums()
    for one in sums:
        found += one
    return found


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """One station in one month (or in what has passed of it)."""

    sums: Sums
    outages: tuple[Outage, ...]

    @property
    def longest_outage(self) -> timedelta:
        """Of all 24 hours; nothing when there was none."""
        return max((one.length for one in self.outages), default=timedelta())

    def shortfalls(self, bar: Bar) -> tuple[Short, ...]:
        """Why the station was not effective; empty: it was."""
        measured = Measured(
            self.sums.availability,
            self.sums.delivery,
            self.longest_outage,
            self.sums.heard_checks,
        )
        return shortfalls(measured, bar)


def repair_times(outages: Sequence[Outage], ends_at: datetime) -> list[timedelta]:
    """How long each outage lasted that ended before this instant, shortest first."""
    return sorted(one.length for one in outages if one.until_at < ends_at)


def quantile(ordered: Sequence[timedelta], share: float) -> timedelta | None:
    """The nearest-rank quantile of lengths in order; None of nothing."""
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[min(int(rank), len(ordered)) - 1]


# --- as they are kept when a month is closed ------------------------------------------------------

_TALLIES = ("live", "settled", "all_live", "all_settled")


def to_json(month: MonthFigures) -> dict[str, Any]:
    """The figures as JSON; `from_json` gives the same back."""
    sums, sent = month.sums, month.sums.delivered
    return {
        **{
            way: [getattr(getattr(sums, way), f"{state.value}_s") for state in UptimeState]
            for way in _TALLIES
        },
        "delivered": [
            sent.due,
            sent.planned_ms,
            sent.played_ms,
            sent.punctual,
            sent.plays,
            sent.verified,
        ],
        "outcomes": dict(sent.outcomes),
        "heard_ms": dict(sent.heard_ms),
        "causes": dict(sums.causes),
        "heard_checks": sums.heard_checks,
        "bulletin_plays": dict(sums.bulletin_plays),
        "days": sums.days,
        "outages": [
            [
                int(one.from_at.timestamp()),
                int(one.until_at.timestamp()),
                one.state.value,
                one.cause,
            ]
            for one in month.outages
        ],
    }


def from_json(kept: Mapping[str, Any]) -> MonthFigures:
    """The figures that were kept."""
    delivered = _delivered(kept["delivered"], kept["outcomes"], kept["heard_ms"])
    live, settled, all_live, all_settled = (Tally(*kept[way]) for way in _TALLIES)
    return MonthFigures(
        Sums(
            live,
            settled,
            all_live,
            all_settled,
            delivered,
            kept["causes"],
            kept["heard_checks"],
            kept["bulletin_plays"],
            kept["days"],
        ),
        outages_of(kept["outages"]),
    )


def _delivered(
    numbers: Sequence[int], outcomes: Mapping[str, int], heard_ms: Mapping[str, int]
) -> Delivered:
    due, planned_ms, played_ms, punctual, plays, verified = numbers
    return Delivered(due, planned_ms, played_ms, punctual, plays, verified, outcomes, heard_ms)


def outages_of(kept: Iterable[Sequence[Any]]) -> tuple[Outage, ...]:
    """Outages from the lists a row keeps, those that midnight cut as one again."""
    return tuple(
        joined(
            Outage(
                datetime.fromtimestamp(begins, UTC),
                datetime.fromtimestamp(ends, UTC),
                UptimeState(state),
                cause,
            )
            for begins, ends, state, cause in kept
        )
    )


class Adding:
    """Adds up days of one station, in order of time; much faster than adding `Sums`."""

    def __init__(self) -> None:
        self._numbers: list[Sequence[int]] = []
        self._texts: list[Sequence[str]] = []

    def add(self, numbers: Sequence[int], texts: Sequence[str]) -> None:
        """One day: its `NUMBERS`, and its `COUNTS` and outages as the JSON they are kept in."""
        self._numbers.append(numbers)
        self._texts.append(texts)

    def month(self) -> MonthFigures:
        """What was added."""
        sums = [sum(column) for column in zip(*self._numbers, strict=True)] or [0] * len(NUMBERS)
        numbers = dict(zip(NUMBERS, sums, strict=True))
        texts = list(zip(*self._texts, strict=True)) or [()] * len(TEXTS)
        kept = dict(zip(TEXTS, map(_all_of, texts), strict=True))
        counts = {name: _counted(kept[name]) for name in COUNTS}
        live, settled, all_live, all_settled = (
            Tally(*(numbers[f"{way}_{state.value}_s"] for state in UptimeState)) for way in _TALLIES
        )
        return MonthFigures(
            Sums(
                live,
                settled,
                all_live,
                all_settled,
                _delivered(
                    [numbers[name] for name in DELIVERED], counts["outcomes"], counts["heard_ms"]
                ),
                counts["causes"],
                numbers["heard_checks"],
                counts["bulletins"],
                len(self._numbers),
            ),
            outages_of(one for day in kept["outages"] for one in day),
        )


def _all_of(texts: Iterable[str]) -> list[Any]:
    """Many pieces of JSON read at one go, which costs a fraction of reading each."""
    found: list[Any] = json.loads(f"[{','.join(texts)}]")
    return found


def _counted(days: Iterable[Mapping[str, int] | Sequence[str]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for day in filter(None, days):
        counts.update(day)
    return dict(sorted(counts.items()))


DELIVERED = ("due", "planned_ms", "played_ms", "punctual", "plays", "verified")
NUMBERS = (
    *(f"{way}_{state.value}_s" for way in _TALLIES for state in UptimeState),
    *DELIVERED,
    "heard_checks",
)
"""The whole numbers of a day's row."""
COUNTS = ("causes", "outcomes", "heard_ms", "bulletins")
TEXTS = (*COUNTS, "outages")
"""What a day's row keeps as JSON: how much by name, and what outages there were."""
