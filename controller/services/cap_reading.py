"""Messages of the Common Alerting Protocol 1.2 as they come in: what they say, in types.

The names are those of the standard (OASIS, 1 July 2010), section 3.2. What a message claims is
never trusted: it fills a form that two people read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from controller.errors import NotCapError
from controller.services import safe_xml
from controller.services.cap import HAZARD_CODE, LEVEL_PARAMETER, NAMESPACE
from controller.services.safe_xml import Node

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
KINDS = ("Alert", "Update", "Cancel", "Ack", "Error")
MOST_POINTS = 2_000
_SHORT, _LONG = 300, 4_000
_KM_PER_DEGREE = 111.2
"""Of latitude: 40,030 km, the circumference of the mean sphere, in 360 degrees."""

Point = tuple[float, float]
"""Latitude and longitude, degrees."""


@dataclass(frozen=True, slots=True)
class Area:
    """Where: in words, by codes, and drawn."""

    words: str
    codes: tuple[tuple[str, str], ...]
    polygons: tuple[tuple[Point, ...], ...]
    circles: tuple[tuple[Point, float], ...]
    """Centre and radius in km."""

    @property
    def is_drawn(self) -> bool:
        """Whether there is an outline."""
        return bool(self.polygons or self.circles)

    def holds(self, point: Point) -> bool:
        """Whether a point lies inside one of its outlines."""
        return any(_is_inside(point, one) for one in self.polygons) or any(
            _distance_km(point, centre) <= radius for centre, radius in self.circles
        )


@dataclass(frozen=True, slots=True)
class Info:
    """What is told in one language."""

    language: str
    event: str
    category: str
    severity: str
    headline: str
    description: str
    instruction: str
    sender_name: str
    expires_at: datetime | None
    codes: Mapping[str, str]
    parameters: Mapping[str, str]
    areas: tuple[Area, ...]

    @property
    def hazard_code(self) -> str:
        """The hazard by our own name, when a centre like this one wrote it."""
        return self.codes.get(HAZARD_CODE, "")

    @property
    def level(self) -> int | None:
        """The level of disaster risk, when it was written so; severity is another scale."""
        found = self.parameters.get(LEVEL_PARAMETER, "")
        return int(found) if found in {"1", "2", "3", "4", "5"} else None


@dataclass(frozen=True, slots=True)
class CapMessage:
    """One message."""

    identifier: str
    sender: str
    sent_at: datetime
    status: str
    kind: str
    source: str
    references: tuple[str, ...]
    """Identifiers of the messages it is about."""
    infos: tuple[Info, ...]

    @property
    def info(self) -> Info:
        """What is told in Vietnamese, else in the first language."""
        vietnamese = (one for one in self.infos if one.language.casefold().startswith("vi"))
        return next(vietnamese, self.infos[0])


def read(data: bytes) -> CapMessage:
    """The message of a document. NotCapError with the reason for anything else."""
    root = safe_xml.read(data)
    if root.name != "alert":
        raise NotCapError(f"root is {root.name}", reason="not_cap")
    if root.namespace != NAMESPACE:
        raise NotCapError(f"namespace {root.namespace}", reason="version")
    message = CapMessage(
        identifier=root.first("identifier")[:_SHORT],
        sender=root.first("sender")[:_SHORT],
        sent_at=_instant(root.first("sent")) or _missing("sent"),
        status=root.first("status"),
        kind=root.first("msgType"),
        source=root.first("source")[:_SHORT],
        references=_references(root.first("references")),
        infos=tuple(_info(node) for node in root.all("info")),
    )
    for name, is_there in (
        ("identifier", message.identifier),
        ("sender", message.sender),
        ("status", message.status in STATUSES),
        ("msgType", message.kind in KINDS),
        ("info", message.infos or message.kind == "Cancel"),
    ):
        if not is_there:
            _missing(name)
    return message


def _missing(name: str) -> datetime:
    raise NotCapError(f"no {name}", reason="missing", name=name)


def _info(node: Node) -> Info:
    return Info(
        language=node.first("language")[:20],
        event=node.first("event")[:_SHORT],
        category=node.first("category")[:20],
        severity=node.first("severity")[:20],
        headline=node.first("headline")[:_SHORT],
        description=node.first("description")[:_LONG],
        instruction=node.first("instruction")[:_LONG],
        sender_name=node.first("senderName")[:_SHORT],
        expires_at=_instant(node.first("expires")),
        codes=dict(_pairs(node, "eventCode")),
        parameters=dict(_pairs(node, "parameter")),
        areas=tuple(_area(one) for one in node.all("area")),
    )


def _area(node: Node) -> Area:
    polygons = (_points(safe_xml.visible(one.text)) for one in node.all("polygon"))
    circles = (_circle(safe_xml.visible(one.text)) for one in node.all("circle"))
    return Area(
        words=node.first("areaDesc")[:_SHORT],
        codes=tuple(_pairs(node, "geocode")),
        polygons=tuple(one for one in polygons if len(one) > 2),
        circles=tuple(one for one in circles if one is not None),
    )


def _pairs(node: Node, name: str) -> list[tuple[str, str]]:
    return [
        (one.first("valueName")[:_SHORT], one.first("value")[:_SHORT]) for one in node.all(name)
    ]


def _references(text: str) -> tuple[str, ...]:
    """`sender,identifier,sent sender,identifier,sent` -> the identifiers."""
    triples = (one.split(",") for one in text.split())
    return tuple(one[1] for one in triples if len(one) == 3)[:50]


def _instant(text: str) -> datetime | None:
    """An instant with its offset; None for none, or for one without."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return None


def _points(text: str) -> tuple[Point, ...]:
    """`lat,lon lat,lon ...`; empty when a single one of them is none."""
    found = [_point(one) for one in text.split()[: MOST_POINTS + 1]]
    if len(found) > MOST_POINTS or any(one is None for one in found):
        return ()
    return tuple(one for one in found if one is not None)


def _point(text: str) -> Point | None:
    try:
        latitude, longitude = (float(one) for one in text.split(","))
    except ValueError:
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # also what is no number at all
        return None
    return latitude, longitude


def _circle(text: str) -> tuple[Point, float] | None:
    """`lat,lon radius`, the radius in km."""
    centre, _, radius = text.partition(" ")
    point = _point(centre)
    try:
        km = float(radius)
    except ValueError:
        return None
    return (point, km) if point is not None and 0 <= km <= 20_100 else None


def _is_inside(point: Point, outline: tuple[Point, ...]) -> bool:
    """Whether a ray to the east crosses the outline an odd number of times."""
    y, x = point
    is_inside = False
    for (y1, x1), (y2, x2) in zip(outline, outline[1:] + outline[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            is_inside = not is_inside
    return is_inside


def _distance_km(one: Point, other: Point) -> float:
    """On a plane that touches the earth here: good to a part in a thousand over a province."""
    north = (one[0] - other[0]) * _KM_PER_DEGREE
    east = (one[1] - other[1]) * _KM_PER_DEGREE * math.cos(math.radians(one[0]))
    return math.hypot(north, east)
