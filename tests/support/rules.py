"""Builders and strategies of schedules."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from controller.domain.schedule import EVERY_DAY, Recurrence, Schedule
from station_protocol.vocabulary import Authority, Priority


def a_schedule(schedule_id: str = "s-1", **changes: Any) -> Schedule:
    """Daily at 05:30 from 23/11/2026 without end, ten minutes long, of a district."""
    values: dict[str, Any] = {
        "airs_at": time(5, 30),
        "starts_on": date(2026, 11, 23),
        "ends_on": None,
        "duration_ms": 600_000,
    }
    return Schedule(schedule_id, **(values | changes))


def instants() -> st.SearchStrategy[datetime]:
    """Instants around November 2026, some of them exactly on a minute."""
    return st.integers(0, 60 * 24 * 60 * 60).map(
        lambda seconds: datetime(2026, 10, 20, tzinfo=UTC) + timedelta(seconds=seconds)
    )


@st.composite
def schedules(
    draw: st.DrawFn, *, with_made_at: bool = True, longest_ms: int = 5_400_000
) -> Schedule:
    """Any rule the form can make, and some it cannot."""
    starts_on = draw(st.dates(date(2026, 11, 1), date(2026, 12, 10)))
    recurrence = draw(st.sampled_from(Recurrence))
    length = draw(st.none() | st.integers(0, 40))
    ends_on = None if length is None else starts_on + timedelta(days=length)
    if recurrence is Recurrence.ONCE:
        ends_on = starts_on
    offsets = draw(st.sets(st.integers(-2, 45), max_size=6))
    return Schedule(
        schedule_id=draw(st.sampled_from(["a", "b", "c"])),
        airs_at=draw(st.builds(time, st.integers(0, 23), st.integers(0, 59))),
        starts_on=starts_on,
        ends_on=ends_on,
        recurrence=recurrence,
        weekdays=draw(st.integers(0, EVERY_DAY)),
        excluded=frozenset(starts_on + timedelta(days=n) for n in offsets),
        duration_ms=draw(st.integers(0, longest_ms)),
        priority=draw(st.sampled_from([Priority.ORDINARY, Priority.PRIORITY])),
        authority=draw(st.sampled_from(Authority)),
        made_at=draw(st.none() | instants()) if with_made_at else None,
    )
