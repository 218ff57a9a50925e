"""Elements of a drawing: shapes with a meaning, text, and the two ways they get their colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from xml.sax.saxutils import escape

FACE = "Liberation Serif"
"""Of what is printed; a page has its own."""

_LETTER = 0.57
"""Mean width of a letter, parts of the font's size: to keep room, not to set type."""


class Look(StrEnum):
    """Where a drawing is shown."""

    PAGE = "page"
    """Inline on a page: colours come from the style sheet, light or dark."""
    PAPER = "paper"
    """In a printed document: its colours are its own, and fixed."""


class Paint(StrEnum):
    """What a shape means; on a page the class `pic-...` of the style sheet."""

    WHOLE = "whole"
    PARTLY = "partly"
    OUT = "out"
    UNKNOWN = "unknown"
    MAINT = "maint"
    AWAY = "away"
    BAR = "bar"
    SHORT = "short"
    SERVICE = "service"
    LIMIT = "limit"
    GRID = "grid"
    AXIS = "axis"
    SIGN = "sign"
    ON_DARK = "on-dark"
    S0 = "s0"
    S1 = "s1"
    S2 = "s2"
    S3 = "s3"
    S4 = "s4"
    S5 = "s5"


SERIES = (Paint.S0, Paint.S1, Paint.S2, Paint.S3, Paint.S4, Paint.S5)

_PAPER: Mapping[Paint, tuple[str, str]] = {
    Paint.WHOLE: ("#dcefe2", "#5f8f72"),
    Paint.PARTLY: ("#fbe6b4", "#7f5300"),
    Paint.OUT: ("#b01c17", "#b01c17"),
    Paint.UNKNOWN: ("#ffffff", "#5f6771"),
    Paint.MAINT: ("#efe7d3", "#67532f"),
    Paint.AWAY: ("none", "#c4c0b6"),
    Paint.BAR: ("#9db4d3", "#14468c"),
    Paint.SHORT: ("#f0b9b0", "#b01c17"),
    Paint.SERVICE: ("#444444", "#444444"),
    Paint.LIMIT: ("none", "#b01c17"),
    Paint.GRID: ("none", "#d8d8d8"),
    Paint.AXIS: ("none", "#444444"),
    Paint.SIGN: ("none", "#222222"),
    Paint.ON_DARK: ("none", "#ffffff"),
    Paint.S0: ("#b01c17", "#7c120e"),
    Paint.S1: ("#f4c76b", "#7f5300"),
    Paint.S2: ("#c9d6e8", "#14468c"),
    Paint.S3: ("#d9d5ca", "#5f6771"),
    Paint.S4: ("#cfe6d6", "#1b7045"),
    Paint.S5: ("#ffffff", "#444444"),
}
"""Fill and line on paper."""

_HATCHES: Mapping[str, str] = {
    "up": "M-1 7L7 -1M-1 13L13 -1M5 13L13 5",
    "down": "M-1 5L7 13M-1 -1L13 13M5 -1L13 7",
    "level": "M0 3H12M0 9H12",
    "upright": "M3 0V12M9 0V12",
    "dots": "M2 3h2M8 9h2",
}
"""Lines of the patterns, in a square of 12: three quarters of that on the drawing."""


@dataclass(frozen=True, slots=True)
class Pen:
    """Makes elements in one look. `key`, a plain word, keeps ids of drawings apart."""

    look: Look
    key: str

    def rect(
        self, box: tuple[float, float, float, float], paint: Paint, hatch: str = "", title: str = ""
    ) -> str:
        """A rectangle (left, top, width, height), with a pattern over it where one is named."""
        left, top, width, height = box
        where = f'x="{num(left)}" y="{num(top)}" width="{num(width)}" height="{num(height)}"'
        inside = f"<title>{escape(title)}</title>" if title and self.look is Look.PAGE else ""
        shape = f"<rect {where} {self._painted(paint)}"
        found = f"{shape}>{inside}</rect>" if inside else f"{shape}/>"
        if hatch:
            found += f'<rect {where} fill="url(#{self.key}-{hatch})" pointer-events="none"/>'
        return found

    def path(self, lines: str, paint: Paint, width: float = 1) -> str:
        """A line of `d`, not filled."""
        style = self._painted(paint, is_line=True)
        return f'<path d="{lines}" {style} stroke-width="{num(width)}"/>'

    def dashed(self, lines: str, paint: Paint, width: float = 1.4) -> str:
        """The same broken into dashes."""
        return self.path(lines, paint, width).replace("/>", ' stroke-dasharray="5 3"/>')

    def text(
        self,
        at: tuple[float, float],
        words: str,
        size: float,
        *,
        anchor: str = "start",
        is_strong: bool = False,
    ) -> str:
        """Words with their base line at (right, down); anchor: start, middle or end."""
        right, down = at
        weight = ' font-weight="bold"' if is_strong else ""
        look = f'fill="#000000" font-family="{FACE}"'
        if self.look is Look.PAGE:
            look = 'class="pic-text"'
        return (
            f'<text x="{num(right)}" y="{num(down)}" font-size="{num(size)}"'
            f' text-anchor="{anchor}"{weight} {look}>{escape(words)}</text>'
        )

    def _painted(self, paint: Paint, *, is_line: bool = False) -> str:
        if self.look is Look.PAGE:
            return f'class="pic-{paint.value}{" pic-line" if is_line else ""}"'
        fill, line = _PAPER[paint]
        return f'fill="{"none" if is_line else fill}" stroke="{line}"'

    def hatches(self) -> str:
        """The patterns, each drawn in the colour of a sign."""
        style = 'class="pic-hatch"'
        if self.look is Look.PAPER:
            style = 'stroke="#222222" fill="none"'
        return "".join(
            f'<pattern id="{self.key}-{name}" width="12" height="12" patternUnits="userSpaceOnUse"'
            f' patternTransform="scale(0.75)"><path d="{lines}" {style} stroke-width="1.2"/>'
            "</pattern>"
            for name, lines in _HATCHES.items()
        )


def drawing(pen: Pen, size: tuple[float, float], name: str, told: str, parts: Iterable[str]) -> str:
    """A whole drawing (width, height) with its accessible name and description."""
    width, height = (num(one) for one in size)
    key = pen.key
    page = f' class="pic" role="img" aria-labelledby="{key}-name {key}-told"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}"{page if pen.look is Look.PAGE else ""}>'
        f'<title id="{key}-name">{escape(name)}</title><desc id="{key}-told">{escape(told)}</desc>'
        f"<defs>{pen.hatches()}</defs>{''.join(parts)}</svg>"
    )


def num(value: float) -> str:
    """A length, two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def wide(words: str, size: float) -> float:
    """About how wide words are."""
    return len(words) * size * _LETTER


def shortened(words: str, size: float, room: float) -> str:
    """The words as far as they fit."""
    if wide(words, size) <= room:
        return words
    letters = max(int(room / (size * _LETTER)) - 1, 1)
    return f"{words[:letters].rstrip()}…"


def ticks(top: float, most: int = 5) -> Sequence[float]:
    """Round marks from 0 to at least `top`, few enough to be read."""
    if top <= 0:
        return (0.0, 1.0)
    step = 1.0
    while top / step > most:
        step *= 2.5 if f"{step:e}".startswith("2") else 2
    while step > 1e-6 and top / step <= most / 2.5:
        step /= 2.5 if f"{step:e}".startswith("5") else 2
    count = int(-(-top // step))
    return tuple(step * number for number in range(count + 1))
