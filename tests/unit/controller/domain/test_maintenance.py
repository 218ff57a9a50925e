"""Maintenance is declared before it begins, and a month holds only so much of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from controller.domain.maintenance import Window, problem, used

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
CAP = timedelta(hours=8)


def window(begins_h: float, ends_h: float) -> Window:
    """Hours from now."""
    return Window(NOW + timedelta(hours=begins_h), NOW + timedelta(hours=ends_h))


@pytest.mark.parametrize(
    ("wanted", "others", "code"),
    [
        (window(0, 2), (), None),
        (window(-0.01, 2), (), "maint_begun"),
        (window(3, 3), (), "maint_not_after"),
        (window(24 * 61, 24 * 61 + 1), (), "maint_too_early"),
        (window(1, 9), (), None),
        (window(1, 9.01), (), "maint_too_long"),
        (window(2, 4), (window(3, 5),), "maint_overlaps"),
        (window(2, 4), (window(4, 6),), None),
        (window(2, 4), (window(3, 3),), None),
        (window(10, 15), (window(1, 4),), None),
        (window(10, 15.1), (window(1, 4),), "maint_too_long"),
    ],
)
def test_what_may_be_declared(wanted: Window, others: tuple[Window, ...], code: str | None) -> None:
    assert problem(wanted, others, NOW, CAP) == code


def test_each_local_month_counts_its_own_part() -> None:
    midnight = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)  # 00:00 on 01/12 at the stations
    across = Window(midnight - timedelta(hours=6), midnight + timedelta(hours=7))
    assert used([across], date(2026, 11, 1)) == timedelta(hours=6)
    assert used([across], date(2026, 12, 1)) == timedelta(hours=7)
    assert problem(across, (), NOW, CAP) is None
    more = Window(midnight + timedelta(hours=9), midnight + timedelta(hours=11))
    assert problem(more, [across], NOW, CAP) == "maint_too_long"
