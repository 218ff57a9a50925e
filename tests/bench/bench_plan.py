"""What the plan of 65 stations for 14 days costs: our expansion beside python-dateutil's.

Both get the same rules, eight that all stations share and four of each station's own, and give the
same instants in order for every station; that they are the same is checked first. Ours is what the
planner calls: each rule expanded once, then the slots handed out to stations in order. An id is
worked out where two slots begin together; the planner keeps it once a slot is stored.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from functools import partial

from dateutil.rrule import WEEKLY, rrule

from controller.domain.plans import Airing, by_station
from controller.domain.schedule import STATION_ZONE, Schedule, Slot, expand
from tests.bench.rows import Row, Samples, alternate, at_least

STATIONS = 65
SHARED_RULES, OWN_RULES = 8, 4
START = datetime(2026, 11, 22, 17, tzinfo=UTC)
"""Midnight of Monday 23/11/2026 at the stations."""
END = START + timedelta(days=14)
GOAL = 5.0


@dataclass(frozen=True, slots=True)
class Province:
    """Rules, and the stations each airs at."""

    schedules: Sequence[Schedule]
    stations_of: dict[str, tuple[str, ...]]

    def rules_by_station(self) -> dict[str, list[Schedule]]:
        found: dict[str, list[Schedule]] = {}
        for rule in self.schedules:
            for station_id in self.stations_of[rule.schedule_id]:
                found.setdefault(station_id, []).append(rule)
        return found


def measure(quick: bool) -> list[Row]:
    """Return the row; `quick` takes fewer rounds."""
    province = _province()
    rules = province.rules_by_station()
    if _ours(province) != _dateutils(rules):
        raise AssertionError("the two expansions differ")
    rounds = 3 if quick else 9
    both: Callable[[], Samples] = partial(
        alternate,
        partial(_cpu_ms, partial(_expanded, province)),
        partial(_cpu_ms, partial(_dateutils, rules)),
        rounds,
    )
    return [at_least("plan of 65 stations, 14 days, CPU ms (dateutil rrule)", GOAL, both)]


def _province() -> Province:
    chance = random.Random(65)  # noqa: S311 - reproducible rules, not secrets
    stations = tuple(f"station-{number}" for number in range(STATIONS))
    stations_of: dict[str, tuple[str, ...]] = {}
    schedules = []
    for number in range(SHARED_RULES):
        schedules.append(_rule(f"shared-{number}", chance))
        stations_of[f"shared-{number}"] = stations
    for station_id in stations:
        for number in range(OWN_RULES):
            key = f"{station_id}-{number}"
            schedules.append(_rule(key, chance))
            stations_of[key] = (station_id,)
    return Province(schedules, stations_of)


def _rule(schedule_id: str, chance: random.Random) -> Schedule:
    first = date(2026, 10, 1) + timedelta(days=chance.randrange(60))
    length = chance.choice([None, 20, 60, 200])
    return Schedule(
        schedule_id,
        airs_at=wall_time(chance.randrange(5, 21), chance.randrange(60)),
        starts_on=first,
        ends_on=None if length is None else first + timedelta(days=length),
        weekdays=chance.randrange(1, 128),
        excluded=frozenset(
            date(2026, 11, 23) + timedelta(days=d) for d in chance.sample(range(14), 2)
        ),
        duration_ms=600_000,
    )


def _expanded(province: Province) -> dict[str, list[Slot]]:
    airings = (
        Airing(rule.schedule_id, slot)
        for rule in province.schedules
        for slot in expand(rule, START, END)
    )
    return by_station(airings, province.stations_of)


def _ours(province: Province) -> dict[str, list[datetime]]:
    agenda = _expanded(province)
    return {key: [slot.starts_at for slot in own] for key, own in agenda.items() if own}


def _dateutils(rules: dict[str, list[Schedule]]) -> dict[str, list[datetime]]:
    agenda = {}
    start, end = (at.astimezone(STATION_ZONE).replace(tzinfo=None) for at in (START, END))
    for station_id, own in rules.items():
        instants = sorted(at for rule in own for at in _occurrences(rule, start, end))
        if instants:
            agenda[station_id] = instants
    return agenda


def _occurrences(rule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    last = datetime.combine(rule.ends_on, wall_time.max) if rule.ends_on else None
    repeating = rrule(
        WEEKLY,
        dtstart=datetime.combine(rule.starts_on, rule.airs_at),
        byweekday=[day for day in range(7) if rule.weekdays >> day & 1],
        until=last,
    )
    return [
        at.replace(tzinfo=STATION_ZONE).astimezone(UTC)
        for at in repeating.between(start, end, inc=True)
        if at < end and at.date() not in rule.excluded
    ]


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000
