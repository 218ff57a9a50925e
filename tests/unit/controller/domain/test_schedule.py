"""Recurring rules become the dated slots a person with a wall calendar would write down."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from controller.domain import schedule as rules
from controller.domain.schedule import EVERY_DAY, Recurrence, Schedule
from tests.support.rules import a_schedule, instants, schedules

FRIDAY_0530 = datetime(2026, 11, 26, 22, 30, tzinfo=UTC)


def test_the_id_of_a_slot_is_spelled_as_documented() -> None:
    assert rules.slot_id("s-1", date(2026, 11, 27), time(5, 30)) == "jf5id26yqlylef7ni7mnuwc76k"


def test_the_id_is_the_first_26_characters_of_the_base32_of_the_whole_hash() -> None:
    digest = hashlib.sha256(b"s-1|2026-11-27|05:30").digest()
    whole = base64.b32encode(digest).decode().lower()
    assert rules.slot_id("s-1", date(2026, 11, 27), time(5, 30)) == whole[:26]


@given(schedules(), st.integers(0, 40), st.integers(0, 40))
def test_ids_do_not_depend_on_the_window_they_were_expanded_in(
    schedule: Schedule, before: int, width: int
) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=before)
    wide = rules.expand(schedule, start - timedelta(days=9), start + timedelta(days=60))
    narrow = rules.expand(schedule, start, start + timedelta(days=width))
    assert set(narrow) <= set(wide)
    assert {slot.slot_id for slot in narrow} <= {slot.slot_id for slot in wide}
    assert len({slot.slot_id for slot in wide}) == len(wide)


def brute(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """Every minute-precise instant a calendar reader would tick."""
    found = []
    for offset in range(-800, 800):
        day = date(2026, 11, 15) + timedelta(days=offset)
        if schedule.recurrence is Recurrence.ONCE:
            ticked = day == schedule.starts_on
        else:
            ticked = (
                schedule.starts_on <= day <= (schedule.ends_on or date.max)
                and f"{schedule.weekdays:07b}"[6 - day.weekday()] == "1"
            )
        local = datetime.combine(day, schedule.airs_at)
        at = (local - timedelta(hours=7)).replace(tzinfo=UTC)
        if ticked and day not in schedule.excluded and start <= at < end:
            found.append(at)
    return [at for at in found if schedule.made_at is None or at >= schedule.made_at]


@given(schedules(), instants(), st.integers(0, 45 * 24))
def test_expansion_equals_a_calendar_read_day_by_day(
    schedule: Schedule, start: datetime, hours: int
) -> None:
    end = start + timedelta(hours=hours)
    slots = rules.expand(schedule, start, end)
    assert [slot.starts_at for slot in slots] == brute(schedule, start, end)
    assert all(
        slot.starts_at == rules.instant(slot.airs_on, slot.airs_at)
        and slot.ends_at - slot.starts_at == timedelta(milliseconds=schedule.duration_ms)
        for slot in slots
    )


@given(schedules(), instants())
def test_the_number_of_occurrences_said_before_saving_is_the_number_that_comes(
    schedule: Schedule, after: datetime
) -> None:
    number = rules.count(schedule, after)
    if schedule.ends_on is None:
        assert number is None
        return
    coming = rules.expand(schedule, after, datetime(2029, 1, 1, tzinfo=UTC))
    assert number == sum(1 for slot in coming if slot.starts_at > after)


@given(schedules(with_made_at=False), instants())
def test_the_next_occurrence_is_the_first_that_comes(schedule: Schedule, after: datetime) -> None:
    coming = rules.expand(schedule, after, datetime(2029, 1, 1, tzinfo=UTC))
    expected = next((slot.starts_at for slot in coming if slot.starts_at > after), None)
    assert rules.next_after(schedule, after) == expected


def test_a_window_begins_with_its_first_instant_and_ends_before_its_last() -> None:
    daily = a_schedule(airs_at=time(5, 30), starts_on=date(2026, 11, 27))
    at = FRIDAY_0530
    assert [s.starts_at for s in rules.expand(daily, at, at + timedelta(days=1))] == [at]
    assert rules.expand(daily, at - timedelta(hours=1), at) == []


def test_occurrences_before_the_rule_was_made_never_existed() -> None:
    daily = a_schedule(
        airs_at=time(5, 30),
        starts_on=date(2026, 11, 27),
        made_at=FRIDAY_0530 + timedelta(seconds=1),
    )
    slots = rules.expand(daily, FRIDAY_0530 - timedelta(days=1), FRIDAY_0530 + timedelta(days=2))
    assert [slot.airs_on for slot in slots] == [date(2026, 11, 28)]


def test_one_minute_ahead_is_not_lost_by_rounding() -> None:
    now = datetime(2026, 11, 26, 22, 29, 58, tzinfo=UTC)
    once = a_schedule(
        recurrence=Recurrence.ONCE,
        airs_at=time(5, 30),
        starts_on=date(2026, 11, 27),
        ends_on=date(2026, 11, 27),
        weekdays=0,
        made_at=now,
    )
    assert [s.starts_at for s in rules.expand(once, now, now + timedelta(days=14))] == [FRIDAY_0530]
    assert rules.count(once, now) == 1
    assert rules.count(once, FRIDAY_0530) == 0
    assert rules.next_after(once, FRIDAY_0530) is None


@given(schedules(with_made_at=False), st.integers(-3, 60))
def test_a_rule_airs_on_exactly_the_days_it_is_expanded_to(schedule: Schedule, later: int) -> None:
    day = schedule.starts_on + timedelta(days=later)
    midnight = rules.instant(day, time(0))
    slots = rules.expand(schedule, midnight, midnight + timedelta(days=1))
    assert schedule.airs_on(day) == bool(slots)


def test_seconds_of_a_wall_time_reach_the_instant() -> None:
    once = a_schedule(airs_at=time(5, 30, 40), starts_on=date(2026, 11, 27))
    assert once.instant_on(date(2026, 11, 27)) == FRIDAY_0530 + timedelta(seconds=40)


def test_the_local_date_turns_at_midnight_of_the_stations() -> None:
    assert rules.local_date(datetime(2026, 11, 26, 16, 59, 59, tzinfo=UTC)) == date(2026, 11, 26)
    assert rules.local_date(datetime(2026, 11, 26, 17, 0, tzinfo=UTC)) == date(2026, 11, 27)


def test_wall_time_holds_over_a_change_of_clocks_where_there_is_one() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    daily = a_schedule(airs_at=time(2, 30), starts_on=date(2026, 3, 28), ends_on=date(2026, 3, 30))
    start, end = datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)
    walls = [s.starts_at.astimezone(berlin) for s in rules.expand(daily, start, end, berlin)]
    assert [(at.day, at.hour, at.minute) for at in walls] == [(28, 2, 30), (29, 3, 30), (30, 2, 30)]


@given(
    st.integers(0, EVERY_DAY), st.dates(date(2026, 1, 1), date(2026, 12, 1)), st.integers(-3, 60)
)
def test_dates_of_a_weekday_mask_are_counted_right(mask: int, first: date, more: int) -> None:
    last = first + timedelta(days=more)
    days = (first + timedelta(days=n) for n in range(more + 1))
    assert rules.dates_in(mask, first, last) == sum(mask >> day.weekday() & 1 for day in days)
