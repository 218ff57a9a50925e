"""Where a sound card is at any instant, learnt from position reports that lag by up to a period.

The true position is a line: `frames(t) = x + rate * (1 + y / 1e6) * t` with unknown start x and
rate error y (crystals are off by tens of ppm). Each report says "at least r and less than
r + coarse" at a known instant, which cuts the (x, y) plane twice. What is left is a small convex
polygon that holds the truth for certain; its middle is the estimate, its width the uncertainty.
Reports read just around a step of the card's counter halve it, so a dozen of them place a frame to
a few hundredths of a millisecond although each alone is ten milliseconds coarse.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from station_agent.player.port import RATE_HZ, Position

MAX_RATE_ERROR_PPM = 150.0
_KEPT_REPORTS = 96
_ROUNDING_FRAMES = 0.01
_LATEST_START_S = 1.0
"""A card asked to run begins within this time; until then it reports 0."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _HalfPlane:
    """The points with `constant + x * by_x + y * by_y >= 0`."""

    constant: float
    by_x: float
    by_y: float

    def value(self, point: Point) -> float:
        return self.constant + self.by_x * point[0] + self.by_y * point[1]


def clip(polygon: list[Point], plane: _HalfPlane) -> list[Point]:
    """The part of a convex polygon inside a half plane (Sutherland and Hodgman)."""
    kept: list[Point] = []
    for here, there in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        a, b = plane.value(here), plane.value(there)
        if a >= 0:
            kept.append(here)
        if (a > 0 > b) or (a < 0 < b):
            share = a / (a - b)
            kept.append(
                (here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1]))
            )
    return kept


class CardClock:
    """Instants <-> frames of one stream of one card."""

    def __init__(self, coarse_frames: int) -> None:
        self._coarse = coarse_frames
        self._reports: deque[Position] = deque(maxlen=_KEPT_REPORTS)
        self._origin_ns = 0
        self._polygon: list[Point] = []

    @property
    def is_running(self) -> bool:
        """Whether the card has reported anything yet."""
        return bool(self._polygon)

    def observe(self, report: Position) -> None:
        """Take in one report. One that contradicts the past makes the older half forgotten."""
        self._reports.append(report)
        if not self._polygon:
            self._rebuild()
            return
        self._polygon = self._cut(self._polygon, report)
        if not self._polygon:
            for _ in range(len(self._reports) // 2):
                self._reports.popleft()
            self._rebuild()

    def frame_at(self, instant_ns: int) -> float:
        """The frame that sounds at this instant."""
        low, high = self._bounds(instant_ns)
        return (low + high) / 2

    def uncertainty_frames(self, instant_ns: int) -> float:
        """How far `frame_at` can be from the truth."""
        low, high = self._bounds(instant_ns)
        return (high - low) / 2

    def instant_of(self, frame: float) -> int:
        """The monotonic instant at which this frame sounds."""
        return self._origin_ns + round((frame - self._x) / self._rate * 1e9)

    def best_look_ns(self, after_ns: int) -> int:
        """The instant after `after_ns` at which a report would tell most: a step of the counter."""
        last = self._reports[-1].frames
        passed = self.frame_at(after_ns) - last
        steps = max(1, int(passed // self._coarse) + 1)
        return max(after_ns, self.instant_of(last + steps * self._coarse))

    @property
    def _x(self) -> float:
        return self.frame_at(self._origin_ns)

    @property
    def _rate(self) -> float:
        """Frames a second by the middle of what is possible."""
        second = 1_000_000_000
        return self.frame_at(self._origin_ns + second) - self._x

    def _bounds(self, instant_ns: int) -> tuple[float, float]:
        nominal = (instant_ns - self._origin_ns) * RATE_HZ / 1e9
        frames = [x + nominal * (1 + y / 1e6) for x, y in self._polygon]
        return min(frames), max(frames)

    def _rebuild(self) -> None:
        first = self._reports[0]
        self._origin_ns = first.before_ns
        read_for = (first.after_ns - first.before_ns) * RATE_HZ / 1e9
        low = first.frames - read_for - 1 if first.frames else -_LATEST_START_S * RATE_HZ
        high = float(first.frames + self._coarse + 1)
        ppm = MAX_RATE_ERROR_PPM
        polygon: list[Point] = [(low, -ppm), (high, -ppm), (high, ppm), (low, ppm)]
        for report in self._reports:
            polygon = self._cut(polygon, report) or polygon
        self._polygon = polygon

    def _cut(self, polygon: list[Point], report: Position) -> list[Point]:
        for plane in self._planes(report):
            polygon = clip(polygon, plane)
        return polygon

    def _planes(self, report: Position) -> list[_HalfPlane]:
        before = (report.before_ns - self._origin_ns) * RATE_HZ / 1e9
        after = (report.after_ns - self._origin_ns) * RATE_HZ / 1e9
        ceiling = report.frames + self._coarse + _ROUNDING_FRAMES
        planes = [_HalfPlane(ceiling - before, -1.0, -before / 1e6)]
        if report.frames > 0:  # a card that has not begun yet also reports 0
            floor = report.frames - _ROUNDING_FRAMES
            planes.append(_HalfPlane(after - floor, 1.0, after / 1e6))
        return planes
