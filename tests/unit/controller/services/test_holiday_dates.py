"""The table of public holidays, and rules kept to it."""

from __future__ import annotations

from datetime import date, time

from controller.domain.schedule import HolidayRule, Schedule
from controller.services.holiday_dates import kept_to, public_holidays
from tools.holidays_table import TABLE, table


def test_the_table_says_what_the_package_says() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "run tools/holidays_table.py"


def test_tet_follows_the_moon_and_the_national_day_the_sun() -> None:
    names = {on: one.name for on, one in public_holidays().items()}
    assert names[date(2026, 2, 17)] == names[date(2027, 2, 6)] == "Tết Nguyên Đán"
    assert names[date(2028, 1, 26)] == "Tết Nguyên Đán"
    assert names[date(2027, 9, 2)] == "Quốc khánh"
    assert public_holidays()[date(2027, 2, 6)].name_en == "Lunar New Year"


def test_a_rule_rests_on_holidays_or_airs_on_them_alone() -> None:
    rule = Schedule(
        "s", time(5, 30), date(2027, 1, 1), None, excluded=frozenset({date(2027, 1, 5)})
    )
    days = frozenset({date(2027, 1, 1)})
    assert kept_to(rule, HolidayRule.IGNORE, days) == rule
    rests = kept_to(rule, HolidayRule.NOT_ON, days)
    assert not rests.airs_on(date(2027, 1, 1))
    assert not rests.airs_on(date(2027, 1, 5))
    assert rests.airs_on(date(2027, 1, 2))
    alone = kept_to(rule, HolidayRule.ONLY_ON, days)
    assert alone.airs_on(date(2027, 1, 1))
    assert not alone.airs_on(date(2027, 1, 2))
