"""Two priority items at one time are both aired: in the commune's order, or the default."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from controller.domain.priority_order import (
    Cause,
    Fits,
    Item,
    Order,
    Placing,
    Taken,
    are_both_aired,
    place,
)
from station_protocol.vocabulary import Authority, Priority

DAY = date(2026, 11, 27)
HALF_PAST_FIVE = datetime(2026, 11, 26, 22, 30, tzinfo=UTC)
LONG_AGO = HALF_PAST_FIVE - timedelta(days=2)
DISTRICT_NEWS = Item("above", "s-above", DAY, HALF_PAST_FIVE, 7 * 60_000, Authority.DISTRICT)
OWN_NEWS = Item("own", "s-own", DAY, HALF_PAST_FIVE, 260_000, Authority.COMMUNE)


def said(first: Item, second: Item, **changes: object) -> Order:
    order = Order(
        first.schedule_id, second.schedule_id, first.airs_on, second.airs_on, "Tô Thị", LONG_AGO
    )
    return replace(order, **changes)  # type: ignore[arg-type]


def always(_starts_at: datetime, _ms: int) -> bool:
    return True


def placed(*items: Item, orders: tuple[Order, ...] = (), fits: Fits = always) -> dict[str, Placing]:
    return place(items, [], orders, fits)


def minutes(placing: Placing) -> float:
    return (placing.starts_at - HALF_PAST_FIVE).total_seconds() / 60


def test_until_somebody_orders_them_what_comes_from_above_goes_first() -> None:
    found = placed(OWN_NEWS, DISTRICT_NEWS)
    assert minutes(found["above"]) == 0
    assert (minutes(found["own"]), found["own"].cause) == (7, Cause.ABOVE_FIRST)
    assert (found["own"].other_id, found["above"].other_id) == ("above", "own")


def test_the_communes_word_turns_them_and_the_other_starts_on_the_next_whole_minute() -> None:
    found = placed(DISTRICT_NEWS, OWN_NEWS, orders=(said(OWN_NEWS, DISTRICT_NEWS),))
    assert minutes(found["own"]) == 0
    assert (minutes(found["above"]), found["above"].cause) == (5, Cause.ORDERED)


def test_the_last_word_counts_and_one_said_too_late_does_not() -> None:
    later = said(DISTRICT_NEWS, OWN_NEWS, ordered_at=LONG_AGO + timedelta(hours=1))
    found = placed(DISTRICT_NEWS, OWN_NEWS, orders=(said(OWN_NEWS, DISTRICT_NEWS), later))
    assert (minutes(found["own"]), found["own"].order) == (7, later)
    late = said(OWN_NEWS, DISTRICT_NEWS, ordered_at=HALF_PAST_FIVE - timedelta(minutes=4))
    assert placed(DISTRICT_NEWS, OWN_NEWS, orders=(late,))["own"].cause is Cause.ABOVE_FIRST


def test_a_word_for_one_day_is_not_for_another_one_for_each_time_is() -> None:
    once, ever = said(OWN_NEWS, DISTRICT_NEWS), said(OWN_NEWS, DISTRICT_NEWS)
    ever = replace(ever, first_on=None, second_on=None)
    next_day = [
        replace(one, airs_on=DAY + timedelta(days=1), starts_at=one.starts_at + timedelta(days=1))
        for one in (DISTRICT_NEWS, OWN_NEWS)
    ]
    assert placed(*next_day, orders=(once,))["above"].is_first
    assert placed(*next_day, orders=(ever,))["own"].is_first


def test_when_the_default_would_leave_the_hours_the_other_order_holds() -> None:
    closes = HALF_PAST_FIVE + timedelta(minutes=13)
    own = replace(OWN_NEWS, duration_ms=9 * 60_000, starts_at=HALF_PAST_FIVE - timedelta(minutes=5))

    def fits(starts_at: datetime, ms: int) -> bool:
        return starts_at + timedelta(milliseconds=ms) <= closes

    found = placed(DISTRICT_NEWS, own, fits=fits)
    assert (minutes(found["own"]), minutes(found["above"])) == (-5, 4)
    assert found["above"].cause is Cause.HOURS


def test_with_no_room_for_both_each_keeps_its_time() -> None:
    assert placed(DISTRICT_NEWS, OWN_NEWS, fits=lambda at, _ms: at == HALF_PAST_FIVE) == {}


def test_what_is_settled_already_is_gone_round() -> None:
    begun = Taken("begun", HALF_PAST_FIVE - timedelta(minutes=3), HALF_PAST_FIVE + 2 * MINUTE)
    found = place([DISTRICT_NEWS], [begun], (), always)
    assert (minutes(found["above"]), found["above"].cause) == (2, Cause.SETTLED)


def test_only_two_of_priority_and_of_different_authority_are_both_aired() -> None:
    high, low = Priority.PRIORITY, Priority.ORDINARY
    assert are_both_aired(high, Authority.DISTRICT, high, Authority.COMMUNE)
    assert are_both_aired(high, Authority.DISTRICT, high, Authority.PROVINCE)
    assert not are_both_aired(high, Authority.DISTRICT, high, Authority.DISTRICT)
    assert not are_both_aired(high, Authority.DISTRICT, low, Authority.COMMUNE)


MINUTE = timedelta(minutes=1)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[list[Item], list[Order]]:
    """Items of every authority around one time, and words of a commune on any of them."""
    items = [
        Item(
            f"slot-{number}",
            f"rule-{number}",
            DAY,
            HALF_PAST_FIVE + draw(st.integers(0, 20)) * MINUTE,
            draw(st.integers(1, 15 * 60_000)),
            draw(st.sampled_from(Authority)),
        )
        for number in range(draw(st.integers(2, 5)))
    ]
    pairs = draw(st.lists(st.permutations(items).map(lambda mixed: mixed[:2]), max_size=4))
    orders = [
        said(first, second, ordered_at=LONG_AGO + number * MINUTE)
        for number, (first, second) in enumerate(pairs)
    ]
    return items, orders


@given(crowds())
def test_whatever_is_ordered_nothing_sounds_together_and_nothing_starts_early(
    crowd: tuple[list[Item], list[Order]],
) -> None:
    items, orders = crowd
    found = place(items, [], orders, always)
    assert found == place(list(reversed(items)), [], list(reversed(orders)), always)
    spans = []
    for item in items:
        starts_at = found[item.slot_id].starts_at if item.slot_id in found else item.starts_at
        assert starts_at >= item.starts_at
        spans.append((starts_at, starts_at + timedelta(milliseconds=item.duration_ms)))
    spans.sort()
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
