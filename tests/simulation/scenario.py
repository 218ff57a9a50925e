"""What a seed stands for: stations, people and faults, all drawn before anything runs.

Swarm testing: each seed first draws which kinds of fault there are at all and how strong; were all
of them always on, they would hide one another. Faults and deeds are plain data so that a failing
world can be run again with some of them left out.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.simulation.timeline import BEGINS_MS, DAY, HOUR, MINUTE, SECOND

CALM_END_MS = 3 * HOUR
"""The last hours of a world have no faults: what must come about in time then has to."""

ALL = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something breaks at `at_ms` (and is whole again `for_ms` later). Station "": everywhere."""

    at_ms: int
    kind: str
    station_id: str = ALL
    for_ms: int = 0
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a person does; what exactly follows from the world and `number`."""

    at_ms: int
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often stations do what they do again and again."""

    beat_ms: int
    mark_ms: int
    """They note that they live."""
    progress_ms: int
    """The player tells how much was heard."""
    progress_mark_ms: int
    """That is noted on the card."""
    retry_ms: int
    """A refused write is tried again."""
    look_ms: int
    """Somebody looks at the board."""

    @property
    def uncounted_ms(self) -> int:
        """What may have sounded since it was last noted how much has, when the power goes."""
        return self.progress_ms + self.progress_mark_ms + 3 * SECOND


REAL = Rhythm(30 * SECOND, 5 * MINUTE, 12 * SECOND, 15 * SECOND, 10 * SECOND, 7 * MINUTE)
SWARM_BEAT_S = 1_800
COARSE = Rhythm(SWARM_BEAT_S * SECOND, 60 * MINUTE, 30 * SECOND, 30 * SECOND, MINUTE, 21 * MINUTE)


@dataclass(frozen=True, slots=True)
class Nature:
    """What a station is like from the start."""

    station_id: str
    ppm: float
    offset_ms: int
    has_battery: bool
    has_network_time: bool
    fetch_ms: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world before it runs. The same scenario always runs the same way."""

    seed: int
    days: int
    beat_ms: int
    stations: tuple[Nature, ...]
    faults: tuple[Fault, ...]
    deeds: tuple[Deed, ...]
    plan_days: int = 14
    plan_valid_ms: int | None = None
    """Plans of this world are signed for so long only; None: as the centre usually does."""

    @property
    def rhythm(self) -> Rhythm:
        """What stations do again and again: in the real rhythm where they really beat."""
        return REAL if self.beat_ms <= REAL.beat_ms else replace(COARSE, beat_ms=self.beat_ms)

    @property
    def ends_ms(self) -> int:
        """When the world ends."""
        return BEGINS_MS + self.days * DAY

    @property
    def calm_ms(self) -> int:
        """From when nothing breaks any more."""
        return self.ends_ms - CALM_END_MS

    def without(self, *, faults: frozenset[int], deeds: frozenset[int]) -> Scenario:
        """The same world less some faults and deeds, named by their index."""
        return replace(
            self,
            faults=tuple(one for at, one in enumerate(self.faults) if at not in faults),
            deeds=tuple(one for at, one in enumerate(self.deeds) if at not in deeds),
        )


@dataclass(frozen=True, slots=True)
class _Kind:
    """How often a fault strikes a day (one station's, or the whole world's), and for how long."""

    name: str
    per_day: float
    shortest_ms: int
    longest_ms: int
    is_for_all: bool = False


_KINDS = (
    _Kind("link_cut", 2.0, 20 * SECOND, 30 * HOUR),
    _Kind("half_open", 1.0, 30 * SECOND, 2 * HOUR),
    _Kind("power_cut", 1.5, 20 * SECOND, 8 * HOUR),
    _Kind("killed", 2.0, 3 * SECOND, 2 * MINUTE),
    _Kind("stopped", 0.5, 5 * SECOND, 20 * MINUTE),
    _Kind("clock_step", 1.0, 1 * MINUTE, 6 * HOUR),
    _Kind("disk_full", 0.7, 1 * MINUTE, 4 * HOUR),
    _Kind("disk_readonly", 0.4, 1 * MINUTE, 4 * HOUR),
    _Kind("file_damaged", 1.5, 0, 0),
    _Kind("device_lost", 1.0, 20 * SECOND, 5 * HOUR),
    _Kind("player_hangs", 1.0, 0, 0),
    _Kind("player_dies", 1.0, 0, 0),
    _Kind("stop_pressed", 1.0, 500, 20 * SECOND),
    _Kind("replayed", 2.0, 0, 0),
    _Kind("bad_network", 1.5, 5 * MINUTE, 8 * HOUR, is_for_all=True),
    _Kind("broker_restarted", 1.0, 1 * SECOND, 3 * MINUTE, is_for_all=True),
    _Kind("centre_down", 1.0, 5 * SECOND, 5 * HOUR, is_for_all=True),
    _Kind("backup_restored", 0.4, 2 * HOUR, 30 * HOUR, is_for_all=True),
)
FAULT_KINDS = tuple(kind.name for kind in _KINDS)

_DEEDS = (
    ("create", 2.5),
    ("create_urgent", 2.0),
    ("cancel_coming", 1.5),
    ("cancel_sounding", 1.0),
    ("move", 1.0),
    ("change_sound", 0.7),
    ("end_series", 0.3),
    ("stop", 0.7),
    ("emergency", 1.0),
    ("end_emergency", 0.4),
    ("drill", 0.4),
    ("tone", 0.7),
    ("limits", 0.3),
    ("refresh", 0.3),
)
SLOT_HOURS = ((5 * HOUR, 7 * HOUR), (10 * HOUR, 12 * HOUR), (16 * HOUR, 19 * HOUR))
"""When commune radio airs; faults and deeds gather there too."""


def drawn(seed: int, *, stations: int, days: int, beat_s: int = SWARM_BEAT_S) -> Scenario:
    """The scenario of a seed."""
    dice = random.Random(f"scenario {seed}")
    names = tuple(f"station-{number + 1}" for number in range(stations))
    natures = tuple(_nature(dice, name) for name in names)
    is_on = {kind.name: dice.random() < 0.35 for kind in _KINDS}
    strength = dice.choice((0.5, 1.0, 1.0, 2.0))
    faults = sorted(
        _faults(dice, is_on, strength, names, days), key=lambda one: (one.at_ms, one.kind)
    )
    return Scenario(
        seed=seed,
        days=days,
        beat_ms=beat_s * 1000,
        stations=natures,
        faults=tuple(faults),
        deeds=tuple(_deeds(dice, days)),
        plan_valid_ms=dice.choice((None, None, None, 3 * HOUR, 12 * HOUR)),
    )


def _nature(dice: random.Random, name: str) -> Nature:
    return Nature(
        station_id=name,
        ppm=dice.uniform(-45, 45),
        offset_ms=round(dice.gauss(0, 150)),
        has_battery=dice.random() < 0.3,
        has_network_time=dice.random() < 0.8,
        fetch_ms=dice.choice((300, 5 * SECOND, 90 * SECOND)),
    )


def _faults(
    dice: random.Random, is_on: dict[str, bool], strength: float, names: tuple[str, ...], days: int
) -> Iterator[Fault]:
    last_ms = BEGINS_MS + days * DAY - CALM_END_MS
    for kind in _KINDS:
        if not is_on[kind.name]:
            continue
        for name in (ALL,) if kind.is_for_all else names:
            for _ in range(_count(dice, kind.per_day * strength * days)):
                at_ms = _when(dice, days)
                if BEGINS_MS <= at_ms < last_ms:
                    yield _fault(dice, kind, name, at_ms, last_ms)


def _fault(dice: random.Random, kind: _Kind, name: str, at_ms: int, last_ms: int) -> Fault:
    span = kind.longest_ms / max(1, kind.shortest_ms)
    for_ms = round(kind.shortest_ms * span ** dice.random()) if kind.longest_ms else 0
    if kind.name != "backup_restored":  # there it is the age of the backup
        for_ms = min(for_ms, last_ms - at_ms)
    return Fault(at_ms, kind.name, name, for_ms, dice.random())


def _count(dice: random.Random, mean: float) -> int:
    count, reached = 0, dice.expovariate(1)
    while reached < mean:
        count += 1
        reached += dice.expovariate(1)
    return count


def _when(dice: random.Random, days: int) -> int:
    """Mostly in the hours in which something airs."""
    day_ms = dice.randrange(days + 1) * DAY
    if dice.random() < 0.3:
        return day_ms + dice.randrange(DAY)
    opens_ms, closes_ms = dice.choice(SLOT_HOURS)
    return day_ms + dice.randrange(opens_ms, closes_ms)


def _deeds(dice: random.Random, days: int) -> Iterator[Deed]:
    last_ms = BEGINS_MS + days * DAY - 30 * MINUTE
    first_ms = BEGINS_MS + 2 * MINUTE
    times: list[tuple[int, str]] = [(first_ms + number, "create") for number in range(6)]
    for kind, per_day in _DEEDS:
        times += [(_when(dice, days), kind) for _ in range(_count(dice, per_day * days))]
    kept = sorted(one for one in times if BEGINS_MS <= one[0] < last_ms)
    return (Deed(at_ms, kind, number) for number, (at_ms, kind) in enumerate(kept))


def rough(seed: int, *, stations: int, days: int = 14) -> Scenario:
    """A province whose links are down 30 % of the time and whose power fails about once a day."""
    dice = random.Random(f"rough {seed}")
    names = tuple(f"station-{number + 1}" for number in range(stations))
    faults = [fault for name in names for fault in _rough_faults(dice, name, days)]
    return Scenario(
        seed=seed,
        days=days,
        beat_ms=30 * MINUTE,
        stations=tuple(_nature(dice, name) for name in names),
        faults=tuple(sorted(faults, key=lambda one: (one.at_ms, one.station_id))),
        deeds=tuple(_deeds(dice, days)),
    )


def _rough_faults(dice: random.Random, name: str, days: int) -> Iterator[Fault]:
    last_ms = BEGINS_MS + days * DAY - CALM_END_MS
    at_ms = BEGINS_MS
    while (at_ms := at_ms + round(dice.expovariate(1 / (7 * HOUR)))) < last_ms:
        for_ms = min(round(dice.expovariate(1 / (3 * HOUR))), last_ms - at_ms)
        yield Fault(at_ms, "link_cut", name, for_ms, dice.random())
        at_ms += for_ms
    for _ in range(_count(dice, days)):
        for_ms = round(20 * SECOND * 1_000 ** dice.random())
        yield Fault(
            min(max(BEGINS_MS, _when(dice, days)), last_ms),
            "power_cut",
            name,
            for_ms,
            dice.random(),
        )
