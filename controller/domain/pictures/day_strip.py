"""The 24 hours of a station's day: its states as a band, service time below, airings above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.domain.availability import UptimeState
from controller.domain.pictures.svg import Look, Paint, Pen, drawing, wide

DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Part:
    """A span of one state, in minutes after local midnight."""

    from_min: float
    until_min: float
    state: UptimeState


@dataclass(frozen=True, slots=True)
class Mark:
    """A slot: when it was planned, how long, whether anything of it sounded."""

    from_min: float
    until_min: float
    was_heard: bool
    words: str


@dataclass(frozen=True, slots=True)
class StripWords:
    """Name and description, the words of states, and what the two other lines are."""

    name: str
    told: str
    states: Mapping[UptimeState, str]
    service: str
    airings: str


_PAINTS: Mapping[UptimeState, tuple[Paint, str]] = {
    UptimeState.READY: (Paint.WHOLE, ""),
    UptimeState.DEGRADED: (Paint.PARTLY, "down"),
    UptimeState.DOWN: (Paint.OUT, ""),
    UptimeState.UNKNOWN: (Paint.UNKNOWN, "up"),
    UptimeState.MAINT: (Paint.MAINT, "level"),
}


def day_strip(
    parts: Sequence[Part],
    marks: Sequence[Mark],
    service: Sequence[tuple[float, float]],
    words: StripWords,
    *,
    width: float = 640,
    look: Look = Look.PAGE,
    key: str = "day",
) -> str:
    """The band; minutes that no part covers (not in service, or yet to come) stay empty."""
    pen, size = Pen(look, key), 10.0 if width < 500 else 11.0
    per_min = (width - 2) / DAY_MIN

    def box(begins: float, ends: float, top: float, height: float) -> tuple[float, ...]:
        return 1 + begins * per_min, top, max((ends - begins) * per_min, 1.0), height

    drawn = [pen.rect(_four(box(0, DAY_MIN, 16, 24)), Paint.AWAY)]
    for mark in marks:
        paint = Paint.BAR if mark.was_heard else Paint.SHORT
        drawn.append(
            pen.rect(_four(box(mark.from_min, mark.until_min, 2, 11)), paint, title=mark.words)
        )
        if not mark.was_heard:
            middle = 1 + (mark.from_min + mark.until_min) / 2 * per_min
            cross = f"M{middle - 3:.2f} 4.5l6 6m0 -6l-6 6"
            drawn.append(pen.path(cross, Paint.SIGN, 1.4))
    for part in parts:
        paint, hatch = _PAINTS[part.state]
        title = f"{_clock(part.from_min)}–{_clock(part.until_min)}: {words.states[part.state]}"
        drawn.append(
            pen.rect(_four(box(part.from_min, part.until_min, 16, 24)), paint, hatch, title)
        )
    drawn += [
        pen.rect(_four(box(begins, ends, 42, 3)), Paint.BAR, title=words.service)
        for begins, ends in service
    ]
    every = 3 if width >= 500 else 6
    for hour in range(0, 25, every):
        right = 1 + hour * 60 * per_min
        anchor = "start" if hour == 0 else "end" if hour == 24 else "middle"
        drawn.append(pen.path(f"M{right:.2f} 45v4", Paint.AXIS))
        drawn.append(pen.text((right, 60), f"{hour:02d}:00", size, anchor=anchor))
    shown = [state for state in UptimeState if any(part.state is state for part in parts)]
    legend, deep = _legend(pen, words, shown, width, size)
    return drawing(pen, (width, 68 + deep), words.name, words.told, [*drawn, *legend])


def _legend(
    pen: Pen, words: StripWords, shown: Sequence[UptimeState], width: float, size: float
) -> tuple[list[str], float]:
    keys = [(*_PAINTS[state], words.states[state]) for state in shown]
    keys += [(Paint.BAR, "", words.airings)]
    found, at, line = [], 0.0, 0
    for paint, hatch, word in keys:
        room = 18 + wide(word, size) + 12
        if at and at + room > width:
            at, line = 0.0, line + 1
        down = 68 + line * 18
        found.append(pen.rect((at + 0.5, down, 12, 12), paint, hatch))
        found.append(pen.text((at + 18, down + 10), word, size))
        at += room
    return found, (line + 1) * 18


def _four(box: tuple[float, ...]) -> tuple[float, float, float, float]:
    left, top, width, height = box
    return left, top, width, height


def _clock(minute: float) -> str:
    whole = round(minute)
    return f"{whole // 60:02d}:{whole % 60:02d}"
