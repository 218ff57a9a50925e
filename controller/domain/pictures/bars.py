"""Bars: losses by cause over time, places beside each other, times until something sounded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.domain.pictures.svg import (
    SERIES,
    Look,
    Paint,
    Pen,
    drawing,
    shortened,
    ticks,
    wide,
)

_HATCHES = ("", "up", "dots", "down", "level", "upright")
"""Pattern of each series, so that grey copies can be read."""
_WIDEST = 64.0
"""Of a column of times: four of them are columns still, and no walls."""

Number = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Words:
    """Name, description for those who do not see it, and what the axis counts."""

    name: str
    told: str
    axis: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One month, week or bin: what stands under it, and a part for each series."""

    label: str
    parts: tuple[float, ...]


def stacked_bars(
    columns: Sequence[Column],
    series: Sequence[str],
    words: Words,
    number: Number,
    *,
    width: float = 640,
    look: Look = Look.PAGE,
    key: str = "stack",
) -> str:
    """Columns of parts on each other, six series at most; `number` writes a value of the axis."""
    pen, size, high = Pen(look, key), 10.0 if width < 500 else 11.0, 150.0
    marks = ticks(max((sum(one.parts) for one in columns), default=0.0))
    left = max(wide(number(mark), size) for mark in marks) + 8
    top = size + 10 if words.axis else 6.0
    bottom = top + high
    parts = [pen.text((0, size), words.axis, size)] if words.axis else []
    parts += _grid(pen, [(mark, number(mark)) for mark in marks], (left, width, top, bottom), size)
    step = (width - left - 2) / max(len(columns), 1)
    every = _every([one.label for one in columns], size, step)
    for index, one in enumerate(columns):
        at, down = left + index * step + step * 0.16, bottom
        for order, part in enumerate(one.parts):
            deep = part / marks[-1] * high
            if deep <= 0:
                continue
            down -= deep
            title = f"{one.label} · {series[order]}: {number(part)}"
            box = (at, down, step * 0.68, deep)
            parts.append(pen.rect(box, SERIES[order], _HATCHES[order], title))
        if index % every == 0:
            parts.append(
                pen.text((at + step * 0.34, bottom + size + 4), one.label, size, anchor="middle")
            )
    parts.append(pen.path(f"M{left:.2f} {bottom:.2f}H{width:.2f}", Paint.AXIS))
    legend, deep = _legend(pen, series, bottom + size + 14, width, size)
    return drawing(pen, (width, bottom + size + 14 + deep), words.name, words.told, parts + legend)


@dataclass(frozen=True, slots=True)
class Bar:
    """One place: its share of 100, None where there is none, and the same in words."""

    name: str
    percent: float | None
    words: str


def threshold_bars(
    bars: Sequence[Bar],
    limit: tuple[float, str],
    words: Words,
    number: Number,
    *,
    width: float = 640,
    look: Look = Look.PAGE,
    key: str = "bars",
) -> str:
    """Lying bars of shares, and the line they are to reach: (percent, what it is called).

    The axis begins where the least of them can still be told apart, and says so at both ends.
    """
    pen, size, pitch = Pen(look, key), 10.0 if width < 500 else 11.0, 22.0
    first = axis_from([one.percent for one in bars if one.percent is not None], limit[0])
    names = min(max((wide(one.name, size) for one in bars), default=0) + 14, width * 0.38)
    tail = max((wide(one.words, size) for one in bars), default=0) + 8
    left, right, top = names, max(width - tail, names + 40), size + 12

    def at(percent: float) -> float:
        return left + (max(percent, first) - first) / (100 - first) * (right - left)

    parts: list[str] = []
    for index, one in enumerate(bars):
        down = top + index * pitch
        parts.append(pen.text((0, down + 14), shortened(one.name, size, names - 6), size))
        if one.percent is not None and at(one.percent) > left:
            is_short = one.percent < limit[0]
            box = (left, down + 3, max(at(one.percent) - left, 1.0), pitch - 7)
            paint, hatch = (Paint.SHORT, "up") if is_short else (Paint.BAR, "")
            parts.append(pen.rect(box, paint, hatch, f"{one.name}: {one.words}"))
        parts.append(pen.text((right + 8, down + 14), one.words, size))
    bottom = top + len(bars) * pitch
    line = at(limit[0])
    parts.append(pen.path(f"M{left:.2f} {top - 2:.2f}V{bottom:.2f}H{right:.2f}", Paint.AXIS))
    parts.append(pen.dashed(f"M{line:.2f} {top - 4:.2f}V{bottom + 3:.2f}", Paint.LIMIT))
    parts.append(pen.text((line, top - 8), limit[1], size, anchor="end"))
    parts.append(pen.text((left, bottom + size + 3), f"{number(first)} %", size, anchor="middle"))
    parts.append(pen.text((right, bottom + size + 3), f"{number(100)} %", size, anchor="middle"))
    return drawing(pen, (width, bottom + size + 9), words.name, words.told, parts)


def axis_from(percents: Sequence[float], limit: float) -> float:
    """Where an axis of shares begins: the highest round number below all of them."""
    least = min([*percents, limit])
    return next((float(one) for one in (95, 90, 80, 50) if least - (100 - one) * 0.1 >= one), 0.0)


def histogram(
    columns: Sequence[tuple[str, int, bool]],
    words: Words,
    number: Number,
    *,
    width: float = 640,
    look: Look = Look.PAGE,
    key: str = "times",
) -> str:
    """How many fell into each bin: (label, how many, whether it is in time), in order."""
    pen, size, high = Pen(look, key), 10.0 if width < 500 else 11.0, 110.0
    most = max((count for _label, count, _ok in columns), default=0)
    top, left = size + 12, 0.0
    bottom, step = top + high, width / max(len(columns), 1)
    parts = []
    broad = min(step * 0.72, _WIDEST)
    for index, (label, count, is_in_time) in enumerate(columns):
        deep = count / most * (high - size) if most else 0.0
        middle = left + (index + 0.5) * step
        paint, hatch = (Paint.BAR, "") if is_in_time else (Paint.SHORT, "up")
        if count:
            box = (middle - broad / 2, bottom - deep, broad, deep)
            parts.append(pen.rect(box, paint, hatch, f"{label}: {number(count)}"))
        parts.append(
            pen.text(
                (middle, bottom - deep - 4), number(count), size, anchor="middle", is_strong=True
            )
        )
        shown = shortened(label, size, step - 4)
        parts.append(pen.text((middle, bottom + size + 4), shown, size, anchor="middle"))
    parts.append(pen.path(f"M0 {bottom:.2f}H{width:.2f}", Paint.AXIS))
    deep = size + 10
    if words.axis:
        parts.append(
            pen.text((width / 2, bottom + 2 * size + 9), words.axis, size, anchor="middle")
        )
        deep += size + 5
    return drawing(pen, (width, bottom + deep), words.name, words.told, parts)


def _grid(
    pen: Pen,
    marks: Sequence[tuple[float, str]],
    frame: tuple[float, float, float, float],
    size: float,
) -> list[str]:
    left, right, top, bottom = frame
    found = []
    for mark, word in marks:
        down = bottom - mark / marks[-1][0] * (bottom - top)
        found.append(pen.path(f"M{left:.2f} {down:.2f}H{right:.2f}", Paint.GRID))
        found.append(pen.text((left - 5, down + size / 3), word, size, anchor="end"))
    return found


def _every(labels: Sequence[str], size: float, step: float) -> int:
    """How many columns share one label, so that labels do not meet."""
    widest = max((wide(label, size) for label in labels), default=0.0) + 4
    return max(int(-(-widest // step)), 1)


def _legend(
    pen: Pen, series: Sequence[str], top: float, width: float, size: float
) -> tuple[list[str], float]:
    parts, at, line = [], 0.0, 0
    for order, word in enumerate(series):
        room = 18 + wide(word, size) + 12
        if at and at + room > width:
            at, line = 0.0, line + 1
        down = top + line * 18
        parts.append(pen.rect((at + 0.5, down, 12, 12), SERIES[order], _HATCHES[order]))
        parts.append(pen.text((at + 18, down + 10), word, size))
        at += room
    return parts, (line + 1) * 18 if series else 0.0
