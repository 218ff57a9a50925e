"""Reporting periods by Decree 09/2019 and by the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.periods import (
    Basis,
    Length,
    after,
    before,
    closes_at,
    day_period,
    month_periods,
    period,
    period_of,
)

ADMIN, CALENDAR = Basis.ADMINISTRATIVE, Basis.CALENDAR


@pytest.mark.parametrize(
    ("basis", "length", "number", "first_on", "last_on"),
    [
        (ADMIN, Length.YEAR, 1, date(2025, 12, 15), date(2026, 12, 14)),
        (ADMIN, Length.HALF, 1, date(2025, 12, 15), date(2026, 6, 14)),
        (ADMIN, Length.HALF, 2, date(2026, 6, 15), date(2026, 12, 14)),
        (ADMIN, Length.QUARTER, 1, date(2025, 12, 15), date(2026, 3, 14)),
        (ADMIN, Length.QUARTER, 4, date(2026, 9, 15), date(2026, 12, 14)),
        (ADMIN, Length.MONTH, 1, date(2025, 12, 15), date(2026, 1, 14)),
        (ADMIN, Length.MONTH, 3, date(2026, 2, 15), date(2026, 3, 14)),
        (CALENDAR, Length.YEAR, 1, date(2026, 1, 1), date(2026, 12, 31)),
        (CALENDAR, Length.QUARTER, 2, date(2026, 4, 1), date(2026, 6, 30)),
        (CALENDAR, Length.MONTH, 2, date(2026, 2, 1), date(2026, 2, 28)),
    ],
)
def test_first_and_last_day(
    basis: Basis, length: Length, number: int, first_on: date, last_on: date
) -> None:
    found = period(basis, length, 2026, number)
    assert (found.first_on, found.last_on) == (first_on, last_on)


def test_the_last_minute_of_the_14th_and_the_first_of_the_15th_fall_right() -> None:
    year = period(ADMIN, Length.YEAR, 2026)
    # 00:00 at the stations is 17:00 UTC of the day before
    assert year.starts_at == datetime(2025, 12, 14, 17, 0, tzinfo=UTC)
    assert year.ends_at == datetime(2026, 12, 14, 17, 0, tzinfo=UTC)
    assert period_of(ADMIN, Length.YEAR, date(2025, 12, 14)).year == 2025
    assert period_of(ADMIN, Length.YEAR, date(2025, 12, 15)).year == 2026


def test_a_month_closes_as_the_fifth_day_behind_it_begins() -> None:
    assert closes_at(period(CALENDAR, Length.MONTH, 2026, 10)) == datetime(
        2026, 11, 4, 17, tzinfo=UTC
    )
    assert closes_at(period(ADMIN, Length.MONTH, 2026, 10)) == datetime(
        2026, 10, 18, 17, tzinfo=UTC
    )


@pytest.mark.parametrize("number", [0, 5])
def test_a_year_has_four_quarters(number: int) -> None:
    with pytest.raises(ValueError, match="no quarter"):
        period(ADMIN, Length.QUARTER, 2026, number)


@given(
    st.sampled_from(list(Basis)),
    st.sampled_from([Length.MONTH, Length.QUARTER, Length.HALF, Length.YEAR]),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
)
def test_periods_of_a_kind_follow_each_other_without_gap_or_overlap(
    basis: Basis, length: Length, day: date
) -> None:
    one = period_of(basis, length, day)
    assert one.holds(day)
    assert period(basis, length, one.year, one.number) == one
    assert after(one).first_on == one.last_on + timedelta(days=1)
    assert before(one).last_on == one.first_on - timedelta(days=1)
    months = month_periods(one)
    assert (months[0].first_on, months[-1].last_on) == (one.first_on, one.last_on)
    assert sum(len(month.days) for month in months) == len(one.days)


def test_a_day_is_a_period_of_its_own() -> None:
    one = day_period(date(2026, 12, 14))
    assert one.days == (date(2026, 12, 14),)
    assert after(one).first_on == date(2026, 12, 15)
    assert len(month_periods(one)) == 1
