"""A map laid out: which part is shown, what stands where in it, and what needs a closer look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from controller.domain.map_drawing import Area, Box, Projection, Spot, frame_of

MAIN_PX = (680, 820)
"""The room a map has on a desk, in CSS pixels."""
INSET_PX = (280, 300)
LEAST = 160
"""A map shows at least so many units (8 km) across."""
OUTSIDE = 600
"""A point up to so many units (30 km) outside all outlines is still shown."""
SIGN_PX, LEAST_SIGN_PX = 17, 9
CROWDED_PX = 6
"""Where half of a district's communes have less room than this around a sign, it gets an inset."""
_CROWD = 4
_NAME_PX, _LINE_PX = 6.6, 13
"""Width of a letter and height of a line of 12 px type, measured generously."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Something with a place on the map: an outline, or a point where there is none."""

    key: str
    group: str
    """The district it is in."""
    at: Spot
    area: Area | None = None

    @property
    def box(self) -> Box:
        """What it covers."""
        return self.area.box if self.area else Box(*self.at, *self.at)


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing."""

    box: Box
    units_per_px: float
    """At the size it has on a desk."""
    pins: tuple[Pin, ...]
    ground: tuple[str, ...]
    """Paths of what lies around, drawn without a name and without a state."""

    def px(self, length: float) -> float:
        """So many CSS pixels as units of this drawing."""
        return round(length * self.units_per_px, 1)

    def sign(self, pin: Pin) -> float:
        """How large its sign is, in units: smaller where there is little room."""
        if pin.area is None:
            return self.px(SIGN_PX)
        room = pin.area.radius * 1.7
        return round(min(self.px(SIGN_PX), max(self.px(LEAST_SIGN_PX), room)), 1)

    def fits(self, pin: Pin, text: str, lines: int = 1, scale: float = 1.0) -> bool:
        """Whether so many lines below its sign, this the widest, stay inside its outline.

        `scale`: letters and sign so many times as large in the drawing, where it is shown smaller.
        """
        if pin.area is None:
            return False
        is_wide = pin.area.room > self.px(scale * (len(text) * _NAME_PX + 8))
        height_px = SIGN_PX / 2 + lines * _LINE_PX / 2 + 2
        return is_wide and pin.area.radius > self.px(scale * height_px)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The map: the main drawing, and a district whose communes are too small for it."""

    main: Panel
    inset: Panel | None = None
    inset_group: str = ""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Every drawing."""
        return (self.main, self.inset) if self.inset else (self.main,)

    @property
    def keys(self) -> frozenset[str]:
        """Everything that has a place on it."""
        return frozenset(pin.key for panel in self.panels for pin in panel.pins)


def pin(
    key: str,
    group: str,
    area: Area | None,
    points: Iterable[tuple[float, float] | None],
    projection: Projection,
    within: Box,
) -> Pin | None:
    """Where something stands: in its outline, else at the first known (latitude, longitude).

    None when there is neither, or the point lies far outside what is drawn.
    """
    if area is not None:
        return Pin(key, group, area.at, area)
    for point in points:
        if point is not None:
            spot = projection.at(point[1], point[0])
            return Pin(key, group, spot) if within.grown(OUTSIDE).holds(spot) else None
    return None


def laid_out(pins: Sequence[Pin], areas: Mapping[str, Area]) -> Sheet | None:
    """The map around these pins, with every other outline as ground; None without pins."""
    frame = frame_of([one.box for one in pins], LEAST)
    if frame is None:
        return None
    main = _panel(frame, MAIN_PX, pins, areas)
    crowded = _crowded(pins, main)
    if not crowded:
        return Sheet(main)
    inside = [one for one in pins if one.group == crowded]
    box = frame_of([one.box for one in inside], LEAST) or frame
    rest = [one for one in pins if one.group != crowded]
    return Sheet(_panel(frame, MAIN_PX, rest, areas), _panel(box, INSET_PX, inside, areas), crowded)


def _panel(
    frame: Box, room_px: tuple[int, int], pins: Sequence[Pin], areas: Mapping[str, Area]
) -> Panel:
    box = frame.grown(max(frame.width, frame.height) // 40)
    taken = {id(one.area) for one in pins if one.area}
    return Panel(
        box,
        max(box.width / room_px[0], box.height / room_px[1]),
        tuple(pins),
        tuple(one.path for one in areas.values() if id(one) not in taken and one.box.meets(box)),
    )


def _crowded(pins: Sequence[Pin], panel: Panel) -> str:
    """The group with the least room around its signs, if it is too little; "": none."""
    rooms: dict[str, list[int]] = {}
    for one in pins:
        if one.area is not None:
            rooms.setdefault(one.group, []).append(one.area.radius)
    tight = {
        group: median(found) / panel.units_per_px
        for group, found in rooms.items()
        if len(found) >= _CROWD
    }
    if len(rooms) < 2 or not tight:
        return ""
    group = min(tight, key=lambda key: tight[key])
    return group if tight[group] < CROWDED_PX else ""
