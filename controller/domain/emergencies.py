"""Emergencies and drills: who may send one, what is typed before, and how far it has sounded.

The two are different things with different keys, signals and pages. Nothing turns one into the
other: what is sent follows from the kind alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from controller.domain.accounts import Actor, Role
from controller.domain.bulletins import Language
from controller.domain.places import PlaceTree, Station

CONFIRMED_WITHIN = timedelta(minutes=10)
"""A proposal nobody confirmed by then is over: what it says may no longer be true."""

ENDED_WITHIN = timedelta(hours=72)
"""So long after it held it can be corrected or called off: after that two people compose anew."""

LONGEST = timedelta(hours=24)
SHORTEST = timedelta(minutes=5)
REPEATS_EVERY_MIN = (0, 5, 10, 15, 30, 60)
"""Minutes between repetitions that are offered; 0: it sounds once."""

MOST_WORDS = 1_500
"""Characters: about two minutes of speech."""


DRILL_SAID = "Đây là diễn tập, không phải thật."
"""Said before and after whatever a drill says, and written wherever its words go out."""


class Kind(StrEnum):
    """Whether people are warned, or the warning is practised."""

    LIVE = "live"
    DRILL = "drill"


class State(StrEnum):
    """How far it has come."""

    PROPOSED = "proposed"
    SENT = "sent"
    WITHDRAWN = "withdrawn"


class Part(StrEnum):
    """What is said: the warning (or the words of the drill), and what ends it."""

    WARNING = "warning"
    CORRECTION = "correction"
    ALL_CLEAR = "all_clear"


PARTS = {
    Kind.LIVE: (Part.WARNING, Part.CORRECTION, Part.ALL_CLEAR),
    Kind.DRILL: (Part.WARNING, Part.ALL_CLEAR),
}
"""The parts each kind has; a drill has nothing to correct."""


_ENDINGS = {Part.CORRECTION: "Đính chính", Part.ALL_CLEAR: "Hết nguy hiểm"}


def ending_title(kind: Kind, part: Part, title: str) -> str:
    """What a correction, an all-clear or the end of a drill is called."""
    return f"{_ENDINGS[part] if kind is Kind.LIVE else 'Kết thúc'}: {title}"[:300]


def phrase(kind: Kind, stations: int) -> str:
    """What has to be typed: it says what will happen, and where the kinds differ in every word."""
    return f"phát thật {stations} trạm" if kind is Kind.LIVE else f"diễn tập {stations} trạm"


def is_typed(wanted: str, typed: str) -> bool:
    """Whether it was typed, capitals and spaces aside; marks count."""
    return _plain(wanted) == _plain(typed)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


_NOT_A_DRILL = re.compile(
    r"không phải (?:là )?(?:(?:một )?(?:cuộc|buổi|đợt|lần) )?(?:diễn tập|thử)"
)


def says_the_other(kind: Kind, text: str) -> bool:
    """Whether words claim to be of the other kind: a warning a drill, or a drill that it is none.

    In January 2018 Hawaii was warned of missiles by a drill that said "this is not a drill".
    """
    plain = _plain(text)
    denied = _NOT_A_DRILL.search(plain) is not None
    return denied if kind is Kind.DRILL else "diễn tập" in _NOT_A_DRILL.sub("", plain)


def may_second(tree: PlaceTree, actor: Actor, composer_id: str, place_id: str) -> bool:
    """Whether the actor may be the second person: an approver of the same or a higher place."""
    return (
        actor.role is Role.APPROVER
        and actor.account_id != composer_id
        and tree.is_within(place_id, actor.place_id)
    )


def cover(tree: PlaceTree, place_ids: Iterable[str]) -> tuple[str, ...]:
    """The fewest places that hold these and no other station: one order goes to each."""
    chosen = {
        place.place_id
        for place_id in place_ids
        if place_id in tree.places
        for place in tree.walk(place_id)
    }
    roots = [place.place_id for place in tree.children(None)]
    return tuple(found for root in roots for found in _cover(tree, root, chosen))


def _cover(tree: PlaceTree, place_id: str, chosen: set[str]) -> Sequence[str]:
    stations = tree.stations_in([place_id])
    if stations and all(station.place_id in chosen for station in stations):
        return (place_id,)
    return [
        one for child in tree.children(place_id) for one in _cover(tree, child.place_id, chosen)
    ]


def audiences(
    tree: PlaceTree, place_ids: Sequence[str], told: Callable[[Station], Hashable]
) -> tuple[str, ...]:
    """The fewest places to which one order each can go: all stations of one are told the same.

    Stations that share a commune are told what the first of them is.
    """
    groups: dict[Hashable, list[str]] = {}
    seen: set[str] = set()
    for station in tree.stations_in(place_ids):
        if station.place_id not in seen:
            seen.add(station.place_id)
            groups.setdefault(told(station), []).append(station.place_id)
    return tuple(one for places in groups.values() for one in cover(tree, places))


def told_in(station: Station, recorded: Collection[str]) -> tuple[str, ...]:
    """The languages a station may hear it in, of those recorded: at last in Vietnamese.

    Stations of which this is the same are always told the same, whichever sounds are finished.
    """
    vietnamese = Language.VI.value
    better = takewhile(lambda one: one != vietnamese, station.language_order)
    return (*(one for one in better if one in recorded), vietnamese)


def spoken_in(language_order: Sequence[str], there: Collection[str]) -> str:
    """The first language of a station's order in which there are words; else Vietnamese."""
    return next((one for one in language_order if one in there), Language.VI.value)


class Heard(StrEnum):
    """What a station is known to have done with an order."""

    SOUNDING = "sounding"
    SOUNDED = "sounded"
    STOPPED = "stopped"
    """It was ended on purpose before its end."""
    PARTLY = "partly"
    """It began, and broke off."""
    ADRIFT = "adrift"
    """It began, and the link was lost before its end was told."""
    FAILED = "failed"
    REFUSED = "refused"
    RECEIVED = "received"
    LOST = "lost"
    WAITING = "waiting"


TO_CALL = (
    Heard.FAILED,
    Heard.REFUSED,
    Heard.LOST,
    Heard.PARTLY,
    Heard.ADRIFT,
    Heard.RECEIVED,
    Heard.WAITING,
)
"""Nobody knows that it was heard to its end there: whom to phone about, worst first."""
NOT_ANSWERED = frozenset({Heard.WAITING, Heard.LOST, Heard.REFUSED})
"""Of such a station nobody knows that it will sound."""
IN_FULL = frozenset({"aired", "late"})
"""Outcomes of an airing that was heard to its end."""
_ON_PURPOSE = frozenset({"stopped_by_operator", "stopped_at_station", "preempted"})
"""Why an airing that somebody ended, or something more urgent, is short."""

CLOCKS_MAY_DIFFER_S = 2.0
"""Two clocks that are right may be so far apart."""


@dataclass(frozen=True, slots=True)
class StationTrace:
    """What one station said about one emergency."""

    station_id: str
    is_online: bool
    accepted: bool | None = None
    """Its answer to the order; None: none yet."""
    refusal: str = ""
    first_sound_at: datetime | None = None
    """By the station's clock."""
    told_at: datetime | None = None
    """When the centre learnt of the first sound."""
    airings: int = 0
    """How often it began to sound."""
    ended: int = 0
    """How many of these have ended."""
    in_full: int = 0
    """How many of these were heard to their end."""
    outcome: str = ""
    """How the last one that ended did."""
    reason: str = ""

    @property
    def heard(self) -> Heard:
        """The verdict; sound that began counts more than anything else."""
        if self.airings > self.ended and self.is_online:
            return Heard.SOUNDING
        if self.in_full:
            return Heard.SOUNDED
        if self.airings > self.ended:
            return Heard.ADRIFT
        if self.first_sound_at is not None:
            return Heard.STOPPED if self.reason in _ON_PURPOSE else Heard.PARTLY
        if self.outcome:
            return Heard.STOPPED if self.reason in _ON_PURPOSE else Heard.FAILED
        if self.accepted is not None:
            return Heard.RECEIVED if self.accepted else Heard.REFUSED
        return Heard.WAITING if self.is_online else Heard.LOST

    def time_to_sound_s(self, sent_at: datetime) -> float | None:
        """Seconds from the click to the first sound, by the station's clock.

        None: none yet, or a time that cannot be: before the click, or after it was told of.
        """
        if self.first_sound_at is None or self.is_clock_off(sent_at):
            return None
        return max(0.0, (self.first_sound_at - sent_at).total_seconds())

    def is_clock_off(self, sent_at: datetime) -> bool:
        """Whether the station's clock cannot have been right when it began to sound."""
        if self.first_sound_at is None:
            return False
        known_by = self.told_at or self.first_sound_at
        slack = timedelta(seconds=CLOCKS_MAY_DIFFER_S)
        return not sent_at - slack <= self.first_sound_at <= known_by + slack


def takers(traces: Iterable[StationTrace]) -> frozenset[str]:
    """The stations that accepted it or did something with it: what ends it concerns them."""
    return frozenset(one.station_id for one in traces if one.heard not in NOT_ANSWERED)


@dataclass(frozen=True, slots=True)
class Tally:
    """The four figures of the live page."""

    stations: int
    sounding: int
    """How many sound, or have sounded."""
    median_s: float | None
    slowest_s: float | None
    slowest_id: str


def tally(traces: Sequence[StationTrace], sent_at: datetime) -> Tally:
    """Count them; times over the stations that have sounded, by clocks that can be right."""
    times = sorted(
        (seconds, trace.station_id)
        for trace in traces
        if (seconds := trace.time_to_sound_s(sent_at)) is not None
    )
    return Tally(
        stations=len(traces),
        sounding=sum(trace.first_sound_at is not None for trace in traces),
        median_s=times[(len(times) - 1) // 2][0] if times else None,
        slowest_s=times[-1][0] if times else None,
        slowest_id=times[-1][1] if times else "",
    )
