"""A year of a station at a glance: one cell a day, by what became of the day."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from controller.domain.availability import Tally
from controller.domain.pictures.svg import Look, Paint, Pen, drawing, wide


class DayState(StrEnum):
    """What became of a day's service time, settled."""

    WHOLE = "whole"
    PARTLY = "partly"
    OUT = "out"
    UNKNOWN = "unknown"
    """Not ready for as long as is known, and more than half of it not known."""
    MAINT = "maint"
    AWAY = "away"


def day_state(settled: Tally) -> DayState:
    """What a day's tally amounts to."""
    if not settled.total_s:
        return DayState.AWAY
    if not settled.counted_s:
        return DayState.MAINT
    if settled.ready_s == settled.counted_s:
        return DayState.WHOLE
    if settled.ready_s:
        return DayState.PARTLY
    return DayState.UNKNOWN if 2 * settled.unknown_s > settled.counted_s else DayState.OUT


@dataclass(frozen=True, slots=True)
class CalendarWords:
    """What stands in it: `name`, `told` for those who do not see it, words of states, months."""

    name: str
    told: str
    states: Mapping[DayState, str]
    months: Mapping[int, str]
    """By number, short: "Th 1"."""


_SIGNS: Mapping[DayState, tuple[Paint, str]] = {
    DayState.WHOLE: (Paint.WHOLE, ""),
    DayState.PARTLY: (Paint.PARTLY, ""),
    DayState.OUT: (Paint.OUT, ""),
    DayState.UNKNOWN: (Paint.UNKNOWN, "up"),
    DayState.MAINT: (Paint.MAINT, "level"),
    DayState.AWAY: (Paint.AWAY, ""),
}
"""Colour and pattern; what is partly and what is out has a stroke over it besides."""


def year_calendar(
    days: Mapping[date, DayState],
    span: tuple[date, date],
    words: CalendarWords,
    *,
    width: float = 640,
    look: Look = Look.PAGE,
    key: str = "year",
) -> str:
    """A row for each month from the first date to the last, a column for each day of a month.

    Dates outside the span and those nothing is known of (yet to come) have no cell.
    """
    pen = Pen(look, key)
    size = 10.0 if width < 500 else 11.0
    rows = _months(*span)
    labels = [_label(rows, number, words) for number in range(len(rows))]
    left = max(wide(label, size) for label in labels) + 4
    cell = (width - left - 1) / 31
    pitch = max(cell, size + 2)  # names of months stand clear of each other on a phone, too
    head = size + 5
    longest = max(monthrange(*row)[1] for row in rows)
    parts = [
        pen.text((left + (day - 0.5) * cell, head - 4), str(day), size - 1, anchor="middle")
        for day in (1, 5, 10, 15, 20, 25, longest)
    ]
    for number, label in enumerate(labels):
        middle = head + number * pitch + 0.5 * cell
        parts.append(pen.text((0, middle + size / 3), label, size))
    for day, state in sorted(days.items()):
        if span[0] <= day <= span[1]:
            row = rows.index((day.year, day.month))
            box = (left + (day.day - 1) * cell, head + row * pitch, cell - 1, cell - 1)
            parts.append(day_cell(pen, box, state, f"{day:%d/%m}: {words.states[state]}"))
    bottom = head + len(rows) * pitch
    legend, deep = _legend(pen, words, bottom + 6, width, size)
    return drawing(pen, (width, bottom + 6 + deep), words.name, words.told, [*parts, *legend])


def day_cell(
    pen: Pen, box: tuple[float, float, float, float], state: DayState, title: str = ""
) -> str:
    """One cell: colour, and a sign for those who do not see it."""
    left, top, width, height = box
    paint, hatch = _SIGNS[state]
    found = pen.rect(box, paint, hatch, title)
    right, bottom = left + width, top + height
    if state is DayState.PARTLY:
        found += pen.path(f"M{left:.2f} {bottom:.2f}L{right:.2f} {top:.2f}", Paint.SIGN, 1.2)
    if state is DayState.OUT:
        inset = width * 0.24
        a, b, c, d = left + inset, right - inset, top + inset, bottom - inset
        cross = f"M{a:.2f} {c:.2f}L{b:.2f} {d:.2f}M{a:.2f} {d:.2f}L{b:.2f} {c:.2f}"
        found += pen.path(cross, Paint.ON_DARK, 1.4)
    return found


def _months(first: date, last: date) -> list[tuple[int, int]]:
    found, day = [(first.year, first.month)], first
    while day <= last:
        if (day.year, day.month) != found[-1]:
            found.append((day.year, day.month))
        day += timedelta(days=1)
    return found


def _label(rows: list[tuple[int, int]], number: int, words: CalendarWords) -> str:
    """The month of a row; of several years the first row and each January say theirs."""
    year, month = rows[number]
    several = rows[0][0] != rows[-1][0]
    is_marked = several and (number == 0 or month == 1)
    return words.months[month] + (f"/{year % 100:02d}" if is_marked else "")


def _legend(
    pen: Pen, words: CalendarWords, top: float, width: float, size: float
) -> tuple[list[str], float]:
    parts, at, line, side = [], 0.0, 0, size + 2
    for state, word in words.states.items():
        room = side + 5 + wide(word, size) + 12
        if at and at + room > width:
            at, line = 0.0, line + 1
        down = top + line * (side + 6)
        parts.append(day_cell(pen, (at + 0.5, down, side, side), state))
        parts.append(pen.text((at + side + 5, down + size), word, size))
        at += room
    return parts, (line + 1) * (side + 6)
