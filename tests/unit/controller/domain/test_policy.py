"""Loudspeakers keep quiet when people sleep, wherever in the tree the hours were written."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain import policy
from controller.domain.places import Place, PlaceKind, PlaceTree, Station
from controller.domain.policy import (
    Allowed,
    HoursBook,
    LoudnessBand,
    OpenException,
    Span,
    bands_of,
)
from controller.domain.schedule import instant

DAY = (Span(300, 1_260),)
SESSIONS = (Span(300, 390), Span(1_020, 1_110))


def a_place(place_id: str, kind: PlaceKind, parent_id: str | None) -> Place:
    return Place(
        place_id, kind, parent_id, "", place_id, "xã", None, False, None, None,
        date(2021, 1, 1), None, 0,
    )  # fmt: skip


TREE = PlaceTree(
    {
        "tinh": a_place("tinh", PlaceKind.PROVINCE, None),
        "huyen": a_place("huyen", PlaceKind.DISTRICT, "tinh"),
        "xa": a_place("xa", PlaceKind.COMMUNE, "huyen"),
        "khac": a_place("khac", PlaceKind.COMMUNE, "huyen"),
    },
    {"huyen-xa": Station("huyen-xa", "xa", "Xã", "http", 2_700_000, 100, ("vi",))},
)

spans = st.lists(
    st.builds(Span, st.integers(0, 1_440), st.integers(0, 1_440)), max_size=4
).map(tuple)  # fmt: skip


def minutes(hours: tuple[Span, ...]) -> set[int]:
    return {minute for span in hours for minute in range(span.opens_min, span.closes_min)}


@given(spans)
def test_joined_hours_allow_the_same_minutes_in_order_and_apart(hours: tuple[Span, ...]) -> None:
    result = policy.joined(hours)
    assert minutes(result) == minutes(hours)
    assert all(one.closes_min < two.opens_min for one, two in pairwise(result))


@given(spans, spans)
def test_the_stricter_of_two_rules_holds(one: tuple[Span, ...], two: tuple[Span, ...]) -> None:
    assert minutes(policy.common(one, two)) == minutes(one) & minutes(two)


def test_hours_are_inherited_down_the_tree_and_never_widened_below() -> None:
    book = HoursBook(DAY, {"huyen": SESSIONS, "xa": (Span(0, 360),)})
    assert book.of_place(TREE, "tinh").hours == DAY
    assert book.of_place(TREE, "khac").hours == SESSIONS
    assert book.of_place(TREE, "xa").hours == (Span(300, 360),)
    assert book.of_station(TREE, "huyen-xa") == book.of_place(TREE, "xa")


def test_a_rule_of_the_whole_province_replaces_the_default() -> None:
    book = HoursBook(DAY, {"tinh": (Span(240, 1_320),)})
    assert book.of_place(TREE, "xa").hours == (Span(240, 1_320),)


def test_an_exception_opens_its_place_and_everything_below_only() -> None:
    here = OpenException("xa", at(1, 0), at(3, 0), "bão")
    above = OpenException("tinh", at(1, 0), at(3, 0), "bão")
    book = HoursBook(DAY, {}, (here, above))
    assert book.of_place(TREE, "xa").exceptions == (here, above)
    assert book.of_place(TREE, "khac").exceptions == (above,)


def at(hour: int, minute: int, day: int = 24) -> datetime:
    return instant(date(2026, 11, day), time(hour, minute))


@pytest.mark.parametrize(
    ("hour", "minute", "length_min", "expected"),
    [
        (5, 0, 10, True),
        (4, 59, 10, False),
        (20, 50, 10, True),
        (20, 51, 10, False),
        (3, 15, 1, False),
        (12, 0, 60, True),
    ],
)
def test_a_slot_is_allowed_only_if_all_of_it_is_inside(
    hour: int, minute: int, length_min: int, expected: bool
) -> None:
    assert policy.is_open(at(hour, minute), length_min * 60_000, Allowed(DAY)) is expected
    assert policy.is_within_hours(time(hour, minute), length_min * 60_000, DAY) is expected


def test_a_slot_may_not_jump_over_a_closed_hour() -> None:
    assert not policy.is_open(at(6, 0), 12 * 3_600_000, Allowed(SESSIONS))


def test_a_slot_may_cross_midnight_where_both_days_are_open() -> None:
    night = Allowed((Span(0, 60), Span(1_380, 1_440)))
    assert policy.is_open(at(23, 50), 20 * 60_000, night)
    assert not policy.is_open(at(23, 50), 71 * 60_000, night)


def test_hours_and_exception_together_may_cover_a_slot() -> None:
    allowed = Allowed(DAY, (OpenException("tinh", at(21, 0), at(22, 0), "thử"),))
    assert policy.is_open(at(20, 50), 70 * 60_000, allowed)
    assert not policy.is_open(at(20, 50), 71 * 60_000, allowed)
    assert not policy.is_open(at(20, 50, 25), 20 * 60_000, allowed)


def test_an_instant_of_no_length_is_judged_by_where_it_stands() -> None:
    assert policy.is_open(at(5, 0), 0, Allowed(DAY))
    assert not policy.is_open(at(21, 0), 0, Allowed(DAY))


@given(spans, st.integers(0, 1_439), st.integers(1, 300))
def test_judging_a_slot_equals_looking_at_each_of_its_minutes(
    hours: tuple[Span, ...], start_min: int, length_min: int
) -> None:
    allowed = Allowed(policy.joined(hours))
    starts_at = at(0, 0) + timedelta(minutes=start_min)
    open_minutes = minutes(hours)
    expected = all((start_min + n) % 1_440 in open_minutes for n in range(length_min))
    assert policy.is_open(starts_at, length_min * 60_000, allowed) is expected


def test_hours_are_spelled_as_people_read_them() -> None:
    assert policy.spelled(SESSIONS) == "05:00–06:30, 17:00–18:30"
    assert policy.spelled(()) == ""
    assert policy.clock(1_440) == "24:00"


@given(st.integers(0, 1_440))
def test_a_spelled_minute_reads_back(minute: int) -> None:
    assert policy.minute_of(f" {policy.clock(minute)} ") == minute


@pytest.mark.parametrize(
    "text", ["", "5", "5:0", "24:01", "12:60", "aa:bb", "-1:00", "12:-1", "٥:00", "1²:00", "12:000"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        policy.minute_of(text)


def test_the_parts_of_the_day_cover_it_without_a_gap() -> None:
    assert minutes(tuple(part.span for part in policy.DAYPARTS)) == set(range(1_440))
    assert sum(p.span.closes_min - p.span.opens_min for p in policy.DAYPARTS) == 1_440
    assert [policy.daypart_of(m).key for m in (0, 299, 300, 330, 645, 1_020, 1_200, 1_439)] == [
        "night", "night", "morning", "morning", "noon", "afternoon", "evening", "late",
    ]  # fmt: skip


def test_wall_time_is_that_of_the_stations() -> None:
    assert policy.is_open(datetime(2026, 11, 23, 22, 0, tzinfo=UTC), 60_000, Allowed(DAY))
    assert not policy.is_open(datetime(2026, 11, 23, 20, 15, tzinfo=UTC), 60_000, Allowed(DAY))


def test_hours_with_a_lower_volume_are_read_as_they_are_written() -> None:
    assert bands_of("19:00-21:00 60, 22:00-05:00 10") == (
        LoudnessBand(1_140, 1_260, 60),
        LoudnessBand(1_320, 300, 10),
    )
    assert bands_of("") == ()


@pytest.mark.parametrize(
    "text", ["19:00-21:00", "19:00 60", "19:00-21:00 120", "evening 60", "19:00-19:00 5", "a-b 5"]
)
def test_what_are_no_hours_with_a_volume_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        bands_of(text)
