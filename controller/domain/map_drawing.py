"""Outlines of places as drawings: degrees -> whole units of 50 m -> path, spot of a sign, frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, radians

Ring = Sequence[tuple[float, float]]
"""A closed line of (longitude, latitude) in degrees, WGS 84."""
Spot = tuple[int, int]
"""(right, down) in units from the north-west corner."""

UNIT_M = 50
"""Finer than the outlines are: their lines are off by 100 to 500 m."""
METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of the mean radius 6,371 km."""
_STEPS = 11


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in units."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """From top to bottom."""
        return self.bottom - self.top

    def grown(self, by: int) -> Box:
        """The same with a margin on every side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def meets(self, other: Box) -> bool:
        """Whether the two share a point."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.top <= other.bottom
            and other.top <= self.bottom
        )

    def holds(self, spot: Spot) -> bool:
        """Whether a spot lies in it."""
        return self.left <= spot[0] <= self.right and self.top <= spot[1] <= self.bottom


@dataclass(frozen=True, slots=True)
class Projection:
    """Degrees to units: east-west shrunk as it is at the middle latitude.

    Over the 95 km of the province the scale differs by 0.3 % from north to south, far below what
    the outlines are exact to.
    """

    west: float
    north: float
    middle: float
    """Latitude at which both directions have the same scale."""

    def at(self, longitude: float, latitude: float) -> Spot:
        """The unit a point falls on."""
        per_degree = METRES_PER_DEGREE / UNIT_M
        right = (longitude - self.west) * per_degree * cos(radians(self.middle))
        return round(right), round((self.north - latitude) * per_degree)


@dataclass(frozen=True, slots=True)
class Area:
    """An outline as it is drawn."""

    path: str
    """The `d` of an SVG path; holes and islands are parts of it (fill rule evenodd)."""
    box: Box
    at: Spot
    """The middle of the widest place inside: where a sign stands."""
    radius: int
    """From there to the nearest line."""
    room: int
    """How wide a line of text may be in the middle below that spot."""


def projection_of(points: Iterable[tuple[float, float]]) -> Projection:
    """The projection whose corner is the north-west of these (longitude, latitude)."""
    longitudes, latitudes = zip(*points, strict=True)
    north, south = max(latitudes), min(latitudes)
    return Projection(min(longitudes), north, (north + south) / 2)


def areas_of(outlines: Mapping[str, Sequence[Ring]], projection: Projection) -> dict[str, Area]:
    """The drawings of outlines by their keys; one too small to be seen is left out.

    Every vertex is moved to its unit by itself, so that neighbours keep their common line.
    """
    drawn = {key: _area(rings, projection) for key, rings in outlines.items()}
    return {key: area for key, area in drawn.items() if area is not None}


def frame_of(boxes: Iterable[Box], least: int) -> Box | None:
    """The smallest box around these, at least so wide and high; None around nothing."""
    found = list(boxes)
    if not found:
        return None
    box = Box(
        min(one.left for one in found),
        min(one.top for one in found),
        max(one.right for one in found),
        max(one.bottom for one in found),
    )
    wider, higher = max(0, least - box.width) // 2, max(0, least - box.height) // 2
    return Box(box.left - wider, box.top - higher, box.right + wider, box.bottom + higher)


def snapped(ring: Ring, projection: Projection) -> list[Spot]:
    """A ring in units, not closed, without points that change nothing; [] when nothing is left."""
    spots: list[Spot] = []
    for longitude, latitude in ring:
        spot = projection.at(longitude, latitude)
        if not spots or spot != spots[-1]:
            spots.append(spot)
    if len(spots) > 1 and spots[0] == spots[-1]:
        spots.pop()
    kept = [
        spot
        for index, spot in enumerate(spots)
        if not _is_between(spots[index - 1], spot, spots[(index + 1) % len(spots)])
    ]
    return kept if len(kept) > 2 else []


def line_of(rings: Iterable[Ring], projection: Projection) -> str:
    """The `d` of an SVG path along rings, for a border that is only a line."""
    return path_of(spots for ring in rings if (spots := snapped(ring, projection)))


def path_of(rings: Iterable[Sequence[Spot]]) -> str:
    """The `d` of an SVG path through these rings: absolute starts, short relative steps."""
    return "".join(f"M{_number_pairs(ring[:1])}l{_number_pairs(_steps(ring))}z" for ring in rings)


def _steps(ring: Sequence[Spot]) -> list[Spot]:
    return [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(ring)]


def _number_pairs(pairs: Iterable[Spot]) -> str:
    text = " ".join(f"{x} {y}" for x, y in pairs)
    return text.replace(" -", "-")


def _is_between(before: Spot, spot: Spot, after: Spot) -> bool:
    ahead = (spot[0] - before[0], spot[1] - before[1])
    onward = (after[0] - spot[0], after[1] - spot[1])
    is_straight = ahead[0] * onward[1] == ahead[1] * onward[0]
    return is_straight and ahead[0] * onward[0] + ahead[1] * onward[1] >= 0


def _area(rings: Sequence[Ring], projection: Projection) -> Area | None:
    lines = [line for ring in rings if (line := snapped(ring, projection))]
    if not lines:
        return None
    spots = [spot for line in lines for spot in line]
    box = Box(
        min(x for x, _ in spots),
        min(y for _, y in spots),
        max(x for x, _ in spots),
        max(y for _, y in spots),
    )
    at, radius = _widest(lines, box)
    return Area(path_of(lines), box, at, int(radius), _room(lines, at, int(radius)))


def _widest(lines: Sequence[Sequence[Spot]], box: Box) -> tuple[Spot, float]:
    """The spot inside that is farthest from every line, on a grid, then on a finer one."""
    best, radius = _best(lines, box)
    near = Box(
        best[0] - box.width // _STEPS,
        best[1] - box.height // _STEPS,
        best[0] + box.width // _STEPS,
        best[1] + box.height // _STEPS,
    )
    finer, finer_radius = _best(lines, near)
    return (finer, finer_radius) if finer_radius > radius else (best, radius)


def _best(lines: Sequence[Sequence[Spot]], box: Box) -> tuple[Spot, float]:
    candidates = [
        (box.left + box.width * i // _STEPS, box.top + box.height * j // _STEPS)
        for j in range(1, _STEPS)
        for i in range(1, _STEPS)
    ]
    measured = [(_distance(lines, spot), spot) for spot in candidates if is_inside(lines, spot)]
    if not measured:
        return ((box.left + box.right) // 2, (box.top + box.bottom) // 2), 0.0
    radius, spot = max(measured, key=lambda one: one[0])
    return spot, radius


def _edges(lines: Sequence[Sequence[Spot]]) -> Iterator[tuple[Spot, Spot]]:
    for line in lines:
        yield from zip(line, [*line[1:], line[0]], strict=True)


def _crossings(lines: Sequence[Sequence[Spot]], height: float) -> list[float]:
    """Where the lines are crossed at a height, from left to right."""
    return sorted(
        a[0] + (height - a[1]) * (b[0] - a[0]) / (b[1] - a[1])
        for a, b in _edges(lines)
        if (a[1] > height) != (b[1] > height)
    )


def is_inside(lines: Sequence[Sequence[Spot]], spot: Spot) -> bool:
    """Whether a spot lies within rings, holes left out."""
    return sum(x < spot[0] for x in _crossings(lines, spot[1])) % 2 == 1


def _room(lines: Sequence[Sequence[Spot]], spot: Spot, radius: int) -> int:
    """Twice the way to the nearer side, where it is least from the spot to half its radius down."""
    heights = (spot[1], spot[1] + radius // 4, spot[1] + radius // 2)
    sides = [abs(x - spot[0]) for height in heights for x in _crossings(lines, height)]
    return int(2 * min(sides, default=0))


def _distance(lines: Sequence[Sequence[Spot]], spot: Spot) -> float:
    return min(_to_edge(spot, a, b) for a, b in _edges(lines))


def _to_edge(spot: Spot, a: Spot, b: Spot) -> float:
    along, down = b[0] - a[0], b[1] - a[1]
    share = ((spot[0] - a[0]) * along + (spot[1] - a[1]) * down) / (along**2 + down**2)
    share = min(1.0, max(0.0, share))
    return hypot(spot[0] - a[0] - share * along, spot[1] - a[1] - share * down)
