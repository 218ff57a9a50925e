"""When a bulletin may air, against counting day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.schedule import Recurrence, Schedule, count, days, local_date
from controller.domain.validity import ALWAYS, Validity, clean_validity, common
from controller.errors import InvalidInputError

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
FIRST = date(2026, 11, 20)
bounds = st.none() | st.integers(0, 60).map(lambda n: FIRST + timedelta(days=n))


@st.composite
def rules(draw: st.DrawFn) -> Schedule:
    starts_on = FIRST + timedelta(days=draw(st.integers(0, 30)))
    once = draw(st.booleans())
    return Schedule(
        schedule_id="s",
        airs_at=time(draw(st.integers(0, 23)), 30),
        starts_on=starts_on,
        ends_on=starts_on if once else starts_on + timedelta(days=draw(st.integers(0, 40))),
        recurrence=Recurrence.ONCE if once else Recurrence.WEEKLY,
        weekdays=draw(st.integers(1, 127)),
    )


@given(rules(), bounds, bounds)
def test_the_airings_that_are_left_and_the_first_that_is_not_are_those_counted_by_hand(
    rule: Schedule, starts_on: date | None, ends_on: date | None
) -> None:
    validity = Validity(starts_on, ends_on)
    coming = [
        day for day in days(rule, FIRST, FIRST + timedelta(days=120)) if rule.instant_on(day) > NOW
    ]
    outside = [day for day in coming if not validity.holds_on(day)]
    assert count(validity.narrowed(rule), NOW) == len(coming) - len(outside)
    assert validity.first_outside(rule, NOW) == min(outside, default=None)


def test_a_rule_without_end_is_left_one_by_the_last_day() -> None:
    rule = Schedule("s", time(5, 30), FIRST, None)
    validity = Validity(None, date(2026, 12, 1))
    assert count(validity.narrowed(rule), NOW) == 6
    assert validity.first_outside(rule, NOW) == date(2026, 12, 2)
    assert ALWAYS.first_outside(rule, NOW) is None


def test_both_days_named_are_days_on_which_it_may_air() -> None:
    validity = Validity(date(2026, 12, 1), date(2026, 12, 3))
    allowed = [n for n in range(1, 6) if validity.holds_on(date(2026, 12, n))]
    assert allowed == [1, 2, 3]
    assert validity.is_ahead(date(2026, 11, 30))
    assert not validity.is_over(date(2026, 12, 3))
    assert validity.is_over(date(2026, 12, 4))


def test_several_bulletins_may_air_together_when_each_may() -> None:
    both = common([Validity(date(2026, 12, 1), None), ALWAYS, Validity(None, date(2026, 12, 3))])
    assert both == Validity(date(2026, 12, 1), date(2026, 12, 3))
    assert common([]) == ALWAYS


def test_a_last_day_before_the_first_is_refused_at_its_field() -> None:
    with pytest.raises(InvalidInputError) as refused:
        clean_validity(date(2026, 12, 2), date(2026, 12, 1))
    assert refused.value.facts == {"field": "valid_until", "problem": "not_after"}
    assert clean_validity(date(2026, 12, 2), date(2026, 12, 2)).holds_on(date(2026, 12, 2))


def test_the_date_is_the_stations() -> None:
    late = datetime(2026, 11, 30, 17, 30, tzinfo=UTC)  # 00:30 on 01/12 at the stations
    assert not Validity(None, date(2026, 11, 30)).holds_on(local_date(late))
