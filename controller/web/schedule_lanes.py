"""The picture beside a clash: one line per station, what sounds there, and where it meets ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from controller.domain.schedule import Schedule, local_date
from controller.services.schedule_check import station_ids
from controller.services.schedule_findings import Met
from controller.services.schedules import Judged
from controller.web import formats
from controller.web.schedule_words import LANES

MOST_STATIONS = 10
NAME_WIDTH, WIDTH, LINE, TOP = 100, 820, 24, 24
MARGIN = timedelta(minutes=15)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Box:
    """One slot at one station, in units of the drawing."""

    css: str
    x: float
    y: int
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class Lanes:
    """The whole drawing."""

    on: date
    names: tuple[tuple[str, int], ...]
    ticks: tuple[tuple[float, str], ...]
    boxes: tuple[Box, ...]
    height: int
    says: str


@dataclass(frozen=True, slots=True)
class _Scale:
    start: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        share = (min(max(at, self.start), self.end) - self.start) / (self.end - self.start)
        return round(NAME_WIDTH + share * (WIDTH - NAME_WIDTH), 1)


def lanes(preview: Judged) -> Lanes | None:
    """The first clash of the preview; None when there is none."""
    met = [
        one
        for one in (*preview.judgement.must_fix, *preview.judgement.look_at)
        if isinstance(one, Met)
    ]
    if not met:
        return None
    first = min(met, key=lambda one: one.clash.overlaps[0].from_at)
    return _drawn(preview, first)


def _drawn(preview: Judged, met: Met) -> Lanes:
    overlap = met.clash.overlaps[0]
    ours = _span(preview.rule, overlap.ours_on)
    theirs = _span(met.clash.other, overlap.theirs_on)
    start = _quarter(min(ours[0], theirs[0]) - MARGIN)
    scale = _Scale(start, _quarter(max(ours[1], theirs[1]) + MARGIN + timedelta(minutes=14)))
    shown = met.stations[:MOST_STATIONS]
    boxes: list[Box] = []
    for number, station in enumerate(shown):
        y = TOP + number * LINE
        for rule, title in _others(preview, station.station_id, overlap.ours_on):
            css = LANES[rule.authority.value][0]
            for day in (overlap.ours_on - timedelta(days=1), overlap.ours_on, overlap.theirs_on):
                if rule.airs_on(day):
                    words = title if number == 0 else ""
                    boxes += _box(scale, css, y, _span(rule, day), words, covered=ours)
        boxes += _box(scale, "new", y, ours, preview.title if number == 0 else "")
        boxes += _box(scale, "hit", y, (overlap.from_at, overlap.until_at), "")
    return Lanes(
        on=local_date(overlap.from_at),
        names=tuple(
            (preview.world.tree.places[station.place_id].name, TOP + number * LINE + 13)
            for number, station in enumerate(shown)
        ),
        ticks=tuple(_ticks(scale)),
        boxes=tuple(dict.fromkeys(boxes)),
        height=TOP + len(shown) * LINE,
        says=f"{formats.clock(overlap.from_at)}–{formats.clock(overlap.until_at)}",
    )


def _others(preview: Judged, station_id: str, on: date) -> Iterator[tuple[Schedule, str]]:
    for stored, rule in preview.world.others:
        near = any(rule.airs_on(on + timedelta(days=offset)) for offset in (-1, 0, 1))
        if near and station_id in station_ids(preview.world.tree, stored.target_ids):
            yield rule, stored.content.title


def _span(rule: Schedule, day: date) -> Span:
    starts_at = rule.instant_on(day)
    return starts_at, starts_at + timedelta(milliseconds=rule.duration_ms)


def _box(
    scale: _Scale, css: str, y: int, span: Span, words: str, covered: Span | None = None
) -> Iterator[Box]:
    """One box; its words keep out of the part that another box covers."""
    left, right = scale.x(span[0]), scale.x(span[1])
    if right > left:
        clear = right
        if covered is not None and span[0] < covered[1] and covered[0] < span[1]:
            clear = max(scale.x(covered[0]), left)
        room = int((clear - left) / 7)
        short = words if len(words) <= room else f"{words[: max(room - 1, 0)]}…"
        yield Box(css, left, y, round(right - left, 1), short if room > 3 else "")


def _quarter(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)


def _ticks(scale: _Scale) -> Iterator[tuple[float, str]]:
    step = timedelta(minutes=15)
    while (scale.end - scale.start) / step > 8:
        step *= 2
    at = scale.start
    while at < scale.end:
        yield scale.x(at), formats.clock(at)
        at += step
