"""Reporting periods: administrative ones by Decree 09/2019/NĐ-CP, and calendar ones.

By article 12 of the decree a month is reported from the 15th of the month before to the 14th, a
quarter, half-year and year likewise: the administrative year 2026 runs from 15/12/2025 to
14/12/2026. All dates are local dates of the stations; both ends belong to the period.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from controller.domain.schedule import instant, local_date

CLOSES_ON = 5
"""Day of the month after, on which the figures of a calendar month are closed."""

_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}


class Basis(StrEnum):
    """Which day a period begins on."""

    ADMINISTRATIVE = "administrative"
    CALENDAR = "calendar"


class Length(StrEnum):
    """How long a period is."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """Local dates from `first_on` to `last_on`, both included.

    `number` says which of its year: 1 to 12, 1 to 4, 1 to 2, or 1.
    """

    basis: Basis
    length: Length
    year: int
    number: int
    first_on: date
    last_on: date

    @property
    def starts_at(self) -> datetime:
        """Its first instant, UTC."""
        return instant(self.first_on, time(0))

    @property
    def ends_at(self) -> datetime:
        """The first instant after it, UTC."""
        return instant(self.last_on + timedelta(days=1), time(0))

    @property
    def days(self) -> tuple[date, ...]:
        """Every date of it."""
        count = (self.last_on - self.first_on).days + 1
        return tuple(self.first_on + timedelta(days=number) for number in range(count))

    def holds(self, day: date) -> bool:
        """Whether a local date lies in it."""
        return self.first_on <= day <= self.last_on


def period(basis: Basis, length: Length, year: int, number: int = 1) -> Period:
    """A month, quarter, half-year or year. ValueError for a number its year does not have."""
    if length is Length.DAY:
        raise ValueError("a day is a period of its own: day_period")
    months = _MONTHS[length.value]
    if not 1 <= number <= 12 // months or not 2 <= year <= 9998:
        raise ValueError(f"no {length.value} {number} in {year}")
    last_month = number * months
    if basis is Basis.CALENDAR:
        first_on = date(year, last_month - months + 1, 1)
        last_on = _after(date(year, last_month, 1)) - timedelta(days=1)
    else:
        first_on = _months_before(date(year, last_month, 15), months)
        last_on = date(year, last_month, 14)
    return Period(basis, length, year, number, first_on, last_on)


def day_period(day: date) -> Period:
    """One local date."""
    return Period(Basis.CALENDAR, Length.DAY, day.year, day.timetuple().tm_yday, day, day)


def period_of(basis: Basis, length: Length, day: date) -> Period:
    """The period a date lies in."""
    if length is Length.DAY:
        return day_period(day)
    counted = day
    if basis is Basis.ADMINISTRATIVE and day.day >= 15:
        counted = _after(day)
    number = (counted.month - 1) // _MONTHS[length.value] + 1
    return period(basis, length, counted.year, number)


def before(one: Period) -> Period:
    """The period of the same kind right before."""
    return period_of(one.basis, one.length, one.first_on - timedelta(days=1))


def after(one: Period) -> Period:
    """The period of the same kind right behind."""
    return period_of(one.basis, one.length, one.last_on + timedelta(days=1))


def month_periods(one: Period) -> tuple[Period, ...]:
    """The months of the same basis a period is made of; a day lies in one."""
    first = period_of(one.basis, Length.MONTH, one.first_on)
    found = [first]
    while found[-1].last_on < one.last_on:
        found.append(after(found[-1]))
    return tuple(found)


def closes_at(month: Period) -> datetime:
    """When the figures of a month are closed: as the fifth day behind its end begins, UTC."""
    return instant(month.last_on + timedelta(days=CLOSES_ON), time(0))


def is_closed(month: Period, now: datetime) -> bool:
    """Whether no late journal can change its published figures any more."""
    return now >= closes_at(month)


def is_over(one: Period, now: datetime) -> bool:
    """Whether its last day has passed."""
    return local_date(now) > one.last_on


def _after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _months_before(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, day.day)
