"""The 24 hours of a station's day: its states as a band, service time below, airings above."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from controller.domain.availability import UptimeState
from controller.domain.pictures.svg import Look, Paint, Pen, drawing, num, wide

DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Part:
    """A span of one state, in minutes after local midnight."""

    from_min: float
    until_min: float
    state: UptimeState


@dataclass(frozen=True, slots=True)
class Mark:
    """A slot: when it was planned, how long, whether anything of it sounded (None: unknown)."""

    from_min: float
    until_min: float
    was_heard: bool | None
    words: str


@dataclass(frozen=True, slots=True)
class StripWords:
    """Name and description, and the words of the legend."""

    name: str
    told: str
    states: Mapping[UptimeState, str]
    service: str
    airings: str
    silent: str
    """Of a slot of which nothing sounded."""
    unknown: str
    """Of a slot of which nobody knows yet."""


_TICKS: Mapping[bool | None, Paint] = {
    True: Paint.BAR,
    False: Paint.SHORT,
    None: Paint.UNKNOWN,
}
_Key = tuple[str, Callable[[float, float], list[str]]]
"""A word of the legend, and what draws its sign at (left, top) in a square of 12."""

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
        paint = _TICKS[mark.was_heard]
        drawn.append(
            pen.rect(_four(box(mark.from_min, mark.until_min, 2, 11)), paint, title=mark.words)
        )
        if mark.was_heard is False:
            middle = 1 + (mark.from_min + mark.until_min) / 2 * per_min
            drawn.append(_cross(pen, middle, 7.5))
    for part in parts:
        paint, hatch = _PAINTS[part.state]
        title = f"{_clock(part.from_min)}–{_clock(part.until_min)}: {words.states[part.state]}"
        drawn.append(
            pen.rect(_four(box(part.from_min, part.until_min, 16, 24)), paint, hatch, title)
        )
    drawn += [
        pen.rect(_four(box(begins, ends, 42, 3)), Paint.SERVICE, title=words.service)
        for begins, ends in service
    ]
    every = 3 if width >= 500 else 6
    for hour in range(0, 25, every):
        right = 1 + hour * 60 * per_min
        anchor = "start" if hour == 0 else "end" if hour == 24 else "middle"
        drawn.append(pen.path(f"M{right:.2f} 45v4", Paint.AXIS))
        drawn.append(pen.text((right, 60), f"{hour:02d}:00", size, anchor=anchor))
    keys: list[_Key] = [
        (words.states[state], partial(_square, pen, state))
        for state in UptimeState
        if any(part.state is state for part in parts)
    ]
    keys += _line_keys(pen, marks, service, words)
    legend, deep = _legend(pen, keys, width, size)
    return drawing(pen, (width, 68 + deep), words.name, words.told, [*drawn, *legend])


def _line_keys(
    pen: Pen, marks: Sequence[Mark], service: Sequence[tuple[float, float]], words: StripWords
) -> list[_Key]:
    """Of what stands above and below the band, as far as there is any, as it is drawn there."""
    said = {True: words.airings, False: words.silent, None: words.unknown}
    shown = {mark.was_heard for mark in marks}
    found: list[_Key] = [
        (word, partial(_tick, pen, heard)) for heard, word in said.items() if heard in shown
    ]
    if service:
        found.append((words.service, partial(_service, pen)))
    return found


def _square(pen: Pen, state: UptimeState, left: float, top: float) -> list[str]:
    return [pen.rect((left, top, 12, 12), *_PAINTS[state])]


def _tick(pen: Pen, was_heard: bool | None, left: float, top: float) -> list[str]:
    drawn = [pen.rect((left + 4.5, top + 0.5, 3, 11), _TICKS[was_heard])]
    return [*drawn, _cross(pen, left + 6, top + 6)] if was_heard is False else drawn


def _service(pen: Pen, left: float, top: float) -> list[str]:
    return [pen.rect((left, top + 5, 12, 3), Paint.SERVICE)]


def _cross(pen: Pen, middle: float, down: float) -> str:
    return pen.path(f"M{middle - 3:.2f} {num(down - 3)}l6 6m0 -6l-6 6", Paint.SIGN, 1.4)


def _legend(pen: Pen, keys: Sequence[_Key], width: float, size: float) -> tuple[list[str], float]:
    found, at, line = [], 0.0, 0
    for word, draw in keys:
        room = 18 + wide(word, size) + 12
        if at and at + room > width:
            at, line = 0.0, line + 1
        down = 68 + line * 18
        found += draw(at + 0.5, down)
        found.append(pen.text((at + 18, down + 10), word, size))
        at += room
    return found, (line + 1) * 18


def _four(box: tuple[float, ...]) -> tuple[float, float, float, float]:
    left, top, width, height = box
    return left, top, width, height


def _clock(minute: float) -> str:
    whole = round(minute)
    return f"{whole // 60:02d}:{whole % 60:02d}"
