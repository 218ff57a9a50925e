"""The year before the story: a row for each station and day, as the day book would keep it.

Nobody acted in that year and no evidence is told of it: only its sums, so that drawings and tables
of a year have something to show. The same numbers come out each time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from controller.domain.schedule import STATION_ZONE
from controller.storage.models import DayFigureRow

SERVED_S, DAY_S = 16 * 3600, 24 * 3600
"""From 05:00 to 21:00, and the whole day."""
BEGINS = time(5)
AIRING_MS = 32_000
_STATES = ("degraded", "down", "unknown", "maint")
_TROUBLES = (
    (211, "down", "power_off", SERVED_S),
    (83, "down", "power_off", 3 * 3600),
    (131, "degraded", "amplifier_missing", 2 * 3600),
    (97, "unknown", "no_link", 2 * 3600),
    (173, "maint", "", 2 * 3600),
)
"""(every how many days, state, cause, how long from five in the morning)."""


def keep_year(session: Session, station_ids: Collection[str], first: date, last: date) -> None:
    """Store the rows of these stations from one day to another, both included.

    In the last day's month nothing was due: what that month's log tells of is the story's alone,
    and its reports say the same.
    """
    session.execute(insert(DayFigureRow), list(_year(sorted(station_ids), first, last)))


def _year(station_ids: Sequence[str], first: date, last: date) -> Iterator[dict[str, Any]]:
    idle_from = last.replace(day=1)
    for number, station_id in enumerate(station_ids):
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            day = date.fromordinal(ordinal)
            yield _row(station_id, number, day, due=2 if day < idle_from else 0)


def _row(station_id: str, number: int, day: date, due: int) -> dict[str, Any]:
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
    return {
        "station_id": station_id, "day": day, "causes": lost, "outages": outages,
        **_seconds("live", SERVED_S, spent), **_seconds("settled", SERVED_S, spent),
        **_seconds("all_live", DAY_S, spent), **_seconds("all_settled", DAY_S, spent),
        **_airings(day, due, 1 if lost and due else 0),
        "heard_checks": 1 if due and day.day == 28 and number % 9 else 0,
        "verified": 1 if due and day.day == 28 and number % 9 else 0,
    }  # fmt: skip


def _airings(day: date, due: int, missed: int) -> dict[str, Any]:
    plays = due - missed
    played_ms = plays * AIRING_MS
    aired = {"aired": plays, **({"missed:power_off": missed} if missed else {})}
    heard = dict.fromkeys(("authority:district", "category:notice", "language:vi"), played_ms)
    return {
        "due": due, "planned_ms": due * AIRING_MS, "played_ms": played_ms, "punctual": plays,
        "plays": plays, "outcomes": aired if due else {}, "heard_ms": heard if due else {},
        "bulletins": _bulletins(day)[:plays],
    }  # fmt: skip


def _bulletins(day: date) -> list[str]:
    """The two of that week; the centre keeps nothing of them any more but that they differed."""
    year, week, _weekday = day.isocalendar()
    return [f"{year}-{week}-1", f"{year}-{week}-2"]


def _seconds(kind: str, whole_s: int, spent: dict[str, int]) -> dict[str, int]:
    every = {f"{kind}_{state}_s": spent.get(state, 0) for state in _STATES}
    return every | {f"{kind}_ready_s": whole_s - sum(spent.values())}
