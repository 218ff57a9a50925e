"""Public holidays of Vietnam, and the days a place keeps or does not keep besides them.

The public ones stand in a table made by the package `holidays`, lunar days and decreed exchanges
of days among them; what it does not know yet is entered by people. A day entered at a place holds
for what belongs to it or lies below it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.schedule import HolidayRule, Schedule
from controller.storage.models import CalendarDayRow, PlaceRow

TABLE = Path(__file__).parent.parent / "data/holidays.csv"
"""Written by `tools/holidays_table.py`; twenty years, so that a rule without end knows them too."""

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Holiday:
    """One day with its names; `calendar_day_id` None: a public holiday."""

    on: date
    name: str
    name_en: str
    calendar_day_id: str | None = None


@cache
def public_holidays() -> Mapping[date, Holiday]:
    """The public holidays of the years the table has, by date."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        found = [
            Holiday(date.fromisoformat(row["date"]), row["name"], row["name_en"])
            for row in csv.DictReader(file)
        ]
    return {one.on: one for one in found}


@cache
def _public_dates() -> frozenset[date]:
    return frozenset(public_holidays())


def dates_by_place(session: Session, place_ids: Iterable[str]) -> dict[str, frozenset[date]]:
    """The dates that are holidays at each of these places."""
    ids = set(place_ids)
    if not ids:
        return {}
    rows = _local_days(session)
    parents = _parents(session) if rows else {}
    return {place_id: _dates(place_id, rows, parents) for place_id in ids}


def _dates(
    place_id: str, rows: Iterable[CalendarDayRow], parents: Mapping[str, str | None]
) -> frozenset[date]:
    found = _public_dates()
    for row in _from_above(place_id, rows, parents):
        own = frozenset(_days(row))
        found = found | own if row.is_holiday else found - own
    return found


def holidays_at(session: Session, place_id: str, first: date, last: date) -> tuple[Holiday, ...]:
    """The holidays at a place from `first` to `last`, both included, by date."""
    found = dict(public_holidays())
    rows = _local_days(session)
    for row in _from_above(place_id, rows, _parents(session) if rows else {}):
        for on in _days(row):
            if row.is_holiday:
                found[on] = Holiday(on, row.name, row.name, row.calendar_day_id)
            else:
                found.pop(on, None)
    return tuple(found[on] for on in sorted(found) if first <= on <= last)


def kept_to(rule: Schedule, holidays: HolidayRule, dates: frozenset[date]) -> Schedule:
    """The rule as it airs where these dates are holidays."""
    match holidays:
        case HolidayRule.NOT_ON:
            return replace(rule, excluded=rule.excluded | dates)
        case HolidayRule.ONLY_ON:
            return replace(rule, only=dates)
    return rule


def _local_days(session: Session) -> list[CalendarDayRow]:
    query = select(CalendarDayRow).order_by(
        CalendarDayRow.created_at, CalendarDayRow.calendar_day_id
    )
    return list(session.scalars(query))


def _parents(session: Session) -> dict[str, str | None]:
    query = select(PlaceRow.place_id, PlaceRow.parent_id)
    return {row.place_id: row.parent_id for row in session.execute(query)}


def _from_above(
    place_id: str, rows: Iterable[CalendarDayRow], parents: Mapping[str, str | None]
) -> list[CalendarDayRow]:
    """The days that hold at a place: the widest place first, so that a nearer one has its way."""
    path: list[str] = []
    above: str | None = place_id
    while above is not None and above not in path:
        path.append(above)
        above = parents.get(above)
    holding = [row for row in rows if row.place_id in path]
    return sorted(holding, key=lambda row: -path.index(row.place_id))


def _days(row: CalendarDayRow) -> Iterable[date]:
    length = (row.last_on - row.first_on).days
    return (row.first_on + n * ONE_DAY for n in range(length + 1))
