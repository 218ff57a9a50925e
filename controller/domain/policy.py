"""When loudspeakers may sound and for how long: hours, dated exceptions, caps, parts of the day.

Only an emergency passes; here it does not exist. Everything is checked again inside the station.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from controller.domain.places import PlaceTree
from controller.domain.schedule import STATION_ZONE, instant, local_date

DAY_MIN = 1_440


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes after local midnight, end exclusive; `closes_min` 1440 is midnight."""

    opens_min: int
    closes_min: int


@dataclass(frozen=True, slots=True)
class OpenException:
    """A dated span in which sound is allowed at a place and below although the hours say no."""

    place_id: str
    from_at: datetime
    until_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class LoudnessBand:
    """Wall time of a day in which nothing but an emergency is louder; may reach over midnight."""

    opens_min: int
    closes_min: int
    ceiling_percent: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """What holds at one station: daily spans in order, and exceptions."""

    hours: tuple[Span, ...]
    exceptions: tuple[OpenException, ...] = ()
    bands: tuple[LoudnessBand, ...] = ()


@dataclass(frozen=True, slots=True)
class HoursBook:
    """Every hours rule and exception of the tree. `default` holds where the root has no rule."""

    default: tuple[Span, ...]
    rules: Mapping[str, tuple[Span, ...]]
    exceptions: tuple[OpenException, ...] = ()
    bands: tuple[LoudnessBand, ...] = ()
    """Those that hold at every place."""
    place_bands: Mapping[str, tuple[LoudnessBand, ...]] = field(default_factory=dict)

    def of_place(self, tree: PlaceTree, place_id: str) -> Allowed:
        """What holds at a place: the spans every rule from the root down to it agrees on.

        Loudness adds up in the same way: of all bands of an hour the quietest holds.
        """
        path = [step.place_id for step in tree.path(place_id)]
        hours = self.rules.get(path[-1], self.default)
        for below in reversed(path[:-1]):
            if below in self.rules:
                hours = common(hours, self.rules[below])
        exceptions = tuple(item for item in self.exceptions if item.place_id in path)
        own = [band for step in reversed(path) for band in self.place_bands.get(step, ())]
        return Allowed(joined(hours), exceptions, (*self.bands, *own))

    def of_station(self, tree: PlaceTree, station_id: str) -> Allowed:
        """What holds at a station."""
        return self.of_place(tree, tree.stations[station_id].place_id)

    def with_place(
        self, place_id: str, hours: tuple[Span, ...], bands: tuple[LoudnessBand, ...]
    ) -> HoursBook:
        """The book if this place had these rules of its own; none of a kind: as above it."""
        rules = {key: own for key, own in self.rules.items() if key != place_id}
        louder = {key: own for key, own in self.place_bands.items() if key != place_id}
        if hours:
            rules[place_id] = joined(hours)
        if bands:
            louder[place_id] = bands
        return replace(self, rules=rules, place_bands=louder)


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same minutes in order, touching spans made one, empty ones dropped."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda item: item.opens_min):
        if span.opens_min >= span.closes_min:
            continue
        if result and span.opens_min <= result[-1].closes_min:
            last = result.pop()
            span = Span(last.opens_min, max(last.closes_min, span.closes_min))
        result.append(span)
    return tuple(result)


def common(first: Iterable[Span], second: Sequence[Span]) -> tuple[Span, ...]:
    """The minutes both allow."""
    return joined(
        Span(max(one.opens_min, two.opens_min), min(one.closes_min, two.closes_min))
        for one in first
        for two in second
    )


def is_open(starts_at: datetime, duration_ms: int, allowed: Allowed) -> bool:
    """Whether the whole span of a slot lies inside the hours and exceptions, also over midnight."""
    reached, end = starts_at, starts_at + timedelta(milliseconds=duration_ms)
    for opens, closes in sorted(_open_spans(starts_at, end, allowed)):
        if opens <= reached < closes:
            reached = closes
        if reached >= end and reached > starts_at:
            return True
    return False


def _open_spans(
    start: datetime, end: datetime, allowed: Allowed
) -> Iterator[tuple[datetime, datetime]]:
    day, last = local_date(start), local_date(end)
    while day <= last:
        midnight = instant(day, time(0))
        for span in allowed.hours:
            yield (
                midnight + timedelta(minutes=span.opens_min),
                midnight + timedelta(minutes=span.closes_min),
            )
        day += timedelta(days=1)
    for exception in allowed.exceptions:
        yield exception.from_at, exception.until_at


def is_within_hours(airs_at: time, duration_ms: int, hours: Sequence[Span]) -> bool:
    """Whether a slot at this wall time is inside the daily spans on any date."""
    anchor = datetime(2026, 1, 1, airs_at.hour, airs_at.minute, airs_at.second, tzinfo=STATION_ZONE)
    return is_open(anchor, duration_ms, Allowed(tuple(hours)))


def spelled(hours: Iterable[Span]) -> str:
    """The spans as people read them: `05:00–06:30, 17:00–21:00`."""
    return ", ".join(f"{clock(span.opens_min)}–{clock(span.closes_min)}" for span in hours)


def clock(minute: int) -> str:
    """A minute after midnight as `HH:MM`; 1440 is `24:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def minute_of(text: str) -> int:
    """The minute after midnight of `HH:MM`, 00:00 to 24:00. ValueError for anything else."""
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isascii() and minute.isascii() and hour.isdigit() and minute.isdigit()):
        raise ValueError(f"not a time of day: {text!r}")
    value = int(hour) * 60 + int(minute)
    if len(minute) != 2 or int(minute) > 59 or value > DAY_MIN:
        raise ValueError(f"not a time of day: {text!r}")
    return value


def bands_of(text: str) -> tuple[LoudnessBand, ...]:
    """`19:00-21:00 60, 12:00-13:30 70` as bands. ValueError for anything else."""
    return tuple(_band_of(part) for part in text.split(",") if part.strip())


def _band_of(text: str) -> LoudnessBand:
    span, _, percent = text.strip().partition(" ")
    opens, dash, closes = span.partition("-")
    if not dash or not percent.strip().isascii() or not percent.strip().isdigit():
        raise ValueError(f"not hours and a percentage: {text.strip()!r}")
    if int(percent) > 100 or minute_of(opens) == minute_of(closes):
        raise ValueError(f"not hours and a percentage: {text.strip()!r}")
    return LoudnessBand(minute_of(opens), minute_of(closes), int(percent))


@dataclass(frozen=True, slots=True)
class Daypart:
    """A named part of the day; the lengths of its slots are added up against the cap."""

    key: str
    span: Span


DAYPARTS = (
    Daypart("night", Span(0, 300)),
    Daypart("morning", Span(300, 600)),
    Daypart("noon", Span(600, 840)),
    Daypart("afternoon", Span(840, 1_140)),
    Daypart("evening", Span(1_140, 1_260)),
    Daypart("late", Span(1_260, DAY_MIN)),
)
"""The bands of the week view. They follow the customary sessions 05:00-06:30, 10:45-11:30 and
17:00-18:30 of commune radio, widened until they cover the day."""


def daypart_of(minute: int) -> Daypart:
    """The part of the day a minute after midnight belongs to."""
    return next(part for part in DAYPARTS if part.span.opens_min <= minute < part.span.closes_min)
