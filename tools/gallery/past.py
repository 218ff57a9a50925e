"""The year before the story: a row for each station and day, as the day book would keep it.

Nobody acted in that year and no evidence is told of it: only its sums, so that drawings and tables
of a year have something to show. The same numbers come out each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from controller.domain.schedule import STATION_ZONE
from controller.storage.models import DayFigureRow

SERVED_S, DAY_S = 16 * 3600, 24 * 3600
"""From 05:00 to 21:00, and the whole day."""
BEGINS = time(5)
AIRING_MS = 32_000
_TROUBLES = (
    (211, "down", "power_off", SERVED_S),
    (83, "down", "power_off", 3 * 3600),
    (131, "degraded", "amplifier_missing", 5 * 3600),
    (97, "unknown", "no_link", 2 * 3600),
    (173, "maint", "", 2 * 3600),
)
"""(every how many days, state, cause, how long from five in the morning)."""


def year(station_ids: list[str], first: date, last: date) -> Iterator[DayFigureRow]:
    """The rows of these stations from one day to another, both included."""
    for number, station_id in enumerate(sorted(station_ids)):
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            yield _row(station_id, number, date.fromordinal(ordinal))


def _row(station_id: str, number: int, day: date) -> DayFigureRow:
    since = day.toordinal() * 5 + number * 37
    trouble = next((one for one in _TROUBLES if since % one[0] == 0), None)
    spent: dict[str, int] = {}
    lost: dict[str, Any] = {}
    outages: list[Any] = []
    if trouble is not None:
        _every, state, cause, length_s = trouble
        spent[state] = length_s
        if state != "maint":
            lost[f"{state}:{cause}"] = length_s
            begins = datetime.combine(day, BEGINS, STATION_ZONE)
            ends = begins + timedelta(seconds=length_s)
            outages.append([int(begins.timestamp()), int(ends.timestamp()), state, cause])
    missed = 1 if lost else 0
    played_ms = (2 - missed) * AIRING_MS
    return DayFigureRow(
        station_id=station_id, day=day, causes=lost, outages=outages,
        **_seconds("live", SERVED_S, spent), **_seconds("settled", SERVED_S, spent),
        **_seconds("all_live", DAY_S, spent), **_seconds("all_settled", DAY_S, spent),
        due=2, planned_ms=2 * AIRING_MS, played_ms=played_ms, punctual=2 - missed,
        plays=2 - missed, verified=0, heard_checks=1 if day.day == 3 and number % 9 else 0,
        outcomes={"aired": 2 - missed, **({"missed:power_off": 1} if missed else {})},
        heard_ms={
            "authority:district": played_ms, "category:notice": played_ms, "language:vi": played_ms,
        },
    )  # fmt: skip


def _seconds(kind: str, whole_s: int, spent: dict[str, int]) -> dict[str, int]:
    ready_s = whole_s - sum(spent.values())
    every = {f"{kind}_{state}_s": length_s for state, length_s in spent.items()}
    return {f"{kind}_ready_s": ready_s, **every}
