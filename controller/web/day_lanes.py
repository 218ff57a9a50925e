"""The picture of a day: a lane for each place, a box for each slot, its words beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from controller.domain.policy import Allowed
from controller.domain.schedule import instant
from controller.services.day import DayView, Lane, Part
from controller.services.week import Slip
from controller.web import formats
from controller.web.schedule_words import LANES

NAME_WIDTH, WIDTH = 146, 1230
"""Units the names take (the longest is Phan Rang-Tháp Chàm) and the whole drawing."""

LINE, TOP, GAP = 24, 26, 6
LETTER = 6.6
"""Units a letter takes; wide, so that no word reaches into the next box."""

LEAST_WORDS = 100
"""Room a slot has beside its box; where there is less it moves a line down."""


@dataclass(frozen=True, slots=True)
class Box:
    """One slot in one lane, in units of the drawing."""

    slip: Slip
    css: str
    x: float
    y: int
    width: float
    words: str
    words_x: float
    says: str
    """All of it, for those who point at it or cannot see it."""


@dataclass(frozen=True, slots=True)
class DrawnLane:
    """One lane: where its name stands and its boxes."""

    name: str
    y: int
    line_y: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole drawing."""

    lanes: tuple[DrawnLane, ...]
    ticks: tuple[tuple[float, str], ...]
    shut: tuple[tuple[float, float], ...]
    """Spans outside the hours: left edge and width."""
    height: int
    now_x: float | None
    minutes_per_unit: float


@dataclass(frozen=True, slots=True)
class _Scale:
    start: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        share = (min(max(at, self.start), self.end) - self.start) / (self.end - self.start)
        return round(NAME_WIDTH + share * (WIDTH - NAME_WIDTH), 1)


def drawn(view: DayView, now: datetime, label: Callable[[Part, Lane], str]) -> Drawing:
    """The drawing; `label` says how many stations of a lane a slot airs at."""
    scale = _scale(view)
    lanes, y = [], TOP
    for lane in view.lanes:
        boxes, lines = _boxes(scale, lane, y, label)
        height = lines * LINE + GAP
        lanes.append(DrawnLane(lane.place.name, y + 15, y + height - GAP // 2, boxes))
        y += height
    span = (scale.end - scale.start) / timedelta(minutes=1)
    return Drawing(
        tuple(lanes),
        tuple(_ticks(scale)),
        tuple(_shut(scale, view.allowed)),
        y,
        scale.x(now) if scale.start < now < scale.end else None,
        round(span / (WIDTH - NAME_WIDTH), 5),
    )


def _scale(view: DayView) -> _Scale:
    """From the first hour anything may air or airs to the last, whole hours."""
    midnight = instant(view.on, time(0))
    hours = view.allowed.hours
    opens = [midnight + timedelta(minutes=span.opens_min) for span in hours]
    closes = [midnight + timedelta(minutes=span.closes_min) for span in hours]
    opens += [slip.starts_at for slip in view.slips]
    closes += [slip.ends_at for slip in view.slips]
    hour = timedelta(hours=1)
    first = (min(opens, default=midnight) - midnight) // hour
    last = -((midnight - max(closes, default=midnight + 24 * hour)) // hour)
    return _Scale(midnight + first * hour, midnight + max(last, first + 1) * hour)


def _boxes(
    scale: _Scale, lane: Lane, top: int, label: Callable[[Part, Lane], str]
) -> tuple[tuple[Box, ...], int]:
    """The boxes of a lane, and how many lines they take: what has no room goes a line down."""
    free_from: list[float] = []
    placed: list[tuple[Part, int]] = []
    for part in lane.parts:
        left, right = scale.x(part.slip.starts_at), scale.x(part.slip.ends_at)
        line = next((n for n, free in enumerate(free_from) if left >= free), len(free_from))
        if line == len(free_from):
            free_from.append(0)
        free_from[line] = right + LEAST_WORDS
        placed.append((part, line))
    boxes = []
    for number, (part, line) in enumerate(placed):
        following = [
            scale.x(other.slip.starts_at) for other, on in placed[number + 1 :] if on == line
        ]
        room = min(following, default=WIDTH) - scale.x(part.slip.ends_at) - 8
        boxes.append(_box(scale, part, top + line * LINE, room, label(part, lane)))
    return tuple(boxes), max(len(free_from), 1)


def _box(scale: _Scale, part: Part, y: int, room: float, where: str) -> Box:
    slip = part.slip
    left, right = scale.x(slip.starts_at), scale.x(slip.ends_at)
    words = f"{formats.clock(slip.starts_at)} {slip.title}"
    letters = int(room / LETTER)
    short = words if len(words) <= letters else f"{words[: max(letters - 1, 5)]}…"
    css = LANES[slip.authority][0] + (" off" if slip.is_cancelled else "")
    says = f"{formats.airing_span(slip.starts_at, slip.ends_at)} {slip.title}, {where}"
    return Box(slip, css, left, y, max(round(right - left, 1), 3), short, right + 4, says)


def _ticks(scale: _Scale) -> Iterator[tuple[float, str]]:
    at = scale.start
    while at < scale.end:
        yield scale.x(at), formats.clock(at)
        at += timedelta(hours=1)


def _shut(scale: _Scale, allowed: Allowed) -> Iterator[tuple[float, float]]:
    midnight = formats.local(scale.start).replace(hour=0, minute=0)
    edge = scale.start
    for span in allowed.hours:
        opens = midnight + timedelta(minutes=span.opens_min)
        if opens > edge:
            yield scale.x(edge), round(scale.x(opens) - scale.x(edge), 1)
        edge = midnight + timedelta(minutes=span.closes_min)
    if edge < scale.end:
        yield scale.x(edge), round(scale.x(scale.end) - scale.x(edge), 1)
