"""Rules confined to some dates: expanded, counted, compared like any other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.domain.conflicts import Contender, clashes
from controller.domain.schedule import (
    Schedule,
    count,
    days,
    expand,
    instant,
    local_date,
    next_after,
)

MONDAY = date(2027, 2, 1)
TET = frozenset(date(2027, 2, day) for day in range(4, 11))
NOW = instant(MONDAY, time(12))

DATES = st.frozensets(st.integers(0, 40).map(lambda n: MONDAY + timedelta(days=n)), max_size=12)


def rule(**changes: object) -> Schedule:
    values = {
        "schedule_id": "s",
        "airs_at": time(5, 30),
        "starts_on": MONDAY,
        "ends_on": MONDAY + timedelta(days=34),
        "duration_ms": 600_000,
    }
    return Schedule(**(values | changes))  # type: ignore[arg-type]


def test_a_rule_for_holidays_airs_on_them_alone() -> None:
    tet = rule(only=TET)
    assert list(days(tet, MONDAY, date(2027, 3, 1))) == sorted(TET)
    assert count(tet, NOW) == 7
    assert next_after(tet, NOW) == instant(date(2027, 2, 4), time(5, 30))
    assert count(rule(only=TET, ends_on=None), NOW) is None


@given(only=DATES, excluded=DATES, mask=st.integers(1, 127), hour=st.integers(0, 23))
def test_counting_and_looking_ahead_agree_with_expanding(
    only: frozenset[date], excluded: frozenset[date], mask: int, hour: int
) -> None:
    one = rule(only=only, excluded=excluded, weekdays=mask)
    after = instant(MONDAY + timedelta(days=9), time(hour))
    slots = expand(one, after + timedelta(milliseconds=1), after + timedelta(days=60))
    assert count(one, after) == len(slots)
    assert next_after(one, after) == (slots[0].starts_at if slots else None)
    assert all(one.airs_on(slot.airs_on) and slot.airs_on in only for slot in slots)


@given(ours=DATES, theirs=st.none() | DATES, excluded=DATES, late=st.sampled_from([0, 1]))
def test_two_rules_clash_exactly_where_their_slots_overlap(
    ours: frozenset[date], theirs: frozenset[date] | None, excluded: frozenset[date], late: int
) -> None:
    """`late`: theirs begins a day's end earlier and reaches over midnight into ours."""
    mine = rule(only=ours, airs_at=time(0, 5) if late else time(5, 35))
    other = rule(
        schedule_id="t",
        only=theirs,
        excluded=excluded,
        ends_on=None,
        airs_at=time(23, 58) if late else time(5, 30),
    )
    found = clashes(Contender(mine, frozenset({"x"})), [Contender(other, frozenset({"x"}))], NOW)
    expected = _overlaps(mine, other, NOW)
    assert (found[0].count if found else 0) == len(expected)
    if found:
        assert [one.from_at for one in found[0].overlaps] == expected[:5]


def _overlaps(ours: Schedule, theirs: Schedule, after: datetime) -> list[datetime]:
    start, end = after - timedelta(days=2), after + timedelta(days=60)
    mine = [slot for slot in expand(ours, start, end) if slot.starts_at > after]
    other = expand(theirs, start, end)
    return sorted(
        max(a.starts_at, b.starts_at)
        for a in mine
        for b in other
        if a.starts_at < b.ends_at and b.starts_at < a.ends_at
    )


def test_a_rule_without_holidays_meets_nobody_on_them() -> None:
    off = rule(excluded=TET)
    on = rule(schedule_id="t", only=TET)
    ours, theirs = (Contender(one, frozenset({"x"})) for one in (off, on))
    assert clashes(ours, [theirs], NOW) == []
    both = Contender(replace(off, excluded=frozenset()), frozenset({"x"}))
    assert clashes(both, [theirs], NOW)[0].count == 7
    assert local_date(clashes(both, [theirs], NOW)[0].overlaps[0].from_at) == date(2027, 2, 4)
