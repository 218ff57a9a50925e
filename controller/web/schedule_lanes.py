"""The picture of a clash: a line for all stations alike, what sounds there, where it meets ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from controller.domain.schedule import Schedule, local_date
from controller.services.schedule_check import station_ids
from controller.services.schedule_findings import Met
from controller.services.schedules import Judged
from controller.web import formats
from controller.web.counting import counted
from controller.web.schedule_words import LANES

MOST_LINES = 10
LINE, TOP = 24, 24
MARGIN = timedelta(minutes=15)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Sheet:
    """How wide a drawing is, in pixels, and how many hours it names at most."""

    kind: str
    width: int
    name_width: int
    most_ticks: int


SHEETS = (Sheet("wide", 820, 100, 8), Sheet("narrow", 310, 82, 4))
"""Beside the form on a desk, and on a phone of 360 px, where the first would be cut off."""


@dataclass(frozen=True, slots=True)
class Box:
    """One slot on one line, in units of the drawing."""

    css: str
    x: float
    y: int
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class Lanes:
    """The whole drawing; a name stands for all stations where the same happens."""

    kind: str
    width: int
    on: date
    names: tuple[tuple[str, int], ...]
    ticks: tuple[tuple[float, str], ...]
    boxes: tuple[Box, ...]
    height: int
    says: str


@dataclass(frozen=True, slots=True)
class _Scale:
    sheet: Sheet
    start: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        share = (min(max(at, self.start), self.end) - self.start) / (self.end - self.start)
        return round(self.sheet.name_width + share * (self.sheet.width - self.sheet.name_width), 1)


def lanes(preview: Judged) -> tuple[Lanes, ...]:
    """The first clash of the preview, for a desk and for a phone; nothing when there is none."""
    met = [
        one
        for one in (*preview.judgement.must_fix, *preview.judgement.look_at)
        if isinstance(one, Met)
    ]
    if not met:
        return ()
    first = min(met, key=lambda one: one.clash.overlaps[0].from_at)
    return tuple(_drawn(preview, first, sheet) for sheet in SHEETS)


def _drawn(preview: Judged, met: Met, sheet: Sheet) -> Lanes:
    overlap = met.clash.overlaps[0]
    ours = _span(preview.rule, overlap.ours_on)
    theirs = _span(met.clash.other, overlap.theirs_on)
    start = _quarter(min(ours[0], theirs[0]) - MARGIN)
    scale = _Scale(sheet, start, _quarter(max(ours[1], theirs[1]) + MARGIN + timedelta(minutes=14)))
    others = tuple(_others(preview, overlap.ours_on))
    days = (overlap.ours_on - timedelta(days=1), overlap.ours_on, overlap.theirs_on)
    alike: dict[tuple[Box, ...], list[str]] = {}
    for station in met.stations:
        boxes: list[Box] = []
        for rule, title, there in others:
            if station.station_id in there:
                css = LANES[rule.authority.value][0]
                for day in days:
                    if rule.airs_on(day):
                        boxes += _box(scale, css, _span(rule, day), title, covered=ours)
        boxes += _box(scale, "new", ours, preview.title)
        boxes += _box(scale, "hit", (overlap.from_at, overlap.until_at), "")
        name = preview.world.tree.places[station.place_id].name
        alike.setdefault(tuple(dict.fromkeys(boxes)), []).append(name)
    lines = list(alike.items())[:MOST_LINES]
    return Lanes(
        kind=sheet.kind,
        width=sheet.width,
        on=local_date(overlap.from_at),
        names=tuple(
            (
                names[0] if len(names) == 1 else counted("%(n)s trạm", len(names)),
                TOP + number * LINE + 13,
            )
            for number, (_boxes, names) in enumerate(lines)
        ),
        ticks=tuple(_ticks(scale)),
        boxes=tuple(
            replace(box, y=TOP + number * LINE, words=box.words if number == 0 else "")
            for number, (boxes_, _names) in enumerate(lines)
            for box in boxes_
        ),
        height=TOP + len(lines) * LINE,
        says=f"{formats.clock(overlap.from_at)}–{formats.clock(overlap.until_at)}",
    )


def _others(preview: Judged, on: date) -> Iterator[tuple[Schedule, str, frozenset[str]]]:
    for stored, rule in preview.world.others:
        if any(rule.airs_on(on + timedelta(days=offset)) for offset in (-1, 0, 1)):
            yield rule, stored.content.title, station_ids(preview.world.tree, stored.target_ids)


def _span(rule: Schedule, day: date) -> Span:
    starts_at = rule.instant_on(day)
    return starts_at, starts_at + timedelta(milliseconds=rule.duration_ms)


def _box(
    scale: _Scale, css: str, span: Span, words: str, covered: Span | None = None
) -> Iterator[Box]:
    """One box of the first line; its words keep out of the part that another box covers."""
    left, right = scale.x(span[0]), scale.x(span[1])
    if right > left:
        clear = right
        if covered is not None and span[0] < covered[1] and covered[0] < span[1]:
            clear = max(scale.x(covered[0]), left)
        room = int((clear - left) / 7)
        short = words if len(words) <= room else f"{words[: max(room - 1, 0)]}…"
        yield Box(css, left, TOP, round(right - left, 1), short if room > 3 else "")


def _quarter(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)


def _ticks(scale: _Scale) -> Iterator[tuple[float, str]]:
    step = timedelta(minutes=15)
    while (scale.end - scale.start) / step > scale.sheet.most_ticks:
        step *= 2
    at = scale.start
    while at < scale.end:
        yield scale.x(at), formats.clock(at)
        at += step
